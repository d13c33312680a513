"""Connections of both drivers with a deadline for each call, since a database may stop answering.

Neither driver has a deadline. psycopg waits for an answer as long as the TCP connection lives, and when
cancelled it asks the server to cancel the statement and waits for that. aiosqlite waits for its thread, which
hangs in the kernel where the file system does. Here a call that takes too long, or is cancelled, abandons its
connection without waiting: the pool drops the connection, and the next transaction opens another.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import aiosqlite

T = TypeVar("T")

CALL_SECONDS = 4.0
"""The deadline of a statement; PostgreSQL itself ends the statement a little sooner."""
MAX_HUNG = 16
"""The bound of threads that hang in a file system at once; a call beyond that is refused at once."""

POSTGRES_LIMITS = {
    "statement_timeout": 3_500,
    "lock_timeout": 3_000,
    "idle_in_transaction_session_timeout": 15_000,
}
"""PostgreSQL's own limits, in milliseconds. The last frees the locks of a Parlour that lost its network."""


class HungThreads:
    """The threads that hang in a file system: a bound on them keeps a dead disk from leaking threads."""

    def __init__(self) -> None:
        self._threads: set[object] = set()

    def __len__(self) -> int:
        return len(self._threads)

    def require_room(self) -> None:
        """Raise OperationalError if MAX_HUNG threads hang already."""
        if len(self._threads) >= MAX_HUNG:
            raise sqlite3.OperationalError("connection closed: earlier calls hang in the file system")

    def add(self, thread: object, ended: asyncio.Future[Any]) -> None:
        self._threads.add(thread)
        ended.add_done_callback(lambda _: self._threads.discard(thread))


class _Expired(Exception):
    """The thread has not answered a call within `patience`."""


def _expire(answer: asyncio.Future[Any]) -> None:
    if not answer.done():
        answer.set_exception(_Expired())


