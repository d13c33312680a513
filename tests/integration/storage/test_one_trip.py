"""A transaction that runs as a whole in its connection's thread does what one in steps does."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, String, Table, bindparam, insert, select, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import IntegrityError

from parlour.bus import Bus
from parlour.db.database import Database, Transaction
from parlour.db.prepared import PreparedStatements, prepared
from parlour.db.transaction import OneTrip

rooms = Table(
    "rooms", MetaData(), Column("id", Integer, primary_key=True), Column("name", String, unique=True)
)
ADD = prepared(insert(rooms).values(name=bindparam("new_name")))
RENAME = prepared(update(rooms).where(rooms.c.name == bindparam("old")).values(name=bindparam("new_name")))
NAMES = prepared(select(rooms.c.name).order_by(rooms.c.id))
UNPREPARED = select(rooms.c.name).order_by(rooms.c.id)

names = st.sampled_from(["Garden", "Hall", "Attic", "Straße", ""])
bodies = st.lists(
    st.lists(
        st.tuples(st.just("add"), names)
        | st.tuples(st.just("rename"), names, names)
        | st.sampled_from([("ask",), ("ask unprepared",), ("await",), ("fact", "done"), ("refuse",)]),
        min_size=1,
        max_size=4,
    ),
    min_size=1,
    max_size=6,
)


class Refused(Exception):
    pass


async def body(connection: Transaction, steps: list[tuple[str, ...]]) -> list[Any]:
    found: list[Any] = []
    for what, *values in steps:
        match what:
            case "add":
                found.append((await connection.execute(ADD, {"new_name": values[0]})).rowcount)
            case "rename":
                old, new = values
                found.append((await connection.execute(RENAME, {"old": old, "new_name": new})).rowcount)
            case "ask":
                found.append([tuple(row) for row in await connection.execute(NAMES, {})])
            case "ask unprepared":
                found.append([tuple(row) for row in await connection.execute(UNPREPARED)])
            case "await":
                await asyncio.sleep(0)
            case "fact":
                connection.after_commit((values[0], len(found)))
            case "refuse":
                raise Refused
    return found


class Scene:
    def __init__(self, file: Path) -> None:
        self.heard: list[tuple[str, int]] = []
        bus = Bus()
        bus.subscribe(tuple, self.heard.append)
        self.database = Database(f"sqlite:///{file}", bus=bus)

    async def begin(self) -> None:
        async with self.database.transaction() as connection:
            await connection.run_sync(rooms.metadata.create_all)

    async def stored(self) -> list[str]:
        async with self.database.reading() as connection:
            return [row.name for row in await connection.execute(UNPREPARED)]

    async def in_steps(self, steps: list[tuple[str, ...]]) -> list[Any]:
        async with self.database.transaction() as connection:
            return await body(connection, steps)

    async def as_a_whole(self, steps: list[tuple[str, ...]]) -> list[Any]:
        return await self.database.transact(lambda connection: body(connection, steps))


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    scene = Scene(tmp_path / "parlour.db")
    await scene.begin()
    yield scene
    await scene.database.close()


async def outcomes(file: Path, taken: list[list[tuple[str, ...]]], *, as_a_whole: bool) -> list[Any]:
    file.unlink(missing_ok=True)
    scene = Scene(file)
    await scene.begin()
    found: list[Any] = []
    for steps in taken:
        try:
            found.append(await (scene.as_a_whole(steps) if as_a_whole else scene.in_steps(steps)))
        except Refused:
            found.append(Refused)
        except IntegrityError as error:
            found.append((type(error.orig), str(error.statement)))
        found.append(await scene.stored())
    await scene.database.close()
    return [found, scene.heard]


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies)
async def test_both_ways_agree(tmp_path: Path, taken: list[list[tuple[str, ...]]]) -> None:
    assert await outcomes(tmp_path / "one.db", taken, as_a_whole=True) == await outcomes(
        tmp_path / "other.db", taken, as_a_whole=False
    )


async def test_a_transaction_that_was_cancelled_is_no_half_one(scene: Scene) -> None:
    """It is committed and cost its connection, or left nothing behind; the next one works in either case."""
    for number in range(4):
        adding = asyncio.create_task(scene.as_a_whole([("add", f"Room {number}"), ("add", f"Hall {number}")]))
        for _ in range(number):
            await asyncio.sleep(0)
        adding.cancel()
        await asyncio.wait([adding])
        stored = await scene.stored()
        assert (f"Room {number}" in stored) == (f"Hall {number}" in stored)
    await scene.as_a_whole([("add", "Garden")])
    assert "Garden" in await scene.stored()


async def test_facts_are_published_in_the_order_of_the_commits(scene: Scene) -> None:
    adding = [
        scene.as_a_whole([("add", f"Room {number}"), ("fact", f"Room {number}")]) for number in range(20)
    ]
    await asyncio.gather(*adding)
    assert [name for name, _ in scene.heard] == await scene.stored()


def test_what_nobody_waits_for_any_more_is_not_committed() -> None:
    """Else a caller who was told that it failed would find it done, and its facts would be lost."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE rooms (id INTEGER PRIMARY KEY, name TEXT UNIQUE)")
    trip = OneTrip(connection, PreparedStatements(sqlite.dialect(paramstyle="qmark")))
    with pytest.raises(sqlite3.OperationalError, match="connection closed"):
        trip.run(lambda transaction: body(transaction, [("add", "Garden")]), lambda: True)
    assert not connection.in_transaction
    assert connection.execute("SELECT count(*) FROM rooms").fetchone() == (0,)
    connection.close()
