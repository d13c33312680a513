"""The rows of rooms. Every function works in the caller's transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Row,
    Select,
    String,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from parlour.accounts.identity import UserId
from parlour.db.database import AsyncConnection
from parlour.db.prepared import prepared
from parlour.db.rows import ROWS_A_TURN, rows_in_turns
from parlour.db.tables import (
    Id,
    admissions,
    bans,
    clients,
    events,
    guests,
    invitations,
    messages,
    rooms,
    users,
)
from parlour.db.upsert import insert_if_absent, insert_many_if_absent
from parlour.errors import InvalidToken
from parlour.rooms.access import InvitationAccess, PasswordAccess
from parlour.rooms.entities import Ban, Invitation, Room, RoomId
from parlour.rooms.policy import MembershipFacts
from parlour.rooms.schedule import Schedule
from parlour.scheduling.turns import in_turns
from parlour.wire.addresses import email_key
from parlour.wire.base import RoomEncryption, RoomTopology
from parlour.wire.names import name_key, name_skeleton, older_name_key, search_key

KEPT_ROOMS = 16_384
"""Rooms of lists that are kept, some 10 MB: at eight everybody asks for the same ones."""

_ROOM: Select[Any] = select(
    *(column for column in rooms.c if column is not rooms.c.description_key),
    events.c.id.label("event_id"),
    events.c.starts_at,
    events.c.starts_offset,
    events.c.duration_minutes,
    events.c.sequence,
).outerjoin_from(rooms, events, events.c.room_id == rooms.c.id)
_LISTED_ROOM = _ROOM.add_columns(clients.c.display_name.label("creator_display_name")).outerjoin(
    clients, clients.c.user_id == rooms.c.creator_id
)
"""A room with its creator's display name, as lists show it."""


def _room(row: Row[Any], creator_display_name: str | None = None) -> Room:
    return Room(
        room_id=RoomId(row.id),
        name=row.name,
        description=row.description,
        creator_id=row.creator_id,
        creator_name=row.creator_name,
        created_at=row.created_at,
        access=PasswordAccess(row.password_hash) if row.event_id is None else InvitationAccess(row.event_id),
        is_listed=row.is_listed,
        is_relay_only=row.is_relay_only,
        topology=row.topology,
        encryption=row.encryption,
        creator_display_name=creator_display_name,
        schedule=None if row.starts_at is None else _schedule(row),
    )


def _schedule(row: Row[Any]) -> Schedule:
    minutes = row.duration_minutes
    return Schedule(
        row.starts_at.astimezone(timezone(timedelta(minutes=row.starts_offset or 0))),
        None if minutes is None else timedelta(minutes=minutes),
        row.sequence,
    )


@lru_cache(maxsize=KEPT_ROOMS)
def _listed_room(row: Row[Any]) -> Room:
    return _room(row, row.creator_display_name)


def _is_invited(user_id: UserId | BindParameter[int]) -> ColumnElement[bool]:
    """Match by address: an account may be newer than its invitation, and end before."""
    own = select(users.c.email_key).where(users.c.id == user_id).scalar_subquery()
    return exists().where(invitations.c.room_id == rooms.c.id, invitations.c.email_key == own)


def _is_banned(user_id: UserId | BindParameter[int]) -> ColumnElement[bool]:
    """Match by address, as a ban outlives its account, or by account, whose address may be another now."""
    own = select(users.c.email_key).where(users.c.id == user_id).scalar_subquery()
    return exists().where(
        bans.c.room_id == rooms.c.id, or_(bans.c.email_key == own, bans.c.user_id == user_id)
    )


_older_rooms = rooms.alias("older_rooms")
_CALLED = func.coalesce(
    select(_older_rooms.c.name_key)
    .where(_older_rooms.c.name_key == bindparam("older_key"))
    .scalar_subquery(),
    bindparam("name_key", type_=String),
)
"""The key of the room that is called so: a room of before, whose key another has, by its exact name."""


def _called(name: str) -> dict[str, str]:
    """The values of `_CALLED`."""
    return {"name_key": name_key(name), "older_key": older_name_key(name)}


