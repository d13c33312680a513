"""The HTTP endpoints of accounts, and how a request is identified."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Query, Request, Response

from parlour.accounts.confirmation import Confirmation, Proof
from parlour.accounts.cookies import (
    COOKIE,
    DEVICE_COOKIE,
    DEVICE_COOKIE_PATH,
    cookie_value,
    session_token,
)
from parlour.accounts.devices import device_name
from parlour.accounts.identity import Client, Guest, Identity, SessionId, Visitor
from parlour.accounts.known_devices import KNOWN_FOR
from parlour.accounts.refusals import (
    AccountDisabled,
    AlreadyVerified,
    EmailTaken,
    InvalidVerification,
    NoRefreshToken,
    NotVerified,
    RegistrationNotProven,
    SessionOver,
    UsernameTaken,
    UserNotFound,
    WrongCredentials,
    WrongPassword,
)
from parlour.accounts.registration import Registrant, Registration
from parlour.accounts.sessions import LoggedIn, Sessions
from parlour.errors import Busy, IdentityRequired, InvalidRequest, InvalidToken, OriginNotAllowed, RateLimited
from parlour.limits import Quota
from parlour.wire.base import Text
from parlour.wire.http import (
    ClientConfirmation,
    ClientRegistration,
    ConfirmedClient,
    GuestRegistration,
    Login,
    Nothing,
    RefreshedSession,
    Resend,
    Session,
)
from parlour.wire.refusals import refusals

SECRET_LENGTH = 43
"""Of 32 random bytes, as `secrets.token_urlsafe` writes them."""
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

    def __init__(self, sessions: Sessions, origins: Origins, writes: Quota) -> None:
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
        cookie = _session_token(request)
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
        cookie = _session_token(request)
        return own, self._sessions.session_of_cookie(cookie) if cookie else None

    def from_allowed_site(self, request: Request) -> bool:
        return self.origins.allows(
            origin=request.headers.get("origin"), fetch_site=request.headers.get("sec-fetch-site")
        )


def _session_token(request: Request) -> str | None:
    return session_token(_cookie_header(request))


def _cookie_header(request: Request) -> str:
    return "; ".join(request.headers.getlist("cookie"))


def _could_be_a_form(request: Request) -> bool:
    """A body that a page of any site can send without asking first (Fetch standard, CORS-safelisted)."""
    length = request.headers.get("content-length", "0")
    has_body = length != "0" or "transfer-encoding" in request.headers
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return request.method not in ("GET", "HEAD") and has_body and kind != "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookies:
    """The cookie `jwt` (RFC 6265): HttpOnly, SameSite=Lax, Secure over https, for the public URL's path."""

    secure: bool
    base_path: str = ""

    @property
    def path(self) -> str:
        return self.base_path or "/"

    def set(self, response: Response, logged_in: LoggedIn) -> None:
        """Without Max-Age where the session is to end with the browser."""
        seconds = (logged_in.refresh_expires_at - datetime.now(UTC)).total_seconds()
        response.set_cookie(
            COOKIE,
            logged_in.refresh_token,
            max_age=max(1, round(seconds)) if logged_in.remembered else None,
            path=self.path,
            secure=self.secure,
            httponly=True,
            samesite="lax",
        )

    def set_device(self, response: Response, device_token: str) -> None:
        """The device token beside it (see `known_devices`), which logging out leaves where it is."""
        response.set_cookie(
            DEVICE_COOKIE,
            device_token,
            max_age=round(KNOWN_FOR.total_seconds()),
            path=self.base_path + DEVICE_COOKIE_PATH,
            secure=self.secure,
            httponly=True,
            samesite="lax",
        )

    def clear(self, response: Response) -> None:
        response.delete_cookie(COOKIE, path=self.path, secure=self.secure, httponly=True, samesite="lax")


