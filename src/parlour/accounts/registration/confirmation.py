"""The use cases of confirming an address by its mailed link."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from parlour.accounts import store
from parlour.accounts.identity import (
    GUEST_NAME,
    ClientIdentity,
    GuestIdentity,
    RequestSource,
    UserId,
    own_display_name,
)
from parlour.accounts.links.service import MailLinks
from parlour.accounts.passwords.checks import PasswordChecks, address_guess
from parlour.accounts.refusals import (
    AlreadyVerified,
    EmailTaken,
    InvalidVerification,
    RegistrationNotProven,
    UsernameTaken,
    UserNotFound,
    WrongPassword,
)
from parlour.accounts.registration import store as registration_store
from parlour.accounts.registration.policy import RegistrationPolicy
from parlour.accounts.registration.service import require_allowed_client
from parlour.accounts.registration.store import PendingRegistration
from parlour.accounts.sessions.service import LoggedIn, LoginSessions
from parlour.accounts.tokens import token_hash
from parlour.core import Core
from parlour.db.database import AsyncConnection


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Evidence that a link's opener is the registrant: the cookie that registering set, or the password."""

    browser: str | None = None
    password: str | None = None


class Confirmation:
    """Runs each use case in one transaction; hashing happens before the transaction."""

    def __init__(
        self,
        core: Core,
        links: MailLinks,
        sessions: LoginSessions,
        checks: PasswordChecks,
        policy: RegistrationPolicy,
    ) -> None:
        self._database = core.database
        self._clock = core.clock
        self._links = links
        self._sessions = sessions
        self._lifetimes = sessions.lifetimes
        self._checks = checks
        self._policy = policy

    async def verify_client(
        self, *, token: str, proof: Proof, source: RequestSource, log_in: bool = False
    ) -> LoggedIn | None:
        """Create the account of a registration; with `log_in` and a proof, log its user in too.

        A link alone logs in nobody: the proof is the cookie of the browser that registered, or the password.

        An attacker can register a victim's address with a password of the attacker's; the victim, who expects
        a mail of Parlour, must not confirm that registration. So the link alone suffices only if the address
        is uncontested (`is_undoubted`), else a proof is required. The policy is checked again, since the
        server may have closed registration meanwhile. Raises the policy's refusals, InvalidVerification,
        UserNotFound, AlreadyVerified, RegistrationNotProven, WrongPassword, RateLimited, or UsernameTaken if
        the command line created an account of that username meanwhile.
        """
        registration_id = self._links.read_registration(token)
        knows_password = proof.password is not None
        if proof.password is not None:
            await self._require_password(registration_id, proof.password, source)
        try:
            async with self._database.transaction() as connection:
                now = self._clock()
                row = await registration_store.registration_by_id(connection, registration_id, lock=True)
                registration = _require_pending(row, now)
                await require_allowed_client(connection, self._policy, registration.email)
                is_proven = knows_password or is_from_browser(registration, proof.browser)
                if not is_proven and not await is_undoubted(connection, registration, now):
                    raise RegistrationNotProven
                user_id = await self._account_of(connection, registration, now)
                await registration_store.mark_confirmed(connection, registration_id, user_id)
                await registration_store.end_registrations_of(connection, registration.email, now=now)
                if not (log_in and is_proven):
                    return None
                client = ClientIdentity(
                    user_id=user_id,
                    email=registration.email,
                    username=registration.username,
                    display_name=registration.display_name,
                )
                await store.record_login(connection, user_id, now=now, password_hash=None)
                await self._sessions.replace_session(connection, client, source, now)
                logged_in = await self._sessions.start(connection, client, source, now, remember=False)
        except IntegrityError as error:  # both databases name the constraint
            raise (UsernameTaken if "username_key" in str(error.orig) else AlreadyVerified) from error
        return logged_in

    async def verify_guest(self, *, token: str, source: RequestSource) -> LoggedIn:
        """Start the guest's time and log the guest in.

        Raises InvalidVerification, UserNotFound or AlreadyVerified.
        """
        now = self._clock()
        claim = self._links.read(token, "guest")
        async with self._database.transaction() as connection:
            account = await store.lock_account(connection, claim.user_id)
            if account is None:
                raise UserNotFound
            if account.guest is None or account.guest.expires_at is not None:
                raise AlreadyVerified
            until = now + self._lifetimes.guest
            if not await store.verify_guest(connection, account.user_id, now=now, expires_at=until):
                raise AlreadyVerified
            await self._links.use(connection, claim)
            guest = GuestIdentity(
                user_id=account.user_id,
                email=account.email,
                expires_at=until,
                display_name=account.guest.display_name,
            )
            return await self._sessions.start(connection, guest, source, now)

    async def admit_guest(
        self, connection: AsyncConnection, *, email: str, display_name: str | None, source: RequestSource
    ) -> LoggedIn:
        """Log in a guest whose mailbox an invitation has proven, in the caller's transaction.

        The guest's time starts now, or continues if the guest of this address is logged in already, such as
        in another browser. `display_name` None keeps the guest's name. Raises EmailTaken for a client's
        address.
        """
        now = self._clock()
        existing = await store.account_by_email(connection, email)
        account = None if existing is None else await store.lock_account(connection, existing.user_id)
        if account is not None and account.client is not None:
            raise EmailTaken
        end = None if account is None or account.guest is None else account.guest.expires_at
        if account is not None and end is not None and end <= now:
            await store.delete_user(connection, account.user_id, now=now)
            account, end = None, None
        name = own_display_name(display_name, username=GUEST_NAME)
        if account is None:
            user_id = await store.add_user(connection, email=email, now=now, language=source.language)
            await store.add_guest(connection, user_id, display_name=name)
        else:
            user_id = account.user_id
            if name is None and account.guest is not None:
                name = account.guest.display_name
            await store.set_display_name(connection, user_id, name)
        if end is None:
            end = now + self._lifetimes.guest
            await store.verify_guest(connection, user_id, now=now, expires_at=end)
        guest = GuestIdentity(user_id=user_id, email=email, expires_at=end, display_name=name)
        return await self._sessions.start(connection, guest, source, now)

    async def is_client(self, email: str) -> bool:
        async with self._database.reading() as connection:
            account = await store.account_by_email(connection, email)
        return account is not None and account.client is not None

    async def _require_password(self, registration_id: str, password: str, source: RequestSource) -> None:
        """Check the registration's password, before the transaction: it never changes. Raises WrongPassword.

        Also raises the refusals of `_require_pending` and of `PasswordChecks.check`.
        """
        async with self._database.reading() as connection:
            row = await registration_store.registration_by_id(connection, registration_id)
        registration = _require_pending(row, self._clock())
        guess = address_guess(f"registration {registration_id}", source)
        verdict = await self._checks.check(password, registration.password_hash, guess=guess, source=source)
        if not verdict.right:
            raise WrongPassword

    async def _account_of(
        self, connection: AsyncConnection, registration: PendingRegistration, now: datetime
    ) -> UserId:
        """Turn the guest of the address into a client, or create an account. Raises AlreadyVerified."""
        existing = await store.account_by_email(connection, registration.email)
        account = None if existing is None else await store.lock_account(connection, existing.user_id)
        if account is None:
            user_id = await store.add_user(
                connection, email=registration.email, now=now, language=registration.language
            )
        elif account.client is not None:
            raise AlreadyVerified
        else:
            user_id = account.user_id
        await store.add_client(
            connection,
            user_id=user_id,
            username=registration.username,
            password_hash=registration.password_hash,
            display_name=registration.display_name,
        )
        await store.verify_client(connection, user_id, now=now)
        await store.delete_guest(connection, user_id)
        return user_id


def _require_pending(registration: PendingRegistration | None, now: datetime) -> PendingRegistration:
    """Return the registration if it can still be confirmed.

    Raises UserNotFound, AlreadyVerified or InvalidVerification.
    """
    if registration is None:
        raise UserNotFound
    if registration.user_id is not None:
        raise AlreadyVerified
    if registration.expires_at <= now:
        raise InvalidVerification
    return registration


async def is_undoubted(connection: AsyncConnection, registration: PendingRegistration, now: datetime) -> bool:
    """True if the address can be the registrant's alone, so that the link suffices to confirm it."""
    if registration.address_proven_at is not None:
        return True
    return not await registration_store.is_contested(
        connection, registration.email, now=now, besides=registration.registration_id
    )


def is_from_browser(registration: PendingRegistration, browser: str | None) -> bool:
    """True if `browser` is the cookie that this registration set."""
    if browser is None:
        return False
    return secrets.compare_digest(token_hash(browser), registration.browser_hash)
