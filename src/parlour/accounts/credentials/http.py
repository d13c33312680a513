"""The HTTP endpoints of an account's password, email and display name."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from parlour.accounts.credentials.profile import Profile
from parlour.accounts.credentials.service import Credentials
from parlour.accounts.identity import Identity
from parlour.accounts.refusals import (
    AccountDisabled,
    EmailAlreadyChanged,
    EmailChangeNotProven,
    EmailDomainNotAllowed,
    EmailTaken,
    InvalidVerification,
    PasswordChanged,
    WithoutPassword,
    WrongPassword,
)
from parlour.accounts.sessions.identification import Identification
from parlour.accounts.sessions.request_source import request_source
from parlour.errors import (
    Busy,
    InvalidRequest,
    RateLimited,
)
from parlour.wire.base import Text
from parlour.wire.direct_route import DirectRoute
from parlour.wire.endpoint import AuditRule, CallerKind, endpoint
from parlour.wire.http import (
    EmailChange,
    ForgottenPassword,
    LinkToken,
    NameChange,
    Nothing,
    PasswordChange,
    PasswordReset,
)

PROVEN = (
    WrongPassword,
    WithoutPassword,
    PasswordChanged,
    RateLimited,
    Busy,
    InvalidRequest,
)


def _given(body: LinkToken | None, token: str | None) -> str:
    """Return the token of the body or the query. Raises InvalidVerification if both are missing."""
    given = token if body is None else body.token
    if given is None:
        raise InvalidVerification
    return given


def credential_routes(
    *,
    credentials: Credentials,
    profile: Profile,
    identification: Identification,
) -> APIRouter:
    router = APIRouter(tags=["accounts"], route_class=DirectRoute)
    Caller = Annotated[Identity, Depends(identification.required)]
    Writer = Annotated[Identity, Depends(identification.writing)]

    @router.post(
        "/password/forgotten",
        **endpoint(
            CallerKind.ANYONE,
            InvalidRequest,
            RateLimited,
            description=(
                "Send a link to a new password, where a client has this address; the answer does not tell."
            ),
        ),
    )
    async def forgot_password(body: ForgottenPassword, request: Request) -> Nothing:
        await credentials.ask_for_reset(email=body.email, source=request_source(request))
        return Nothing()

    @router.put(
        "/password/reset",
        **endpoint(
            CallerKind.ANYONE,
            InvalidVerification,
            AccountDisabled,
            InvalidRequest,
            Busy,
            description=(
                "Choose a new password with the link's token, which works once; every session ends."
            ),
            audit=AuditRule(by_link=True),
        ),
    )
    async def reset_password(body: PasswordReset, request: Request) -> Nothing:
        await credentials.reset(token=body.token, password=body.password, source=request_source(request))
        return Nothing()

    @router.put(
        "/client/password",
        **endpoint(CallerKind.CALLER, *PROVEN, description="Change one's password; the other sessions end."),
    )
    async def change_password(body: PasswordChange, caller: Caller, request: Request) -> Nothing:
        await credentials.change_password(
            caller,
            password=body.password,
            new_password=body.new_password,
            source=request_source(request),
        )
        return Nothing()

    @router.put(
        "/client/email",
        **endpoint(
            CallerKind.CALLER,
            EmailTaken,
            EmailDomainNotAllowed,
            *PROVEN,
            description=(
                "Ask for another email: a link goes to the new address, and nothing changes "
                "before it is opened."
            ),
        ),
    )
    async def change_email(body: EmailChange, caller: Caller, request: Request) -> Nothing:
        await credentials.ask_for_email(
            caller, password=body.password, new_email=body.email, source=request_source(request)
        )
        return Nothing()

    @router.put(
        "/email/verify",
        **endpoint(
            CallerKind.ANYONE,
            InvalidVerification,
            EmailChangeNotProven,
            EmailTaken,
            InvalidRequest,
            description=(
                "Confirm the new email; the old address is told, and every session "
                "ends.\n\nWhere somebody else may be meant by the address, only who asked for "
                "it confirms it, logged in. The\ntoken is in the body, where no log of a proxy "
                "shows it, or in the query, as older clients send it."
            ),
            audit=AuditRule(by_link=True),
        ),
    )
    async def verify_email(
        request: Request, body: LinkToken | None = None, token: Annotated[Text | None, Query()] = None
    ) -> Nothing:
        await credentials.confirm_email(
            token=_given(body, token),
            caller=await identification.if_known(request),
            source=request_source(request),
        )
        return Nothing()

    @router.put(
        "/email/stop",
        **endpoint(
            CallerKind.ANYONE,
            InvalidVerification,
            EmailAlreadyChanged,
            InvalidRequest,
            description=(
                "Stop a change of email, with the token that the old address got; again is harmless."
            ),
        ),
    )
    async def stop_email_change(body: LinkToken) -> Nothing:
        await credentials.stop_email_change(token=body.token)
        return Nothing()

    @router.put(
        "/account/name",
        **endpoint(
            CallerKind.WRITER,
            InvalidRequest,
            description="Change one's display name; the others in a call see it at once.",
        ),
    )
    async def change_name(body: NameChange, caller: Writer) -> Nothing:
        await profile.rename(caller, body.display_name)
        return Nothing()

    return router
