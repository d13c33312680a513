"""Identification of requests by access token, else by the session cookie from an allowed site."""

from fastapi import Request

from parlour.accounts.identity import Identity, SessionId
from parlour.accounts.refusals import (
    UserNotFound,
)
from parlour.accounts.sessions.request_source import session_token_of
from parlour.accounts.sessions.service import LoginSessions
from parlour.errors import (
    IdentityRequired,
    InvalidToken,
    NotTheCaller,
    OriginNotAllowed,
)
from parlour.limits.quotas import Quota
from parlour.wire.addresses import email_key

_SAME_SITE = ("same-origin", "same-site", "none")


class Origins:
    """The origins (RFC 6454) whose pages may use the session cookie; `expected` is the public URL."""

    def __init__(self, allowed: frozenset[str], *, expected: str) -> None:
        self.allowed = allowed
        self.expected = expected

    def refusal(self) -> OriginNotAllowed:
        """Make the refusal of HTTP requests and sockets; it names the public URL."""
        return OriginNotAllowed(expected=self.expected)

    def allows(self, *, origin: str | None, fetch_site: str | None) -> bool:
        """Accept an allowed Origin, or a missing Origin unless Sec-Fetch-Site says `cross-site`.

        Browsers omit Origin from same-origin GETs but send Sec-Fetch-Site (W3C Fetch Metadata); other clients
        send neither header.
        """
        if origin is not None:
            return origin in self.allowed
        return fetch_site is None or fetch_site in _SAME_SITE

    def allow_connection(self, origin: str | None, _host: str | None) -> bool:
        """Accept an allowed Origin, or none: browsers send it with every WebSocket and request of a page."""
        return origin is None or origin in self.allowed


class Identification:
    """Finds the user of a request: by the Authorization header, else by the cookie from an allowed site."""

    def __init__(self, sessions: LoginSessions, origins: Origins, writes: Quota) -> None:
        self._sessions = sessions
        self.origins = origins
        self._writes = writes

    async def required(self, request: Request) -> Identity:
        """Return the user of a request. Raises IdentityRequired or InvalidToken."""
        identity = await self.optional(request)
        if identity is None:
            raise IdentityRequired
        return identity

    async def writing(self, request: Request) -> Identity:
        """Return the user of a request that writes; the request counts against the user's quota of writes.

        Requests that a user makes against the thief of a session (end sessions, change the password) use
        `required`: the thief could exhaust the quota. Raises RateLimited too.
        """
        identity = await self.required(request)
        await self._writes.take(str(identity.user_id))
        return identity

    @staticmethod
    def known(request: Request, identity: Identity) -> Identity:
        """Store the identity in the request's state, for the audit log."""
        request.state.identity = identity
        return identity

    async def optional(self, request: Request) -> Identity | None:
        """Return the user, or None without a login. Raises InvalidToken for a bad access token."""
        header = request.headers.get("authorization")
        if header is not None:
            scheme, _, token = header.partition(" ")
            if scheme.lower() != "bearer":
                raise InvalidToken
            return self.known(request, await self._sessions.identify_access(token.strip()))
        cookie = session_token_of(request)
        if not cookie or not self.from_allowed_site(request) or _could_be_a_form(request):
            return None
        try:
            identity = await self._sessions.identify_refresh(cookie)
        except InvalidToken:
            return None
        return None if identity is None else self.known(request, identity)

    async def if_known(self, request: Request) -> Identity | None:
        """Return the user, or None; a bad access token counts as no login."""
        try:
            return await self.optional(request)
        except InvalidToken:
            return None

    def sessions_named(self, request: Request) -> tuple[SessionId | None, SessionId | None]:
        """Return the sessions of a request's access token and cookie; either may have ended."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        own = self._sessions.session_of_access(token.strip()) if scheme.lower() == "bearer" else None
        cookie = session_token_of(request)
        return own, self._sessions.session_of_cookie(cookie) if cookie else None

    def from_allowed_site(self, request: Request) -> bool:
        return self.origins.allows(
            origin=request.headers.get("origin"), fetch_site=request.headers.get("sec-fetch-site")
        )


def _could_be_a_form(request: Request) -> bool:
    """True for a body that any site's page can send without a preflight (Fetch, CORS-safelisted)."""
    length = request.headers.get("content-length", "0")
    has_body = length != "0" or "transfer-encoding" in request.headers
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return request.method not in ("GET", "HEAD") and has_body and kind != "application/json"


async def require_own_email(sessions: LoginSessions, email: str | None, caller: Identity) -> None:
    """Raise UserNotFound or NotTheCaller unless `email` is the caller's; None means the caller's."""
    if email is None or email_key(email) == email_key(caller.email):
        return
    if await sessions.find(email) is None:
        raise UserNotFound
    raise NotTheCaller
