"""Which servers of a database have died: those of other machines are known by their silence alone."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from parlour.db.database import Database
from parlour.db.migrate import migrate
from parlour.db.tables import servers
from parlour.events.servers import SILENT_FOR, ServerRegistry
from parlour.node_id import new_node_id
from tests.conftest import Databases

ELSEWHERE = {"id": "elsewhere", "process": "another-boot pid:[1] 1:1"}


@pytest.fixture
async def storage(database: str, databases: Databases, tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(await databases.create(database) or f"sqlite:///{tmp_path / 'parlour.db'}")
    await migrate(opened)
    yield opened
    await opened.close()


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def dead(storage: Database, registry: ServerRegistry) -> list[str]:
    async with storage.transaction() as connection:
        await registry.beat(connection)
        return [server.node_id for server in await registry.dead(connection)]


async def test_silence_is_watched_before_it_counts(storage: Database) -> None:
    clock = Clock()
    registry = ServerRegistry(new_node_id(), monotonic=clock)
    long_ago = datetime.now(UTC) - 2 * SILENT_FOR
    async with storage.transaction() as connection:
        await connection.execute(insert(servers).values(seen_at=long_ago, **ELSEWHERE))
    assert await dead(storage, registry) == [], "it had no time to say that it lives"
    clock.now += SILENT_FOR.total_seconds()
    assert await dead(storage, registry) == ["elsewhere"]
    registry.lost_sight()
    assert await dead(storage, registry) == [], "the database was away, for that one too"
    clock.now += SILENT_FOR.total_seconds()
    async with storage.transaction() as connection:
        just_now = datetime.now(UTC) - timedelta(seconds=1)
        await connection.execute(update(servers).where(servers.c.id == "elsewhere").values(seen_at=just_now))
    assert await dead(storage, registry) == []


async def test_a_process_of_this_machine_that_is_gone_is_known_at_once(storage: Database) -> None:
    mine, other = ServerRegistry(new_node_id()), ServerRegistry(new_node_id())
    async with storage.transaction() as connection:
        await other.beat(connection)
    assert await dead(storage, mine) == [], "both are this process"
    async with storage.transaction() as connection:
        was = other._process.rpartition(":")[0]
        gone = update(servers).where(servers.c.id == other.node_id).values(process=f"{was}:1")
        await connection.execute(gone)
    assert await dead(storage, mine) == [other.node_id], "this process began at another time"
