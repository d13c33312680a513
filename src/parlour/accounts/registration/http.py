"""The HTTP endpoints of registration, login, refresh and logout."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Query, Request, Response

from parlour.accounts.identity import ClientIdentity, GuestIdentity
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
from parlour.accounts.registration.confirmation import Confirmation, Proof
from parlour.accounts.registration.cookie import RegistrationCookie
from parlour.accounts.registration.service import Registrant, Registration
from parlour.accounts.sessions.identification import Identification
from parlour.accounts.sessions.login_responder import LoginResponder, SessionCookies, session_answer
from parlour.accounts.sessions.request_source import request_source, session_token_of
from parlour.accounts.sessions.service import LoginSessions
from parlour.errors import Busy, InvalidRequest, OriginNotAllowed, RateLimited
from parlour.wire.base import Text
from parlour.wire.direct_route import DirectRoute
from parlour.wire.endpoint import AuditRule, CallerKind, endpoint
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


def account_routes(
    *,
    registration: Registration,
    confirmation: Confirmation,
    sessions: LoginSessions,
    identification: Identification,
    cookies: SessionCookies,
    registration_cookie: RegistrationCookie,
    login_responder: LoginResponder,
) -> APIRouter:
    router = APIRouter(tags=["accounts"], route_class=DirectRoute)
    restricted = registration.policy.refusals

    @router.post(
        "/guest",
        **endpoint(
            CallerKind.ANYONE,
            EmailTaken,
            *restricted,
            InvalidRequest,
            RateLimited,
            description="Register as a guest: a mail with a link goes out.",
            audit=AuditRule(kind="account", code="guest_registered"),
        ),
    )
    async def register_guest(body: GuestRegistration, request: Request) -> Nothing:
        await registration.register_guest(
            email=body.email, display_name=body.display_name, source=request_source(request)
        )
        return Nothing()

    @router.put(
        "/guest/verify",
        **endpoint(
            CallerKind.ANYONE,
            InvalidVerification,
            UserNotFound,
            AlreadyVerified,
            InvalidRequest,
            description="Confirm a guest's email: the guest is logged in, and its time starts.",
            audit=AuditRule(kind="login", code="guest_login"),
        ),
    )
    async def verify_guest(
        token: Annotated[Text, Query()],
        request: Request,
        response: Response,
        background: BackgroundTasks,
    ) -> Session:
        logged_in = await confirmation.verify_guest(token=token, source=request_source(request))
        login_responder(request, response, background, logged_in)
        return session_answer(logged_in)

    @router.post(
        "/client",
        **endpoint(
            CallerKind.ANYONE,
            UsernameTaken,
            EmailTaken,
            *restricted,
            InvalidRequest,
            RateLimited,
            Busy,
            description="Register a permanent account: a mail with a link goes out.",
            audit=AuditRule(kind="account", code="client_registered"),
        ),
    )
    async def register_client(body: ClientRegistration, request: Request, response: Response) -> Nothing:
        await registration.register_client(
            email=body.email,
            username=body.username,
            display_name=body.display_name,
            password=body.password,
            registrant=Registrant(
                browser=registration_cookie.ensure(request, response),
                identity=await identification.if_known(request),
            ),
            source=request_source(request),
        )
        return Nothing()

    @router.post(
        "/client/login",
        **endpoint(
            CallerKind.ANYONE,
            WrongCredentials,
            NotVerified,
            AccountDisabled,
            InvalidRequest,
            RateLimited,
            Busy,
            description="Log in by username or email.",
            audit=AuditRule(kind="login", code="login"),
        ),
    )
    async def log_in(
        body: Login, request: Request, response: Response, background: BackgroundTasks
    ) -> Session:
        source = request_source(request)
        logged_in = await sessions.log_in(
            username_or_email=body.username, password=body.password, source=source, remember=body.remember
        )
        if source.device_token is None and not body.remember_device:
            logged_in = replace(logged_in, device_token=None)  # existing clients keep one cookie
        login_responder(request, response, background, logged_in)
        return session_answer(logged_in)

    @router.put(
        "/client/verify",
        **endpoint(
            CallerKind.ANYONE,
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
            description=(
                "Confirm a client's email, in the browser that registered or with the "
                "password.\n\nWith `log_in` either is logged in by it, as by `POST "
                "/client/login`."
            ),
            audit=AuditRule(kind="account", code="client_confirmed", by_link=True),
        ),
    )
    async def verify_client(
        token: Annotated[Text, Query()],
        request: Request,
        response: Response,
        background: BackgroundTasks,
        body: ClientConfirmation | None = None,
    ) -> ConfirmedClient:
        proof = Proof(
            browser=registration_cookie.read(request),
            password=None if body is None else body.password,
        )
        logged_in = await confirmation.verify_client(
            token=token,
            proof=proof,
            source=request_source(request),
            log_in=body is not None and body.log_in is True,
        )
        if logged_in is None:
            return ConfirmedClient()
        login_responder(request, response, background, logged_in)
        return ConfirmedClient(
            access_token=logged_in.access_token,
            email=logged_in.identity.email,
            username=logged_in.identity.name,
            display_name=logged_in.identity.display_name,
        )

    @router.post(
        "/verification",
        **endpoint(
            CallerKind.ANYONE,
            InvalidRequest,
            RateLimited,
            description=(
                "Send the confirmation mail again, where one is waited for; the answer does not tell."
            ),
        ),
    )
    async def resend_verification(body: Resend, request: Request) -> Nothing:
        await registration.resend_verification(
            email=body.email, browser=registration_cookie.read(request), source=request_source(request)
        )
        return Nothing()

    @router.put(
        "/logout",
        status_code=204,
        **endpoint(
            CallerKind.FORMER,
            description=(
                "End the session of the access token and that of the cookie, which is "
                "cleared.\n\nWith an access token the cookie stays where it is somebody else's, "
                "who has logged in in another tab."
            ),
            audit=AuditRule(kind="login", code="logout"),
        ),
    )
    async def log_out(request: Request) -> Response:
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
        **endpoint(
            CallerKind.COOKIE,
            NoRefreshToken,
            SessionOver,
            OriginNotAllowed,
            description="A new access token for the cookie, which is replaced.",
        ),
    )
    async def refresh(request: Request, response: Response, background: BackgroundTasks) -> RefreshedSession:
        cookie = session_token_of(request)
        if not cookie:
            raise NoRefreshToken
        if not identification.from_allowed_site(request):
            raise identification.origins.refusal()
        logged_in = await sessions.refresh(token=cookie)
        login_responder(request, response, background, logged_in)
        match logged_in.identity:
            case ClientIdentity(username=username):
                name: str | None = username
            case GuestIdentity():
                name = None
        return RefreshedSession(
            access_token=logged_in.access_token,
            email=logged_in.identity.email,
            username=name,
            display_name=logged_in.identity.display_name,
        )

    return router
