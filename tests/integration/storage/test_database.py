"""Transactions, on both databases; and what SQLite is told to be."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, inspect, select, text
from sqlalchemy.exc import IntegrityError

from parlour.bus import Bus
from parlour.db.database import Database
from parlour.db.migrate import migrate
from parlour.db.tables import admissions, users
from tests.conftest import Databases, Unique
from tests.people import Visitors
from tests.servers import ParlourServer

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class UserAdded:
    email: str


@pytest.fixture
def bus() -> Bus:
    return Bus()


@pytest.fixture
async def storage(database: str, databases: Databases, tmp_path: Path, bus: Bus) -> AsyncIterator[Database]:
    opened = Database(await databases.create(database) or f"sqlite:///{tmp_path / 'parlour.db'}", bus=bus)
    await migrate(opened)
    yield opened
    await opened.close()


async def add(storage: Database, email: str, *, fails: bool = False) -> None:
    async with storage.transaction() as connection:
        await connection.execute(insert(users).values(email=email, email_key=email, created_at=NOON))
        connection.after_commit(UserAdded(email))
        if fails:
            raise RuntimeError("after the insert")


async def count(storage: Database) -> int:
    async with storage.reading() as connection:
        return int((await connection.execute(select(func.count()).select_from(users))).scalar_one())


@pytest.mark.database("sqlite")
async def test_sqlite_is_told_how_to_be(storage: Database) -> None:
    async with storage.reading() as connection:
        told = {
            name: (await connection.execute(text(f"PRAGMA {name}"))).scalar()
            for name in ("journal_mode", "foreign_keys", "busy_timeout", "synchronous")
        }
    assert told == {"journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 3_500, "synchronous": 2}


async def test_a_transaction_that_fails_leaves_nothing(storage: Database) -> None:
    with pytest.raises(RuntimeError):
        await add(storage, "ann@example.org", fails=True)
    assert await count(storage) == 0
    await add(storage, "ann@example.org")
    assert await count(storage) == 1


async def test_work_of_a_library_is_part_of_the_transaction(storage: Database) -> None:
    """Where Alembic finds no transaction it commits by itself, and half of a migration stays if it fails."""

    def work_in_steps(connection: Connection) -> None:
        assert connection.in_transaction()
        connection.execute(text("CREATE TABLE half_done (id INTEGER)"))
        raise RuntimeError("the second step")

    with pytest.raises(RuntimeError):
        async with storage.transaction() as connection:
            await connection.run_sync(work_in_steps)
    async with storage.reading() as reading:
        assert not await reading.run_sync(lambda sync: inspect(sync).has_table("half_done"))


async def test_facts_are_published_after_the_commit_that_made_them_true(storage: Database, bus: Bus) -> None:
    heard, known = list[UserAdded](), list[int]()
    looks = set[asyncio.Task[None]]()

    async def look() -> None:
        known.append(await count(storage))

    def hear(fact: UserAdded) -> None:
        heard.append(fact)
        looks.add(asyncio.create_task(look()))

    bus.subscribe(UserAdded, hear)
    async with storage.transaction() as connection:
        await connection.execute(insert(users).values(email="ann", email_key="ann", created_at=NOON))
        connection.after_commit(UserAdded("ann"))
        assert heard == []
    await asyncio.gather(*looks)
    assert (heard, known) == ([UserAdded("ann")], [1])


async def test_what_is_rolled_back_is_no_fact(storage: Database, bus: Bus) -> None:
    heard = list[UserAdded]()
    bus.subscribe(UserAdded, heard.append)
    with pytest.raises(RuntimeError):
        await add(storage, "ann@example.org", fails=True)
    await add(storage, "ben@example.org")
    with pytest.raises(IntegrityError):
        await add(storage, "ben@example.org")
    assert heard == [UserAdded("ben@example.org")]


async def test_facts_come_in_the_order_of_their_commits(storage: Database, bus: Bus) -> None:
    heard = list[str]()
    bus.subscribe(UserAdded, lambda fact: heard.append(fact.email))
    await asyncio.gather(*(add(storage, f"user{number}@example.org") for number in range(20)))
    async with storage.reading() as connection:
        rows = await connection.execute(select(users.c.email).order_by(users.c.id))
        stored = list(rows.scalars())
    if storage.is_sqlite:  # one writer: ids grow in the order of the commits
        assert heard == stored
    assert sorted(heard) == sorted(stored)


async def test_one_that_is_cancelled_leaves_nothing(storage: Database) -> None:
    inside = asyncio.Event()

    async def never_ends() -> None:
        async with storage.transaction() as connection:
            await connection.execute(insert(users).values(email="a", email_key="a", created_at=NOON))
            inside.set()
            await asyncio.Event().wait()

    running = asyncio.create_task(never_ends())
    await inside.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await count(storage) == 0
    await add(storage, "bob@example.org")  # and holds up nobody


async def test_cancelling_is_never_taken_for_a_database_that_is_away(storage: Database) -> None:
    """Whenever it comes: as a connection opens, amid a statement, as a cursor closes. Its connection is given
    up, so that the rollback fails; a task that goes on where the database is away must end all the same.
    """
    turns = 0
    while True:
        running = asyncio.create_task(count(storage))
        for _ in range(turns):
            await asyncio.sleep(0)
        if running.done():
            break
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        turns += 1 + turns // 16  # further apart later: a busy machine takes thousands of turns
    await running


async def test_many_write_at_once(storage: Database) -> None:
    await asyncio.gather(*(add(storage, f"{number}@example.org") for number in range(20)))
    assert await count(storage) == 20


async def test_many_write_at_once_from_several_connections_pools(storage: Database) -> None:
    """Several processes, as the command line beside a server."""
    others = [Database(storage.engine.url.render_as_string(hide_password=False)) for _ in range(4)]
    try:
        await asyncio.gather(*(add(others[number % 4], f"{number}@example.org") for number in range(20)))
    finally:
        for other in others:
            await other.close()
    assert await count(storage) == 20


async def test_a_reader_waits_for_no_writer(storage: Database) -> None:
    async with storage.transaction() as connection:
        await connection.execute(insert(users).values(email="a", email_key="a", created_at=NOON))
        async with asyncio.timeout(30):  # a writer would be waited for in vain
            assert await count(storage) == 0
    assert await count(storage) == 1


async def test_references_hold(storage: Database) -> None:
    with pytest.raises(IntegrityError):
        async with storage.transaction() as connection:
            await connection.execute(insert(admissions).values(room_id=1, user_id=1, admitted_at=NOON))


async def test_times_come_back_in_utc(storage: Database) -> None:
    exact = datetime(2026, 7, 1, 12, 30, 15, 123456, tzinfo=UTC)
    async with storage.transaction() as connection:
        await connection.execute(insert(users).values(email="a", email_key="a", created_at=exact))
    async with storage.reading() as connection:
        stored = (await connection.execute(select(users.c.created_at))).scalar_one()
    assert stored == exact
    assert stored.tzinfo is UTC


async def test_errors_quote_no_data(storage: Database) -> None:
    await add(storage, "ann@example.org")
    with pytest.raises(IntegrityError) as error:
        await add(storage, "ann@example.org")
    assert "[SQL parameters hidden" in str(error.value)


async def test_twenty_at_once_over_http(server: ParlourServer, unique: Unique) -> None:
    """Writes that all succeed; one address among several: one succeeds, and none is an error."""
    async with Visitors(server) as visitors:
        people = [await visitors.stranger("many", client=False) for _ in range(20)]
        answers = await asyncio.gather(*(one.post("/guest", {"email": one.email}) for one in people))
        assert {answer.status_code for answer in answers} == {200}
        same = f"{unique('same')}@example.org"
        answers = await asyncio.gather(*(one.post("/guest", {"email": same}) for one in people))
        assert sorted(answer.status_code for answer in answers) == [200] + [409] * 19