_ASKING: BindParameter[int] = bindparam("user_id", type_=Id)
_ADMITTED = exists().where(admissions.c.room_id == rooms.c.id, admissions.c.user_id == _ASKING)
_WITH_FACTS = _ROOM.add_columns(
    _is_invited(_ASKING).label("is_invited"),
    _is_banned(_ASKING).label("is_banned"),
    _ADMITTED.label("is_admitted"),
)
_ROOM_AND_FACTS = prepared(_WITH_FACTS.where(rooms.c.name_key == _CALLED))
_SHOWN_ROOM_AND_FACTS = _ROOM_AND_FACTS.add_columns(
    clients.c.display_name.label("creator_display_name")
).outerjoin(clients, clients.c.user_id == rooms.c.creator_id)
_caller = users.alias("caller")
_HELD_ROOM_AND_FACTS = prepared(
    _ROOM_AND_FACTS.join(_caller, _caller.c.id == _ASKING).with_for_update(
        read=True, key_share=True, of=[rooms, _caller]
    )
)
"""FOR KEY SHARE is what a foreign key asks for anyway: it keeps off deletion and nothing else."""


async def room_and_facts(
    connection: AsyncConnection, name: str, user_id: UserId
) -> tuple[Room, MembershipFacts] | None:
    asked = {**_called(name), "user_id": user_id}
    row = (await connection.execute(_ROOM_AND_FACTS, asked)).one_or_none()
    return None if row is None else _room_with_facts(row, user_id)


async def shown_room_and_facts(
    connection: AsyncConnection, name: str, user_id: UserId
) -> tuple[Room, MembershipFacts] | None:
    """Find a room with its creator's display name, and the caller's facts, in one indexed statement."""
    asked = {**_called(name), "user_id": user_id}
    row = (await connection.execute(_SHOWN_ROOM_AND_FACTS, asked)).one_or_none()
    if row is None:
        return None
    room, facts = _room_with_facts(row, user_id)
    return replace(room, creator_display_name=row.creator_display_name), facts


async def held_room_and_facts(
    connection: AsyncConnection, name: str, user_id: UserId
) -> tuple[Room, MembershipFacts] | None:
    """Lock (FOR KEY SHARE) for a transaction that writes: room and caller are not deleted before it ends.

    What refers to either would else be refused by the database in the middle of it (a foreign key). Raises
    InvalidToken where the caller's account is no more.
    """
    asked = {**_called(name), "user_id": user_id}
    row = (await connection.execute(_HELD_ROOM_AND_FACTS, asked)).one_or_none()
    if row is not None:
        return _room_with_facts(row, user_id)
    if await room_exists(connection, name):
        raise InvalidToken
    return None


async def hold_user(connection: AsyncConnection, user_id: UserId) -> str | None:
    """The address of the account, which is not deleted before the transaction ends; None where it is gone."""
    query = select(users.c.email).where(users.c.id == user_id).with_for_update(read=True, key_share=True)
    email: str | None = (await connection.execute(query)).scalar()
    return email


def _room_with_facts(row: Row[Any], user_id: UserId) -> tuple[Room, MembershipFacts]:
    return _room(row), _facts(row, is_creator=row.creator_id == user_id)


def _facts(row: Row[Any], *, is_creator: bool) -> MembershipFacts:
    return MembershipFacts(
        is_creator=is_creator,
        is_invited=bool(row.is_invited),
        is_admitted=bool(row.is_admitted),
        is_banned=bool(row.is_banned),
    )


_ROOM_ID: BindParameter[int] = bindparam("room_id", type_=Id)
_ROOM_BY_ID = _ROOM.where(rooms.c.id == _ROOM_ID)
_FACTS_OF_MANY = select(
    users.c.id,
    exists()
    .where(invitations.c.room_id == _ROOM_ID, invitations.c.email_key == users.c.email_key)
    .label("is_invited"),
    exists()
    .where(
        bans.c.room_id == _ROOM_ID,
        or_(bans.c.email_key == users.c.email_key, bans.c.user_id == users.c.id),
    )
    .label("is_banned"),
    exists().where(admissions.c.room_id == _ROOM_ID, admissions.c.user_id == users.c.id).label("is_admitted"),
).where(users.c.id.in_(bindparam("user_ids", expanding=True)))
_DISPLAY_NAMES = (
    select(users.c.id, func.coalesce(clients.c.display_name, guests.c.display_name).label("display_name"))
    .outerjoin_from(users, clients, clients.c.user_id == users.c.id)
    .outerjoin(guests, guests.c.user_id == users.c.id)
    .where(users.c.id.in_(bindparam("user_ids", expanding=True)))
)


