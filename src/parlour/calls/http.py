"""The HTTP endpoint of calls: it hands out ICE servers with credentials of the caller."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends

from parlour.accounts.identity import Identity
from parlour.accounts.sessions.identification import Identification
from parlour.accounts.sessions.service import LoginSessions
from parlour.calls.ice import IcePlan
from parlour.wire.endpoint import CallerKind, endpoint
from parlour.wire.http import IceServer, IceServers


def call_routes(
    *, plan: IcePlan, identification: Identification, sessions: LoginSessions, clock: Callable[[], datetime]
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
        )

    return router
