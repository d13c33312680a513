"""The HTTP endpoints of rooms and their invitations."""

from functools import lru_cache
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from parlour.accounts.identity import Identity
from parlour.accounts.sessions.identification import Identification
from parlour.accounts.sessions.request_source import request_source
from parlour.errors import Busy, InvalidRequest, NotTheCaller
from parlour.rooms.entities import Room
from parlour.rooms.entrance import Entrance
from parlour.rooms.media_rule import MediaRule
from parlour.rooms.policy import Role
from parlour.rooms.refusals import (
    Banned,
    CreatorNotFound,
    CreatorStays,
    GuestsCreateNoRooms,
    NoRelay,
    NoSfu,
    NotInvited,
    NotTheCreator,
    RoomCreationNotAllowed,
    RoomNameTaken,
    RoomNotFound,
    TooManyAddresses,
    WrongRoomPassword,
)
from parlour.rooms.service import RoomService
from parlour.rooms.store import RoomFilter
from parlour.scheduling.turns import SharedWork, in_turns
from parlour.wire.arrays import array_of, encoded_item, json_array, json_object
from parlour.wire.base import RoomName
from parlour.wire.direct_route import DirectRoute
from parlour.wire.endpoint import NOT_KEPT, AuditRule, CallerKind, endpoint
from parlour.wire.http import (
    Admission,
    BanEntry,
    BanList,
    InvitationCheck,
    InvitationEntry,
    InvitationList,
    InvitationOutcome,
    NewBan,
    NewInvitation,
    NewRoom,
    Nothing,
    RoomAccess,
    RoomCheck,
    RoomCreation,
    RoomEntrance,
    RoomEntry,
)

JSON = "application/json"
ENCODED_ROOMS = 16_384
"""The entries of room lists that are kept as JSON, some 10 MB: at eight everybody asks for the same ones."""