async def room_and_all_facts(
    connection: AsyncConnection, room_id: RoomId, user_ids: Sequence[UserId]
) -> tuple[Room, dict[UserId, MembershipFacts]] | None:
    """Find the facts of many people at once; a deleted account has none."""
    room = (await connection.execute(_ROOM_BY_ID, {"room_id": room_id})).one_or_none()
    if room is None:
        return None
    facts_by_user = dict.fromkeys(user_ids, MembershipFacts())
    asked = {"room_id": room_id, "user_ids": list(user_ids)}
    for row in await connection.execute(_FACTS_OF_MANY, asked):
        facts_by_user[row.id] = _facts(row, is_creator=row.id == room.creator_id)
    return _room(room), facts_by_user


async def display_names(connection: AsyncConnection, user_ids: Sequence[UserId]) -> dict[UserId, str | None]:
    """Find the display names of many people at once; a deleted account is not among them."""
    found = await connection.execute(_DISPLAY_NAMES, {"user_ids": list(user_ids)})
    return {UserId(row.id): row.display_name for row in found}


_FACTS_IN_MANY = _WITH_FACTS.where(rooms.c.id.in_(bindparam("room_ids", expanding=True)))


async def rooms_and_facts(
    connection: AsyncConnection, room_ids: Sequence[RoomId], user_id: UserId
) -> list[tuple[Room, MembershipFacts]]:
    """Find a person's facts in many rooms at once; a deleted room has none."""
    asked = {"room_ids": list(room_ids), "user_id": user_id}
    found = await connection.execute(_FACTS_IN_MANY, asked)
    return [_room_with_facts(row, user_id) for row in found]


_SEARCHED = or_(
    rooms.c.name_key.like(bindparam("name_pattern", type_=String), escape="\\"),
    *(
        text.like(bindparam("text_pattern", type_=String), escape="\\")
        for text in (
            func.coalesce(rooms.c.description_key, func.lower(rooms.c.description)),
            func.coalesce(clients.c.username_key, func.lower(rooms.c.creator_name)),
            func.coalesce(clients.c.display_name_key, func.lower(clients.c.display_name)),
        )
    ),
)
"""Keys are compared, which are folded alike for both databases; a row of a version before may lack one."""


