"""The use cases of registration: register, send the confirmation mail again."""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from parlour.accounts import store
from parlour.accounts.identity import (
    GUEST_NAME,
    GuestIdentity,
    Identity,
    RequestSource,
    UserId,
    own_display_name,
)
from parlour.accounts.lifetimes import Lifetimes
from parlour.accounts.links import store as link_store
from parlour.accounts.links.service import MailLinks
from parlour.accounts.passwords.hashing import Passwords
from parlour.accounts.refusals import EmailTaken, UsernameTaken
from parlour.accounts.registration import store as registration_store
from parlour.accounts.registration.policy import RegistrationPolicy
from parlour.accounts.registration.store import PendingRegistration
from parlour.accounts.tokens import token_hash
from parlour.core import Core
from parlour.db.database import AsyncConnection, Transaction
from parlour.languages import known_language
from parlour.mail.catalogue import mail_texts
from parlour.mail.contents import ClientVerification, GuestVerification, Mail
from parlour.wire.addresses import email_key
from parlour.wire.base import username_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Registrant:
    """A registering user: the secret in the browser's cookie, and the identity of the current session."""

    browser: str
    identity: Identity | None = None

    def is_guest_of(self, email: str) -> bool:
        """True for the guest of that address, who has proven the mailbox by opening a mailed link."""
        return isinstance(self.identity, GuestIdentity) and email_key(self.identity.email) == email_key(email)