def room_routes(
    *,
    rooms: RoomService,
    identification: Identification,
    lists_to_strangers: bool,
    media: MediaRule,
) -> APIRouter:
    router = APIRouter(tags=["rooms"], route_class=DirectRoute)
    Caller = Annotated[Identity, Depends(identification.required)]
    Writer = Annotated[Identity, Depends(identification.writing)]
    AnyCaller = Annotated[Identity | None, Depends(identification.optional)]

    @router.post(
        "/room",
        **endpoint(
            CallerKind.WRITER,
            RoomNameTaken,
            CreatorNotFound,
            GuestsCreateNoRooms,
            RoomCreationNotAllowed,
            NoRelay,
            NoSfu,
            NotTheCaller,
            Busy,
            InvalidRequest,
            description="Create a room with a password.",
            audit=AuditRule(kind="room", code="room_created"),
        ),
    )
    async def create_room(body: NewRoom, caller: Writer, request: Request) -> Nothing:
        media.require_for(relay_only=body.relay_only, topology=body.topology)
        await rooms.create(
            caller,
            name=body.name,
            password=body.password,
            description=body.description,
            creator=body.creator,
            is_listed=body.listed is not False,
            is_relay_only=body.relay_only is True,
            topology=body.topology or "auto",
            encryption=body.encryption or "auto",
            source=request_source(request),
        )
        return Nothing()

    @router.get(
        "/room/creation",
        **endpoint(
            CallerKind.CALLER,
            InvalidRequest,
            description=(
                "Whether the caller may create rooms, so that a client says so before anybody types."
            ),
        ),
    )
    async def room_creation(caller: Caller) -> RoomCreation:
        return RoomCreation(allowed=rooms.may_create(caller))

    @router.post(
        "/room/access",
        **endpoint(
            CallerKind.WRITER,
            RoomNotFound,
            WrongRoomPassword,
            NotInvited,
            Banned,
            Busy,
            InvalidRequest,
            description="Give a room's password; the caller may enter from now on.",
            audit=AuditRule(kind="role", code="admitted"),
        ),
    )
    async def access_room(body: RoomAccess, caller: Writer, request: Request) -> Nothing:
        await rooms.give_password(
            caller, name=body.name, password=body.password, source=request_source(request)
        )
        return Nothing()

    @router.get(
        "/room/admission",
        response_model=Admission,
        **endpoint(
            CallerKind.CALLER,
            RoomNotFound,
            NotInvited,
            Banned,
            InvalidRequest,
            description="Whether the caller may enter a room, or has to give its password first.",
        ),
    )
    async def admission(caller: Caller, room: Annotated[RoomName, Query()]) -> Admission:
        return Admission(needs_password=await rooms.needs_password(caller, room=room))

    @router.get(
        "/room/entry",
        **endpoint(
            CallerKind.CALLER,
            RoomNotFound,
            InvalidRequest,
            description=(
                "All that a client needs to enter a room: the room, the caller's roles in it, "
                "and the next step."
            ),
        ),
    )
    async def entry(caller: Caller, name: Annotated[RoomName, Query()]) -> RoomEntrance:
        return _entrance(await rooms.entrance(caller, name=name))

    @lru_cache(maxsize=ENCODED_ROOMS)
    def encoded_room(room: Room) -> bytes:
        return encoded_item(_entry(room))

    async def room_list(caller: Identity | None, page: RoomCheck) -> list[bytes]:
        only = RoomFilter(search=page.search, mine=page.mine is True)
        if caller is None and only.mine:
            return [b"[]"]
        found = await rooms.visible(caller, limit=page.limit, after=page.after, only=only)
        return [piece async for piece in array_of(map(encoded_room, found))]

    async def strangers_list() -> list[bytes]:
        return await room_list(None, RoomCheck())

    list_for_strangers = SharedWork(strangers_list)

    @router.post(
        "/room/check",
        response_model=list[RoomEntry],
        **endpoint(
            CallerKind.OPTIONAL,
            InvalidRequest,
            description=(
                "The rooms that the caller may see, by name; works without login, where the "
                "server lists them so."
            ),
            audit=NOT_KEPT,
        ),
    )
    async def check_rooms(caller: AnyCaller, body: RoomCheck | None = None) -> Response:
        page = body or RoomCheck()
        if caller is None and not lists_to_strangers:
            return JSONResponse([])
        if caller is None and (page.limit, page.after, page.search, page.mine) == (None,) * 4:
            found = await list_for_strangers()
        else:
            found = await room_list(caller, page)
        if len(found) == 1:  # a stream would be watched by a task of its own
            return Response(found[0], media_type=JSON)
        return StreamingResponse(in_turns(found, each=1), media_type=JSON)

    @router.post(
        "/invitation",
        **endpoint(
            CallerKind.WRITER,
            RoomNotFound,
            NotTheCreator,
            TooManyAddresses,
            InvalidRequest,
            description="Invite people by email; a mail goes to each.",
            audit=AuditRule(kind="role", code="invited"),
        ),
    )
    async def invite(body: NewInvitation, caller: Writer, request: Request) -> InvitationOutcome:
        outcome = await rooms.invite(
            caller, room=body.room, addresses=body.email, source=request_source(request)
        )
        return InvitationOutcome(invited=outcome.invited, rejected=outcome.rejected)

    @router.get(
        "/invitation",
        response_model=InvitationList,
        **endpoint(
            CallerKind.CALLER,
            RoomNotFound,
            NotTheCreator,
            InvalidRequest,
            description="Who is invited to a room of one's own.",
        ),
    )
    async def invitations(caller: Caller, room: Annotated[RoomName, Query()]) -> Response:
        found = await rooms.invitations(caller, room=room)
        entries = (
            InvitationEntry(
                email=invitation.email, username=invitation.username, display_name=invitation.display_name
            )
            for invitation in found
        )
        return StreamingResponse(json_object(invitations=json_array(entries)), media_type=JSON)

    @router.post(
        "/invitation/check",
        **endpoint(
            CallerKind.CALLER,
            NotInvited,
            NotTheCaller,
            InvalidRequest,
            description="Whether the caller is invited to a room, or created it.",
            audit=NOT_KEPT,
        ),
    )
    async def check_invitation(body: InvitationCheck, caller: Caller) -> Nothing:
        await rooms.require_invitation(caller, email=body.email, room=body.room)
        return Nothing()

    @router.post(
        "/room/ban",
        **endpoint(
            CallerKind.WRITER,
            RoomNotFound,
            NotTheCreator,
            CreatorStays,
            InvalidRequest,
            description=(
                "Remove a person from a room of one's own, and from its call; they may not enter again."
            ),
            audit=AuditRule(kind="role", code="banned"),
        ),
    )
    async def ban(body: NewBan, caller: Writer) -> Nothing:
        await rooms.ban(caller, room=body.room, email=body.email)
        return Nothing()

    @router.post(
        "/room/unban",
        **endpoint(
            CallerKind.WRITER,
            RoomNotFound,
            NotTheCreator,
            InvalidRequest,
            description="Let a removed person be what they were before; again is harmless.",
            audit=AuditRule(kind="role", code="unbanned"),
        ),
    )
    async def unban(body: NewBan, caller: Writer) -> Nothing:
        await rooms.unban(caller, room=body.room, email=body.email)
        return Nothing()

    @router.get(
        "/room/ban",
        response_model=BanList,
        **endpoint(
            CallerKind.CALLER,
            RoomNotFound,
            NotTheCreator,
            InvalidRequest,
            description="Who was removed from a room of one's own.",
        ),
    )
    async def bans(caller: Caller, room: Annotated[RoomName, Query()]) -> Response:
        found = await rooms.bans(caller, room=room)
        entries = (BanEntry(email=ban.email, banned_at=ban.banned_at) for ban in found)
        return StreamingResponse(json_object(bans=json_array(entries)), media_type=JSON)

    return router


_TOLD_ROLES: dict[Role, Literal["creator", "invitee", "admitted", "banned"]] = {
    Role.CREATOR: "creator",
    Role.INVITEE: "invitee",
    Role.ADMITTED: "admitted",
    Role.BANNED: "banned",
}


def _entrance(entrance: Entrance) -> RoomEntrance:
    room = None if entrance.room is None else _entry(entrance.room)
    roles = [name for role, name in _TOLD_ROLES.items() if role in entrance.roles]
    step = entrance.next_step
    if isinstance(step, str):
        return RoomEntrance(room=room, roles=roles, next=step)
    return RoomEntrance(room=room, roles=roles, next="not_for_you", code=step.code, message=step.sentence())


def _entry(room: Room) -> RoomEntry:
    return RoomEntry(
        name=room.name,
        room_id=room.room_id if room.is_event else None,
        username=room.creator_name,
        created_at=room.created_at,
        description=room.description,
        listed=None if room.is_listed else False,
        relay_only=True if room.is_relay_only else None,
        topology=None if room.topology == "auto" else room.topology,
        encryption=None if room.encryption == "auto" else room.encryption,
        display_name=room.creator_display_name,
        starts_at=room.starts_at,
        duration_minutes=room.duration_minutes,
    )
