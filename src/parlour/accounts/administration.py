"""The administrator's use cases for accounts, at the command line; they need no password of the account."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from parlour.accounts import store
from parlour.accounts.facts import DisplayNameChanged, SessionsEnded
from parlour.accounts.identity import GUEST_NAME, ClientIdentity, own_display_name
from parlour.accounts.links import store as link_store
from parlour.accounts.passwords.hashing import Passwords
from parlour.accounts.refusals import (
    AccountDeleted,
    AccountDisabled,
    PasswordChanged,
    UserNotFound,
    WithoutPassword,
)
from parlour.accounts.sessions import store as session_store
from parlour.accounts.store import Account, AccountFacts
from parlour.db.database import Database, Transaction
from parlour.errors import Refusal

__all__ = ["AccountAdministration", "AccountFacts"]


class AccountAdministration:
    """Runs each use case in one transaction. Each raises UserNotFound.

    A running server learns of sessions that end here by polling the database (`Revocations`).
    """

    def __init__(self, *, database: Database, passwords: Passwords, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._passwords = passwords
        self._clock = clock

    async def all_accounts(self) -> list[AccountFacts]:
        async with self._database.reading() as connection:
            return await store.all_account_facts(connection)

    async def account(self, username_or_email: str) -> tuple[AccountFacts, int]:
        """Return the facts of an account, and the number of its live sessions."""
        async with self._database.reading() as connection:
            account = await store.account_by_username_or_email(connection, username_or_email)
            facts = None if account is None else await store.account_facts(connection, account.user_id)
            if account is None or facts is None:
                raise UserNotFound
            sessions = await session_store.live_sessions_of(connection, account.user_id, now=self._clock())
        return facts, len(sessions)

    async def client(self, username_or_email: str) -> ClientIdentity | None:
        """Return the identity of a client account; None for a guest's account."""
        async with self._database.reading() as connection:
            account = await store.account_by_username_or_email(connection, username_or_email)
        if account is None:
            raise UserNotFound
        if account.client is None:
            return None
        return ClientIdentity(
            user_id=account.user_id,
            email=account.email,
            username=account.client.username,
            display_name=account.client.display_name,
        )

    async def set_password(self, username_or_email: str, password: str) -> int:
        """Set a password and end every session; return the number of sessions.

        Raises WithoutPassword for a guest, InvalidRequest for a common password.
        """
        await self._passwords.require_uncommon(password, field="password")
        password_hash = await self._passwords.hash(password)
        async with self._changing(username_or_email) as (connection, account):
            if account.client is None:
                raise WithoutPassword
            await store.set_password(connection, account.user_id, password_hash)
            return await self._end_sessions(connection, account, PasswordChanged())

    async def rename(self, username_or_email: str, display_name: str | None) -> None:
        """Set the display name; None shows the username. Running calls show it at their next RightsCheck."""
        async with self._changing(username_or_email) as (connection, account):
            username = GUEST_NAME if account.client is None else account.client.username
            own = own_display_name(display_name, username=username)
            await store.set_display_name(connection, account.user_id, own)
            connection.after_commit(DisplayNameChanged(user_id=account.user_id, display_name=own))

    async def disable(self, username_or_email: str) -> int:
        """Refuse logins and end every session; return the number of sessions. Raises WithoutPassword."""
        async with self._changing(username_or_email) as (connection, account):
            if account.client is None:
                raise WithoutPassword
            await store.set_disabled(connection, account.user_id, at=self._clock())
            return await self._end_sessions(connection, account, AccountDisabled())

    async def enable(self, username_or_email: str) -> None:
        async with self._changing(username_or_email) as (connection, account):
            await store.set_disabled(connection, account.user_id, at=None)

    async def delete(self, username_or_email: str) -> None:
        """Delete the account; its messages and attendance keep the name and the address."""
        async with self._changing(username_or_email) as (connection, account):
            ended = await session_store.revoke_sessions_of(connection, account.user_id, now=self._clock())
            await store.delete_user(connection, account.user_id, now=self._clock())
            connection.after_commit(
                SessionsEnded(user_id=account.user_id, sessions=ended, reason=AccountDeleted())
            )

    async def _end_sessions(self, connection: Transaction, account: Account, reason: Refusal) -> int:
        now = self._clock()
        await link_store.void_all_verifications(connection, account.user_id, now=now)
        ended = await session_store.revoke_sessions_of(connection, account.user_id, now=now)
        connection.after_commit(SessionsEnded(user_id=account.user_id, sessions=ended, reason=reason))
        return len(ended)

    @asynccontextmanager
    async def _changing(self, username_or_email: str) -> AsyncIterator[tuple[Transaction, Account]]:
        async with self._database.transaction() as connection:
            existing = await store.account_by_username_or_email(connection, username_or_email)
            account = None if existing is None else await store.lock_account(connection, existing.user_id)
            if account is None:
                raise UserNotFound
            yield connection, account
