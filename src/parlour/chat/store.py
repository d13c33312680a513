"""The rows of chat. Every function works in the caller's transaction."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select

from parlour.accounts.identity import UserId
from parlour.chat.entities import Message
from parlour.db.database import AsyncConnection
from parlour.db.prepared import prepared
from parlour.db.tables import messages
from parlour.db.upsert import inserted
from parlour.rooms.entities import RoomId

_MESSAGE = prepared(
    select(messages).where(
        messages.c.room_id == bindparam("room_id"), messages.c.message_id == bindparam("message_id")
    )
)


def _message(row: Row[Any]) -> Message:
    return Message(
        position=row.id,
        message_id=row.message_id,
        author_id=row.author_id,
        author_name=row.author_name,
        author_email=row.author_email,
        text=row.text,
        sent_at=row.sent_at,
        author_display_name=row.author_display_name,
    )


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
    }
    row = await inserted(connection, messages, values)
    return None if row is None else _message(row)


async def message(connection: AsyncConnection, room_id: RoomId, message_id: str) -> Message | None:
    found = await connection.execute(_MESSAGE, {"room_id": room_id, "message_id": message_id})
    row = found.one_or_none()
    return None if row is None else _message(row)


async def messages_before(
    connection: AsyncConnection, room_id: RoomId, *, position: int | None, limit: int
) -> list[Message]:
    """Newest first."""
    query = select(messages).where(messages.c.room_id == room_id)
    if position is not None:
        query = query.where(messages.c.id < position)
    found = await connection.execute(query.order_by(messages.c.id.desc()).limit(limit))
    return [_message(row) for row in found]
