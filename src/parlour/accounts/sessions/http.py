"""The HTTP endpoints of the caller's own sessions."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from parlour.accounts.identity import Identity, SessionId
from parlour.accounts.refusals import SessionNotFound
from parlour.accounts.sessions.identification import Identification
from parlour.accounts.sessions.login_responder import SessionCookies
from parlour.accounts.sessions.service import LoginSessions
from parlour.accounts.sessions.store import SessionRow
from parlour.errors import InvalidRequest
from parlour.wire.base import Text
from parlour.wire.direct_route import DirectRoute
from parlour.wire.endpoint import CallerKind, endpoint
from parlour.wire.http import Nothing, SessionChange, SessionEntry, SessionList


def session_routes(
    *, sessions: LoginSessions, identification: Identification, cookies: SessionCookies
) -> APIRouter:
    router = APIRouter(tags=["accounts"], route_class=DirectRoute)
    Caller = Annotated[Identity, Depends(identification.required)]

    @router.get("/session", **endpoint(CallerKind.CALLER, description="Where the caller is logged in."))
    async def list_sessions(caller: Caller) -> SessionList:
        return SessionList(
            sessions=[session_entry(session, caller) for session in await sessions.live_of(caller)]
        )

    @router.put(
        "/session",
        **endpoint(
            CallerKind.CALLER,
            InvalidRequest,
            description=(
                "Whether the caller's session outlives the browser; its next refresh sets the cookie so."
            ),
        ),
    )
    async def remember_session(body: SessionChange, caller: Caller) -> Nothing:
        await sessions.remember(caller, remembered=body.remember)
        return Nothing()

    @router.delete(
        "/session",
        **endpoint(
            CallerKind.CALLER,
            InvalidRequest,
            description="Log out everywhere else; the sockets of those sessions are told and closed.",
        ),
    )
    async def end_sessions(
        caller: Caller,
        response: Response,
        everywhere: Annotated[bool, Query(description="This one too.")] = False,
    ) -> Nothing:
        await sessions.end_all(caller.user_id, besides=None if everywhere else caller.session)
        if everywhere:
            cookies.clear(response)
        return Nothing()

    @router.delete(
        "/session/{session_id}",
        **endpoint(
            CallerKind.CALLER,
            SessionNotFound,
            InvalidRequest,
            description="End one session; its sockets are told and closed.",
        ),
    )
    async def end_session(
        session_id: Annotated[Text, Path(max_length=64)], caller: Caller, response: Response
    ) -> Nothing:
        await sessions.end(caller, SessionId(session_id))
        if session_id == caller.session:
            cookies.clear(response)
        return Nothing()

    return router


def session_entry(session: SessionRow, caller: Identity) -> SessionEntry:
    return SessionEntry(
        session_id=session.family,
        device=session.device,
        created_at=session.started_at,
        last_used_at=session.issued_at,
        expires_at=session.expires_at,
        current=session.family == caller.session,
    )
