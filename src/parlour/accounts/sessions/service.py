"""The use cases of sessions: log in, refresh, identify, log out, list, end."""

import secrets
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from parlour.accounts import store
from parlour.accounts.facts import SessionsEnded
from parlour.accounts.identity import (
    ClientIdentity,
    GuestIdentity,
    Identity,
    RequestSource,
    SessionId,
    UserId,
)
from parlour.accounts.lifetimes import Lifetimes
from parlour.accounts.links import store as link_store
from parlour.accounts.passwords.checks import PasswordChecks, address_guess, guessed_account, trusted_guess
from parlour.accounts.refusals import (
    AccountDisabled,
    LoggedOut,
    NotVerified,
    SessionEndedElsewhere,
    SessionNotFound,
    SessionOver,
    SessionReplaced,
    WrongCredentials,
)
from parlour.accounts.sessions import store as session_store
from parlour.accounts.sessions.known_devices import KnownDevices
from parlour.accounts.sessions.store import SessionRow
from parlour.accounts.sessions.terminations import SessionTerminations
from parlour.accounts.tokens import AccessToken, RefreshToken, TokenRejected, TokenSigner, token_hash
from parlour.core import Core
from parlour.db.database import AsyncConnection, Transaction
from parlour.db.recent_reads import ReadMark, RecentReads
from parlour.errors import InvalidToken, Refusal
from parlour.limits.password_throttle import Guess

__all__ = ["LoggedIn", "LoginSessions", "SessionRow"]

REUSE_GRACE = timedelta(seconds=10)
"""The grace in which a replaced refresh token still works: two tabs that refresh at once are no theft."""

_BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)
"""A time at which no token has expired."""

RECENT_SECONDS = 15.0
"""The age at which an account's identity is read again.

Sessions that another process ends are polled for (`revocations`), which is sooner. What else another process
changes, a display name, takes effect after this time.
"""

