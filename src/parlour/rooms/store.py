"""The rows of rooms. Every function works in the caller's transaction."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Row,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    insert,
    or_,
    select,
    update,
)

from parlour.accounts.identity import UserId
from parlour.db.database import AsyncConnection
from parlour.db.tables import (
    Id,
    admissions,
    bans,
    clients,
    event_log,
    events,
    invitations,
    messages,
    rooms,
    users,
)
from parlour.db.upsert import insert_if_absent
from parlour.rooms.entities import Ban, Invitation, Message, Room, RoomId, Visit
from parlour.rooms.policy import Standing
from parlour.wire.base import email_key, room_key

_ROOM = select(rooms, events.c.id.label("event_id")).outerjoin_from(
    rooms, events, events.c.room_id == rooms.c.id
)


def _room(row: Row[Any]) -> Room:
    return Room(
        room_id=RoomId(row.id),
        name=row.name,
        description=row.description,
        password_hash=row.password_hash,
        creator_id=row.creator_id,
        creator_name=row.creator_name,
        created_at=row.created_at,
        event_id=row.event_id,
    )


def _named_in(table: Table, user_id: UserId | BindParameter[int]) -> ColumnElement[bool]:
    """By address, in `invitations` or `bans`: an account may be newer than either, and end before."""
    own = select(users.c.email_key).where(users.c.id == user_id).scalar_subquery()
    return exists().where(table.c.room_id == rooms.c.id, table.c.email_key == own)


_ASKING: BindParameter[int] = bindparam("user_id", type_=Id)
_ADMITTED = exists().where(admissions.c.room_id == rooms.c.id, admissions.c.user_id == _ASKING)
_ROOM_AND_STANDING = _ROOM.add_columns(
    _named_in(invitations, _ASKING).label("is_invited"),
    _named_in(bans, _ASKING).label("is_banned"),
    _ADMITTED.label("is_admitted"),
).where(rooms.c.name_key == bindparam("room"))


async def room_and_standing(
    connection: AsyncConnection, name: str, user_id: UserId
) -> tuple[Room, Standing] | None:
    asked = {"room": room_key(name), "user_id": user_id}
    row = (await connection.execute(_ROOM_AND_STANDING, asked)).one_or_none()
    if row is None:
        return None
    standing = Standing(
        is_creator=row.creator_id == user_id,
        is_invited=bool(row.is_invited),
        is_admitted=bool(row.is_admitted),
        is_banned=bool(row.is_banned),
    )
    return _room(row), standing


async def visible_rooms(
    connection: AsyncConnection, user_id: UserId | None, *, limit: int | None, after: str | None
) -> list[Room]:
    """By name. Event rooms only to their creator and invitees."""
    free: ColumnElement[bool] = events.c.id.is_(None)
    visible = free
    if user_id is not None:
        invited = and_(_named_in(invitations, user_id), ~_named_in(bans, user_id))
        visible = or_(free, rooms.c.creator_id == user_id, invited)
    query = _ROOM.where(visible).order_by(rooms.c.name_key)
    if after is not None:
        query = query.where(rooms.c.name_key > room_key(after))
    if limit is not None:
        query = query.limit(limit)
    return [_room(row) for row in await connection.execute(query)]


async def all_rooms(connection: AsyncConnection) -> list[Room]:
    return [_room(row) for row in await connection.execute(_ROOM.order_by(rooms.c.name_key))]


async def events_among(connection: AsyncConnection, room_ids: Iterable[RoomId]) -> dict[RoomId, set[UserId]]:
    """Which of these rooms are events, and who may see each: its creator and its invitees."""
    query = (
        select(rooms.c.id, rooms.c.creator_id, users.c.id.label("user_id"))
        .join_from(rooms, events, events.c.room_id == rooms.c.id)
        .outerjoin(invitations, invitations.c.room_id == rooms.c.id)
        .outerjoin(
            bans,
            and_(bans.c.room_id == invitations.c.room_id, bans.c.email_key == invitations.c.email_key),
        )
        .outerjoin(users, and_(users.c.email_key == invitations.c.email_key, bans.c.room_id.is_(None)))
        .where(rooms.c.id.in_(list(room_ids)))
    )
    seen: defaultdict[RoomId, set[UserId]] = defaultdict(set)
    for row in await connection.execute(query):
        people = seen[RoomId(row.id)]
        people.update(person for person in (row.creator_id, row.user_id) if person is not None)
    return dict(seen)


async def add_room(
    connection: AsyncConnection,
    *,
    name: str,
    password_hash: str,
    description: str,
    creator_id: UserId,
    creator_name: str,
    now: datetime,
) -> None:
    """Raises IntegrityError where the name is taken."""
    await connection.execute(
        insert(rooms).values(
            name=name,
            name_key=room_key(name),
            password_hash=password_hash,
            description=description,
            creator_id=creator_id,
            creator_name=creator_name,
            created_at=now,
        )
    )


async def room_exists(connection: AsyncConnection, name: str) -> bool:
    found = await connection.execute(select(rooms.c.id).where(rooms.c.name_key == room_key(name)))
    return found.first() is not None


async def replace_password(connection: AsyncConnection, room_id: RoomId, password_hash: str) -> None:
    await connection.execute(update(rooms).where(rooms.c.id == room_id).values(password_hash=password_hash))


async def admit(connection: AsyncConnection, room_id: RoomId, user_id: UserId, *, now: datetime) -> None:
    await insert_if_absent(
        connection, admissions, {"room_id": room_id, "user_id": user_id, "admitted_at": now}
    )


async def make_event(connection: AsyncConnection, room_id: RoomId, *, now: datetime) -> None:
    await insert_if_absent(connection, events, {"room_id": room_id, "created_at": now})


async def invite(
    connection: AsyncConnection, room_id: RoomId, emails: Sequence[str], *, now: datetime
) -> None:
    """Ties an invitation to the account of the address where there is one."""
    keys = [email_key(email) for email in emails]
    known = await connection.execute(select(users.c.email_key, users.c.id).where(users.c.email_key.in_(keys)))
    user_ids = {row.email_key: row.id for row in known}
    for key, email in sorted(zip(keys, emails, strict=True)):  # in one order, or two at once block each other
        values = {
            "room_id": room_id,
            "user_id": user_ids.get(key),
            "email": email,
            "email_key": key,
            "invited_at": now,
        }
        await insert_if_absent(connection, invitations, values)


async def invitations_to(connection: AsyncConnection, room_id: RoomId) -> list[Invitation]:
    query = (
        select(invitations.c.email, clients.c.username)
        .outerjoin_from(invitations, users, users.c.email_key == invitations.c.email_key)
        .outerjoin(clients, clients.c.user_id == users.c.id)
        .where(invitations.c.room_id == room_id)
        .order_by(invitations.c.id)
    )
    return [Invitation(email=row.email, username=row.username) for row in await connection.execute(query)]


async def ban(connection: AsyncConnection, room_id: RoomId, email: str, *, now: datetime) -> None:
    values = {"room_id": room_id, "email": email, "email_key": email_key(email), "banned_at": now}
    await insert_if_absent(connection, bans, values)


async def unban(connection: AsyncConnection, room_id: RoomId, email: str) -> None:
    await connection.execute(
        delete(bans).where(bans.c.room_id == room_id, bans.c.email_key == email_key(email))
    )


async def bans_of(connection: AsyncConnection, room_id: RoomId) -> list[Ban]:
    query = select(bans).where(bans.c.room_id == room_id).order_by(bans.c.banned_at, bans.c.email_key)
    return [Ban(email=row.email, banned_at=row.banned_at) for row in await connection.execute(query)]


async def remove_room(connection: AsyncConnection, room_id: RoomId) -> None:
    """With all that belongs to it, by the database's own cascades."""
    await connection.execute(delete(rooms).where(rooms.c.id == room_id))


