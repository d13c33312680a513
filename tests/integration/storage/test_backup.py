"""`parlour backup`, what a copy of the file has in it, and folders whose names look like parts of a URL."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from parlour.db.database import Database
from parlour.db.migrate import migrate
from tests.people import Person, Visitors
from tests.servers import ParlourServer
from tests.servers.command import run_parlour

STRANGE = "we%20ird %2F ?mode=memory#1 ümlaut"


def tables_in(file: Path) -> set[str]:
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


async def test_a_backup_beside_writers_is_whole_and_can_be_restored(tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    unlimited = {"PARLOUR_MESSAGES_PER_MINUTE": 1_000_000}
    async with ParlourServer(tmp_path, settings=unlimited) as server, Visitors(server) as people:
        ann = await people.client("ann")
        room = await ann.creates_room()
        await ann.writes("before", to=room)
        over = asyncio.Event()
        writing = asyncio.create_task(write_on(ann, room, over))
        ended = await run_parlour("backup", str(file), folder=tmp_path, settings=server.settings)
        over.set()
        await writing
        assert ended.code == 0, ended.err
        assert str(file) in ended.out
        again = await run_parlour("backup", str(file), folder=tmp_path, settings=server.settings)
    assert (again.code, again.out) == (2, "")
    assert again.err == f"parlour: {file} already exists.\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert "messages" in tables_in(file)
    assert [one.name for one in tmp_path.glob("*backup*")] == ["backup.db"], "one file, no log and no draft"

    elsewhere = tmp_path / "restored"
    (elsewhere / "data").mkdir(parents=True)
    shutil.copy(file, elsewhere / "data" / "parlour.db")
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("SELECT text FROM messages ORDER BY id LIMIT 1").fetchone() == ("before",)
    async with ParlourServer(elsewhere) as server, Visitors(server):
        again_ann = Person(server, email=ann.email, username=ann.username)
        await again_ann.logs_in()
        assert await again_ann.reads(room), "the latest of them"
        await again_ann.http.aclose()


async def write_on(person: Person, room: str, over: asyncio.Event) -> None:
    number = 0
    while not over.is_set():
        number += 1
        await person.writes(f"meanwhile {number}", to=room)


@pytest.mark.parametrize(
    ("settings", "arguments", "says"),
    [
        ({"PARLOUR_DATABASE_URL": "postgresql://u:p@127.0.0.1:1/x"}, ("there.db",), "pg_dump"),
        ({}, ("there.db",), "no database"),
    ],
    ids=["PostgreSQL", "nothing there"],
)
async def test_what_cannot_be_backed_up(
    tmp_path: Path, settings: dict[str, str], arguments: tuple[str, ...], says: str
) -> None:
    ended = await run_parlour("backup", *arguments, folder=tmp_path, settings=settings)
    assert ended.code == 2
    assert says in ended.err
    assert ended.err.count("\n") == 1
    assert not (tmp_path / "there.db").exists()


async def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert (await run_parlour("migrate", folder=tmp_path)).code == 0
    ended = await run_parlour("backup", "nowhere/there.db", folder=tmp_path)
    assert (ended.code, ended.err.count("\n")) == (2, 1)


async def test_the_file_alone_has_what_was_written(tmp_path: Path) -> None:
    """Copied without the log beside it, while the database is open."""
    file, copy = tmp_path / "parlour.db", tmp_path / "copy.db"
    database = Database(f"sqlite:///{file}")
    try:
        await migrate(database)
        shutil.copy(file, copy)
        assert "users" in tables_in(copy), "after migrating"
        async with database.transaction() as connection:
            await connection.exec_driver_sql("CREATE TABLE written (it)")
        await database.checkpoint()
        shutil.copy(file, copy)
        assert "written" in tables_in(copy), "after a checkpoint"
    finally:
        await database.close()


async def test_a_data_folder_is_a_path_and_no_url(tmp_path: Path) -> None:
    folder = tmp_path / STRANGE
    settings = {"PARLOUR_DATA_DIR": str(folder)}
    ended = await run_parlour("migrate", folder=tmp_path, settings=settings)
    assert ended.code == 0, ended.err
    assert "users" in tables_in(folder / "parlour.db")
    async with ParlourServer(tmp_path, settings=settings) as server, Visitors(server) as people:
        await (await people.client("ann")).creates_room()
    assert {one.name for one in folder.iterdir()} == {"parlour.db", "secret_key"}
    assert [one.name for one in tmp_path.iterdir() if one.is_dir()] == [STRANGE]
    target = tmp_path / f"{STRANGE}.db"
    assert (await run_parlour("backup", str(target), folder=tmp_path, settings=settings)).code == 0
    assert "users" in tables_in(target)
