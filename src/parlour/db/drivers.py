"""Connections of both drivers with a deadline for each call, since a database may stop answering.

Neither driver has a deadline. psycopg waits for an answer as long as the TCP connection lives, and when
cancelled it asks the server to cancel the statement and waits for that. aiosqlite waits for its thread, which
hangs in the kernel where the file system does. Here a call that takes too long, or is cancelled, abandons its
connection without waiting: the pool drops the connection, and the next transaction opens another.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

import aiosqlite
import psycopg
from psycopg import waiting
from psycopg.abc import PQGen

T = TypeVar("T")

CALL_SECONDS = 4.0
"""The deadline of a statement; PostgreSQL itself ends the statement a little sooner."""
CONNECT_SECONDS = 4
MAX_HUNG = 16
"""The bound of threads that hang in a file system at once; a call beyond that is refused at once."""

POSTGRES_PARAMETERS = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""Parameters of libpq, in seconds, the last in milliseconds: an idle connection of the pool detects a dead
peer."""

POSTGRES_LIMITS = {
    "statement_timeout": 3_500,
    "lock_timeout": 3_000,
    "idle_in_transaction_session_timeout": 15_000,
}
"""PostgreSQL's own limits, in milliseconds. The last frees the locks of a Parlour that lost its network."""


class PostgresConnection(psycopg.AsyncConnection[Any]):
    """A psycopg connection that waits `patience` seconds at most for each answer; None sets no limit."""

    patience: float | None = CALL_SECONDS

    async def wait(
        self,
        gen: PQGen[T],
        interval: float = 0.1,
        timeout: float | None = None,  # noqa: ASYNC109 - psycopg's own
    ) -> T:
        """Wait for an answer; past `patience` close the connection and raise OperationalError."""
        try:
            return await waiting.wait_async(
                gen, self.pgconn.socket, interval=interval, timeout=timeout or self.patience
            )
        except psycopg.errors._WaitTimeout as error:
            if timeout is not None:
                raise
            self.pgconn.finish()
            raise psycopg.OperationalError("the database did not answer in time") from error
        except (asyncio.CancelledError, KeyboardInterrupt):
            self.pgconn.finish()
            raise


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


class SqliteConnection(aiosqlite.Connection):
    """An aiosqlite connection that waits `patience` seconds at most for each call; None sets no limit."""

    def __init__(self, connector: Callable[[], sqlite3.Connection], hung_threads: HungThreads) -> None:
        super().__init__(connector, iter_chunk_size=64)
        self.patience: float | None = CALL_SECONDS
        self._hung_threads = hung_threads
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

    async def _execute(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        """Run a call of aiosqlite within `patience`.

        The message "connection closed" tells SQLAlchemy to invalidate the pooled connection.
        """
        try:
            async with asyncio.timeout(self.patience):
                return await super()._execute(fn, *args, **kwargs)  # type: ignore[no-untyped-call]
        except TimeoutError as error:
            self._abandon()
            raise sqlite3.OperationalError(
                "connection closed: the file system did not answer in time"
            ) from error
        except asyncio.CancelledError:
            self._abandon()
            raise

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
