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
