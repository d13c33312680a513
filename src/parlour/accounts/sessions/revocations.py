"""Polling for sessions that another process ended: a command, or a server whose word has not arrived."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import structlog

from parlour.accounts.facts import SessionsEnded
from parlour.accounts.identity import SessionId, UserId
from parlour.accounts.refusals import AccountDeleted, SessionEndedElsewhere
from parlour.accounts.sessions import store as session_store
from parlour.accounts.sessions.terminations import SessionTerminations
from parlour.bus import Bus, FactsMissed
from parlour.db.database import Database
from parlour.errors import Refusal

POLL_SECONDS = 3.0
POLL_OVERLAP = timedelta(seconds=30)
"""The overlap of two polls: clocks of machines differ, and a commit is later than the time in its rows."""

log = structlog.get_logger("parlour.accounts")


class Revocations:
    """Delivers SessionsEnded once for each session that another process revoked; `poll` is repeated, and runs
    at once when `are_due` is set: facts of other nodes may not have arrived.
    """

    def __init__(
        self,
        *,
        database: Database,
        bus: Bus,
        terminations: SessionTerminations,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._bus = bus
        self._terminations = terminations
        self._clock = clock
        self._polled_at = clock()
        self.are_due = asyncio.Event()

    def on_facts_missed(self, _fact: FactsMissed) -> None:
        self.are_due.set()

    async def poll(self) -> None:
        now = self._clock()
        async with self._database.reading() as connection:
            revoked = await session_store.revoked_since(connection, self._polled_at - POLL_OVERLAP)
            deleted = await session_store.deleted_since(connection, self._polled_at - POLL_OVERLAP)
        self._polled_at = now
        self._deliver(revoked, SessionEndedElsewhere())
        self._deliver(deleted, AccountDeleted())

    def _deliver(self, ended: Iterable[tuple[UserId, SessionId]], reason: Refusal) -> None:
        for user_id, session in ended:
            if not self._terminations.include(session):
                self._bus.deliver(
                    SessionsEnded(user_id=user_id, sessions=frozenset({session}), reason=reason)
                )
