"""The rows of chat. Every function works in the caller's transaction."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Row,
    String,
    Text,
    bindparam,
    case,
    exists,
    func,
    literal,
    select,
    update,
)

from parlour.accounts.identity import UserId
from parlour.chat.entities import QUOTED_LENGTH, ChatEnd, Message, Quote
from parlour.db.database import AsyncConnection
from parlour.db.prepared import prepared
from parlour.db.tables import Id, UtcDateTime, chats, messages
from parlour.db.upsert import insert_of, inserted
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
_NOW, _LATEST = bindparam("now", type_=UtcDateTime), bindparam("latest", type_=UtcDateTime)
_IN_ORDER = bindparam("in_order", type_=BigInteger)
_EDIT = prepared(
    _UNLESS_DELETED.values(
        text=bindparam("new_text", type_=Text), edited_at=_NOW, change_number=_IN_ORDER
    ).returning(messages.c.id)
)
_DELETE = prepared(
    _UNLESS_DELETED.values(text="", deleted_at=_NOW, change_number=_IN_ORDER).returning(messages.c.id)
)
_GIVEN = (
    "room_id",
    "message_id",
    "author_id",
    "author_name",
    "author_email",
    "author_display_name",
    "text",
    "reply_to",
)
_CLOCKS_DIFFER = timedelta(minutes=1)
"""The most by which the clocks of servers may differ, so that times of one chat never go back."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The next number of a room's chat, and the time, which is not before that of the number before.

    `number` is None where chats are not numbered.
    """

    number: int | None
    at: datetime


def _counting(dialect: str, *, unless_stored: bool) -> Any:
    """Count. The chat's row is locked until the end of the transaction, so that numbers, and positions of
    messages that are inserted afterwards, have the order of the commits.
    """
    always = literal(1) == 1  # without a WHERE, SQLite would parse ON as part of a join
    is_due = ~exists().where(_IS_MESSAGE) if unless_stored else always
    values = select(_ROOM_ID, literal(1, BigInteger), _NOW).where(is_due)
    goes_on = chats.c.last_at.between(_NOW, _LATEST)
    return (
        insert_of(dialect)(chats)
        .from_select(["room_id", "last_number", "last_at"], values)
        .on_conflict_do_update(
            index_elements=["room_id"],
            set_={
                "last_number": chats.c.last_number + 1,
                "last_at": case((goes_on, chats.c.last_at), else_=_NOW),
            },
        )
        .returning(chats.c.last_number, chats.c.last_at)
    )


@lru_cache(maxsize=4)
def _count(dialect: str, *, unless_stored: bool) -> Any:
    return prepared(_counting(dialect, unless_stored=unless_stored))


@lru_cache(maxsize=1)
def _count_and_insert() -> Any:
    """Count and insert by one statement of PostgreSQL: the message's position waits for the lock, too."""
    counted = _counting("postgresql", unless_stored=True).cte("counted")
    values = {name: bindparam(f"new_{name}", type_=messages.c[name].type) for name in _GIVEN}
    values |= {"number": counted.c.last_number, "sent_at": counted.c.last_at}
    statement = insert_of("postgresql")(messages).from_select(list(values), select(*values.values()))
    return statement.add_cte(counted).on_conflict_do_nothing().returning(messages)


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
        number=row.number,
        change_number=row.change_number,
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
    is_numbered: bool = False,
) -> Message | None:
    """Return the message as it is stored; None where the room already has a message with this id.

    Where it is numbered, others of the room wait until the transaction ends.
    """
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
    if is_numbered:
        row = await _inserted_in_order(connection, values, now)
    else:
        row = await inserted(connection, messages, values)
    return None if row is None else _message(row, None if answered is None else _quote_of(answered))


async def _inserted_in_order(
    connection: AsyncConnection, values: dict[str, Any], now: datetime
) -> Row[Any] | None:
    """Insert a message with the next number of its chat."""
    asked = {"in_room": values["room_id"], "of_message": values["message_id"], **_times(now)}
    if connection.dialect.name != "sqlite":
        asked |= {f"new_{name}": value for name, value in values.items()}
        return (await connection.execute(_count_and_insert(), asked)).one_or_none()
    counted: Any = (await connection.execute(_count("sqlite", unless_stored=True), asked)).one_or_none()
    if counted is None:
        return None
    values |= {"number": counted.last_number, "sent_at": counted.last_at}
    return await inserted(connection, messages, values)


