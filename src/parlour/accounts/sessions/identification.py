"""How a request is identified: by its access token, else by the cookie of an allowed site."""

from fastapi import Request

from parlour.accounts.identity import Identity, SessionId
from parlour.accounts.refusals import (
    UserNotFound,
)
from parlour.accounts.sessions.request_origin import session_token_of
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
    """Which sites may use a person's cookie (RFC 6454 origins), and the address that people open."""

    def __init__(self, allowed: frozenset[str], *, expected: str) -> None:
        self.allowed = allowed
        self.expected = expected

    def refusal(self) -> OriginNotAllowed:
        """For HTTP and sockets alike: it names the address that is expected."""
        return OriginNotAllowed(expected=self.expected)

    def allows(self, *, origin: str | None, fetch_site: str | None) -> bool:
        """An allowed origin, or none at all where the browser does not say `cross-site`.

        Browsers leave Origin out of same-origin GETs and say in Sec-Fetch-Site (W3C Fetch Metadata)
        where a request comes from; other clients send neither.
        """
        if origin is not None:
            return origin in self.allowed
        return fetch_site is None or fetch_site in _SAME_SITE


class Identification:
    """Who makes a request: the Authorization header, else the cookie of an allowed site."""

    def __init__(self, sessions: LoginSessions, origins: Origins, writes: Quota) -> None:
        self._sessions = sessions
        self.origins = origins
        self._writes = writes

    async def required(self, request: Request) -> Identity:
        """Raises IdentityRequired or InvalidToken."""
        identity = await self.optional(request)
        if identity is None:
            raise IdentityRequired
        return identity

    async def writing(self, request: Request) -> Identity:
        """Raises RateLimited too, for one who writes too much.

        Not asked by what people do against a thief of their session: the thief could keep them from it.
        """
        identity = await self.required(request)
        await self._writes.take(str(identity.user_id))
        return identity

    @staticmethod
    def known(request: Request, identity: Identity) -> Identity:
        """Leaves word for the audit log."""
        request.state.identity = identity
        return identity

    async def optional(self, request: Request) -> Identity | None:
        """None for somebody who is not logged in. Raises InvalidToken for a token that is no good."""
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
        """As `optional`, for what needs no login: a token that is no good counts as none."""
        try:
            return await self.optional(request)
        except InvalidToken:
            return None

    def sessions_named(self, request: Request) -> tuple[SessionId | None, SessionId | None]:
        """Which sessions the access token and the cookie of a request are of; they may be over."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        own = self._sessions.session_of_access(token.strip()) if scheme.lower() == "bearer" else None
        cookie = session_token_of(request)
        return own, self._sessions.session_of_cookie(cookie) if cookie else None

    def from_allowed_site(self, request: Request) -> bool:
        return self.origins.allows(
            origin=request.headers.get("origin"), fetch_site=request.headers.get("sec-fetch-site")
        )


def _could_be_a_form(request: Request) -> bool:
    """A body that a page of any site can send without asking first (Fetch standard, CORS-safelisted)."""
    length = request.headers.get("content-length", "0")
    has_body = length != "0" or "transfer-encoding" in request.headers
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return request.method not in ("GET", "HEAD") and has_body and kind != "application/json"


async def require_own_email(sessions: LoginSessions, email: str | None, caller: Identity) -> None:
    """Raises UserNotFound or NotTheCaller for an email that is not the caller's; None means the caller's."""
    if email is None or email_key(email) == email_key(caller.email):
        return
    if await sessions.find(email) is None:
        raise UserNotFound
    raise NotTheCaller
