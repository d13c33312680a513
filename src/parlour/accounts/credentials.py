"""The life of a client account: password, email, deletion."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from parlour.accounts import link_store, session_store, store
from parlour.accounts.endings import Endings
from parlour.accounts.identity import Client, Identity, Visitor
from parlour.accounts.lifetimes import Lifetimes, spoken
from parlour.accounts.links import Links
from parlour.accounts.passwords import Passwords
from parlour.accounts.refusals import (
    AccountDeleted,
    EmailChanged,
    EmailTaken,
    InvalidVerification,
    PasswordChanged,
    WithoutPassword,
    WrongPassword,
)
from parlour.accounts.sessions import guessed_account
from parlour.db.database import AsyncConnection, Database
from parlour.errors import Unavailable
from parlour.limits import Guesses, Postage
from parlour.mail.letters import Letters
from parlour.mail.outbox import Outbox

MAX_ASKED = 1000

log = structlog.get_logger("parlour.accounts")


class Credentials:
    """One transaction per use case; hashing happens outside of it."""

    def __init__(
        self,
        *,
        database: Database,
        outbox: Outbox,
        letters: Letters,
        passwords: Passwords,
        links: Links,
        endings: Endings,
        lifetimes: Lifetimes,
        guesses: Guesses,
        postage: Postage,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._letters = letters
        self._passwords = passwords
        self._links = links
        self._endings = endings
        self._lifetimes = lifetimes
        self._guesses = guesses
        self._postage = postage
        self._clock = clock
        self._forgotten: asyncio.Queue[str] = asyncio.Queue(MAX_ASKED)

    # ------------------------------------------------------------------------- a password one forgot

    async def ask_for_reset(self, *, email: str, visitor: Visitor) -> None:
        """Looked into later, so that not even the time of the answer tells whether the address is known.

        Raises RateLimited, or Unavailable where too many ask.
        """
        await self._postage.take(email, address=visitor.address)
        try:
            self._forgotten.put_nowait(email)
        except asyncio.QueueFull as error:
            raise Unavailable from error

    async def run(self) -> None:
        """Writes to those who forgot their password, until cancelled."""
        while True:
            email = await self._forgotten.get()
            try:
                await self._send_reset(email)
            except SQLAlchemyError as error:
                log.error("accounts.reset_not_sent", error=type(error).__name__)

    async def _send_reset(self, email: str) -> None:
        lifetime = self._lifetimes.password_reset
        async with self._database.transaction() as connection:
            account = await store.account_by_email(connection, email)
            if account is None or account.client is None or account.client.verified_at is None:
                return
            if not await self._links.may_send(connection, account.user_id, "password"):
                return
            token = await self._links.new(connection, account.user_id, "password", lifetime=lifetime)
            letter = self._letters.password_reset(
                email=account.email,
                username=account.client.username,
                token=token,
                lifetime=spoken(lifetime),
            )
            await self._outbox.put(connection, letter)
        self._outbox.announce()

    async def reset(self, *, token: str, password: str) -> None:
        """Ends every session. Raises InvalidVerification or InvalidRequest."""
        claim = self._links.read(token, "password")
        await self._passwords.require_uncommon(password, field="password")
        password_hash = await self._passwords.hash(password)
        now = self._clock()
        async with self._database.transaction() as connection:
            account = await store.account_by_id(connection, claim.user_id)
            if account is None or account.client is None:
                raise InvalidVerification
            await self._links.use(connection, claim)
            await store.set_password(connection, account.user_id, password_hash)
            await link_store.void_verifications(connection, account.user_id, "password", now=now)
            ended = await session_store.revoke_sessions_of(connection, account.user_id, now=now)
            letter = self._letters.password_changed(email=account.email, username=account.client.username)
            await self._outbox.put(connection, letter)
        self._outbox.announce()
        self._endings.announce(account.user_id, ended, PasswordChanged())

    # -------------------------------------------------------------------------- what one changes

    async def change_password(
        self, identity: Identity, *, password: str, new_password: str, visitor: Visitor
    ) -> None:
        """Ends the other sessions. Raises WithoutPassword, WrongPassword or InvalidRequest."""
        await self._passwords.require_uncommon(new_password, field="new_password")
        client = await self._proven(identity, password, visitor)
        password_hash = await self._passwords.hash(new_password)
        now = self._clock()
        async with self._database.transaction() as connection:
            row = await self._client_row(connection, client)
            await store.set_password(connection, client.user_id, password_hash)
            await link_store.void_verifications(connection, client.user_id, "password", now=now)
            ended = await session_store.revoke_sessions_of(
                connection, client.user_id, now=now, besides=client.session
            )
            letter = self._letters.password_changed(email=client.email, username=row.username)
            await self._outbox.put(connection, letter)
        self._outbox.announce()
        self._endings.announce(client.user_id, ended, PasswordChanged())

    async def ask_for_email(
        self, identity: Identity, *, password: str, new_email: str, visitor: Visitor
    ) -> None:
        """Sends a link to the new address. Raises WithoutPassword, WrongPassword or EmailTaken."""
        client = await self._proven(identity, password, visitor)
        lifetime = self._lifetimes.verification
        now = self._clock()
        async with self._database.transaction() as connection:
            await self._client_row(connection, client)
            holder = await store.account_by_email(connection, new_email)
            if holder is not None and (holder.user_id == client.user_id or _is_living(holder, now)):
                raise EmailTaken
            await self._postage.take(new_email, address=visitor.address)
            await link_store.void_verifications(connection, client.user_id, "email", now=now)
            token = await self._links.new(
                connection, client.user_id, "email", lifetime=lifetime, new_email=new_email
            )
            letter = self._letters.email_change(
                email=new_email, username=client.username, token=token, lifetime=spoken(lifetime)
            )
            await self._outbox.put(connection, letter)
        self._outbox.announce()

    async def confirm_email(self, *, token: str) -> None:
        """Whoever opens the link owns the new address. Ends every session: tokens name the old one.

        Raises InvalidVerification or EmailTaken.
        """
        claim = self._links.read(token, "email")
        now = self._clock()
        try:
            async with self._database.transaction() as connection:
                account = await store.account_by_id(connection, claim.user_id)
                new_email = await link_store.email_of_verification(connection, claim.verification_id)
                if account is None or account.client is None or new_email is None:
                    raise InvalidVerification
                await self._links.use(connection, claim)
                await self._make_room(connection, new_email, now)
                await store.set_email(connection, account.user_id, new_email)
                await link_store.void_verifications(connection, account.user_id, "password", now=now)
                ended = await session_store.revoke_sessions_of(connection, account.user_id, now=now)
                letter = self._letters.email_changed(
                    email=account.email, username=account.client.username, new_email=new_email
                )
                await self._outbox.put(connection, letter)
        except IntegrityError as error:
            raise EmailTaken from error
        self._outbox.announce()
        self._endings.announce(account.user_id, ended, EmailChanged())

    async def delete(self, identity: Identity, *, password: str, visitor: Visitor) -> None:
        """Messages and attendance keep their author's name and address. Raises as `change_password`."""
        client = await self._proven(identity, password, visitor)
        now = self._clock()
        async with self._database.transaction() as connection:
            row = await self._client_row(connection, client)
            ended = await session_store.revoke_sessions_of(connection, client.user_id, now=now)
            await store.delete_user(connection, client.user_id, now=now)
            letter = self._letters.account_deleted(email=client.email, username=row.username)
            await self._outbox.put(connection, letter)
        self._outbox.announce()
        self._endings.announce(client.user_id, ended, AccountDeleted())

    async def facts(self, identity: Identity) -> store.AccountFacts:
        async with self._database.reading() as connection:
            return await store.account_facts(connection, identity.user_id)

    async def _proven(self, identity: Identity, password: str, visitor: Visitor) -> Client:
        """The caller, who knows the password. Raises WithoutPassword, WrongPassword or RateLimited."""
        if not isinstance(identity, Client):
            raise WithoutPassword
        async with self._database.reading() as connection:
            row = await self._client_row(connection, identity)
        subject = guessed_account(identity.user_id)
        await self._guesses.require(subject, visitor.address)
        verdict = await self._passwords.verify(password, row.password_hash)
        await self._guesses.require(subject, visitor.address)
        if not verdict.right:
            await self._guesses.failed(subject, visitor.address)
            raise WrongPassword
        await self._guesses.succeeded(subject)
        return identity

    async def _client_row(self, connection: AsyncConnection, client: Client) -> store.ClientRow:
        account = await store.account_by_id(connection, client.user_id)
        if account is None or account.client is None:
            raise WithoutPassword
        return account.client

    async def _make_room(self, connection: AsyncConnection, email: str, now: datetime) -> None:
        """Registrations of the address that nobody confirmed go. Raises EmailTaken."""
        holder = await store.account_by_email(connection, email)
        if holder is None:
            return
        if _is_living(holder, now):
            raise EmailTaken
        await store.delete_user(connection, holder.user_id, now=now)


def _is_living(account: store.Account, now: datetime) -> bool:
    """A confirmed client, or a guest whose time is running."""
    if account.client is not None and account.client.verified_at is not None:
        return True
    return (
        account.guest is not None and account.guest.expires_at is not None and account.guest.expires_at > now
    )