class Registration:
    """Runs each use case in one transaction; hashing happens before the transaction."""

    def __init__(
        self,
        core: Core,
        passwords: Passwords,
        links: MailLinks,
        lifetimes: Lifetimes,
        policy: RegistrationPolicy,
    ) -> None:
        self._database = core.database
        self._clock = core.clock
        self._outbox = core.outbox
        self._mail_quota = core.limits.mails
        self._passwords = passwords
        self._links = links
        self._lifetimes = lifetimes
        self.policy = policy

    async def register_guest(
        self, *, email: str, source: RequestSource, display_name: str | None = None
    ) -> None:
        """Mail a link that logs a guest in. Raises EmailTaken, InvitationRequired or RateLimited."""
        now = self._clock()
        async with self._database.reading() as connection:
            await self._require_allowed_guest(connection, email)
            existing = await store.account_by_email(connection, email)
            if existing is not None:
                await self._require_over(connection, existing, now)
        # Counting may take a while (Redis), and SQLite has one writer.
        await self._mail_quota.take(email, address=source.address)
        try:
            async with self._database.transaction() as connection:
                await self._require_allowed_guest(connection, email)
                existing = await store.account_by_email(connection, email)
                account = None if existing is None else await store.lock_account(connection, existing.user_id)
                if account is not None:  # it may have become a client's meanwhile
                    await self._require_over(connection, account, now)
                    await store.delete_user(connection, account.user_id, now=now)
                user_id = await store.add_user(connection, email=email, now=now, language=source.language)
                own_name = own_display_name(display_name, username=GUEST_NAME)
                await store.add_guest(connection, user_id, display_name=own_name)
                await self._send_guest_mail(
                    connection, user_id, email, display_name=own_name, language=source.language
                )
        except IntegrityError as error:
            raise EmailTaken from error

    async def register_client(
        self,
        *,
        email: str,
        username: str,
        password: str,
        registrant: Registrant,
        source: RequestSource,
        display_name: str | None = None,
    ) -> None:
        """Mail the link that creates the account (see `Confirmation`).

        Several registrations of an address may be pending, so that a stranger's cannot block the owner; a
        pending registration reserves its username. Raises the policy's refusals, EmailTaken, UsernameTaken,
        RateLimited, Busy or, for a common password, InvalidRequest.
        """
        if username_key(username) == username_key(GUEST_NAME):
            raise UsernameTaken
        await self._passwords.require_uncommon(password, field="password")
        async with self._database.reading() as connection:
            await require_allowed_client(connection, self.policy, email)
            await self._require_free(connection, email=email, username=username)
        await self._mail_quota.take(email, address=source.address)  # before the expensive hash
        password_hash = await self._passwords.hash(password, source)
        now = self._clock()
        registration = PendingRegistration(
            registration_id=str(uuid.uuid4()),
            email=email,
            username=username,
            password_hash=password_hash,
            browser_hash=token_hash(registrant.browser),
            expires_at=now + self._lifetimes.verification,
            address_proven_at=now if registrant.is_guest_of(email) else None,
            user_id=None,
            display_name=own_display_name(display_name, username=username),
            language=source.language,
        )
        try:
            async with self._database.transaction() as connection:
                await require_allowed_client(connection, self.policy, email)
                await self._require_free(connection, email=email, username=username)
                await registration_store.add_registration(connection, registration, now=now)
                await self._send_client_mail(connection, registration)
        except IntegrityError as error:
            raise UsernameTaken from error

    async def create_client(self, *, email: str, username: str, password: str) -> None:
        """Create a confirmed account without a mail, for the command line.

        Raises EmailTaken, UsernameTaken or, for a common password, InvalidRequest.
        """
        if username_key(username) == username_key(GUEST_NAME):
            raise UsernameTaken
        await self._passwords.require_uncommon(password, field="password")
        password_hash = await self._passwords.hash(password)
        now = self._clock()
        try:
            async with self._database.transaction() as connection:
                await self._require_free(connection, email=email, username=username)
                existing = await store.account_by_email(connection, email)
                owner = None if existing is None else await store.lock_account(connection, existing.user_id)
                if owner is None:
                    user_id = await store.add_user(connection, email=email, now=now)
                else:
                    user_id = owner.user_id
                await store.add_client(
                    connection, user_id=user_id, username=username, password_hash=password_hash
                )
                await store.verify_client(connection, user_id, now=now)
                await store.delete_guest(connection, user_id)
                await registration_store.end_registrations_of(connection, email, now=now)
        except IntegrityError as error:
            raise _taken(error) from error

    async def resend_verification(self, *, email: str, browser: str | None, source: RequestSource) -> None:
        """Mail a link again if a confirmation is pending; reveals nothing about that. Raises RateLimited."""
        await self._mail_quota.take(email, address=source.address)
        browser_hash = None if browser is None else token_hash(browser)
        now = self._clock()
        async with self._database.transaction() as connection:
            registration = await registration_store.registration_to_repeat(
                connection, email, browser_hash=browser_hash, now=now
            )
            if registration is not None:
                until = now + self._lifetimes.verification
                if await registration_store.prolong(
                    connection, registration.registration_id, expires_at=until
                ):
                    language = source.language or registration.language
                    await self._send_client_mail(
                        connection, replace(registration, expires_at=until, language=language)
                    )
            existing = await store.account_by_email(connection, email)
            account = None if existing is None else await store.lock_account(connection, existing.user_id)
            guest = None if account is None else account.guest
            awaited = guest if guest is not None and guest.expires_at is None else None
            if account and awaited and await self._links.may_send(connection, account.user_id, "guest"):
                await self._send_guest_mail(
                    connection,
                    account.user_id,
                    account.email,
                    display_name=awaited.display_name,
                    language=source.language or account.language,
                )

    async def _require_allowed_guest(self, connection: AsyncConnection, email: str) -> None:
        is_invited = await _is_invited(connection, self.policy, email)
        refused = self.policy.refusal_of_guest(email, is_invited=is_invited)
        if refused is not None:
            raise refused

    async def _require_over(self, connection: AsyncConnection, account: store.Account, now: datetime) -> None:
        """Raise EmailTaken for a client, and for a guest whose time runs or whose link is pending."""
        if account.client is not None or await self._is_live(connection, account, now):
            raise EmailTaken

    async def _is_live(self, connection: AsyncConnection, account: store.Account, now: datetime) -> bool:
        """True for a guest whose time runs, or whose mailed link can still be opened."""
        if account.guest is not None and account.guest.expires_at is not None:
            return account.guest.expires_at > now
        return await link_store.pending_verifications(connection, account.user_id, "guest", now=now) > 0

    async def _require_free(self, connection: AsyncConnection, *, email: str, username: str) -> None:
        holder = await store.account_by_username(connection, username)
        if holder is not None or await registration_store.is_username_reserved(
            connection, username, now=self._clock()
        ):
            raise UsernameTaken
        owner = await store.account_by_email(connection, email)
        if owner is not None and owner.client is not None:
            raise EmailTaken

    async def _send_client_mail(self, connection: Transaction, registration: PendingRegistration) -> None:
        language = known_language(registration.language)
        content = ClientVerification(
            language=language,
            username=registration.username,
            display_name=registration.display_name,
            link=self._links.to_registration(
                registration.registration_id, expires_at=registration.expires_at
            ),
            lifetime=mail_texts(language).duration(self._lifetimes.verification),
        )
        await self._outbox.put(connection, Mail(registration.email, content))

    async def _send_guest_mail(
        self,
        connection: Transaction,
        user_id: UserId,
        email: str,
        *,
        display_name: str | None,
        language: str | None,
    ) -> None:
        texts = mail_texts(language)
        lifetime = self._lifetimes.verification
        link = await self._links.new(connection, user_id, "guest", lifetime=lifetime)
        content = GuestVerification(
            language=texts.language,
            display_name=display_name,
            link=link,
            lifetime=texts.duration(lifetime),
            guest_lifetime=texts.duration(self._lifetimes.guest),
        )
        await self._outbox.put(connection, Mail(email, content))


async def require_allowed_client(connection: AsyncConnection, policy: RegistrationPolicy, email: str) -> None:
    """Apply the policy. Raises RegistrationClosed, InvitationRequired or EmailDomainNotAllowed."""
    is_invited = await _is_invited(connection, policy, email)
    refused = policy.refusal_of_client(email, is_invited=is_invited)
    if refused is not None:
        raise refused


async def _is_invited(connection: AsyncConnection, policy: RegistrationPolicy, email: str) -> bool:
    """True if an invitation lets the address in; the mode `open` needs no query."""
    return policy.mode != "open" and await registration_store.is_invited(connection, email)


def _taken(error: IntegrityError) -> EmailTaken | UsernameTaken:
    """Map a lost race to a refusal, by the constraint's name, which both databases put into the message."""
    return UsernameTaken() if "username_key" in str(error.orig) else EmailTaken()
