"""The use cases of a client account: change or reset the password, change the email, delete the account."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from sqlalchemy.exc import IntegrityError

from parlour.accounts import store
from parlour.accounts.facts import SessionsEnded
from parlour.accounts.identity import ClientIdentity, Identity, RequestSource
from parlour.accounts.lifetimes import Lifetimes
from parlour.accounts.links import store as link_store
from parlour.accounts.links.service import MailLinks
from parlour.accounts.passwords.checks import PasswordChecks, guessed_account, trusted_guess
from parlour.accounts.refusals import (
    AccountDeleted,
    AccountDisabled,
    EmailAlreadyChanged,
    EmailChanged,
    EmailChangeNotProven,
    EmailTaken,
    InvalidVerification,
    PasswordChanged,
    WithoutPassword,
    WrongPassword,
)
from parlour.accounts.registration import store as registration_store
from parlour.accounts.registration.policy import RegistrationPolicy
from parlour.accounts.sessions import store as session_store
from parlour.core import Core
from parlour.db.database import DATABASE_UNAVAILABLE, AsyncConnection, Transaction
from parlour.errors import InvalidToken, Unavailable
from parlour.languages import known_language
from parlour.mail.catalogue import mail_texts
from parlour.mail.contents import (
    AccountWasDeleted,
    EmailChangeConfirmation,
    EmailChangeNotice,
    EmailWasChanged,
    Mail,
    PasswordReset,
    PasswordWasChanged,
)
from parlour.wire.addresses import email_key

MAX_ASKED = 1000

log = structlog.get_logger("parlour.accounts")


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgottenAsk:
    """A request for a forgotten password: the address, and the language that the request asked for."""

    email: str
    language: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordProof:
    """Evidence that the caller's password matched this hash; `_acting` checks that both still hold."""

    client: ClientIdentity
    password_hash: str


