"""The HTTP endpoints of an invitation's link."""

from fastapi import APIRouter, BackgroundTasks, Request, Response

from parlour.accounts.refusals import EmailTaken, InvalidVerification
from parlour.accounts.sessions.login_responder import LoginResponder, session_answer
from parlour.accounts.sessions.request_source import request_source
from parlour.errors import InvalidRequest, RateLimited
from parlour.rooms.invitation_links import InvitationLinks
from parlour.wire.direct_route import DirectRoute
from parlour.wire.endpoint import CallerKind, endpoint
from parlour.wire.http import InvitationAcceptance, InvitationSummary, LinkToken, Session


def invitation_routes(*, links: InvitationLinks, login_responder: LoginResponder) -> APIRouter:
    router = APIRouter(tags=["rooms"], route_class=DirectRoute)

    @router.post(
        "/invitation/link",
        **endpoint(
            CallerKind.ANYONE,
            InvalidVerification,
            RateLimited,
            InvalidRequest,
            description="Who invites to which room, for who has the link of the invitation's mail.",
        ),
    )
    async def look_at_invitation(body: LinkToken, request: Request) -> InvitationSummary:
        found = await links.look(body.token, source=request_source(request))
        return InvitationSummary(
            room=found.room.name,
            event=found.room.is_event,
            inviter=found.room.creator_name,
            inviter_display_name=found.room.creator_display_name,
            email=found.email,
            has_account=found.has_account,
            starts_at=found.room.starts_at,
            duration_minutes=found.room.duration_minutes,
        )

    @router.post(
        "/invitation/guest",
        **endpoint(
            CallerKind.ANYONE,
            InvalidVerification,
            EmailTaken,
            RateLimited,
            InvalidRequest,
            description=(
                "Come as a guest: the link has proven the invited mailbox, so that no other mail is needed."
            ),
        ),
    )
    async def join_by_invitation(
        body: InvitationAcceptance, request: Request, response: Response, background: BackgroundTasks
    ) -> Session:
        logged_in = await links.accept(
            body.token, display_name=body.display_name, source=request_source(request)
        )
        login_responder(request, response, background, logged_in)
        return session_answer(logged_in)

    return router
