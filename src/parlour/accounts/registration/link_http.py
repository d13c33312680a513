"""The HTTP endpoint that describes a mailed link without using it."""

from fastapi import APIRouter, Request

from parlour.accounts.refusals import InvalidVerification
from parlour.accounts.registration.cookie import RegistrationCookie
from parlour.accounts.registration.link_status import LinkStatuses
from parlour.accounts.sessions.request_source import request_source
from parlour.errors import InvalidRequest, RateLimited
from parlour.wire.endpoint import CallerKind, endpoint
from parlour.wire.http import LinkStatus, LinkToken


def link_routes(*, statuses: LinkStatuses, registration_cookie: RegistrationCookie) -> APIRouter:
    router = APIRouter(tags=["accounts"])

    @router.post(
        "/link",
        **endpoint(
            CallerKind.ANYONE,
            InvalidVerification,
            RateLimited,
            InvalidRequest,
            description=(
                "Whether a mailed link still works, without using it.\n\nA POST, since the "
                "token in a body is in no log of a proxy."
            ),
        ),
    )
    async def look_at_link(body: LinkToken, request: Request) -> LinkStatus:
        found = await statuses.look(
            body.token, browser=registration_cookie.read(request), source=request_source(request)
        )
        return LinkStatus(
            purpose=found.purpose,
            state=found.state,
            email=found.email,
            password_needed=found.password_needed,
        )

    return router