def _quote_of(answered: Message) -> Quote:
    return Quote(
        author_name=answered.author_name,
        author_display_name=answered.author_display_name,
        text=answered.text[:QUOTED_LENGTH],
    )


async def count(connection: AsyncConnection, room_id: RoomId, now: datetime) -> Counted:
    """Count a change of a message, which others of the room wait for until the transaction ends."""
    statement = _count(connection.dialect.name, unless_stored=False)
    row: Any = (await connection.execute(statement, {"in_room": room_id, **_times(now)})).one_or_none()
    return Counted(row.last_number, row.last_at)


def _times(now: datetime) -> dict[str, datetime]:
    return {"now": now, "latest": now + _CLOCKS_DIFFER}


async def edit_message(
    connection: AsyncConnection, room_id: RoomId, message_id: str, *, text: str, counted: Counted
) -> bool:
    """Return False if the message is deleted, by another process perhaps since it was read."""
    values = {
        "in_room": room_id,
        "of_message": message_id,
        "new_text": text,
        "now": counted.at,
        "in_order": counted.number,
    }
    return (await connection.execute(_EDIT, values)).first() is not None


async def delete_message(
    connection: AsyncConnection, room_id: RoomId, message_id: str, *, counted: Counted
) -> bool:
    """Erase the text, and keep the row: answers name it, and pages of the history begin at it.

    Return False if the message is deleted already.
    """
    values = {
        "in_room": room_id,
        "of_message": message_id,
        "now": counted.at,
        "in_order": counted.number,
    }
    return (await connection.execute(_DELETE, values)).first() is not None


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


_END = prepared(
    select(
        select(chats.c.last_number).where(chats.c.room_id == _ROOM_ID).scalar_subquery().label("number"),
        select(func.max(messages.c.id))
        .where(messages.c.room_id == _ROOM_ID)
        .scalar_subquery()
        .label("position"),
    )
)
_ENDS = select(chats.c.room_id, chats.c.last_number).where(
    chats.c.room_id.in_(bindparam("room_ids", expanding=True))
)
_FIRST, _LAST = bindparam("first", type_=BigInteger), bindparam("last", type_=BigInteger)
_STORED_BETWEEN = prepared(
    _QUOTING.where(
        messages.c.room_id == _ROOM_ID,
        messages.c.id > bindparam("after", type_=Id),
        messages.c.number.between(_FIRST, _LAST),
    )
)
_CHANGED_BETWEEN = prepared(
    _QUOTING.where(messages.c.room_id == _ROOM_ID, messages.c.change_number.between(_FIRST, _LAST))
)


async def chat_end(connection: AsyncConnection, room_id: RoomId) -> ChatEnd:
    row: Any = (await connection.execute(_END, {"in_room": room_id})).one_or_none()
    return ChatEnd(row.number or 0, row.position or 0)


async def last_numbers(connection: AsyncConnection, room_ids: Iterable[RoomId]) -> dict[RoomId, int]:
    """Return the latest number of each chat that has one."""
    found = await connection.execute(_ENDS, {"room_ids": list(room_ids)})
    return {RoomId(row.room_id): row.last_number for row in found}


async def stored_between(
    connection: AsyncConnection, room_id: RoomId, first: int, last: int, *, after: int
) -> list[Message]:
    """Find the messages with these numbers, whose positions are greater than `after`."""
    values = {"in_room": room_id, "first": first, "last": last, "after": after}
    return [_quoting(row) for row in await connection.execute(_STORED_BETWEEN, values)]


async def changed_between(
    connection: AsyncConnection, room_id: RoomId, first: int, last: int
) -> list[Message]:
    """Find the messages whose latest changes have these numbers."""
    values = {"in_room": room_id, "first": first, "last": last}
    return [_quoting(row) for row in await connection.execute(_CHANGED_BETWEEN, values)]
