"""End expired guests; delete old sessions and unconfirmed registrations."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from parlour.accounts import store
from parlour.accounts.facts import GuestTimeEnded, LoginSucceeded
from parlour.accounts.identity import GuestIdentity, UserId
from parlour.accounts.registration import store as registration_store
from parlour.accounts.sessions import store as session_store
from parlour.bus import FactsMissed
from parlour.db.database import Database

UNVERIFIED_KEPT_FOR = timedelta(days=7)
LONGEST_WAIT_SECONDS = 60.0
SHORTEST_WAIT_SECONDS = 0.05
TIDY_EVERY = timedelta(hours=1)

log = structlog.get_logger("parlour.accounts")


class AccountCleanup:
    """Ends expired guests on time and deletes old rows hourly; the supervisor repeats `step`."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._clock = clock
        self._guest_arrived = asyncio.Event()
        self._tidied_at: datetime | None = None

    def on_login(self, login: LoginSucceeded) -> None:
        """Wake the task when a guest logs in: that guest may expire before the guest it waits for."""
        if isinstance(login.identity, GuestIdentity):
            self._guest_arrived.set()

    def on_facts_missed(self, _fact: FactsMissed) -> None:
        """Wake the task: a guest may have logged in at another node."""
        self._guest_arrived.set()

    async def step(self) -> None:
        """End expired guests, then wait for the next expiry or for a new guest who may expire sooner."""
        await self.end_expired_guests()
        await self._tidy_now_and_then()
        await self._wait(await self._seconds_to_next_end())

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._guest_arrived.wait()
        except TimeoutError:
            return
        finally:
            self._guest_arrived.clear()

    async def _seconds_to_next_end(self) -> float:
        async with self._database.reading() as connection:
            end = await store.next_guest_expiry(connection)
        if end is None:
            return LONGEST_WAIT_SECONDS
        seconds = (end - self._clock()).total_seconds()
        return min(max(seconds, SHORTEST_WAIT_SECONDS), LONGEST_WAIT_SECONDS)

    async def _tidy_now_and_then(self) -> None:
        now = self._clock()
        if self._tidied_at is None or now - self._tidied_at >= TIDY_EVERY:
            await self.tidy()
            self._tidied_at = now

    async def end_expired_guests(self) -> list[UserId]:
        """Delete the guests whose time is over; return their ids.

        An account that is a client too keeps its client part.
        """
        now = self._clock()
        async with self._database.transaction() as connection:
            ended = []
            for expired in await store.expired_guests(connection, now=now):
                account = await store.lock_account(connection, expired.user_id)
                if account is None or account.guest is None:
                    continue  # became a client meanwhile
                ended.append(account)
                if account.client is None:
                    await store.delete_user(connection, account.user_id, now=now)
                else:
                    await store.end_visits(connection, account.user_id, now=now)
                    await store.delete_guest(connection, account.user_id)
                    await session_store.revoke_sessions_of(connection, account.user_id, now=now)
                connection.after_commit(GuestTimeEnded(user_id=account.user_id))
        return [account.user_id for account in ended]

    async def tidy(self) -> None:
        """Delete expired sessions and registrations, and accounts that were never verified."""
        now = self._clock()
        async with self._database.transaction() as connection:
            await session_store.delete_old_sessions(connection, before=now)
            await session_store.forget_deleted_sessions(connection, before=now - TIDY_EVERY)
            await store.delete_never_verified(connection, before=now - UNVERIFIED_KEPT_FOR)
            await registration_store.delete_expired_registrations(connection, before=now)
