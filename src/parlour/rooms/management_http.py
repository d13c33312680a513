"""The HTTP endpoints by which a creator changes a room."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from parlour.accounts.identity import Identity
from parlour.accounts.sessions.identification import Identification
from parlour.accounts.sessions.request_source import request_source
from parlour.errors import Busy, InvalidRequest
from parlour.rooms.management import RoomManagement
from parlour.rooms.media_rule import MediaRule
from parlour.rooms.refusals import EventNotFound, NoRelay, NoSfu, NotTheCreator, RoomNotFound
from parlour.rooms.schedule import Schedule, ScheduleChange
from parlour.wire.direct_route import DirectRoute
from parlour.wire.endpoint import AuditRule, CallerKind, endpoint
from parlour.wire.http import EventTime, InvitationRemoval, NewEvent, Nothing, RoomChange, RoomRemoval


def management_routes(
    *, management: RoomManagement, identification: Identification, media: MediaRule
) -> APIRouter:
    router = APIRouter(tags=["rooms"], route_class=DirectRoute)
    Writer = Annotated[Identity, Depends(identification.writing)]

    @router.post(
        "/room/change",
        **endpoint(
            CallerKind.WRITER,
            RoomNotFound,
            EventNotFound,
            NotTheCreator,
            NoRelay,
            NoSfu,
            Busy,
            InvalidRequest,
            description=(
                "Change a room of one's own: its description, its password, who sees it in lists, whether "
                "its media are relayed, which way they take and whether encrypted there, and when it takes "
                "place, which events alone do."
            ),
            audit=AuditRule(kind="room", code="room_changed"),
        ),
    )
    async def change_room(body: RoomChange, caller: Writer, request: Request) -> Nothing:
        media.require_for(relay_only=body.relay_only, topology=body.topology)
        await management.change(
            caller,
            room=body.room,
            description=body.description,
            is_listed=body.listed,
            password=body.password,
            schedule=schedule_change(body),
            is_relay_only=body.relay_only,
            topology=body.topology,
            encryption=body.encryption,
            source=request_source(request),
        )
        return Nothing()

    @router.post(
        "/event",
        **endpoint(
            CallerKind.WRITER,
            RoomNotFound,
            NotTheCreator,
            InvalidRequest,
            description="Make a room an event: entered by invitation only; say when it takes place.",
            audit=AuditRule(kind="room", code="event_made"),
        ),
    )
    async def make_event(body: NewEvent, caller: Writer, request: Request) -> Nothing:
        await management.make_event(
            caller, room=body.room, change=schedule_change(body), source=request_source(request)
        )
        return Nothing()

    @router.post(
        "/invitation/remove",
        **endpoint(
            CallerKind.WRITER,
            RoomNotFound,
            NotTheCreator,
            InvalidRequest,
            description=(
                "Take back an invitation to a room of one's own; again is harmless. Who may not enter any "
                "more leaves its call."
            ),
            audit=AuditRule(kind="role", code="invitation_taken_back"),
        ),
    )
    async def take_back_invitation(body: InvitationRemoval, caller: Writer) -> Nothing:
        await management.take_back_invitation(caller, room=body.room, email=body.email)
        return Nothing()

    @router.post(
        "/room/remove",
        **endpoint(
            CallerKind.WRITER,
            RoomNotFound,
            NotTheCreator,
            InvalidRequest,
            description="Remove a room of one's own, its chat, invitations and attendance; its call ends.",
            audit=AuditRule(kind="room", code="room_removed"),
        ),
    )
    async def remove_room(body: RoomRemoval, caller: Writer, request: Request) -> Nothing:
        await management.remove(caller, room=body.room, source=request_source(request))
        return Nothing()

    return router


def schedule_change(body: EventTime) -> ScheduleChange | None:
    """Read a request; None where it leaves the time as it is. A new start replaces the duration as well."""
    if "starts_at" not in body.model_fields_set:
        return None
    if body.starts_at is None:
        return ScheduleChange(None)
    minutes = body.duration_minutes
    return ScheduleChange(Schedule(body.starts_at, None if minutes is None else timedelta(minutes=minutes)))
