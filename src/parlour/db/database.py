"""The engine and its transactions, for SQLite and PostgreSQL alike."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any, cast

from sqlalchemy import (
    URL,
    Connection,
    CursorResult,
    Executable,
    StaticPool,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.engine import Engine
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

SQLITE_BUSY_MS = 10_000
POOL_SIZE = 10
CONNECT_SECONDS = 5


class InvalidDatabaseUrl(ValueError):
    """A database URL that names neither PostgreSQL nor SQLite."""


def driver_url(database_url: str) -> URL:
    """`postgresql://…` or `sqlite:///…` with the driver that Parlour uses. Raises InvalidDatabaseUrl."""
    try:
        url = make_url(database_url)
    except (ArgumentError, ValueError) as error:
        raise InvalidDatabaseUrl("is no database URL") from error
    match url.get_backend_name():
        case "postgresql" | "postgres":
            return url.set(drivername="postgresql+psycopg")
        case "sqlite":
            return url.set(drivername="sqlite+aiosqlite")
        case other:
            raise InvalidDatabaseUrl(f"names {other!r}; Parlour speaks postgresql and sqlite")


class Database:
    """One engine; a use case opens one transaction.

    `hide_parameters` keeps addresses and hashes out of the messages of database errors.
    """

    def __init__(self, database_url: str) -> None:
        url = driver_url(database_url)
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self._lookups: _Lookups | None = None
        if self.is_sqlite:
            self.engine = create_async_engine(url, hide_parameters=True)
            self._lookups = _Lookups(url)
            _prepare_sqlite(self.engine.sync_engine)
            if url.database:
                with suppress(OSError):  # the first connection says what is wrong
                    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        else:
            self.engine = create_async_engine(
                url,
                hide_parameters=True,
                pool_size=POOL_SIZE,
                max_overflow=POOL_SIZE,
                pool_pre_ping=True,
                connect_args={} if "connect_timeout" in url.query else {"connect_timeout": CONNECT_SECONDS},
            )

    def require_file(self) -> None:
        """Raises OSError where SQLite cannot open its file.

        Asked for before the first connection: that one opens it in a thread of its own, which complains
        on its own where the command ends at once.
        """
        file = self.engine.url.database
        if not self.is_sqlite or not file:
            return
        try:
            with closing(sqlite3.connect(file, timeout=SQLITE_BUSY_MS / 1000)) as connection:
                connection.execute("PRAGMA schema_version")
        except sqlite3.Error as error:
            raise OSError(f"{file}: {error}") from error

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Commits at the end, rolls back where the block raises.

        SQLite has one writer: it takes its place in the line at once, since a reader that becomes a
        writer later may find the database changed below it.
        """
        async with self.engine.connect() as connection:
            if self.is_sqlite:
                connection = await connection.execution_options(sqlite_write=True)
            async with connection.begin():
                yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads: it waits for no writer."""
        async with self.engine.connect() as connection:
            if self.is_sqlite:
                connection = await connection.execution_options(sqlite_write=False)
            async with connection.begin():
                yield connection

    @asynccontextmanager
    async def looking_up(self) -> AsyncIterator[AsyncConnection]:
        """For queries that find single rows by a key, each on its own: what every connect and join asks.

        SQLite answers those within microseconds on this very thread; the way to the thread of a
        connection and back would cost ten times that. PostgreSQL is asked as ever.
        """
        if self._lookups is None:
            async with self.reading() as connection:
                yield connection
        else:
            yield cast(AsyncConnection, self._lookups)

    async def ping(self) -> None:
        """Raises what the driver raises where the database does not answer."""
        async with self.reading() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        if self._lookups is not None:
            self._lookups.close()
        await self.engine.dispose()


class _Lookups:
    """What of a connection the stores need to look something up, without waiting; opened when first asked."""

    def __init__(self, url: URL) -> None:
        self._engine = create_engine(
            url.set(drivername="sqlite+pysqlite"),
            hide_parameters=True,
            isolation_level="AUTOCOMMIT",
            poolclass=StaticPool,
        )
        event.listen(self._engine, "connect", _read_only)
        self._connection: Connection | None = None

    async def execute(self, query: Executable, parameters: dict[str, Any] | None = None) -> CursorResult[Any]:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection.execute(query, parameters)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._engine.dispose()


def _read_only(connection: Any, _record: Any) -> None:
    """Readers wait for nobody in WAL mode, save for a moment where the log is begun anew."""
    connection.execute("PRAGMA query_only=ON")
    connection.execute("PRAGMA busy_timeout=100")


def _prepare_sqlite(engine: Engine) -> None:
    """WAL, foreign keys, a patient writer; the transaction's start is ours instead of the driver's."""

    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_MS}")
        cursor.close()

    def begin(connection: Any) -> None:
        write = connection.get_execution_options().get("sqlite_write", True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begin)


__all__ = ["AsyncConnection", "Database", "InvalidDatabaseUrl", "driver_url"]