class RegistrationCookie:
    """Tells a browser that registered from any other that opens the link; it lives as long as the link.

    A browser keeps one secret over several registrations, so that each of their links works there. The
    prefix, where https allows it, keeps neighbouring subdomains from planting theirs (RFC 6265bis); it asks
    for the path `/`, also where Parlour is served below another one.
    """

    def __init__(self, *, secure: bool, lifetime: timedelta, base_path: str = "") -> None:
        self._name = "__Host-parlour-registration" if secure else "parlour-registration"
        self._secure = secure
        self._path = "/" if secure else base_path or "/"
        self._lifetime = lifetime

    def of(self, request: Request) -> str | None:
        return cookie_value(_cookie_header(request), self._name)

    def keep(self, request: Request, response: Response) -> str:
        """The browser's secret, made where it has none."""
        known = self.of(request)
        secret = known if known is not None and len(known) == SECRET_LENGTH else secrets.token_urlsafe(32)
        response.set_cookie(
            self._name,
            secret,
            max_age=max(1, round(self._lifetime.total_seconds())),
            path=self._path,
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )
        return secret


class Welcome:
    """What follows from a login, whichever way it came about: cookies, and a word for the audit log.

    `on_login` hears the client's address once the answer with the new cookie has been sent.
    """

    def __init__(
        self,
        *,
        cookies: Cookies,
        identification: Identification,
        on_login: Callable[[str, Identity], Awaitable[None]],
    ) -> None:
        self._cookies = cookies
        self._identification = identification
        self._on_login = on_login

    def __call__(
        self, request: Request, response: Response, background: BackgroundTasks, logged_in: LoggedIn
    ) -> None:
        self._cookies.set(response, logged_in)
        if logged_in.device_token is not None:
            self._cookies.set_device(response, logged_in.device_token)
        self._identification.known(request, logged_in.identity)
        if request.client is not None:
            background.add_task(self._on_login, request.client.host, logged_in.identity)


def visitor_of(request: Request) -> Visitor:
    """The address is the client's own where the request came through a trusted proxy (`ClientAddresses`)."""
    address = request.client.host if request.client is not None else ""

    async def gone() -> None:
        """Reads on past the body, which the framework has read: the next that comes is the end."""
        while (await request.receive())["type"] != "http.disconnect":
            pass

    return Visitor(
        address=address,
        device=device_name(request.headers.get("user-agent")),
        device_token=cookie_value(_cookie_header(request), DEVICE_COOKIE),
        session_token=_session_token(request),
        gone=gone,
    )


