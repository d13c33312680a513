"""The HTTP endpoints of calls: ICE servers with credentials of the caller, and who is in the calls."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends

from parlour.accounts.identity import Identity
from parlour.accounts.sessions.identification import Identification
from parlour.accounts.sessions.service import LoginSessions
from parlour.calls.call_overview import CallOverview
from parlour.calls.ice import IcePlan
from parlour.errors import InvalidRequest
from parlour.wire.endpoint import NOT_KEPT, CallerKind, endpoint
from parlour.wire.http import CallEntry, CallList, CallPerson, IceServer, IceServers, RoomsInUse


def call_routes(
    *,
    plan: IcePlan,
    overview: CallOverview,
    identification: Identification,
    sessions: LoginSessions,
    clock: Callable[[], datetime],
) -> APIRouter:
    router = APIRouter(tags=["calls"])
    Caller = Annotated[Identity, Depends(identification.required)]

    @router.get(
        "/ice",
        **endpoint(
            CallerKind.CALLER,
            description=(
                "STUN and TURN servers for an RTCPeerConnection; TURN credentials end with "
                "the session or sooner."
            ),
        ),
    )
    async def ice_servers(caller: Caller) -> IceServers:
        until = await sessions.end_of(caller)
        found = plan.for_user(str(caller.user_id), now=clock(), until=until)
        return IceServers(
            ice_servers=[
                IceServer(urls=list(server.urls), username=server.username, credential=server.credential)
                for server in found.servers
            ],
            expires_at=found.expires_at,
            ttl=found.ttl,
            ice_transport_policy="relay" if plan.relay_only else None,
        )

    @router.post(
        "/room/people",
        **endpoint(
            CallerKind.CALLER,
            InvalidRequest,
            description=(
                "Who is in the calls of some rooms. Rooms without a call, and rooms that the caller may not "
                "enter, are left out."
            ),
            audit=NOT_KEPT,
        ),
    )
    async def people(body: RoomsInUse, caller: Caller) -> CallList:
        calls = await overview.calls_in(caller, body.rooms)
        return CallList(
            calls=[
                CallEntry(
                    room=call.room,
                    count=call.count,
                    people=[
                        CallPerson(username=person.username, display_name=person.display_name)
                        for person in call.people
                    ],
                )
                for call in calls
            ]
        )

    return router