def _message(row: Row[Any]) -> Message:
    return Message(
        position=row.id,
        message_id=row.message_id,
        author_id=row.author_id,
        author_name=row.author_name,
        author_email=row.author_email,
        text=row.text,
        sent_at=row.sent_at,
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
) -> bool:
    """False where the room already has a message with this id."""
    values = {
        "room_id": room_id,
        "message_id": message_id,
        "author_id": author_id,
        "author_name": author_name,
        "author_email": author_email,
        "text": text,
        "sent_at": now,
    }
    return await insert_if_absent(connection, messages, values)


async def message(connection: AsyncConnection, room_id: RoomId, message_id: str) -> Message | None:
    found = await connection.execute(
        select(messages).where(messages.c.room_id == room_id, messages.c.message_id == message_id)
    )
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


async def open_visit(
    connection: AsyncConnection,
    event_id: int,
    *,
    user_id: UserId,
    username: str,
    email: str,
    now: datetime,
) -> bool:
    """False where this person's visit is open already."""
    values = {
        "event_id": event_id,
        "user_id": user_id,
        "username": username,
        "email": email,
        "joined_at": now,
    }
    return await insert_if_absent(connection, event_log, values)


async def close_visit(connection: AsyncConnection, event_id: int, *, user_id: UserId, now: datetime) -> bool:
    """False where no visit of this person is open."""
    closed = await connection.execute(
        update(event_log)
        .where(
            event_log.c.event_id == event_id,
            event_log.c.user_id == user_id,
            event_log.c.left_at.is_(None),
        )
        .values(left_at=now)
    )
    return closed.rowcount > 0


async def close_all_visits(connection: AsyncConnection, *, now: datetime) -> None:
    await connection.execute(update(event_log).where(event_log.c.left_at.is_(None)).values(left_at=now))


async def visits(connection: AsyncConnection, event_id: int) -> list[Visit]:
    query = select(event_log).where(event_log.c.event_id == event_id).order_by(event_log.c.id)
    return [
        Visit(username=row.username, email=row.email, joined_at=row.joined_at, left_at=row.left_at)
        for row in await connection.execute(query)
    ]