MAX_ATTEMPTS = 3
"""The bound of password verifications in a login. An outdated hash is replaced once, and each change of a
password needs a proof of its own, so the second attempt decides unless several changes come within 100 ms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedIn:
    """The tokens of a successful login, guest verification or refresh.

    `device_token` is set after a login by password. A session that is not `remembered` has a cookie that ends
    with the browser.
    """

    identity: Identity
    access_token: str
    refresh_token: str
    refresh_expires_at: datetime
    remembered: bool
    device_token: str | None = None


class LoginSessions:
    """Runs each use case in one transaction; hashing happens before the transaction."""

    def __init__(
        self,
        core: Core,
        signer: TokenSigner,
        lifetimes: Lifetimes,
        terminations: SessionTerminations,
        checks: PasswordChecks,
    ) -> None:
        self._database = core.database
        self._clock = core.clock
        self._signer = signer
        self.lifetimes = lifetimes
        self._terminations = terminations
        self._checks = checks
        self._passwords = checks.passwords
        self._devices = KnownDevices(signer)
        self._recent = RecentReads[UserId, ClientIdentity](RECENT_SECONDS)

    async def log_in(
        self, *, username_or_email: str, password: str, source: RequestSource, remember: bool | None = None
    ) -> LoggedIn:
        """Log in by password.

        `remember` true or false chooses if the session outlives the browser, and replaces the session that
        the browser's cookie names. None is the behaviour of older clients: sessions are remembered and exist
        side by side.

        Verifying takes a while. If the stored hash has changed meanwhile, because the owner changed the
        password or a concurrent login replaced an outdated hash, the password is verified against the new
        hash.

        Raises WrongCredentials (after the same time for unknown accounts), NotVerified, AccountDisabled,
        RateLimited or Busy.
        """
        for _ in range(MAX_ATTEMPTS):
            logged_in = await self._try_log_in(
                username_or_email=username_or_email, password=password, source=source, remember=remember
            )
            if logged_in is not None:
                return logged_in
        raise WrongCredentials

    async def _try_log_in(
        self, *, username_or_email: str, password: str, source: RequestSource, remember: bool | None
    ) -> LoggedIn | None:
        """Verify and log in; return None if the stored hash changed after the verification."""
        async with self._database.reading(snapshot=False) as connection:  # the transaction below asks again
            account = await store.account_by_username_or_email(connection, username_or_email.strip())
            password_hash = await self._password_hash(connection, account, username_or_email)
            session = await self._own_session(connection, account, source)
        guess = self._guess(account, username_or_email, source, session)
        verdict = await self._checks.check(password, password_hash, guess=guess, source=source)
        if not verdict.right or password_hash is None:
            raise WrongCredentials(account="" if account is None else account.email)
        if account is None or account.client is None:
            raise NotVerified
        new_hash = None
        if verdict.outdated:
            new_hash = await self._passwords.hash(password, source, known=guess.address is None)
        now, mark = self._clock(), self._mark()
        user_id = account.user_id

        async def enter(connection: Transaction) -> LoggedIn | None:
            current = await store.lock_account(connection, user_id)
            if current is None or current.client is None:
                return None
            if current.client.password_hash != password_hash:
                return None
            if current.client.disabled_at is not None:
                raise AccountDisabled
            client = ClientIdentity(
                user_id=current.user_id,
                email=current.email,
                username=current.client.username,
                display_name=current.client.display_name,
            )
            await store.record_login(connection, current.user_id, now=now, password_hash=new_hash)
            await store.remember_language(connection, current, source.language)
            if remember is not None:
                await self.replace_session(connection, client, source, now)
            return await self.start(connection, client, source, now, remember=remember is not False)

        logged_in = await self._database.transact(enter)
        if logged_in is None:
            return None
        self._remember(logged_in.identity, mark)
        device_token = self._devices.remember(
            source.device_token,
            user_id=account.user_id,
            password_hash=new_hash or password_hash,
            now=now,
        )
        return replace(logged_in, device_token=device_token)

    async def _own_session(
        self, connection: AsyncConnection, account: store.Account | None, source: RequestSource
    ) -> SessionId | None:
        """Return the account's live session that the cookie `jwt` names, of any generation."""
        if account is None or source.session_token is None:
            return None
        try:
            claim = self._signer.read_refresh(source.session_token, now=self._clock())
        except TokenRejected:
            return None
        session = await session_store.session(connection, claim.family)
        if session is None or session.user_id != account.user_id or self._is_over(session):
            return None
        return session.family

    def _guess(
        self,
        account: store.Account | None,
        username_or_email: str,
        source: RequestSource,
        session: SessionId | None,
    ) -> Guess:
        """Choose the counter of a guess: a live session's or known device's own, else the address's."""
        if account is None or account.client is None:
            return address_guess(f"name {username_or_email.strip().casefold()}", source)
        target = guessed_account(account.user_id)
        if session is not None:
            return trusted_guess(target, f"session {session}")
        device = self._devices.device_of(
            source.device_token,
            user_id=account.user_id,
            password_hash=account.client.password_hash,
            now=self._clock(),
        )
        return address_guess(target, source) if device is None else trusted_guess(target, f"device {device}")

    async def _password_hash(
        self, connection: AsyncConnection, account: store.Account | None, username_or_email: str
    ) -> str | None:
        """Return the hash of the account, else of a pending registration of this name or email, if any."""
        if account is not None and account.client is not None:
            return account.client.password_hash
        return await store.waiting_password_hash(connection, username_or_email.strip(), now=self._clock())

    async def refresh(self, *, token: str) -> LoggedIn:
        """Rotate a refresh token (RFC 9700, section 4.14.2). Raises SessionOver.

        The reuse of a replaced token revokes its family, since either holder may be a thief. Within
        REUSE_GRACE the replacement is returned instead, so that two tabs may refresh at once.
        """
        now, mark = self._clock(), self._mark()
        try:
            claim = self._signer.read_refresh(token, now=now)
        except TokenRejected as error:
            raise SessionOver from error

        async def rotate(connection: Transaction) -> LoggedIn | None:
            found = await session_store.session_and_account(connection, claim.family)
            if found is None:
                return None
            session, account = found
            if _is_reused(session, claim, now):
                await session_store.revoke_session(connection, session.family, now=now)
                connection.after_commit(_ended(session.user_id, {session.family}, SessionOver()))
            elif session.revoked_at is None and session.expires_at > now:
                return await self._continue_session(connection, session, account, claim, now)
            return None

        refreshed = await self._database.transact(rotate)
        if refreshed is None:
            raise SessionOver
        self._remember(refreshed.identity, mark)
        return refreshed

    def session_of_cookie(self, token: str) -> SessionId | None:
        """Return the session of a refresh token; None if the token is forged or expired."""
        try:
            return SessionId(self._signer.read_refresh(token, now=self._clock()).family)
        except TokenRejected:
            return None

    def session_of_access(self, token: str) -> SessionId | None:
        """Return the session of an access token, expired or not; None if the token is forged.

        For logging out only: a tab that slept for an hour must be able to end its session.
        """
        try:
            return SessionId(self._signer.read_access(token, now=_BEFORE_ALL).family)
        except TokenRejected:
            return None

    async def log_out(self, session: SessionId) -> Identity | None:
        """End a session; return its user, or None if the session had ended."""
        now = self._clock()
        async with self._database.transaction() as connection:
            found = await store.account_by_session(connection, session)
            user_id = await session_store.revoke_session(connection, session, now=now)
            if user_id is None:
                return None
            connection.after_commit(_ended(user_id, {session}, LoggedOut()))
        return None if found is None else _identity(found[0], session, now, ends_at=found[1])

    async def log_out_of_browser(self, session: SessionId, *, besides: SessionId) -> bool:
        """End `session`, which a browser's cookie names, if it belongs to the same user as `besides`.

        Returns False if it is another user's live session, which another tab logged in: it goes on.
        """
        now = self._clock()
        async with self._database.transaction() as connection:
            of_cookie = await session_store.session(connection, session)
            own = await session_store.session(connection, besides)
            if of_cookie is None or self._is_over(of_cookie) or of_cookie.expires_at <= now:
                return True
            if own is None or own.user_id != of_cookie.user_id:
                return False
            await session_store.revoke_session(connection, session, now=now)
            connection.after_commit(_ended(own.user_id, {session}, LoggedOut()))
        return True

    async def live_of(self, identity: Identity) -> list[SessionRow]:
        """Return the user's live sessions, last used first."""
        async with self._database.reading() as connection:
            return await session_store.live_sessions_of(connection, identity.user_id, now=self._clock())

    async def end(self, identity: Identity, session: SessionId) -> None:
        """End a session of the caller. Raises SessionNotFound if it has ended or is another user's."""
        now = self._clock()
        async with self._database.transaction() as connection:
            await store.lock_account(connection, identity.user_id)
            row = await session_store.session(connection, session)
            if row is None or row.user_id != identity.user_id or row.revoked_at is not None:
                raise SessionNotFound
            await session_store.revoke_session(connection, session, now=now)
            connection.after_commit(_ended(identity.user_id, {session}, SessionEndedElsewhere()))

    async def remember(self, identity: Identity, *, remembered: bool) -> None:
        """Choose if the caller's session outlives the browser, from its next refresh on.

        A guest's session ends with the guest's time in either case.
        """
        if identity.session is None:
            return
        async with self._database.transaction() as connection:
            await session_store.set_remembered(connection, identity.session, remembered=remembered)

    async def end_all(self, user_id: UserId, *, besides: SessionId | None = None) -> int:
        """End a user's sessions and void all mailed links, so that an intruder keeps no way back.

        Returns the number of sessions.
        """
        now = self._clock()
        async with self._database.transaction() as connection:
            await store.lock_account(connection, user_id)
            await link_store.void_all_verifications(connection, user_id, now=now)
            ended = await session_store.revoke_sessions_of(connection, user_id, now=now, besides=besides)
            connection.after_commit(_ended(user_id, ended, SessionEndedElsewhere()))
        return len(ended)

    async def identify_access(self, token: str) -> Identity:
        """Return the user of an access token. Raises InvalidToken."""
        return await self.confirm(*self.claimed(token))

    def claimed(self, token: str) -> tuple[UserId, SessionId]:
        """Return the user and session that an access token claims, without the database.

        Raises InvalidToken, also for a session that ended recently in this process.
        """
        try:
            claim = self._signer.read_access(token, now=self._clock())
        except TokenRejected as error:
            raise InvalidToken from error
        session = SessionId(claim.family)
        if self._terminations.include(session):
            raise InvalidToken
        return UserId(claim.user_id), session

    async def confirm(self, user_id: UserId, family: SessionId) -> Identity:
        """Return the user of a session. Raises InvalidToken if the session or the account has ended."""
        now, mark = self._clock(), self._mark()
        async with self._database.point_lookup() as connection:
            found = await store.account_by_session(connection, family)
        if found is None or found[0].user_id != user_id or self._terminations.include(family):
            if self.recent(user_id, family) is not None:
                self.forget(user_id)
            raise InvalidToken
        account, ends_at = found
        identity = _identity(account, family, now, ends_at=ends_at)
        if identity is None:
            raise InvalidToken
        self._remember(identity, mark)
        return identity

    def recent(self, user_id: UserId, family: SessionId) -> Identity | None:
        """Return the user of a session that was read a moment ago, without the database; None if it was not.

        A session that another process has ended since may be returned until it is polled for.
        """
        identity = self._recent.find(user_id, time.monotonic())
        return identity if identity is not None and identity.session == family else None

    def forget(self, user_id: UserId) -> None:
        """Read the user again at the next request: the account or a session of it has changed."""
        self._recent.forget(user_id)

    def forget_all(self) -> None:
        """Read everybody again: what other servers changed may not be known here."""
        self._recent.clear()

    def _mark(self) -> ReadMark:
        return self._recent.mark(time.monotonic())

    def _remember(self, identity: Identity, mark: ReadMark) -> None:
        """Remember a client. A guest is read each time: guests end, and become clients.

        PostgreSQL is asked each time: while it is away, nobody gets in who is in no call.
        """
        if self._database.is_sqlite and isinstance(identity, ClientIdentity) and identity.session is not None:
            self._recent.add(identity.user_id, identity, mark)

    async def identify_refresh(self, token: str) -> Identity | None:
        """Return the user of a `jwt` cookie; None if its session has ended.

        Raises InvalidToken if the token is forged or expired.
        """
        now, mark = self._clock(), self._mark()
        try:
            claim = self._signer.read_refresh(token, now=now)
        except TokenRejected as error:
            raise InvalidToken from error
        async with self._database.point_lookup() as connection:
            found = await session_store.session_and_account(connection, claim.family)
        if found is None or self._is_over(found[0]):
            return None
        session, account = found
        if session.generation != claim.generation and not _within_grace(session, claim, now):
            return None
        identity = _identity(account, session.family, now, ends_at=session.expires_at)
        if identity is not None:
            self._remember(identity, mark)
        return identity

    async def end_of(self, identity: Identity) -> datetime | None:
        """Return the time at which the caller's session expires; None if the session is not known.

        Each refresh extends a client's session. Raises InvalidToken if the session has ended.
        """
        if identity.session is None:
            return identity.expires_at if isinstance(identity, GuestIdentity) else None
        async with self._database.point_lookup() as connection:
            session = await session_store.session(connection, identity.session)
        if session is None or self._is_over(session):
            raise InvalidToken
        return session.expires_at

    def _is_over(self, session: SessionRow) -> bool:
        """True for a session that has ended. Call after the last await, to see a concurrent logout."""
        return session.revoked_at is not None or self._terminations.include(session.family)

    async def find(self, username_or_email: str) -> UserId | None:
        """Return the user of a username or an email."""
        async with self._database.reading() as connection:
            account = await store.account_by_username_or_email(connection, username_or_email.strip())
        return None if account is None else account.user_id

    async def replace_session(
        self, connection: Transaction, identity: Identity, source: RequestSource, now: datetime
    ) -> None:
        """End the session that the browser's cookie names, since a new session takes over the cookie.

        Another user's session is shortened to the lifetime of an access token instead: a tab may still hold
        an access token, but without the cookie no tab can refresh it.
        """
        named = None if source.session_token is None else self.session_of_cookie(source.session_token)
        session = None if named is None else await session_store.session(connection, named)
        if session is None or self._is_over(session):
            return
        if session.user_id != identity.user_id:
            await session_store.shorten_session(
                connection, session.family, expires_at=now + self.lifetimes.access
            )
            return
        await session_store.revoke_session(connection, session.family, now=now)
        connection.after_commit(_ended(identity.user_id, {session.family}, SessionReplaced()))

    async def start(
        self,
        connection: AsyncConnection,
        identity: Identity,
        source: RequestSource,
        now: datetime,
        *,
        remember: bool = True,
    ) -> LoggedIn:
        """Start a family of refresh tokens in the caller's transaction."""
        expires_at = self._session_end(identity, now, started_at=now, remembered=remember)
        first = RefreshToken(family=str(uuid.uuid4()), generation=0, issued_at=now, expires_at=expires_at)
        text = self._signer.sign_refresh(first)
        await session_store.add_session(
            connection,
            family=first.family,
            user_id=identity.user_id,
            token_hash=token_hash(text),
            now=now,
            expires_at=expires_at,
            device=source.device,
            remembered=remember,
        )
        return self._logged_in(identity, first, text, now, remembered=remember)

    async def _continue_session(
        self,
        connection: AsyncConnection,
        session: SessionRow,
        account: store.Account,
        claim: RefreshToken,
        now: datetime,
    ) -> LoggedIn | None:
        identity = _identity(account, session.family, now, ends_at=session.expires_at)
        if identity is None:
            return None
        if claim.generation == session.generation:
            following = RefreshToken(
                family=session.family,
                generation=session.generation + 1,
                issued_at=now,
                expires_at=self._session_end(
                    identity, now, started_at=session.started_at, remembered=session.remembered
                ),
            )
            text = self._signer.sign_refresh(following)
            if await session_store.replace_token(
                connection,
                session.family,
                generation=following.generation,
                token_hash=token_hash(text),
                issued_at=following.issued_at,
                expires_at=following.expires_at,
            ):
                return self._logged_in(identity, following, text, now, remembered=session.remembered)
            faster = await session_store.session(connection, session.family)
            if faster is None or faster.revoked_at is not None:
                return None  # ended meanwhile
            session = faster
        current = RefreshToken(
            family=session.family,
            generation=session.generation,
            issued_at=session.issued_at,
            expires_at=session.expires_at,
        )
        again = self._signer.sign_refresh_again(current, hashed=session.token_hash)
        if again is None:
            return None
        return self._logged_in(identity, current, again, now, remembered=session.remembered)

    def _session_end(
        self, identity: Identity, now: datetime, *, started_at: datetime, remembered: bool
    ) -> datetime:
        match identity:
            case GuestIdentity():
                return identity.expires_at
            case ClientIdentity():
                unused = self.lifetimes.refresh if remembered else self.lifetimes.unused
                return min(now + unused, started_at + self.lifetimes.session)

    def _logged_in(
        self,
        identity: Identity,
        refresh: RefreshToken,
        refresh_text: str,
        now: datetime,
        *,
        remembered: bool,
    ) -> LoggedIn:
        is_guest = isinstance(identity, GuestIdentity)
        expires_at = min(now + self.lifetimes.access, refresh.expires_at)
        access = AccessToken(
            user_id=identity.user_id,
            email=identity.email,
            username=None if is_guest else identity.name,
            display_name=identity.display_name,
            guest_until=identity.expires_at if isinstance(identity, GuestIdentity) else None,
            family=refresh.family,
            token_id=secrets.token_urlsafe(12),
            issued_at=now,
            expires_at=expires_at,
        )
        return LoggedIn(
            identity=_in_session(identity, SessionId(refresh.family), ends_at=refresh.expires_at),
            access_token=self._signer.sign_access(access),
            refresh_token=refresh_text,
            refresh_expires_at=refresh.expires_at,
            remembered=remembered or is_guest,
        )


