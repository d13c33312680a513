"""The rows of chat. Every function works in the caller's transaction."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, String, Text, bindparam, func, select, update

from parlour.accounts.identity import UserId
from parlour.chat.entities import QUOTED_LENGTH, Message, Quote
from parlour.db.database import AsyncConnection
from parlour.db.prepared import prepared
from parlour.db.tables import Id, UtcDateTime, messages
from parlour.db.upsert import inserted
from parlour.rooms.entities import RoomId

_ANSWERED = messages.alias("answered")
_QUOTING = select(
    messages,
    _ANSWERED.c.author_name.label("quoted_name"),
    _ANSWERED.c.author_display_name.label("quoted_display_name"),
    func.substr(_ANSWERED.c.text, 1, QUOTED_LENGTH).label("quoted_text"),
).outerjoin_from(
    messages,
    _ANSWERED,
    (_ANSWERED.c.room_id == messages.c.room_id) & (_ANSWERED.c.message_id == messages.c.reply_to),
)
_ROOM_ID, _MESSAGE_ID = bindparam("in_room", type_=Id), bindparam("of_message", type_=String)
_IS_MESSAGE = (messages.c.room_id == _ROOM_ID) & (messages.c.message_id == _MESSAGE_ID)
_MESSAGE = prepared(_QUOTING.where(_IS_MESSAGE))
_UNLESS_DELETED = update(messages).where(_IS_MESSAGE, messages.c.deleted_at.is_(None))
_NOW = bindparam("now", type_=UtcDateTime)
_EDIT = prepared(
    _UNLESS_DELETED.values(text=bindparam("new_text", type_=Text), edited_at=_NOW).returning(messages.c.id)
)
_DELETE = prepared(_UNLESS_DELETED.values(text="", deleted_at=_NOW).returning(messages.c.id))


def _message(row: Row[Any], quote: Quote | None) -> Message:
    return Message(
        position=row.id,
        message_id=row.message_id,
        author_id=row.author_id,
        author_name=row.author_name,
        author_email=row.author_email,
        text=row.text,
        sent_at=row.sent_at,
        author_display_name=row.author_display_name,
        reply_to=row.reply_to,
        quote=quote,
        edited_at=row.edited_at,
        deleted_at=row.deleted_at,
    )


def _quoting(row: Row[Any]) -> Message:
    if row.quoted_name is None:
        return _message(row, None)
    quote = Quote(
        author_name=row.quoted_name,
        author_display_name=row.quoted_display_name,
        text=row.quoted_text,
    )
    return _message(row, quote)


async def add_message(
    connection: AsyncConnection,
    room_id: RoomId,
    *,
    message_id: str,
    author_id: UserId,
    author_name: str,
    author_email: str,
    text: str,
    now: datetime,
    author_display_name: str | None = None,
    answered: Message | None = None,
) -> Message | None:
    """Return the message as it is stored; None where the room already has a message with this id."""
    values = {
        "room_id": room_id,
        "message_id": message_id,
        "author_id": author_id,
        "author_name": author_name,
        "author_email": author_email,
        "author_display_name": author_display_name,
        "text": text,
        "sent_at": now,
        "reply_to": None if answered is None else answered.message_id,
    }
    row = await inserted(connection, messages, values)
    return None if row is None else _message(row, None if answered is None else _quote_of(answered))


def _quote_of(answered: Message) -> Quote:
    return Quote(
        author_name=answered.author_name,
        author_display_name=answered.author_display_name,
        text=answered.text[:QUOTED_LENGTH],
    )


async def edit_message(
    connection: AsyncConnection, room_id: RoomId, message_id: str, *, text: str, now: datetime
) -> bool:
    """Return False if the message is deleted, by another process perhaps since it was read."""
    values = {"in_room": room_id, "of_message": message_id, "new_text": text, "now": now}
    return (await connection.execute(_EDIT, values)).first() is not None


async def delete_message(
    connection: AsyncConnection, room_id: RoomId, message_id: str, *, now: datetime
) -> None:
    """Erase the text, and keep the row: answers name it, and pages of the history begin at it."""
    await connection.execute(_DELETE, {"in_room": room_id, "of_message": message_id, "now": now})


async def message(connection: AsyncConnection, room_id: RoomId, message_id: str) -> Message | None:
    found = await connection.execute(_MESSAGE, {"in_room": room_id, "of_message": message_id})
    row = found.one_or_none()
    return None if row is None else _quoting(row)


async def messages_before(
    connection: AsyncConnection, room_id: RoomId, *, position: int | None, limit: int, with_deleted: bool
) -> list[Message]:
    """Newest first."""
    query = _QUOTING.where(messages.c.room_id == room_id)
    if position is not None:
        query = query.where(messages.c.id < position)
    if not with_deleted:
        query = query.where(messages.c.deleted_at.is_(None))
    found = await connection.execute(query.order_by(messages.c.id.desc()).limit(limit))
    return [_quoting(row) for row in found]
