"""The HTTP endpoints of a room's chat."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from parlour.accounts.identity import Identity
from parlour.accounts.refusals import UserNotFound
from parlour.accounts.sessions.identification import Identification, require_own_email
from parlour.accounts.sessions.service import LoginSessions
from parlour.chat.entities import Message
from parlour.chat.service import Chat
from parlour.errors import InvalidRequest, NotTheCaller
from parlour.rooms.entities import Room
from parlour.rooms.refusals import (
    Banned,
    MessageIdTaken,
    NotAdmitted,
    NotInvited,
    RoomNotFound,
)
from parlour.wire.base import RoomName
from parlour.wire.direct_route import DirectRoute
from parlour.wire.endpoint import NOT_KEPT, CallerKind, endpoint
from parlour.wire.http import (
    MessageId,
    MessagePage,
    NewMessage,
    Nothing,
    StoredMessage,
)


def chat_routes(
    *,
    chat: Chat,
    sessions: LoginSessions,
    identification: Identification,
) -> APIRouter:
    router = APIRouter(tags=["rooms"], route_class=DirectRoute)
    Caller = Annotated[Identity, Depends(identification.required)]
    Writer = Annotated[Identity, Depends(identification.writing)]

    @router.post(
        "/message",
        **endpoint(
            CallerKind.WRITER,
            RoomNotFound,
            UserNotFound,
            NotTheCaller,
            NotAdmitted,
            NotInvited,
            Banned,
            MessageIdTaken,
            InvalidRequest,
            description="Write to a room's chat.",
            audit=NOT_KEPT,
        ),
    )
    async def write_message(body: NewMessage, caller: Writer) -> Nothing:
        await require_own_email(sessions, body.email, caller)
        await chat.write(caller, room=body.roomname, text=body.message, message_id=body.message_id)
        return Nothing()

    @router.get(
        "/message",
        **endpoint(
            CallerKind.CALLER,
            RoomNotFound,
            NotAdmitted,
            NotInvited,
            Banned,
            InvalidRequest,
            description="A room's chat, newest first.",
        ),
    )
    async def read_messages(
        caller: Caller,
        roomname: Annotated[RoomName, Query()],
        before: Annotated[MessageId | None, Query(description="Only older ones.")] = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 50,
    ) -> MessagePage:
        page = await chat.history(caller, room=roomname, before=before, limit=limit)
        return MessagePage(
            messages=[_stored(page.room, message) for message in page.messages], more=page.more
        )

    return router


def _stored(room: Room, message: Message) -> StoredMessage:
    return StoredMessage(
        message_id=message.message_id,
        room=room.name,
        username=message.author_name,
        email=message.author_email,
        message=message.text,
        sent_at=message.sent_at,
        display_name=message.author_display_name,
    )