def _search_patterns(search: str) -> dict[str, str]:
    """The values of `_SEARCHED`. A name is found whatever its spaces and width, as it is when entered."""
    name, text = (
        part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        for part in (name_key(search), search_key(search))
    )
    return {"name_pattern": f"%{name}%", "text_pattern": f"%{text}%"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomFilter:
    """Which of the visible rooms a list has. `mine`: those that the person created or is invited to."""

    search: str | None = None
    mine: bool = False


EVERY_ROOM = RoomFilter()


@cache
def _visible_rooms(*, to_a_person: bool, after_another: bool, searched: bool, mine: bool) -> Select[Any]:
    free: ColumnElement[bool] = events.c.id.is_(None)
    visible = and_(free, rooms.c.is_listed)
    if to_a_person:
        member = and_(or_(_is_invited(_ASKING), and_(free, _ADMITTED)), ~_is_banned(_ASKING))
        visible = or_(visible, rooms.c.creator_id == _ASKING, member)
        if mine:
            visible = or_(rooms.c.creator_id == _ASKING, and_(_is_invited(_ASKING), ~_is_banned(_ASKING)))
    query = _LISTED_ROOM.where(visible).order_by(rooms.c.name_key)
    if after_another:
        query = query.where(rooms.c.name_key > _CALLED)
    if searched:
        query = query.where(_SEARCHED)
    return prepared(query.limit(bindparam("at_most", type_=Integer)))


async def visible_rooms(
    connection: AsyncConnection,
    user_id: UserId | None,
    *,
    limit: int,
    after: str | None,
    only: RoomFilter = EVERY_ROOM,
) -> list[Room]:
    """List rooms by name: events to creator and invitees alone, unlisted rooms to the admitted too."""
    named: dict[str, Any] = {"at_most": limit}
    if user_id is not None:
        named["user_id"] = user_id
    if after is not None:
        named |= _called(after)
    if only.search is not None:
        named |= _search_patterns(only.search)
    query = _visible_rooms(
        to_a_person=user_id is not None,
        after_another=after is not None,
        searched=only.search is not None,
        mine=only.mine,
    )
    return [_listed_room(row) for row in await connection.execute(query, named)]


async def all_rooms(connection: AsyncConnection) -> list[Room]:
    return [_room(row) for row in await connection.execute(_ROOM.order_by(rooms.c.name_key))]


async def room_called(connection: AsyncConnection, name: str) -> Room | None:
    found = await connection.execute(_ROOM.where(rooms.c.name_key == _CALLED), _called(name))
    row = found.one_or_none()
    return None if row is None else _room(row)


async def hidden_rooms_among(
    connection: AsyncConnection, room_ids: Iterable[RoomId]
) -> dict[RoomId, set[UserId]]:
    """Which of these rooms not everybody sees, and who may see each.

    Events are seen by their creator and invitees, rooms that are not listed by the admitted too.
    """
    ids = list(room_ids)
    creators = (
        select(rooms.c.id, rooms.c.creator_id)
        .outerjoin_from(rooms, events, events.c.room_id == rooms.c.id)
        .where(rooms.c.id.in_(ids), or_(events.c.id.is_not(None), ~rooms.c.is_listed))
    )
    seen = {
        RoomId(row.id): {UserId(person) for person in (row.creator_id,) if person is not None}
        async for row in rows_in_turns(connection, creators)
    }
    for query in (_invited_to(seen), _admitted_to(seen)):
        if seen:
            async for row in rows_in_turns(connection, query):
                seen[RoomId(row.room_id)].add(UserId(row.user_id))
    return seen


def _invited_to(room_ids: Iterable[RoomId]) -> Select[Any]:
    is_banned = exists().where(
        bans.c.room_id == invitations.c.room_id,
        or_(bans.c.email_key == invitations.c.email_key, bans.c.user_id == users.c.id),
    )
    return (
        select(invitations.c.room_id, users.c.id.label("user_id"))
        .join_from(invitations, users, and_(users.c.email_key == invitations.c.email_key, ~is_banned))
        .where(invitations.c.room_id.in_(list(room_ids)))
    )


def _admitted_to(room_ids: Iterable[RoomId]) -> Select[Any]:
    """An event's admissions count no more."""
    is_event = exists().where(events.c.room_id == admissions.c.room_id)
    is_banned = exists().where(
        bans.c.room_id == admissions.c.room_id,
        or_(bans.c.email_key == users.c.email_key, bans.c.user_id == users.c.id),
    )
    return (
        select(admissions.c.room_id, admissions.c.user_id)
        .join_from(admissions, users, and_(users.c.id == admissions.c.user_id, ~is_banned))
        .where(admissions.c.room_id.in_(list(room_ids)), ~is_event)
    )


async def add_room(
    connection: AsyncConnection,
    *,
    name: str,
    password_hash: str,
    description: str,
    creator_id: UserId,
    creator_name: str,
    now: datetime,
    is_listed: bool = True,
    is_relay_only: bool = False,
    topology: RoomTopology = "auto",
    encryption: RoomEncryption = "auto",
) -> None:
    """Raises IntegrityError where the name is taken."""
    await connection.execute(
        insert(rooms).values(
            name=name,
            name_key=name_key(name),
            name_skeleton=name_skeleton(name),
            password_hash=password_hash,
            description=description,
            description_key=search_key(description),
            creator_id=creator_id,
            creator_name=creator_name,
            is_listed=is_listed,
            is_relay_only=is_relay_only,
            topology=topology,
            encryption=encryption,
            created_at=now,
        )
    )


async def room_exists(connection: AsyncConnection, name: str) -> bool:
    found = await connection.execute(select(rooms.c.id).where(rooms.c.name_key == _CALLED), _called(name))
    return found.first() is not None


async def is_name_taken(connection: AsyncConnection, name: str) -> bool:
    """Tell if a room has this name, or one that looks the same (UTS #39 skeleton)."""
    looks = or_(rooms.c.name_key == _CALLED, rooms.c.name_skeleton == name_skeleton(name))
    return (await connection.execute(select(rooms.c.id).where(looks), _called(name))).first() is not None


async def change_room(connection: AsyncConnection, room_id: RoomId, columns: dict[str, str | bool]) -> None:
    """The description brings its key along."""
    description = columns.get("description")
    if isinstance(description, str):
        columns = {**columns, "description_key": search_key(description)}
    await connection.execute(update(rooms).where(rooms.c.id == room_id).values(columns))


async def set_password(connection: AsyncConnection, room_id: RoomId, password_hash: str) -> None:
    await connection.execute(update(rooms).where(rooms.c.id == room_id).values(password_hash=password_hash))


async def replace_password(
    connection: AsyncConnection, room_id: RoomId, password_hash: str, *, instead_of: str
) -> None:
    """Nothing happens where another request has replaced that hash already."""
    is_the_same = and_(rooms.c.id == room_id, rooms.c.password_hash == instead_of)
    await connection.execute(update(rooms).where(is_the_same).values(password_hash=password_hash))


async def admit(connection: AsyncConnection, room_id: RoomId, user_id: UserId, *, now: datetime) -> None:
    await insert_if_absent(
        connection, admissions, {"room_id": room_id, "user_id": user_id, "admitted_at": now}
    )


async def make_event(connection: AsyncConnection, room_id: RoomId, *, now: datetime) -> None:
    await insert_if_absent(connection, events, {"room_id": room_id, "created_at": now})


async def set_schedule(connection: AsyncConnection, room_id: RoomId, schedule: Schedule | None) -> int:
    """Change when an event takes place; return how often that has been changed by now.

    Nothing happens where the room is no event.
    """
    columns = dict.fromkeys(("starts_at", "starts_offset", "duration_minutes"))
    if schedule is not None:
        offset = schedule.starts_at.utcoffset() or timedelta()
        columns = {
            "starts_at": schedule.starts_at,
            "starts_offset": offset // timedelta(minutes=1),
            "duration_minutes": schedule.duration_minutes,
        }
    counted = (
        update(events)
        .where(events.c.room_id == room_id)
        .values(**columns, sequence=events.c.sequence + 1)
        .returning(events.c.sequence)
    )
    return (await connection.execute(counted)).scalar() or 0


async def languages_of(connection: AsyncConnection, emails: Iterable[str]) -> dict[str, str]:
    """Return the languages of the accounts that some addresses have, by the addresses' keys."""
    keys = {email_key(email) async for email in in_turns(emails, each=10)}
    query = select(users.c.email_key, users.c.language).where(
        users.c.email_key.in_(keys), users.c.language.is_not(None)
    )
    return {row.email_key: row.language for row in await connection.execute(query)}


async def invite(
    connection: AsyncConnection, room_id: RoomId, emails: Sequence[str], *, now: datetime
) -> None:
    """Ties an invitation to the account of the address where there is one."""
    keys = [email_key(email) async for email in in_turns(emails, each=10)]
    accounts = select(users.c.email_key, users.c.id).where(users.c.email_key.in_(keys)).order_by(users.c.id)
    known = await connection.execute(accounts.with_for_update(read=True, key_share=True))
    user_ids = {row.email_key: row.id for row in known}
    rows = [
        {
            "room_id": room_id,
            "user_id": user_ids.get(key),
            "email": email,
            "email_key": key,
            "invited_at": now,
        }
        for key, email in sorted(zip(keys, emails, strict=True))  # or two at once block each other
    ]
    for start in range(0, len(rows), ROWS_A_TURN):
        await insert_many_if_absent(connection, invitations, rows[start : start + ROWS_A_TURN])


async def take_back_invitation(connection: AsyncConnection, room_id: RoomId, email: str) -> frozenset[UserId]:
    """Delete the invitation of an address. Answers who has the address now."""
    key = email_key(email)
    here = and_(invitations.c.room_id == room_id, invitations.c.email_key == key)
    await connection.execute(delete(invitations).where(here))
    found = await connection.execute(select(users.c.id).where(users.c.email_key == key))
    return frozenset(UserId(row.id) for row in found)


async def invitations_to(connection: AsyncConnection, room_id: RoomId) -> list[Invitation]:
    query = (
        select(
            invitations.c.email,
            clients.c.username,
            func.coalesce(clients.c.display_name, guests.c.display_name).label("display_name"),
        )
        .outerjoin_from(invitations, users, users.c.email_key == invitations.c.email_key)
        .outerjoin(clients, clients.c.user_id == users.c.id)
        .outerjoin(guests, guests.c.user_id == users.c.id)
        .where(invitations.c.room_id == room_id)
        .order_by(invitations.c.id)
    )
    return [
        Invitation(email=row.email, username=row.username, display_name=row.display_name)
        async for row in rows_in_turns(connection, query)
    ]


async def invitees(
    connection: AsyncConnection, room_id: RoomId, *, but: str, at_most: int
) -> dict[str, str | None]:
    """Return the addresses that are invited to a room and not banned there, without `but`: the first ones.

    Each has the language of its account, None where it has no account that says one.
    """
    banned = exists().where(bans.c.room_id == room_id, bans.c.email_key == invitations.c.email_key)
    query = (
        select(invitations.c.email, users.c.language)
        .outerjoin_from(invitations, users, users.c.email_key == invitations.c.email_key)
        .where(invitations.c.room_id == room_id, invitations.c.email_key != email_key(but), ~banned)
        .order_by(invitations.c.id)
        .limit(at_most)
    )
    return {row.email: row.language async for row in rows_in_turns(connection, query)}


async def room_of_invitation(connection: AsyncConnection, room_id: int, email: str) -> Room | None:
    """The room, where this address is invited to it still and not banned there."""
    key = email_key(email)
    invited = exists().where(invitations.c.room_id == rooms.c.id, invitations.c.email_key == key)
    banned = exists().where(bans.c.room_id == rooms.c.id, bans.c.email_key == key)
    query = _LISTED_ROOM.where(rooms.c.id == room_id, invited, ~banned)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _listed_room(row)


async def ban(
    connection: AsyncConnection, room_id: RoomId, email: str, *, now: datetime
) -> frozenset[UserId]:
    """Bans the address, who has it now, and who wrote in this room when they had it. Answers who they are.

    The creator knows the address from the chat, where it stays as it was.
    """
    key = email_key(email)
    wrote = select(messages.c.author_id).where(
        messages.c.room_id == room_id, messages.c.author_email == email, messages.c.author_id.is_not(None)
    )
    people = (
        select(users.c.id, users.c.email_key)
        .where(or_(users.c.email_key == key, users.c.id.in_(wrote)))
        .order_by(users.c.id)
        .with_for_update(read=True, key_share=True)
    )
    found = (await connection.execute(people)).all()
    owner = next((user.id for user in found if user.email_key == key), None)
    banned = [(key, owner), *((user.email_key, user.id) for user in found if user.id != owner)]
    for one_key, user_id in banned:
        values = {
            "room_id": room_id,
            "email": email,
            "email_key": one_key,
            "user_id": user_id,
            "banned_at": now,
        }
        await insert_if_absent(connection, bans, values)
    return frozenset(UserId(user.id) for user in found)


async def unban(connection: AsyncConnection, room_id: RoomId, email: str) -> None:
    """Lifts the ban that the creator knows by this address, and any of the account that has it now."""
    key = email_key(email)
    owner = select(users.c.id).where(users.c.email_key == key).scalar_subquery()
    here = bans.c.room_id == room_id
    query = select(bans.c.email, bans.c.user_id).where(
        here, or_(bans.c.email_key == key, bans.c.email == email, bans.c.user_id == owner)
    )
    found = (await connection.execute(query)).all()
    known_by = {row.email for row in found}
    accounts = {row.user_id for row in found if row.user_id is not None}
    await connection.execute(
        delete(bans).where(here, or_(bans.c.email.in_(known_by), bans.c.user_id.in_(accounts)))
    )


async def bans_of(connection: AsyncConnection, room_id: RoomId) -> list[Ban]:
    """List one ban for each address that the creator knows, however many its owner has had since."""
    since = func.min(bans.c.banned_at, type_=bans.c.banned_at.type)
    query = select(bans.c.email, since.label("banned_at")).where(bans.c.room_id == room_id)
    query = query.group_by(bans.c.email).order_by(since, bans.c.email)
    return [Ban(email=row.email, banned_at=row.banned_at) async for row in rows_in_turns(connection, query)]


async def remove_room(connection: AsyncConnection, room_id: RoomId) -> bool:
    """Delete a room and, by the database's own cascades, all that belongs to it. False where it was gone."""
    return bool((await connection.execute(delete(rooms).where(rooms.c.id == room_id))).rowcount)
