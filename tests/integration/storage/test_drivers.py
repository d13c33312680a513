"""Connections that are given up, because a call takes too long or nobody waits for it any more."""

import asyncio
import sqlite3
import threading
from pathlib import Path
from queue import SimpleQueue

import pytest

from parlour.db.drivers import MAX_HUNG, HungThreads, SqliteConnection


async def test_a_connection_that_is_given_up_while_it_opens_is_stuck_only_until_then(tmp_path: Path) -> None:
    """As where the deadline of a transaction comes meanwhile: once those counted for ever."""
    hung_threads = HungThreads()
    file_system = threading.Event()
    hanging = SimpleQueue[threading.Thread]()

    def connect() -> sqlite3.Connection:
        hanging.put(threading.current_thread())
        file_system.wait()
        return sqlite3.connect(tmp_path / "parlour.db", check_same_thread=False)

    openings = [asyncio.create_task(SqliteConnection.open(connect, hung_threads)) for _ in range(MAX_HUNG)]
    threads = [await asyncio.to_thread(hanging.get) for _ in openings]
    for opening in openings:
        opening.cancel()
    await asyncio.gather(*openings, return_exceptions=True)
    assert len(hung_threads) == MAX_HUNG
    with pytest.raises(sqlite3.OperationalError, match="hang in the file system"):
        await SqliteConnection.open(connect, hung_threads)

    file_system.set()
    for thread in threads:
        await asyncio.to_thread(thread.join)
    assert len(hung_threads) == 0
    connection = await SqliteConnection.open(connect, hung_threads)
    await connection.close()


STATEMENTS = (
    "CREATE TABLE room (id INTEGER PRIMARY KEY, name TEXT UNIQUE)",
    "INSERT INTO room (name) VALUES ('Garden'), ('Hall')",
    "INSERT INTO room (name) VALUES ('Attic') RETURNING id, name",
    "UPDATE room SET name = name || '!' WHERE id > 1",
    "UPDATE room SET name = name || '!' WHERE id > 9",
    "SELECT id, name FROM room ORDER BY id",
    "SELECT name FROM room WHERE id = 9",
    "DELETE FROM room WHERE id = 2",
)


async def test_a_cursor_says_what_the_drivers_own_says(tmp_path: Path) -> None:
    own = await SqliteConnection.open(lambda: _connect(tmp_path / "own.db"), HungThreads())
    other = _connect(tmp_path / "other.db")
    for statement in STATEMENTS:
        expected = other.execute(statement)
        cursor = own.cursor()
        await cursor.execute(statement)
        assert cursor.description == expected.description
        assert await cursor.fetchall() == expected.fetchall()
        assert (cursor.rowcount, cursor.lastrowid) == (expected.rowcount, expected.lastrowid), statement
    cursor = own.cursor()
    await cursor.executemany("INSERT INTO room (name) VALUES (?)", [("One",), ("Two",)])
    assert cursor.rowcount == 2
    with pytest.raises(sqlite3.IntegrityError):
        await cursor.execute("INSERT INTO room (name) VALUES (?)", ("One",))
    other.close()
    await own.close()


async def test_a_transaction_begins_with_its_first_statement_and_ends_once(tmp_path: Path) -> None:
    own = await SqliteConnection.open(lambda: _connect(tmp_path / "own.db"), HungThreads())
    other = _connect(tmp_path / "own.db")
    own.begin("BEGIN IMMEDIATE")
    other.execute("CREATE TABLE room (name TEXT)")  # not locked: nothing has been asked yet
    cursor = own.cursor()
    await cursor.execute("SELECT name FROM room")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("INSERT INTO room VALUES ('Garden')")
    await cursor.execute("INSERT INTO room VALUES ('Hall')")
    await own.rollback()
    own.begin("BEGIN IMMEDIATE")
    await own.commit()
    cursor = own.cursor()
    await cursor.execute("INSERT INTO room VALUES ('Attic')")
    assert other.execute("SELECT name FROM room").fetchall() == [("Attic",)]  # committed by itself
    other.close()
    await own.close()


async def test_a_statement_waits_for_a_transaction_that_could_not_begin(tmp_path: Path) -> None:
    own = await SqliteConnection.open(lambda: _connect(tmp_path / "own.db"), HungThreads())
    other = _connect(tmp_path / "own.db")
    other.execute("CREATE TABLE room (name TEXT)")
    other.execute("BEGIN IMMEDIATE")
    own.begin("BEGIN IMMEDIATE")
    cursor = own.cursor()
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        await cursor.execute("SELECT name FROM room")
    other.execute("COMMIT")
    await cursor.execute("INSERT INTO room VALUES ('Hall')")
    await own.rollback()
    assert other.execute("SELECT name FROM room").fetchall() == []
    other.close()
    await own.close()


def _connect(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(file, timeout=0, isolation_level=None, check_same_thread=False)
