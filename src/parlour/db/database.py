"""The engine and its transactions, for SQLite and PostgreSQL alike."""

import sqlite3
from collections import namedtuple
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, nullcontext, suppress
from pathlib import Path
from typing import Any, cast

from sqlalchemy import (
    URL,
    Connection,
    Dialect,
    Executable,
    Select,
    StaticPool,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.engine import Engine
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

SQLITE_BUSY_MS = 10_000
POOL_SIZE = 10
CONNECT_SECONDS = 5
AWAY = (OperationalError, InterfaceError, PoolTimeout)
"""What a database raises that does not answer, or cannot do now what it could do before."""


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

    def looking_up(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """For queries that find single rows by a key, each on its own: what every connect and join asks.

        SQLite answers those within microseconds on this very thread; the way to the thread of a
        connection and back would cost ten times that. PostgreSQL is asked as ever.
        """
        if self._lookups is None:
            return self.reading()
        return nullcontext(cast(AsyncConnection, self._lookups))

    async def ping(self) -> None:
        """Raises what the driver raises where the database does not answer."""
        async with self.reading() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        if self._lookups is not None:
            self._lookups.close()
        await self.engine.dispose()


class _Lookups:
    """What of a connection the stores need to look something up, without waiting; opened when first asked.

    SQLAlchemy builds each query once; the driver is then asked directly, since what SQLAlchemy does around
    an execution takes six times as long as SQLite does.
    """

    def __init__(self, url: URL) -> None:
        self._engine = create_engine(
            url.set(drivername="sqlite+pysqlite"),
            hide_parameters=True,
            isolation_level="AUTOCOMMIT",
            poolclass=StaticPool,
        )
        event.listen(self._engine, "connect", _read_only)
        self._connection: Connection | None = None
        self._lookups: dict[Executable, _Lookup] = {}

    async def execute(self, query: Executable, parameters: dict[str, Any]) -> "_Row":
        """`query` is one of few, kept for good; raises what SQLAlchemy would."""
        if self._connection is None:
            self._connection = self._engine.connect()
        lookup = self._lookups.get(query)
        if lookup is None:
            lookup = self._lookups[query] = _Lookup(cast(Select[Any], query), self._engine.dialect)
        cursor = self._connection.connection.cursor()
        try:
            return _Row(lookup.find(cursor, parameters))
        except sqlite3.Error as error:
            raise DBAPIError.instance(
                lookup.sql, None, error, sqlite3.Error, hide_parameters=True, dialect=self._engine.dialect
            ) from error
        finally:
            cursor.close()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._engine.dispose()


class _Lookup:
    """A query as SQLite takes it, and what its values and columns are converted by."""

    def __init__(self, query: Select[Any], dialect: Dialect) -> None:
        compiled = query.compile(dialect=dialect)
        self.sql = str(compiled)
        binds = compiled.binds
        self._names = [
            (name, binds[name].type.dialect_impl(dialect).bind_processor(dialect))
            for name in compiled.positiontup or ()
        ]
        columns = query.selected_columns
        self._row: Any = namedtuple("_Found", columns.keys())  # type: ignore[misc]
        self._processors = [
            (index, process)
            for index, column in enumerate(columns)
            if (process := column.type.dialect_impl(dialect).result_processor(dialect, None)) is not None
        ]

    def find(self, cursor: Any, parameters: dict[str, Any]) -> Any:
        cursor.execute(
            self.sql,
            [parameters[name] if to is None else to(parameters[name]) for name, to in self._names],
        )
        found = cursor.fetchone()
        if found is None:
            return None
        values = list(found)
        for index, process in self._processors:
            values[index] = process(values[index])
        return self._row._make(values)


class _Row:
    """The part of a result that is asked for."""

    def __init__(self, row: Any) -> None:
        self._row = row

    def one_or_none(self) -> Any:
        return self._row


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


__all__ = ["AWAY", "AsyncConnection", "Database", "InvalidDatabaseUrl", "driver_url"]