class SqliteConnection(aiosqlite.Connection):
    """An aiosqlite connection that waits `patience` seconds at most for each call; None sets no limit."""

    def __init__(self, connector: Callable[[], sqlite3.Connection], hung_threads: HungThreads) -> None:
        super().__init__(connector, iter_chunk_size=64)
        self.patience: float | None = CALL_SECONDS
        self._hung_threads = hung_threads
        self._beginning = ""
        self._is_abandoned = False
        self._ended: asyncio.Future[Any] | None = None
        self._thread.daemon = True  # a hung thread must not keep the process from exiting

    @classmethod
    async def open(
        cls, connector: Callable[[], sqlite3.Connection], hung_threads: HungThreads
    ) -> "SqliteConnection":
        hung_threads.require_room()
        connection = cls(connector, hung_threads)
        try:
            async with asyncio.timeout(connection.patience):
                await connection
        except (TimeoutError, asyncio.CancelledError) as error:
            connection._abandon()
            if isinstance(error, TimeoutError):
                raise sqlite3.OperationalError("the file system did not answer in time") from error
            raise
        return connection

    @property
    def is_over(self) -> bool:
        """True once the connection was closed or abandoned."""
        return not self._running

    @property
    def is_abandoned(self) -> bool:
        """True once nobody waits for the thread any more; its own call may ask."""
        return self._is_abandoned

    @property
    def has_begun(self) -> bool:
        """True in a transaction, and before its first statement."""
        return self._beginning != "" or self._conn.in_transaction

    def begin(self, statement: str) -> None:
        """Have `statement` begin a transaction just before the next statement, in the same call."""
        self._beginning = statement

    def cursor(self) -> "SqliteCursor":  # type: ignore[override]
        return SqliteCursor(self)

    async def commit(self) -> None:
        """Commit. Costs no call of the thread if no transaction has begun."""
        await self._end_transaction(self._conn.commit)

    async def rollback(self) -> None:
        """Roll back. Costs no call of the thread if no transaction has begun."""
        await self._end_transaction(self._conn.rollback)

    async def _end_transaction(self, end: Callable[[], None]) -> None:
        self._beginning = ""
        if self.is_over or self._conn.in_transaction:
            await self._execute(end)

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Call `work` in the thread, after the statement that begins a transaction where that is due."""
        done: T = await self._execute(self._begin_and_work, self._conn, work)
        return done

    def _begin_and_work(self, connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run in the thread. A statement that cannot begin is tried again by the next call."""
        if self._beginning:
            connection.execute(self._beginning)
            self._beginning = ""
        return work(connection)

    async def _execute(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a function in the thread, within `patience`.

        The message "connection closed" tells SQLAlchemy to invalidate the pooled connection.
        """
        if not self._running or not self._connection:
            raise sqlite3.OperationalError("connection closed")
        loop = asyncio.get_running_loop()
        answer = loop.create_future()
        deadline = None if self.patience is None else loop.call_later(self.patience, _expire, answer)
        self._tx.put_nowait((answer, partial(fn, *args, **kwargs)))
        try:
            return await answer
        except (_Expired, asyncio.CancelledError) as error:
            self._abandon()
            if isinstance(error, asyncio.CancelledError):
                raise
            raise sqlite3.OperationalError(
                "connection closed: the file system did not answer in time"
            ) from error
        finally:
            if deadline is not None:
                deadline.cancel()

    def stop(self) -> asyncio.Future[Any] | None:
        """Stop the thread, once; the future is done when the thread ended.

        aiosqlite itself stops a connection whose opening is cancelled, and its thread serves only the first
        stop request: the future of a second request would never be done.
        """
        if self._ended is None:
            self._ended = super().stop()
        return self._ended

    async def close(self) -> None:
        """Close the connection; past `patience` leave it to its hung thread."""
        if self._is_abandoned or not self._running:
            return
        ended = self.stop()
        if ended is None:
            return
        done, _ = await asyncio.wait((ended,), timeout=self.patience)
        if not done:
            self._is_abandoned = True
            self._hung_threads.add(self, ended)

    def _abandon(self) -> None:
        """Abandon the connection: its thread closes it, and so rolls back, once the hung call returns."""
        if self._is_abandoned:
            return
        self._is_abandoned = True
        ended = self.stop()
        if ended is not None:
            self._hung_threads.add(self, ended)


class SqliteCursor:
    """The cursor of SQLAlchemy's adapter, with a single call of the thread for each statement.

    aiosqlite's own cursor calls the thread to be made, to execute, to fetch the rows and to be closed, and
    each call costs two switches between threads. Here the same call fetches all rows, which the adapter would
    do next, and closes the cursor of sqlite3.
    """

    __slots__ = ("_connection", "_rows", "arraysize", "description", "lastrowid", "rowcount")

    def __init__(self, connection: SqliteConnection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.arraysize = 1
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> "SqliteCursor":
        return self

    async def execute(self, statement: str, parameters: Any = ()) -> "SqliteCursor":
        return await self._run(lambda connection: connection.execute(statement, parameters))

    async def executemany(self, statement: str, parameters: Any) -> "SqliteCursor":
        return await self._run(lambda connection: connection.executemany(statement, parameters))

    async def _run(self, execute: Callable[[sqlite3.Connection], sqlite3.Cursor]) -> "SqliteCursor":
        found = await self._connection.run(lambda connection: _outcome(execute(connection)))
        self.description, self._rows, self.rowcount, self.lastrowid = found
        return self

    async def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        self._rows = []


def _outcome(cursor: sqlite3.Cursor) -> tuple[Any, list[Any], int, int | None]:
    """Fetch what SQLAlchemy may ask of a cursor, and close it."""
    description = cursor.description
    rows = [] if description is None else cursor.fetchall()
    outcome = description, rows, cursor.rowcount, cursor.lastrowid
    cursor.close()
    return outcome
