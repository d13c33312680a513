"""The HTTP endpoints of an event's attendance."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import RootModel

from parlour.accounts.identity import Identity
from parlour.accounts.refusals import UserNotFound
from parlour.accounts.sessions.identification import Identification, require_own_email
from parlour.accounts.sessions.service import LoginSessions
from parlour.errors import InvalidRequest, NotTheCaller
from parlour.events.attendance import AttendanceLog, parsed_move
from parlour.rooms.refusals import (
    Banned,
    EventNotFound,
    InvalidMove,
    NotInvited,
    NotTheCreator,
)
from parlour.wire.arrays import json_array, json_object, json_value
from parlour.wire.base import RoomName
from parlour.wire.endpoint import NOT_KEPT, CallerKind, endpoint
from parlour.wire.http import (
    Attendance,
    AttendanceList,
    EventMove,
    Nothing,
)

JSON = "application/json"


def event_routes(
    *, attendance: AttendanceLog, sessions: LoginSessions, identification: Identification
) -> APIRouter:
    router = APIRouter(tags=["rooms"])
    Caller = Annotated[Identity, Depends(identification.required)]
    Writer = Annotated[Identity, Depends(identification.writing)]

    @router.post(
        "/event/log",
        **endpoint(
            CallerKind.WRITER,
            InvalidMove,
            UserNotFound,
            EventNotFound,
            NotTheCaller,
            NotInvited,
            Banned,
            InvalidRequest,
            description="Say that one joined or left an event; the server's own record is not doubled.",
            audit=NOT_KEPT,
        ),
    )
    async def log_attendance(body: EventMove, caller: Writer) -> Nothing:
        move = parsed_move(body.move)
        await require_own_email(sessions, body.email, caller)
        await attendance.log(caller, room=body.name, move=move)
        return Nothing()

    @router.get(
        "/event/log",
        response_model=AttendanceList,
        **endpoint(
            CallerKind.CALLER,
            EventNotFound,
            NotTheCreator,
            InvalidRequest,
            description="The attendance of an event of one's own, oldest first.",
        ),
    )
    async def read_attendance(
        caller: Caller,
        room: Annotated[RoomName, Query()],
        after: Annotated[
            int | None, Query(ge=0, le=2**63 - 1, description="What `next` of the page before said.")
        ] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 500,
    ) -> Response:
        page = await attendance.read(caller, room=room, after=after, limit=limit)
        entries = (
            Attendance(
                email=visit.email,
                username=visit.username,
                joined_at=visit.joined_at,
                left_at=visit.left_at,
                display_name=visit.display_name,
            )
            for visit in page.visits
        )
        members = {"attendance": json_array(entries)}
        if page.next is not None:
            members["next"] = json_value(RootModel[int](page.next))
        return StreamingResponse(json_object(**members), media_type=JSON)

    return router
