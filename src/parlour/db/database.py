"""The engine and its transactions, for SQLite and PostgreSQL alike."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Any, cast

import structlog
from sqlalchemy import URL, NullPool, event, make_url, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from parlour.bus import Bus
from parlour.db.drivers import (
    CALL_SECONDS,
    POSTGRES_LIMITS,
    POSTGRES_PARAMETERS,
    PostgresConnection,
    SqliteConnection,
    StuckThreads,
)
from parlour.db.lookups import Lookups
from parlour.db.private_files import (
    OWNER_ONLY_FOLDER,
    NotPrivate,
    make_private_file,
    require_private,
)
from parlour.scheduling.fair_queue import FairQueueFull
from parlour.scheduling.fair_slots import FairSlots

TRANSACTION_SECONDS = 5.0
"""From waiting for a connection to the answer to its commit."""
PING_SECONDS = 3.0
CLOSE_SECONDS = 2.0
SQLITE_BUSY_MS = 3_500
"""How long SQLite waits for the writer of another process; less than a call may take, so that it says so."""
POOL_SIZE = 10
MAX_WAITING = 4096
"""Transactions in the line for a connection."""
DATABASE_UNAVAILABLE = (OperationalError, InterfaceError, PoolTimeout)
"""What a database raises that does not answer, or cannot do now what it could do before."""


log = structlog.get_logger("parlour.db")


class InvalidDatabaseUrl(ValueError):
    """A database URL that names neither PostgreSQL nor SQLite."""


def driver_url(database_url: str | URL) -> URL:
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


class TransactionTimeout(PoolTimeout):
    """A transaction was given up: the database did not answer in time, or it had too much to do."""


class UnusableFile(OSError):
    """What is to be the SQLite database is none, or cannot be opened, in a sentence."""


class Transaction(AsyncConnection):
    """The connection of a transaction that writes, and the facts that its commit makes true."""

    __slots__ = ("_facts",)

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine)
        self._facts: list[object] = []

    def after_commit(self, *facts: object) -> None:
        """Have the bus publish `facts` once this transaction is committed, and not at all if it never is."""
        self._facts += facts

    def take_facts(self) -> list[object]:
        """Return the facts and forget them, so that none is published twice."""
        facts, self._facts = self._facts, []
        return facts


class Database:
    """One engine; a use case opens one transaction.

    A transaction has a deadline on this side, whatever the database does: then it raises one of AWAY, and its
    connection is given up (`drivers`). `hide_parameters` keeps addresses and hashes out of the messages of
    database errors. `allow_readable`: on a file system that knows no modes, SQLite's files may be readable by
    others.
    """

    def __init__(
        self, database_url: str | URL, *, bus: Bus | None = None, allow_readable: bool = False
    ) -> None:
        self._bus = bus or Bus()
        self._allow_readable = allow_readable
        url = driver_url(database_url)
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self._lookups: Lookups | None = None
        self._writer = FairSlots(1, limit=MAX_WAITING)
        self._connections = FairSlots(POOL_SIZE if self.is_sqlite else 2 * POOL_SIZE, limit=MAX_WAITING)
        if self.is_sqlite:
            stuck = StuckThreads()
            arguments = {"async_creator_fn": partial(_open_sqlite, stuck), "isolation_level": None}
            self.engine = create_async_engine(
                url,
                hide_parameters=True,
                pool_size=POOL_SIZE,
                max_overflow=0,
                pool_timeout=CALL_SECONDS,
                connect_args=arguments,
            )
            self._pinging = create_async_engine(
                url, hide_parameters=True, poolclass=NullPool, connect_args=arguments
            )
            _prepare_sqlite(self._pinging.sync_engine)
            self._lookups = Lookups(url, stuck)
            _prepare_sqlite(self.engine.sync_engine)
            if url.database:
                with suppress(OSError):  # the first connection says what is wrong
                    Path(url.database).parent.mkdir(mode=OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
        else:
            parameters = {name: value for name, value in POSTGRES_PARAMETERS.items() if name not in url.query}
            self.engine = create_async_engine(
                url,
                hide_parameters=True,
                pool_size=POOL_SIZE,
                max_overflow=POOL_SIZE,
                pool_timeout=CALL_SECONDS,
                pool_pre_ping=True,
                connect_args={"async_creator_fn": PostgresConnection.connect, **parameters},
            )
            _prepare_postgres(self.engine.sync_engine)
            self._pinging = self.engine

    def require_file(self) -> None:
        """Raises UnusableFile where SQLite cannot open its file, NotPrivate where others can read it.

        Asked for before the first connection: that one opens it in a thread of its own, which complains
        on its own where the command ends at once. The write-ahead log and its index get the file's mode.
        """
        file = self.engine.url.database
        if not self.is_sqlite or not file:
            return
        try:
            self._make_private(file)
            with closing(sqlite3.connect(file, timeout=SQLITE_BUSY_MS / 1000)) as connection:
                connection.execute("PRAGMA schema_version")
        except OSError as error:
            raise UnusableFile(f"{file} cannot be used ({error.strerror})") from error
        except sqlite3.Error as error:
            if "locked" not in str(error):  # which the first transaction says in its own way
                raise UnusableFile(f"{file} cannot be used as an SQLite database ({error})") from error

    def _make_private(self, file: str) -> None:
        if file == ":memory:" or file.startswith("file:"):
            return
        try:
            make_private_file(Path(file))
            for suffix in ("-wal", "-shm", "-journal"):
                require_private(Path(file + suffix))
        except NotPrivate as error:
            if not self._allow_readable:
                raise
            log.warning("database.readable_by_others", hint=str(error))

    @asynccontextmanager
    async def transaction(self, *, within: float | None = TRANSACTION_SECONDS) -> AsyncIterator[Transaction]:
        """Commits at the end, rolls back where the block raises; with None it may take as long as it likes.

        After the commit the bus publishes the facts that the block handed to `after_commit`, before anything
        else is awaited: facts of one process are published in the order of their commits.

        SQLite has one writer: it takes its place in the line at once, since a reader that becomes a
        writer later may find the database changed below it. Those of this process wait for each other here,
        where each gets its turn; SQLite itself would let them try again and again.
        """
        async with (
            self._deadline(within),
            self._writer.one() if self.is_sqlite else nullcontext(),
            self._begin(writes=True, is_limited=within is not None) as connection,
        ):
            yield connection

    @asynccontextmanager
    async def reading(self, *, within: float = TRANSACTION_SECONDS) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads: it waits for no writer."""
        async with self._deadline(within), self._begin(writes=False) as connection:
            yield connection

    @asynccontextmanager
    async def _deadline(self, within: float | None) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(within) as deadline, _cancellation_kept():
                yield
        except FairQueueFull as error:
            raise TransactionTimeout("too many transactions wait for the database") from error
        except TimeoutError as error:
            if not deadline.expired():
                raise
            raise TransactionTimeout(f"the database took more than {within} seconds") from error

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Transaction]:
        """What `AsyncEngine.connect` does, with a Transaction in the place of its AsyncConnection."""
        transaction = Transaction(self.engine)
        async with transaction:
            yield transaction

    @asynccontextmanager
    async def _begin(self, *, writes: bool, is_limited: bool = True) -> AsyncIterator[Transaction]:
        async with self._connections.one(), self._connected() as connection:
            if self.is_sqlite:
                await connection.execution_options(sqlite_write=writes)
            async with self._patience(connection, is_limited), connection.begin():
                if not (is_limited or self.is_sqlite):
                    for name in POSTGRES_LIMITS:
                        await connection.execute(text(f"SET LOCAL {name} = 0"))
                yield connection
            for fact in connection.take_facts():
                self._bus.publish(fact)

    @asynccontextmanager
    async def _patience(self, connection: AsyncConnection, is_limited: bool) -> AsyncIterator[None]:
        """How long the driver waits for the answers of one transaction."""
        if is_limited:
            yield
            return
        driver: Any = (await connection.get_raw_connection()).driver_connection
        driver.patience = None
        try:
            yield
        finally:
            driver.patience = CALL_SECONDS

    def point_lookup(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """For queries that find single rows by a key, each on its own: what every connect and join asks."""
        if self._lookups is None:
            return self.reading()
        return nullcontext(cast(AsyncConnection, self._lookups))

    async def ping(self) -> None:
        """Raises one of AWAY. SQLite is asked by a new connection: an older one may answer from memory."""
        async with self._deadline(PING_SECONDS), self._pinging.connect() as connection:
            await connection.execute(text("SELECT count(*) FROM alembic_version"))

    async def checkpoint(self, *, truncates: bool = False) -> None:
        """Brings what SQLite has in its log (WAL) into the file itself; nothing to do on PostgreSQL.

        SQLite does so by itself after 4 MB only, and who copies the file alone would copy less than there
        is. Nobody waits for it, unless it `truncates` the log too.
        """
        if not self.is_sqlite:
            return
        mode = "TRUNCATE" if truncates else "PASSIVE"
        async with self._deadline(TRANSACTION_SECONDS), self.engine.connect() as connection:
            raw = await connection.get_raw_connection()
            driver: Any = raw.driver_connection
            statement = f"PRAGMA wal_checkpoint({mode})"
            try:
                async with driver.execute(statement) as cursor:
                    await cursor.fetchone()
            except sqlite3.Error as error:
                raise OperationalError(statement, None, error) from error

    async def close(self) -> None:
        """Within CLOSE_SECONDS: what does not answer is left behind."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                with suppress(*DATABASE_UNAVAILABLE):  # what is in the log stays there
                    await self.checkpoint(truncates=True)
                if self._lookups is not None:
                    await self._lookups.close()
                await self.engine.dispose()


@asynccontextmanager
async def _cancellation_kept() -> AsyncIterator[None]:
    """Raises CancelledError where the block was cancelled and raises what SQLAlchemy made of that.

    A cancelled call gives its connection up; SQLAlchemy, which does not know, may roll back then, and the
    error of that replaces the CancelledError: a task that goes on where the database is away would never end.
    """
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("a transaction belongs to a task")
    cancellations = task.cancelling()
    try:
        yield
    except SQLAlchemyError as error:
        if task.cancelling() > cancellations:
            raise asyncio.CancelledError from error
        raise


async def _open_sqlite(stuck: StuckThreads, *arguments: Any, **named: Any) -> SqliteConnection:
    return await SqliteConnection.open(partial(sqlite3.connect, *arguments, **named), stuck)


def _prepare_postgres(engine: Engine) -> None:
    """PostgreSQL's own limits, set by a statement: poolers such as PgBouncer refuse them as parameters."""
    limits = ", ".join(f"set_config('{name}', '{value}', false)" for name, value in POSTGRES_LIMITS.items())

    def connected(connection: Any, _record: Any) -> None:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(f"SELECT {limits}")
        cursor.close()
        connection.autocommit = False

    event.listen(engine, "connect", connected)


def _prepare_sqlite(engine: Engine) -> None:
    """WAL, foreign keys, a patient writer; the transaction's start is ours instead of the driver's."""

    def connected(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")  # what was answered outlives a power cut
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_MS}")
        cursor.close()

    def begin(connection: Any) -> None:
        write = connection.get_execution_options().get("sqlite_write", True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begin)


def is_locked(error: BaseException) -> bool:
    """Whether it says that another program keeps an SQLite database locked."""
    return isinstance(error, OperationalError) and "database is locked" in str(error.orig)


__all__ = [
    "DATABASE_UNAVAILABLE",
    "AsyncConnection",
    "Database",
    "InvalidDatabaseUrl",
    "Transaction",
    "UnusableFile",
    "driver_url",
    "is_locked",
]