def account_routes(
    *,
    registration: Registration,
    confirmation: Confirmation,
    sessions: Sessions,
    identification: Identification,
    cookies: Cookies,
    registration_cookie: RegistrationCookie,
    welcome: Welcome,
) -> APIRouter:
    router = APIRouter(tags=["accounts"])
    restricted = registration.policy.refusals

    @router.post("/guest", responses=refusals(EmailTaken, *restricted, InvalidRequest, RateLimited))
    async def register_guest(body: GuestRegistration, request: Request) -> Nothing:
        """Register as a guest: a mail with a link goes out."""
        await registration.register_guest(
            email=body.email, display_name=body.display_name, visitor=visitor_of(request)
        )
        return Nothing()

    @router.put(
        "/guest/verify",
        responses=refusals(InvalidVerification, UserNotFound, AlreadyVerified, InvalidRequest),
    )
    async def verify_guest(
        token: Annotated[Text, Query()],
        request: Request,
        response: Response,
        background: BackgroundTasks,
    ) -> Session:
        """Confirm a guest's email: the guest is logged in, and its time starts."""
        logged_in = await confirmation.verify_guest(token=token, visitor=visitor_of(request))
        welcome(request, response, background, logged_in)
        return session_answer(logged_in)

    @router.post(
        "/client",
        responses=refusals(UsernameTaken, EmailTaken, *restricted, InvalidRequest, RateLimited, Busy),
    )
    async def register_client(body: ClientRegistration, request: Request, response: Response) -> Nothing:
        """Register a permanent account: a mail with a link goes out."""
        await registration.register_client(
            email=body.email,
            username=body.username,
            display_name=body.display_name,
            password=body.password,
            registrant=Registrant(
                browser=registration_cookie.keep(request, response),
                identity=await identification.if_known(request),
            ),
            visitor=visitor_of(request),
        )
        return Nothing()

    @router.post(
        "/client/login",
        responses=refusals(WrongCredentials, NotVerified, AccountDisabled, InvalidRequest, RateLimited, Busy),
    )
    async def log_in(
        body: Login, request: Request, response: Response, background: BackgroundTasks
    ) -> Session:
        """Log in by username or email."""
        visitor = visitor_of(request)
        logged_in = await sessions.log_in(
            handle=body.username, password=body.password, visitor=visitor, remember=body.remember
        )
        if visitor.device_token is None and not body.remember_device:
            logged_in = replace(logged_in, device_token=None)  # existing clients keep one cookie
        welcome(request, response, background, logged_in)
        return session_answer(logged_in)

    @router.put(
        "/client/verify",
        responses=refusals(
            InvalidVerification,
            RegistrationNotProven,
            *restricted,
            UserNotFound,
            AlreadyVerified,
            UsernameTaken,
            WrongPassword,
            InvalidRequest,
            RateLimited,
            Busy,
        ),
    )
    async def verify_client(
        token: Annotated[Text, Query()],
        request: Request,
        response: Response,
        background: BackgroundTasks,
        body: ClientConfirmation | None = None,
    ) -> ConfirmedClient:
        """Confirm a client's email, in the browser that registered or with the password.

        With `log_in` either is logged in by it, as by `POST /client/login`.
        """
        proof = Proof(
            browser=registration_cookie.of(request),
            password=None if body is None else body.password,
        )
        logged_in = await confirmation.verify_client(
            token=token,
            proof=proof,
            visitor=visitor_of(request),
            log_in=body is not None and body.log_in is True,
        )
        if logged_in is None:
            return ConfirmedClient()
        welcome(request, response, background, logged_in)
        return ConfirmedClient(
            access_token=logged_in.access_token,
            email=logged_in.identity.email,
            username=logged_in.identity.name,
            display_name=logged_in.identity.display_name,
        )

    @router.post("/verification", responses=refusals(InvalidRequest, RateLimited))
    async def resend_verification(body: Resend, request: Request) -> Nothing:
        """Send the confirmation mail again, where one is waited for; the answer does not tell."""
        await registration.resend_verification(
            email=body.email, browser=registration_cookie.of(request), visitor=visitor_of(request)
        )
        return Nothing()

    @router.put("/logout", status_code=204)
    async def log_out(request: Request) -> Response:
        """End the session of the access token and that of the cookie, which is cleared.

        With an access token the cookie stays where it is somebody else's, who has logged in in another tab.
        """
        own, of_cookie = identification.sessions_named(request)
        is_trusted = identification.from_allowed_site(request)
        session = own or (of_cookie if is_trusted else None)
        identity = None if session is None else await sessions.log_out(session)
        if identity is not None:
            identification.known(request, identity)
        is_cookie_over = own is None or of_cookie in (None, own)
        if is_trusted and own is not None and of_cookie is not None and not is_cookie_over:
            is_cookie_over = await sessions.log_out_of_browser(of_cookie, besides=own)
        response = Response(status_code=204)
        if is_cookie_over:
            cookies.clear(response)
        return response

    @router.get(
        "/refresh",
        response_model_exclude_none=True,
        responses=refusals(NoRefreshToken, SessionOver, OriginNotAllowed),
    )
    async def refresh(request: Request, response: Response, background: BackgroundTasks) -> RefreshedSession:
        """A new access token for the cookie, which is replaced."""
        cookie = _session_token(request)
        if not cookie:
            raise NoRefreshToken
        if not identification.from_allowed_site(request):
            raise identification.origins.refusal()
        logged_in = await sessions.refresh(token=cookie)
        welcome(request, response, background, logged_in)
        match logged_in.identity:
            case Client(username=username):
                name: str | None = username
            case Guest():
                name = None
        return RefreshedSession(
            access_token=logged_in.access_token,
            email=logged_in.identity.email,
            username=name,
            display_name=logged_in.identity.display_name,
        )

    return router


def session_answer(logged_in: LoggedIn) -> Session:
    """What a login is answered with, beside the cookie that `Welcome` sets."""
    identity = logged_in.identity
    return Session(
        access_token=logged_in.access_token,
        email=identity.email,
        username=identity.name,
        display_name=identity.display_name,
    )
