"""The schema is what `tables` says, on both databases, however one gets there."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

import parlour.db.migrations
from parlour.db.database import Database
from parlour.db.migrate import HEAD, DatabaseTooNew, migrate
from parlour.db.tables import metadata
from tests.conftest import Databases
from tests.people import Visitors
from tests.servers import ParlourServer
from tests.servers.command import run_parlour


@pytest.fixture
async def url(database: str, databases: Databases, tmp_path: Path) -> str:
    """An empty database."""
    return await databases.create(database) or f"sqlite:///{tmp_path / 'parlour.db'}"


@pytest.fixture
async def empty(url: str) -> AsyncIterator[Database]:
    opened = Database(url)
    yield opened
    await opened.close()


async def in_transaction(database: Database, work: Callable[[Connection], Any]) -> Any:
    async with database.transaction() as connection:
        return await connection.run_sync(work)


def differences(connection: Connection) -> list[Any]:
    options = {"compare_type": True, "compare_server_default": True}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


def to(connection: Connection, direction: Callable[[Config, str], None], revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(parlour.db.migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    direction(config, revision)


async def test_the_migrated_schema_is_what_the_code_expects(empty: Database) -> None:
    assert await migrate(empty) is None
    assert await in_transaction(empty, tables) == {*metadata.tables, "alembic_version"}
    assert await in_transaction(empty, differences) == []


async def test_migrating_again_does_nothing(empty: Database) -> None:
    await migrate(empty)
    assert await migrate(empty) == HEAD
    assert await in_transaction(empty, differences) == []


async def test_down_and_up_again(empty: Database) -> None:
    await migrate(empty)
    await in_transaction(empty, lambda connection: to(connection, command.downgrade, "base"))
    assert await in_transaction(empty, tables) == {"alembic_version"}
    assert await migrate(empty) is None
    assert await in_transaction(empty, differences) == []


async def test_a_migration_that_fails_leaves_nothing(empty: Database) -> None:
    """A table of that name is in the way of the last ones."""
    await in_transaction(
        empty, lambda connection: connection.execute(text("CREATE TABLE event_log (id INT)"))
    )
    with pytest.raises(Exception, match="event_log"):
        await migrate(empty)
    assert await in_transaction(empty, tables) == {"event_log"}
    await in_transaction(empty, lambda connection: connection.execute(text("DROP TABLE event_log")))
    assert await migrate(empty) is None


async def test_a_database_from_the_future_is_left_alone(empty: Database, url: str, tmp_path: Path) -> None:
    await migrate(empty)
    await in_transaction(
        empty, lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = 'zzzz'"))
    )
    with pytest.raises(DatabaseTooNew):
        await migrate(empty)
    for arguments in (["serve", "--port", "0"], ["migrate"], ["room", "list"]):
        ended = await run_parlour(*arguments, folder=tmp_path, settings={"PARLOUR_DATABASE_URL": url})
        assert ended.code == 2
        assert len(ended.err.splitlines()) == 1
        assert "newer version of Parlour" in ended.err
    assert await in_transaction(
        empty, lambda connection: connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    ) == "zzzz"  # fmt: skip


async def test_two_servers_start_at_once_on_an_empty_database(url: str, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    one, two = (ParlourServer(folder, url, {"PARLOUR_SECRET_KEY": "s" * 40}) for folder in folders)
    async with asyncio.TaskGroup() as starting:
        starting.create_task(one.start())
        starting.create_task(two.start())
    try:
        async with Visitors(one) as at_one, Visitors(two) as at_two:
            ann = await at_one.client()
            twin = await at_two.same(ann)
            await twin.logs_in()
    finally:
        await one.terminate()
        await two.terminate()