class Credentials:
    """Runs each use case in one transaction; hashing happens before the transaction."""

    def __init__(
        self,
        core: Core,
        links: MailLinks,
        lifetimes: Lifetimes,
        checks: PasswordChecks,
        registration_policy: RegistrationPolicy,
    ) -> None:
        self._database = core.database
        self._clock = core.clock
        self._outbox = core.outbox
        self._mail_quota = core.limits.mails
        self._links = links
        self._lifetimes = lifetimes
        self._checks = checks
        self._passwords = checks.passwords
        self._registration_policy = registration_policy
        self._forgotten: asyncio.Queue[ForgottenAsk] = asyncio.Queue(MAX_ASKED)

    # ------------------------------------------------------------------------- forgotten passwords

    async def ask_for_reset(self, *, email: str, source: RequestSource) -> None:
        """Queue a reset for the task: the response time does not reveal if the address has an account.

        Raises RateLimited, or Unavailable if the queue is full.
        """
        await self._mail_quota.take(email, address=source.address)
        try:
            self._forgotten.put_nowait(ForgottenAsk(email=email, language=source.language))
        except asyncio.QueueFull as error:
            raise Unavailable from error

    async def send_next_reset(self) -> None:
        """Wait for a queued reset and mail its link; the supervisor repeats this step."""
        ask = await self._forgotten.get()
        try:
            await self._send_reset(ask)
        except DATABASE_UNAVAILABLE:
            if not self._forgotten.full():
                self._forgotten.put_nowait(ask)
            raise

    async def _send_reset(self, ask: ForgottenAsk) -> None:
        lifetime = self._lifetimes.password_reset
        async with self._database.transaction() as connection:
            existing = await store.account_by_email(connection, ask.email)
            account = None if existing is None else await store.lock_account(connection, existing.user_id)
            if account is None or account.client is None or account.client.verified_at is None:
                return
            if not await self._links.may_send(connection, account.user_id, "password"):
                return
            link = await self._links.new(connection, account.user_id, "password", lifetime=lifetime)
            texts = mail_texts(ask.language or account.language)
            content = PasswordReset(
                language=texts.language,
                username=account.client.username,
                display_name=account.client.display_name,
                link=link,
                lifetime=texts.duration(lifetime),
            )
            await self._outbox.put(connection, Mail(account.email, content))

    async def reset(self, *, token: str, password: str, source: RequestSource) -> None:
        """Set a new password by a mailed link and end every session.

        Raises InvalidVerification, AccountDisabled, InvalidRequest or Busy.
        """
        claim = self._links.read(token, "password")
        await self._passwords.require_uncommon(password, field="password")
        password_hash = await self._passwords.hash(password, source)
        now = self._clock()
        async with self._database.transaction() as connection:
            account = await store.lock_account(connection, claim.user_id)
            if account is None or account.client is None:
                raise InvalidVerification
            await self._links.use(connection, claim)
            if account.client.disabled_at is not None:  # the rollback keeps the link usable once enabled
                raise AccountDisabled
            await store.set_password(connection, account.user_id, password_hash)
            await link_store.void_all_verifications(connection, account.user_id, now=now)
            ended = await session_store.revoke_sessions_of(connection, account.user_id, now=now)
            content = PasswordWasChanged(
                language=known_language(source.language or account.language),
                username=account.client.username,
                display_name=account.client.display_name,
            )
            await self._outbox.put(connection, Mail(account.email, content))
            connection.after_commit(
                SessionsEnded(user_id=account.user_id, sessions=ended, reason=PasswordChanged())
            )

    # -------------------------------------------------------------------------- password and email

    async def change_password(
        self, identity: Identity, *, password: str, new_password: str, source: RequestSource
    ) -> None:
        """Change the password and end all other sessions.

        Raises InvalidRequest or the refusals of `_prove` and `_acting`.
        """
        await self._passwords.require_uncommon(new_password, field="new_password")
        proof = await self._prove(identity, password, source)
        password_hash = await self._passwords.hash(new_password, source, known=True)
        now = self._clock()
        async with self._acting(proof) as (connection, client):
            await store.set_password(connection, client.user_id, password_hash)
            await link_store.void_all_verifications(connection, client.user_id, now=now)
            ended = await session_store.revoke_sessions_of(
                connection, client.user_id, now=now, besides=client.session
            )
            content = PasswordWasChanged(
                language=known_language(source.language),
                username=client.username,
                display_name=client.display_name,
            )
            await self._outbox.put(connection, Mail(client.email, content))
            connection.after_commit(
                SessionsEnded(user_id=client.user_id, sessions=ended, reason=PasswordChanged())
            )

    async def ask_for_email(
        self, identity: Identity, *, password: str, new_email: str, source: RequestSource
    ) -> None:
        """Mail a confirming link to the new address, and a link that stops the change to the old address.

        Raises EmailDomainNotAllowed, EmailTaken, RateLimited or the refusals of `_prove` and `_acting`.
        """
        refused = self._registration_policy.refusal_of_new_email(new_email)
        if refused is not None:
            raise refused
        proof = await self._prove(identity, password, source)
        # Counting may take a while (Redis), and SQLite has one writer.
        await self._mail_quota.take(new_email, address=source.address)
        await self._mail_quota.take(identity.email, address=source.address)
        lifetime = self._lifetimes.verification
        now = self._clock()
        async with self._acting(proof) as (connection, client):
            holder = await store.account_by_email(connection, new_email)
            if holder is not None and (holder.user_id == client.user_id or _is_live(holder, now)):
                raise EmailTaken
            await link_store.void_verifications(connection, client.user_id, "email", now=now)
            link = await self._links.new(
                connection, client.user_id, "email", lifetime=lifetime, new_email=new_email
            )
            texts = mail_texts(source.language)
            confirmation = EmailChangeConfirmation(
                language=texts.language,
                username=client.username,
                display_name=client.display_name,
                link=link,
                lifetime=texts.duration(lifetime),
            )
            notice = EmailChangeNotice(
                language=texts.language,
                username=client.username,
                display_name=client.display_name,
                new_email=new_email,
                link=self._links.stop_link(link),
                lifetime=texts.duration(lifetime),
            )
            await self._outbox.put(connection, Mail(new_email, confirmation), Mail(client.email, notice))

    async def stop_email_change(self, *, token: str) -> None:
        """Stop a change of email by the link in the old mailbox. Idempotent.

        Raises InvalidVerification, or EmailAlreadyChanged if the new address was confirmed first.
        """
        claim = self._links.read(token, "stop_email")
        now = self._clock()
        async with self._database.transaction() as connection:
            account = await store.lock_account(connection, claim.user_id)
            new_email = await link_store.email_of_verification(connection, claim.verification_id)
            if account is None or new_email is None:
                raise InvalidVerification
            if email_key(account.email) == email_key(new_email):
                raise EmailAlreadyChanged
            await link_store.use_verification(
                connection, claim.verification_id, user_id=account.user_id, now=now
            )

    async def confirm_email(
        self, *, token: str, caller: Identity | None, source: RequestSource | None = None
    ) -> None:
        """Change the email by the link in the new mailbox; end every session: tokens hold the old email.

        An attacker can request a victim's address for the attacker's account; the victim, who may expect a
        mail of Parlour, must not confirm that change. So if the address is contested, `caller` has to be the
        account that requested it. Raises InvalidVerification, EmailChangeNotProven or EmailTaken.
        """
        claim = self._links.read(token, "email")
        now = self._clock()
        try:
            async with self._database.transaction() as connection:
                account = await store.lock_account(connection, claim.user_id)
                new_email = await link_store.email_of_verification(connection, claim.verification_id)
                if account is None or account.client is None or new_email is None:
                    raise InvalidVerification
                await self._links.use(connection, claim)
                if caller is None or caller.user_id != account.user_id:
                    await _require_uncontested(connection, new_email, now)
                await self._free_address(connection, new_email, now)
                await store.set_email(connection, account.user_id, new_email)
                await link_store.void_all_verifications(connection, account.user_id, now=now)
                ended = await session_store.revoke_sessions_of(connection, account.user_id, now=now)
                asked = None if source is None else source.language
                content = EmailWasChanged(
                    language=known_language(asked or account.language),
                    username=account.client.username,
                    display_name=account.client.display_name,
                    new_email=new_email,
                )
                await self._outbox.put(connection, Mail(account.email, content))
                connection.after_commit(
                    SessionsEnded(user_id=account.user_id, sessions=ended, reason=EmailChanged())
                )
        except IntegrityError as error:
            raise EmailTaken from error

    async def delete(self, identity: Identity, *, password: str, source: RequestSource) -> None:
        """Delete the account; its messages and attendance keep the name and the address.

        Raises the refusals of `_prove` and `_acting`.
        """
        proof = await self._prove(identity, password, source)
        now = self._clock()
        async with self._acting(proof) as (connection, client):
            ended = await session_store.revoke_sessions_of(connection, client.user_id, now=now)
            await store.delete_user(connection, client.user_id, now=now)
            content = AccountWasDeleted(
                language=known_language(source.language),
                username=client.username,
                display_name=client.display_name,
            )
            await self._outbox.put(connection, Mail(client.email, content))
            connection.after_commit(
                SessionsEnded(user_id=client.user_id, sessions=ended, reason=AccountDeleted())
            )

    async def facts(self, identity: Identity) -> store.AccountFacts:
        """Return the account's facts. Raises InvalidToken if the account was deleted meanwhile."""
        async with self._database.reading() as connection:
            facts = await store.account_facts(connection, identity.user_id)
        if facts is None:
            raise InvalidToken
        return facts

    async def _prove(self, identity: Identity, password: str, source: RequestSource) -> PasswordProof:
        """Check the password. Raises WithoutPassword, WrongPassword, RateLimited, Busy or InvalidToken."""
        if not isinstance(identity, ClientIdentity):
            raise WithoutPassword
        async with self._database.reading() as connection:
            account = await store.account_by_id(connection, identity.user_id)
        if account is None or account.client is None:
            raise InvalidToken
        password_hash = account.client.password_hash
        guess = trusted_guess(guessed_account(identity.user_id), f"session {identity.session}")
        verdict = await self._checks.check(password, password_hash, guess=guess, source=source)
        if not verdict.right:
            raise WrongPassword
        return PasswordProof(client=identity, password_hash=password_hash)

    @asynccontextmanager
    async def _acting(self, proof: PasswordProof) -> AsyncIterator[tuple[Transaction, ClientIdentity]]:
        """Open a transaction in which the proof still holds; yield it with the caller's current identity.

        Prevents a race: while the password was verified, the password may have been changed or reset, the
        session ended or the account deleted, and then an old password must have no effect any more. Raises
        PasswordChanged or InvalidToken.
        """
        client = proof.client
        async with self._database.transaction() as connection:
            account = await store.lock_account(connection, client.user_id)
            if account is None or account.client is None:
                raise InvalidToken
            if account.client.password_hash != proof.password_hash:
                raise PasswordChanged
            if client.session is not None and not await session_store.is_live(connection, client.session):
                raise InvalidToken
            yield (
                connection,
                replace(
                    client,
                    email=account.email,
                    username=account.client.username,
                    display_name=account.client.display_name,
                ),
            )

    async def _free_address(self, connection: AsyncConnection, email: str, now: datetime) -> None:
        """Remove pending registrations and the dead account of an address. Raises EmailTaken.

        Registrations end first: a confirmation takes its locks in the same order, which prevents a deadlock.
        """
        await registration_store.end_registrations_of(connection, email, now=now)
        existing = await store.account_by_email(connection, email)
        holder = None if existing is None else await store.lock_account(connection, existing.user_id)
        if holder is None:
            return
        if _is_live(holder, now):
            raise EmailTaken
        await store.delete_user(connection, holder.user_id, now=now)


async def _require_uncontested(connection: AsyncConnection, new_email: str, now: datetime) -> None:
    """Raise EmailChangeNotProven if the address may be another person's."""
    if await registration_store.is_contested(connection, new_email, now=now):
        raise EmailChangeNotProven


def _is_live(account: store.Account, now: datetime) -> bool:
    """True for a confirmed client, and for a guest whose time is running."""
    if account.client is not None and account.client.verified_at is not None:
        return True
    return (
        account.guest is not None and account.guest.expires_at is not None and account.guest.expires_at > now
    )
