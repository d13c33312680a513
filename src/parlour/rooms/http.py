"""The HTTP endpoints of rooms, invitations, events, chat and attendance."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from parlour.accounts.http import Identification, visitor_of
from parlour.accounts.identity import Identity
from parlour.accounts.refusals import UserNotFound
from parlour.accounts.sessions import Sessions
from parlour.errors import Busy, IdentityRequired, InvalidRequest, InvalidToken, NotTheCaller, RateLimited
from parlour.rooms.attendance import AttendanceLog, parsed_move
from parlour.rooms.chat import Chat, Written
from parlour.rooms.entities import Message, Room
from parlour.rooms.refusals import (
    Banned,
    CreatorNotFound,
    CreatorStays,
    EventNotFound,
    GuestsCreateNoRooms,
    InvalidMove,
    MessageIdTaken,
    NotAdmitted,
    NotInvited,
    NotTheCreator,
    RoomNameTaken,
    RoomNotFound,
    WrongRoomPassword,
)
from parlour.rooms.service import MadeEvent, RoomService
from parlour.wire.addresses import email_key
from parlour.wire.base import RoomName
from parlour.wire.http import (
    Attendance,
    AttendanceList,
    BanEntry,
    BanList,
    EventMove,
    InvitationCheck,
    InvitationEntry,
    InvitationList,
    InvitationOutcome,
    MessageId,
    MessagePage,
    NewBan,
    NewEvent,
    NewInvitation,
    NewMessage,
    NewRoom,
    Nothing,
    RoomAccess,
    RoomCheck,
    RoomEntry,
    RoomRemoval,
    StoredMessage,
)
from parlour.wire.refusals import refusals

_ALWAYS = (IdentityRequired, InvalidToken, InvalidRequest)
_WRITING = (RateLimited, *_ALWAYS)


def room_routes(
    *,
    rooms: RoomService,
    chat: Chat,
    attendance: AttendanceLog,
    sessions: Sessions,
    identification: Identification,
    on_message: Callable[[Written], None],
    on_access_changed: Callable[[], None],
    on_event: Callable[[MadeEvent], None],
    on_banned: Callable[[Room, str], None],
    on_removed: Callable[[Room], None],
) -> APIRouter:
    """`on_message` hears of each message that was stored, `on_access_changed` of who may see what."""
    router = APIRouter(tags=["rooms"])
    Caller = Annotated[Identity, Depends(identification.required)]
    Writer = Annotated[Identity, Depends(identification.writing)]
    AnyCaller = Annotated[Identity | None, Depends(identification.optional)]

    async def require_own(email: str | None, caller: Identity) -> None:
        """Raises UserNotFound or NotTheCaller for an email that is not the caller's."""
        if email is None or email_key(email) == email_key(caller.email):
            return
        if await sessions.find(email) is None:
            raise UserNotFound
        raise NotTheCaller

    @router.post(
        "/room",
        responses=refusals(
            RoomNameTaken, CreatorNotFound, GuestsCreateNoRooms, NotTheCaller, Busy, *_WRITING
        ),
    )
    async def create_room(body: NewRoom, caller: Writer, request: Request) -> Nothing:
        """Create a room with a password."""
        await rooms.create(
            caller,
            name=body.name,
            password=body.password,
            description=body.description,
            creator=body.creator,
            visitor=visitor_of(request),
        )
        return Nothing()

    @router.post(
        "/room/access",
        responses=refusals(RoomNotFound, WrongRoomPassword, NotInvited, Banned, Busy, *_WRITING),
    )
    async def access_room(body: RoomAccess, caller: Writer, request: Request) -> Nothing:
        """Give a room's password; the caller may enter from now on."""
        await rooms.give_password(caller, name=body.name, password=body.password, visitor=visitor_of(request))
        return Nothing()

    @router.post("/room/check", responses=refusals(InvalidToken, InvalidRequest))
    async def check_rooms(caller: AnyCaller, body: RoomCheck | None = None) -> list[RoomEntry]:
        """The rooms that the caller may see, by name; works without login."""
        page = body or RoomCheck()
        found = await rooms.visible(caller, limit=page.limit, after=page.after)
        return [_entry(room) for room in found]

    @router.post(
        "/message",
        responses=refusals(
            RoomNotFound,
            UserNotFound,
            NotTheCaller,
            NotAdmitted,
            NotInvited,
            Banned,
            MessageIdTaken,
            *_WRITING,
        ),
    )
    async def write_message(body: NewMessage, caller: Writer) -> Nothing:
        """Write to a room's chat."""
        await require_own(body.email, caller)
        written = await chat.write(caller, room=body.roomname, text=body.message, message_id=body.message_id)
        on_message(written)
        return Nothing()

    @router.get("/message", responses=refusals(RoomNotFound, NotAdmitted, NotInvited, Banned, *_ALWAYS))
    async def read_messages(
        caller: Caller,
        roomname: Annotated[RoomName, Query()],
        before: Annotated[MessageId | None, Query(description="Only older ones.")] = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 50,
    ) -> MessagePage:
        """A room's chat, newest first."""
        page = await chat.history(caller, room=roomname, before=before, limit=limit)
        return MessagePage(
            messages=[_stored(page.room, message) for message in page.messages], more=page.more
        )

    @router.post("/invitation", responses=refusals(RoomNotFound, NotTheCreator, *_WRITING))
    async def invite(body: NewInvitation, caller: Writer, request: Request) -> InvitationOutcome:
        """Invite people by email; a mail goes to each."""
        outcome = await rooms.invite(
            caller, room=body.room, addresses=body.email, visitor=visitor_of(request)
        )
        on_access_changed()
        return InvitationOutcome(invited=outcome.invited, rejected=outcome.rejected)

    @router.get("/invitation", responses=refusals(RoomNotFound, NotTheCreator, *_ALWAYS))
    async def invitations(caller: Caller, room: Annotated[RoomName, Query()]) -> InvitationList:
        """Who is invited to a room of one's own."""
        found = await rooms.invitations(caller, room=room)
        return InvitationList(
            invitations=[InvitationEntry(email=one.email, username=one.username) for one in found]
        )

    @router.post("/invitation/check", responses=refusals(NotInvited, NotTheCaller, *_ALWAYS))
    async def check_invitation(body: InvitationCheck, caller: Caller) -> Nothing:
        """Whether the caller is invited to a room, or created it."""
        await rooms.require_invitation(caller, email=body.email, room=body.room)
        return Nothing()

    @router.post("/event", responses=refusals(RoomNotFound, NotTheCreator, *_WRITING))
    async def make_event(body: NewEvent, caller: Writer) -> Nothing:
        """Make a room an event: entered by invitation only."""
        on_event(await rooms.make_event(caller, room=body.room))
        on_access_changed()
        return Nothing()

    @router.post("/room/ban", responses=refusals(RoomNotFound, NotTheCreator, CreatorStays, *_WRITING))
    async def ban(body: NewBan, caller: Writer) -> Nothing:
        """Remove a person from a room of one's own, and from its call; they may not enter again."""
        room = await rooms.ban(caller, room=body.room, email=body.email)
        on_banned(room, body.email)
        on_access_changed()
        return Nothing()

    @router.post("/room/unban", responses=refusals(RoomNotFound, NotTheCreator, *_WRITING))
    async def unban(body: NewBan, caller: Writer) -> Nothing:
        """Let a removed person be what they were before; again is harmless."""
        await rooms.unban(caller, room=body.room, email=body.email)
        on_access_changed()
        return Nothing()

    @router.get("/room/ban", responses=refusals(RoomNotFound, NotTheCreator, *_ALWAYS))
    async def bans(caller: Caller, room: Annotated[RoomName, Query()]) -> BanList:
        """Who was removed from a room of one's own."""
        found = await rooms.bans(caller, room=room)
        return BanList(bans=[BanEntry(email=one.email, banned_at=one.banned_at) for one in found])

    @router.post("/room/remove", responses=refusals(RoomNotFound, NotTheCreator, *_WRITING))
    async def remove_room(body: RoomRemoval, caller: Writer) -> Nothing:
        """Remove a room of one's own, its chat, invitations and attendance; its call ends."""
        room = await rooms.remove(caller, room=body.room)
        on_removed(room)
        on_access_changed()
        return Nothing()

    @router.post(
        "/event/log",
        responses=refusals(
            InvalidMove, UserNotFound, EventNotFound, NotTheCaller, NotInvited, Banned, *_WRITING
        ),
    )
    async def log_attendance(body: EventMove, caller: Writer) -> Nothing:
        """Say that one joined or left an event; the server's own record is not doubled."""
        move = parsed_move(body.move)
        await require_own(body.email, caller)
        await attendance.log(caller, room=body.name, move=move)
        return Nothing()

    @router.get("/event/log", responses=refusals(EventNotFound, NotTheCreator, *_ALWAYS))
    async def read_attendance(caller: Caller, room: Annotated[RoomName, Query()]) -> AttendanceList:
        """The attendance of an event of one's own."""
        visits = await attendance.read(caller, room=room)
        return AttendanceList(
            attendance=[
                Attendance(
                    email=visit.email,
                    username=visit.username,
                    joined_at=visit.joined_at,
                    left_at=visit.left_at,
                )
                for visit in visits
            ]
        )

    return router


def _entry(room: Room) -> RoomEntry:
    return RoomEntry(
        name=room.name,
        room_id=room.room_id if room.is_event else None,
        username=room.creator_name,
        created_at=room.created_at,
        description=room.description,
    )


def _stored(room: Room, message: Message) -> StoredMessage:
    return StoredMessage(
        message_id=message.message_id,
        room=room.name,
        username=message.author_name,
        email=message.author_email,
        message=message.text,
        sent_at=message.sent_at,
    )
