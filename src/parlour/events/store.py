"""The rows of attendance. Every function works in the caller's transaction."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    case,
    exists,
    func,
    or_,
    select,
    update,
)

from parlour.accounts.identity import Identity, UserId
from parlour.db.database import AsyncConnection
from parlour.db.rows import rows_in_turns
from parlour.db.tables import (
    event_log,
    servers,
)
from parlour.db.upsert import insert_if_absent
from parlour.events.entities import AttendanceRow
from parlour.node_id import NodeId

ROWS_A_MINUTE = 10
"""Match the open row of one person's attendance at one event."""


def _is_open(event_id: int, user_id: UserId) -> ColumnElement[bool]:
    return and_(
        event_log.c.event_id == event_id, event_log.c.user_id == user_id, event_log.c.left_at.is_(None)
    )


async def open_row(
    connection: AsyncConnection,
    event_id: int,
    *,
    identity: Identity,
    visit: str,
    server_id: NodeId,
    now: datetime,
) -> None:
    """Open a visit's row: the one that is open, its own last one from before a crash, or a new one.

    Two rows may name the visit, since it takes over an open row of another visit of the same person.
    """
    mine = and_(event_log.c.event_id == event_id, event_log.c.visit == visit)
    my_last = event_log.c.id == select(func.max(event_log.c.id)).where(mine).scalar_subquery()
    for known in (_is_open(event_id, identity.user_id), my_last):
        values = {"visit": visit, "server_id": server_id, "seen_at": now, "left_at": None}
        if (await connection.execute(update(event_log).where(known).values(values))).rowcount > 0:
            return
    row = _row(event_id, identity, server_id, now) | {"visit": visit}
    if not await _continue_last_row(connection, row):
        await insert_if_absent(connection, event_log, row)


async def _continue_last_row(connection: AsyncConnection, row: dict[str, Any]) -> bool:
    """Opens this person's last row again where they came too often within a minute for a row each.

    So their presence is right but for gaps of seconds, and the rows stay few. False where the new row is due.
    """
    now: datetime = row["joined_at"]
    lately = and_(
        event_log.c.event_id == row["event_id"],
        event_log.c.user_id == row["user_id"],
        event_log.c.joined_at > now - timedelta(minutes=1),
        event_log.c.joined_at <= now,
    )
    query = select(event_log.c.id).where(lately).order_by(event_log.c.joined_at.desc()).limit(ROWS_A_MINUTE)
    rows = (await connection.execute(query)).scalars().all()
    if len(rows) < ROWS_A_MINUTE:
        return False
    values = {"left_at": None, "seen_at": now, "visit": row.get("visit"), "server_id": row["server_id"]}
    await connection.execute(update(event_log).where(event_log.c.id == max(rows)).values(values))
    return True


async def open_rows(connection: AsyncConnection, event_ids: Iterable[int]) -> set[tuple[int, UserId]]:
    """Read which people are at which of these events, as it is written."""
    query = select(event_log.c.event_id, event_log.c.user_id).where(
        event_log.c.event_id.in_(list(event_ids)), event_log.c.left_at.is_(None)
    )
    return {(row.event_id, row.user_id) for row in await connection.execute(query)}


async def last_end(connection: AsyncConnection, event_id: int, *, user_id: UserId) -> datetime | None:
    """Read when a person's last row at an event has ended."""
    of_person = and_(event_log.c.event_id == event_id, event_log.c.user_id == user_id)
    ended = select(event_log.c.left_at).where(of_person, event_log.c.left_at.is_not(None))
    query = ended.order_by(event_log.c.left_at.desc()).limit(1)
    return (await connection.execute(query)).scalar_one_or_none()


async def close_row(connection: AsyncConnection, visit: str, *, server_id: NodeId, now: datetime) -> None:
    """Close the row of a visit, never before its beginning, however the clock was set.

    Nothing happens where another server keeps it: a visit that was resumed there has ended here alone.
    """
    left_at = case((event_log.c.joined_at > now, event_log.c.joined_at), else_=now)
    await connection.execute(
        update(event_log).where(_is_kept(visit, server_id)).values(left_at=left_at, seen_at=left_at)
    )


async def pass_row_on(connection: AsyncConnection, visit: str, *, to: str, server_id: NodeId) -> None:
    """Have the open row of a visit stand for another one of the person, unless another server keeps it."""
    await connection.execute(update(event_log).where(_is_kept(visit, server_id)).values(visit=to))


def _is_kept(visit: str, server_id: NodeId) -> ColumnElement[bool]:
    """Match the open row of a visit, if this server keeps it."""
    return and_(event_log.c.visit == visit, event_log.c.server_id == server_id, event_log.c.left_at.is_(None))


async def prove_visits(connection: AsyncConnection, server_id: NodeId, *, now: datetime) -> None:
    """All that this server sees are there now."""
    is_seen = and_(
        event_log.c.left_at.is_(None), event_log.c.visit.is_not(None), event_log.c.server_id == server_id
    )
    await connection.execute(update(event_log).where(is_seen).values(seen_at=now))


_IS_ABANDONED = and_(
    event_log.c.left_at.is_(None),
    or_(event_log.c.server_id.is_(None), event_log.c.server_id.not_in(select(servers.c.id))),
)
"""An open row whose server is no more, or that a version wrote which did not say who keeps it."""


async def has_abandoned_rows(connection: AsyncConnection) -> bool:
    return bool((await connection.execute(select(exists().where(_IS_ABANDONED)))).scalar())


async def close_abandoned_rows(connection: AsyncConnection) -> None:
    """Each at its last proof of presence."""
    last = func.coalesce(event_log.c.seen_at, event_log.c.joined_at)
    await connection.execute(update(event_log).where(_IS_ABANDONED).values(left_at=last))


async def open_claimed_row(
    connection: AsyncConnection, event_id: int, *, identity: Identity, server_id: NodeId, now: datetime
) -> None:
    """Nothing happens where this person's row is open already."""
    is_open = select(event_log.c.id).where(_is_open(event_id, identity.user_id))
    if (await connection.execute(is_open)).first() is not None:
        return
    row = _row(event_id, identity, server_id, now)
    if not await _continue_last_row(connection, row):
        await insert_if_absent(connection, event_log, row)


async def close_claimed_row(
    connection: AsyncConnection, event_id: int, *, user_id: UserId, now: datetime
) -> None:
    """Nothing happens where no row of this person is open, or the server keeps it."""
    claimed = and_(_is_open(event_id, user_id), event_log.c.visit.is_(None))
    await connection.execute(update(event_log).where(claimed).values(left_at=now))


def _row(event_id: int, identity: Identity, server_id: NodeId, now: datetime) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "user_id": identity.user_id,
        "username": identity.name,
        "display_name": identity.display_name,
        "email": identity.email,
        "joined_at": now,
        "seen_at": now,
        "server_id": server_id,
    }


async def visits(
    connection: AsyncConnection, event_id: int, *, after: int | None, limit: int
) -> list[AttendanceRow]:
    """The oldest first; `after` is the number of the last row of the page before."""
    query = select(event_log).where(event_log.c.event_id == event_id, event_log.c.id > (after or 0))
    return [
        AttendanceRow(
            number=row.id,
            username=row.username,
            email=row.email,
            joined_at=row.joined_at,
            left_at=row.left_at,
            display_name=row.display_name,
        )
        async for row in rows_in_turns(connection, query.order_by(event_log.c.id).limit(limit))
    ]
