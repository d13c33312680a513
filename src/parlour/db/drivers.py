"""The connections of both drivers, with a deadline for each call: a database may fall silent.

Neither driver has one. psycopg waits for an answer as long as the TCP connection lives, and when cancelled it
asks the server to cancel the statement and waits for that. aiosqlite waits for its thread, which hangs in the
kernel where the file system does. Here a call that takes too long, or is cancelled, gives its connection up
without waiting for anybody: the pool forgets it, and the next transaction opens another one.
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
"""How long one statement may take; PostgreSQL itself ends it a little sooner."""
CONNECT_SECONDS = 4
MAX_STUCK = 16
"""So many threads may hang in a file system at once; a call beyond that is refused without trying."""

POSTGRES_PARAMETERS = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""Parameters of libpq, in seconds, the last one in milliseconds. By them a connection that waits in the pool
notices that its peer is gone."""

POSTGRES_LIMITS = {
    "statement_timeout": 3_500,
    "lock_timeout": 3_000,
    "idle_in_transaction_session_timeout": 15_000,
}
"""PostgreSQL's own limits, in milliseconds. The last one frees the locks of a server that was cut off."""


class PostgresConnection(psycopg.AsyncConnection[Any]):
    """`patience` is the longest wait for one answer, in seconds; None waits as long as it takes."""

    patience: float | None = CALL_SECONDS

    async def wait(
        self,
        gen: PQGen[T],
        interval: float = 0.1,
        timeout: float | None = None,  # noqa: ASYNC109 - psycopg's own
    ) -> T:
        """Raises OperationalError, the connection closed, where the answer does not come in time."""
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


class StuckThreads:
    """Counts the threads that hang in a file system, until it lets them go."""

    def __init__(self) -> None:
        self._stuck: set[object] = set()

    def __len__(self) -> int:
        return len(self._stuck)

    def require_room(self) -> None:
        """Raises OperationalError where MAX_STUCK hang."""
        if len(self._stuck) >= MAX_STUCK:
            raise sqlite3.OperationalError("connection closed: earlier calls hang in the file system")

    def add(self, thread: object, ended: asyncio.Future[Any]) -> None:
        self._stuck.add(thread)
        ended.add_done_callback(lambda _: self._stuck.discard(thread))


class SqliteConnection(aiosqlite.Connection):
    """`patience` is the longest wait for one call, in seconds; None waits as long as it takes."""

    def __init__(self, connector: Callable[[], sqlite3.Connection], stuck: StuckThreads) -> None:
        super().__init__(connector, iter_chunk_size=64)
        self.patience: float | None = CALL_SECONDS
        self._stuck = stuck
        self._is_given_up = False
        self._ended: asyncio.Future[Any] | None = None
        self._thread.daemon = True  # one that hangs must not keep the process

    @classmethod
    async def open(
        cls, connector: Callable[[], sqlite3.Connection], stuck: StuckThreads
    ) -> "SqliteConnection":
        stuck.require_room()
        connection = cls(connector, stuck)
        try:
            async with asyncio.timeout(connection.patience):
                await connection
        except (TimeoutError, asyncio.CancelledError) as error:
            connection._give_up()
            if isinstance(error, TimeoutError):
                raise sqlite3.OperationalError("the file system did not answer in time") from error
            raise
        return connection

    async def _execute(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        """Runs every call of aiosqlite. By "connection closed" SQLAlchemy knows that this one is no more."""
        try:
            async with asyncio.timeout(self.patience):
                return await super()._execute(fn, *args, **kwargs)  # type: ignore[no-untyped-call]
        except TimeoutError as error:
            self._give_up()
            raise sqlite3.OperationalError(
                "connection closed: the file system did not answer in time"
            ) from error
        except asyncio.CancelledError:
            self._give_up()
            raise

    def stop(self) -> asyncio.Future[Any] | None:
        """Done when the thread ended. aiosqlite stops one itself whose opening is cancelled, and a thread
        takes only the first request: the future of another one would never be done.
        """
        if self._ended is None:
            self._ended = super().stop()
        return self._ended

    async def close(self) -> None:
        """Within `patience`, as everything."""
        if self._is_given_up or not self._running:
            return
        ended = self.stop()
        if ended is None:
            return
        done, _ = await asyncio.wait((ended,), timeout=self.patience)
        if not done:
            self._is_given_up = True
            self._stuck.add(self, ended)

    def _give_up(self) -> None:
        """The thread closes the connection when its call returns, which rolls back what is not committed."""
        if self._is_given_up:
            return
        self._is_given_up = True
        ended = self.stop()
        if ended is not None:
            self._stuck.add(self, ended)