def _in_session(identity: Identity, session: SessionId, *, ends_at: datetime) -> Identity:
    if isinstance(identity, ClientIdentity):
        return replace(identity, session=session, session_ends_at=ends_at)
    return replace(identity, session=session)


def _identity(
    account: store.Account, session: SessionId, now: datetime, *, ends_at: datetime
) -> Identity | None:
    """Return the identity of an account in a session that ends at `ends_at`.

    None if the account is not verified, or if the guest's time is over.
    """
    if account.client is not None and account.client.verified_at is not None:
        return ClientIdentity(
            user_id=account.user_id,
            email=account.email,
            username=account.client.username,
            display_name=account.client.display_name,
            session=session,
            session_ends_at=ends_at,
        )
    guest = account.guest
    if guest is not None and guest.expires_at is not None and guest.expires_at > now:
        return GuestIdentity(
            user_id=account.user_id,
            email=account.email,
            expires_at=guest.expires_at,
            display_name=guest.display_name,
            session=session,
        )
    return None


def _is_reused(session: SessionRow, claim: RefreshToken, now: datetime) -> bool:
    """True if a live session's replaced token is presented after REUSE_GRACE, as by a thief."""
    return (
        session.revoked_at is None
        and session.expires_at > now
        and session.generation != claim.generation
        and not _within_grace(session, claim, now)
    )


def _within_grace(session: SessionRow, claim: RefreshToken, now: datetime) -> bool:
    return (
        claim.generation == session.generation - 1
        and session.replaced_at is not None
        and now - session.replaced_at <= REUSE_GRACE
    )


def _ended(user_id: UserId, sessions: Iterable[SessionId], reason: Refusal) -> SessionsEnded:
    return SessionsEnded(user_id=user_id, sessions=frozenset(sessions), reason=reason)
