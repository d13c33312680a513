"""The HTTP endpoints of a room's chat."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from parlour.accounts.identity import Identity
from parlour.accounts.refusals import UserNotFound
from parlour.accounts.sessions.identification import Identification, require_own_email
from parlour.accounts.sessions.service import LoginSessions
from parlour.chat.entities import Message
from parlour.chat.entities import Quote as Quoted
from parlour.chat.service import Chat
from parlour.errors import InvalidRequest, NotTheCaller
from parlour.rooms.entities import Room
from parlour.rooms.refusals import (
    Banned,
    MessageIdTaken,
    MessageNotFound,
    NotAdmitted,
    NotInvited,
    NotTheAuthor,
    NotTheCreator,
    RoomNotFound,
)
from parlour.wire.base import RoomName
from parlour.wire.direct_route import DirectRoute
from parlour.wire.endpoint import NOT_KEPT, AuditRule, CallerKind, endpoint
from parlour.wire.http import (
    MessageDeletion,
    MessageEdit,
    MessageId,
    MessagePage,
    NewMessage,
    Nothing,
    Quote,
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
            MessageNotFound,
            InvalidRequest,
            description="Write to a room's chat.",
            audit=NOT_KEPT,
        ),
    )
    async def write_message(body: NewMessage, caller: Writer) -> Nothing:
        await require_own_email(sessions, body.email, caller)
        await chat.write(
            caller,
            room=body.roomname,
            text=body.message,
            message_id=body.message_id,
            reply_to=body.reply_to,
        )
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
        deleted: Annotated[bool, Query(description="Deleted ones too, without their texts.")] = False,
    ) -> MessagePage:
        page = await chat.history(caller, room=roomname, before=before, limit=limit, with_deleted=deleted)
        return MessagePage(
            messages=[_stored(page.room, message) for message in page.messages], more=page.more
        )

    _add_changes(router, chat, Writer)
    return router


def _add_changes(router: APIRouter, chat: Chat, Writer: Any) -> None:  # noqa: N803 - a type
    """Add the changes of messages that are stored."""
    permission = (RoomNotFound, MessageNotFound, NotAdmitted, NotInvited, Banned, InvalidRequest)

    @router.post(
        "/message/edit",
        **endpoint(
            CallerKind.WRITER,
            *permission,
            NotTheAuthor,
            description="Replace the text of one's own message.",
            audit=NOT_KEPT,
        ),
    )
    async def edit_message(body: MessageEdit, caller: Writer) -> Nothing:
        await chat.edit(caller, body.message_id, room=body.roomname, text=body.message)
        return Nothing()

    @router.post(
        "/message/delete",
        **endpoint(
            CallerKind.WRITER,
            *permission,
            NotTheAuthor,
            description="Delete one's own message: its text is erased. Again is harmless.",
            audit=NOT_KEPT,
        ),
    )
    async def delete_message(body: MessageDeletion, caller: Writer) -> Nothing:
        await chat.delete(caller, body.message_id, room=body.roomname)
        return Nothing()

    @router.post(
        "/message/remove",
        **endpoint(
            CallerKind.WRITER,
            RoomNotFound,
            MessageNotFound,
            NotTheCreator,
            InvalidRequest,
            description="Delete anybody's message, as the room's creator. Again is harmless.",
            audit=AuditRule(kind="role", code="message_removed"),
        ),
    )
    async def remove_message(body: MessageDeletion, caller: Writer) -> Nothing:
        await chat.remove(caller, body.message_id, room=body.roomname)
        return Nothing()


def _stored(room: Room, message: Message) -> StoredMessage:
    return StoredMessage(
        message_id=message.message_id,
        room=room.name,
        username=message.author_name,
        email=message.author_email,
        message=message.text,
        sent_at=message.sent_at,
        display_name=message.author_display_name,
        reply_to=message.reply_to,
        quote=None if message.quote is None else _quote(message.quote),
        edited_at=message.edited_at,
        deleted_at=message.deleted_at,
    )


def _quote(quote: Quoted) -> Quote:
    return Quote(username=quote.author_name, message=quote.text, display_name=quote.author_display_name)
