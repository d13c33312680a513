"""A person who is at one event at two nodes, and leaves one of them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from parlour.accounts.identity import ClientIdentity, UserId
from parlour.db.database import Database
from parlour.db.migrate import migrate
from parlour.db.tables import event_log, events, rooms, users
from parlour.events.attendance import AttendanceLog
from parlour.node_id import new_node_id
from parlour.rooms.access import InvitationAccess
from parlour.rooms.entities import Room, RoomId
from tests.conftest import Databases

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ANN = ClientIdentity(user_id=UserId(1), email="ann@example.org", username="ann")
EVENT = Room(
    room_id=RoomId(1),
    name="fair",
    description="",
    creator_id=None,
    creator_name="ann",
    created_at=NOW,
    access=InvitationAccess(1),
)


@pytest.fixture
async def storage(database: str, databases: Databases, tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(await databases.create(database) or f"sqlite:///{tmp_path / 'parlour.db'}")
    await migrate(opened)
    async with opened.transaction() as connection:
        person = {"email": ANN.email, "email_key": ANN.email, "created_at": NOW}
        await connection.execute(insert(users).values(id=1, **person))
        room = {"name": "fair", "name_key": "fair", "password_hash": "", "description": ""}
        await connection.execute(insert(rooms).values(id=1, creator_name="ann", created_at=NOW, **room))
        await connection.execute(insert(events).values(id=1, room_id=1, created_at=NOW))
    yield opened
    await opened.close()


async def test_a_visit_that_took_over_another_row_comes_back(storage: Database) -> None:
    """Two rows name it then: only the last one goes on."""
    now = NOW
    one, other = (
        AttendanceLog(new_node_id(), database=storage, clock=lambda: now, proof_seconds=0.0) for _ in range(2)
    )

    async def passes(log: AttendanceLog, *, visit: str, comes: bool) -> None:
        nonlocal now
        now += timedelta(seconds=1)
        (log.joined if comes else log.left)(visit, ANN, EVENT)
        await log.step()

    await passes(one, visit="first", comes=True)
    await passes(one, visit="first", comes=False)
    await passes(one, visit="second", comes=True)
    await passes(other, visit="first", comes=True)
    await passes(other, visit="first", comes=False)
    await passes(other, visit="first", comes=True)
    async with storage.reading() as connection:
        rows = (await connection.execute(select(event_log).order_by(event_log.c.id))).all()
    assert [(row.visit, row.left_at is None) for row in rows] == [("first", False), ("first", True)]


async def test_the_other_presence_has_no_gap(storage: Database) -> None:
    """The row of a person is kept by the node at which she came last, until she leaves that."""
    times = [NOW + timedelta(seconds=number) for number in range(4)]
    now = times[0]
    one, other = (
        AttendanceLog(new_node_id(), database=storage, clock=lambda: now, proof_seconds=0.0) for _ in range(2)
    )
    one.joined("first", ANN, EVENT)
    await one.step()
    now = times[1]
    other.joined("second", ANN, EVENT)
    await other.step()
    now = times[2]
    other.left("second", ANN, EVENT)
    await other.step()
    now = times[3]
    await one.step()
    async with storage.reading() as connection:
        rows = (await connection.execute(select(event_log).order_by(event_log.c.id))).all()
    assert [(row.joined_at, row.left_at) for row in rows] == [(times[0], times[2]), (times[2], None)]


async def test_a_visit_that_an_earlier_one_has_left_its_row_is_resumed_at_the_other_node(
    storage: Database,
) -> None:
    """The connection was lost a second before, and the visit goes on: so does its row."""
    now = NOW
    one, other = (
        AttendanceLog(new_node_id(), database=storage, clock=lambda: now, proof_seconds=0.0) for _ in range(2)
    )
    one.joined("first", ANN, EVENT)
    one.joined("second", ANN, EVENT)
    one.left("first", ANN, EVENT)
    await one.step()
    one.left("second", ANN, EVENT, at=now + timedelta(seconds=1))
    await one.step()
    now += timedelta(seconds=2)
    other.joined("second", ANN, EVENT)
    await other.step()
    async with storage.reading() as connection:
        rows = (await connection.execute(select(event_log))).all()
    assert [(row.visit, row.joined_at, row.left_at) for row in rows] == [("second", NOW, None)]
