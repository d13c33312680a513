"""The engine and its transactions, for SQLite and PostgreSQL alike."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

import structlog
from sqlalchemy import URL, NullPool, event, make_url, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from parlour.bus import Bus
from parlour.db.drivers import CALL_SECONDS, POSTGRES_LIMITS, HungThreads, SqliteConnection
from parlour.db.lookups import PointLookups
from parlour.db.private_files import (
    OWNER_ONLY_FOLDER,
    NotPrivate,
    make_private_file,
    require_private,
)
from parlour.db.transaction import NotInOneTrip, SqliteTransactions, Transaction, Work
from parlour.scheduling.fair_queue import FairQueueFull
from parlour.scheduling.fair_slots import FairSlots

TRANSACTION_SECONDS = 5.0
"""The deadline of a transaction: from waiting for a connection to the end of the commit."""
PING_SECONDS = 3.0
CLOSE_SECONDS = 2.0
SQLITE_BUSY_MS = 3_500
"""SQLite's wait for the writer of another process; below CALL_SECONDS, so that the error is SQLite's own."""
WAL_ATTEMPTS = 5
POOL_SIZE = 10
"""The connections to an SQLite file."""
MOST_CONNECTIONS = 20
"""The most connections of a process to PostgreSQL, half of which stay open."""
MAX_WAITING = 4096
"""The bound of the queue of transactions that wait for a connection."""
DATABASE_UNAVAILABLE = (OperationalError, InterfaceError, PoolTimeout)
"""The errors of a database that does not answer, or that lost an ability such as writing to its disk."""

T = TypeVar("T")

log = structlog.get_logger("parlour.db")


class InvalidDatabaseUrl(ValueError):
    """The database URL names neither PostgreSQL nor SQLite."""


def driver_url(database_url: str | URL) -> URL:
    """Set Parlour's driver in a `postgresql://…` or `sqlite:///…` URL. Raises InvalidDatabaseUrl."""
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
    """A transaction was abandoned: the database did not answer in time, or too many transactions waited."""


class UnusableFile(OSError):
    """The SQLite file cannot be opened or is not a database, for the reason that the sentence gives."""


class Database:
    """The engine and its transactions; a use case opens a single transaction.

    A transaction has a deadline on this side, whatever the database does: past it, the transaction raises one
    of DATABASE_UNAVAILABLE, and its connection is abandoned (`drivers`). `hide_parameters` keeps addresses
    and hashes out of the messages of database errors. `allow_readable` tolerates SQLite files that other
    users can read, on a file system without modes. `connections` is the most that PostgreSQL gets.
    """

    def __init__(
        self,
        database_url: str | URL,
        *,
        bus: Bus | None = None,
        allow_readable: bool = False,
        connections: int = MOST_CONNECTIONS,
    ) -> None:
        self._bus = bus or Bus()
        self._allow_readable = allow_readable
        url = driver_url(database_url)
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self._lookups: PointLookups | None = None
        self._sqlite: SqliteTransactions | None = None
        self._writer = FairSlots(1, limit=MAX_WAITING)
        self._connections = FairSlots(POOL_SIZE if self.is_sqlite else connections, limit=MAX_WAITING)
        if self.is_sqlite:
            hung_threads = HungThreads()
            arguments = {"async_creator_fn": partial(_open_sqlite, hung_threads), "isolation_level": None}
            self.engine = create_async_engine(
                url,
                hide_parameters=True,
                pool_size=POOL_SIZE + 1,  # transactions keep theirs; the last is for checkpoints
                max_overflow=0,
                pool_timeout=CALL_SECONDS,
                connect_args=arguments,
            )
            self._pinging = create_async_engine(
                url, hide_parameters=True, poolclass=NullPool, connect_args=arguments
            )
            _prepare_sqlite(self._pinging.sync_engine)
            self._lookups = PointLookups(url, hung_threads)
            self._sqlite = SqliteTransactions(self.engine)
            _prepare_sqlite(self.engine.sync_engine)
            if url.database:
                with suppress(OSError):  # the first connection reports the reason
                    Path(url.database).parent.mkdir(mode=OWNER_ONLY_FOLDER, parents=True, exist_ok=True)
        else:
            from parlour.db.postgres import (  # a twentieth of the start
                POSTGRES_PARAMETERS,
                PostgresConnection,
            )

            parameters = {name: value for name, value in POSTGRES_PARAMETERS.items() if name not in url.query}
            self.engine = create_async_engine(
                url,
                hide_parameters=True,
                pool_size=connections // 2,
                max_overflow=connections - connections // 2,
                pool_timeout=CALL_SECONDS,
                pool_pre_ping=True,
                connect_args={"async_creator_fn": PostgresConnection.connect, **parameters},
            )
            _prepare_postgres(self.engine.sync_engine)
            self._pinging = self.engine

    def require_file(self) -> None:
        """Check the SQLite file and make it private. Raises UnusableFile or NotPrivate.

        Call before the first connection: aiosqlite opens the file in a thread, and a failure there would
        print a traceback when a command exits at once. The write-ahead log and its index get the file's mode.
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
            if "locked" not in str(error):  # the first transaction reports a lock (`is_locked`)
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

    @property
    def waiting_writers(self) -> int:
        """The transactions that wait for the only writer of SQLite; 0 on PostgreSQL, which has many."""
        return self._writer.waiting

    @asynccontextmanager
    async def transaction(self, *, within: float | None = TRANSACTION_SECONDS) -> AsyncIterator[Transaction]:
        """Commit at the end, roll back where the block raises; `within` None sets no deadline.

        After the commit the bus publishes the facts that the block handed to `after_commit`, before anything
        else is awaited: facts of one process are published in the order of their commits.

        SQLite has a single writer: BEGIN IMMEDIATE takes the write lock at once, since upgrading a read
        transaction fails if the database changed meanwhile (SQLITE_BUSY_SNAPSHOT). Writers of this process
        queue here in fair order; SQLite's own busy handler would poll without order.
        """
        async with (
            self._deadline(within),
            self._writer.slot() if self.is_sqlite else nullcontext(),
            self._begin("BEGIN IMMEDIATE", is_limited=within is not None) as connection,
        ):
            yield connection

    async def transact(self, work: Work[T]) -> T:
        """Run `work` in a transaction as `transaction` does, on SQLite by a single call of the thread.

        A body that cannot be run so (`transaction.OneTrip`) runs again, in a transaction of the usual kind.
        """
        if self._sqlite is not None:
            try:
                async with (
                    self._deadline(TRANSACTION_SECONDS),
                    self._writer.slot(),
                    self._connections.slot(),
                ):
                    done, facts = await self._sqlite.in_one_trip(work)
                    for fact in facts:
                        self._bus.publish(fact)
                    return done
            except NotInOneTrip:
                log.debug("transaction.in_steps", work=work.__qualname__)
        async with self.transaction() as connection:
            return await work(connection)

    @asynccontextmanager
    async def reading(
        self, *, within: float = TRANSACTION_SECONDS, snapshot: bool = True
    ) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that only reads and therefore waits for no writer.

        Without `snapshot` each statement sees the newest state, which is enough for a single one: SQLite then
        needs no call to end the transaction. PostgreSQL (READ COMMITTED) has no snapshot in either case.
        """
        beginning = "BEGIN" if snapshot else ""
        async with self._deadline(within), self._begin(beginning) as connection:
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
    async def _begin(self, beginning: str, *, is_limited: bool = True) -> AsyncIterator[Transaction]:
        async with self._connections.slot():
            if self._sqlite is not None:
                begun: AbstractAsyncContextManager[Transaction] = self._sqlite.begin(
                    beginning, is_limited=is_limited
                )
            else:
                begun = self._begin_postgres(is_limited=is_limited)
            async with begun as connection:
                yield connection
            for fact in connection.take_facts():
                self._bus.publish(fact)

    @asynccontextmanager
    async def _begin_postgres(self, *, is_limited: bool) -> AsyncIterator[Transaction]:
        connection = Transaction(self.engine)  # in the place of the engine's own `connect`
        async with connection, self._patience(connection, is_limited), connection.begin():
            if not is_limited:
                for name in POSTGRES_LIMITS:
                    await connection.execute(text(f"SET LOCAL {name} = 0"))
            yield connection

    @asynccontextmanager
    async def _patience(self, connection: AsyncConnection, is_limited: bool) -> AsyncIterator[None]:
        """Set the driver's call timeout for one transaction: CALL_SECONDS, or none if not `is_limited`."""
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
        """Open a connection for queries that find single rows by a key, as every connect and join does.

        Each query is a transaction of its own. On SQLite a batching reader thread answers (`PointLookups`).
        """
        if self._lookups is None:
            return self.reading()
        return nullcontext(cast(AsyncConnection, self._lookups))

    async def ping(self) -> None:
        """Query the database. Raises one of DATABASE_UNAVAILABLE.

        On SQLite a new connection asks: an open connection may answer from its page cache.
        """
        async with self._deadline(PING_SECONDS), self._pinging.connect() as connection:
            await connection.execute(text("SELECT count(*) FROM alembic_version"))

    async def checkpoint(self, *, truncates: bool = False) -> None:
        """Move SQLite's write-ahead log into the database file; does nothing on PostgreSQL.

        SQLite itself does so after 4 MB only; until then a copy of the file alone lacks the newest rows. A
        passive checkpoint blocks no transaction; `truncates` also empties the log and may block.
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
        """Checkpoint and close all connections; give up after CLOSE_SECONDS."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                with suppress(*DATABASE_UNAVAILABLE):  # the rows stay in the write-ahead log
                    await self.checkpoint(truncates=True)
                if self._lookups is not None:
                    await self._lookups.close()
                if self._sqlite is not None:
                    await self._sqlite.close()
                await self.engine.dispose()


@asynccontextmanager
async def _cancellation_kept() -> AsyncIterator[None]:
    """Raise CancelledError where SQLAlchemy replaced it by an error of its own.

    A cancelled call abandons its connection. SQLAlchemy, which does not know, may then try a rollback, whose
    error replaces the CancelledError: a task that retries on database errors would survive its cancellation.
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


async def _open_sqlite(hung_threads: HungThreads, *arguments: Any, **named: Any) -> SqliteConnection:
    return await SqliteConnection.open(partial(sqlite3.connect, *arguments, **named), hung_threads)


def _prepare_postgres(engine: Engine) -> None:
    """Set PostgreSQL's own limits by a statement: poolers such as PgBouncer refuse them as parameters."""
    limits = ", ".join(f"set_config('{name}', '{value}', false)" for name, value in POSTGRES_LIMITS.items())

    def connected(connection: Any, _record: Any) -> None:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(f"SELECT {limits}")
        cursor.close()
        connection.autocommit = False

    event.listen(engine, "connect", connected)


def _prepare_sqlite(engine: Engine) -> None:
    """Turn on WAL, foreign keys and a busy timeout; begin transactions with their first statement."""

    def connected(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_MS}")
        _turn_on_wal(cursor)
        cursor.execute("PRAGMA synchronous=FULL")  # a commit that was acknowledged survives a power cut
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    def begin(connection: Any) -> None:
        driver = connection.connection.driver_connection
        if not driver.has_begun:
            driver.begin("BEGIN")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begin)


def _turn_on_wal(cursor: Any) -> None:
    """Turn on WAL. While another process does the same to a new database, SQLite refuses that at once, in
    spite of its busy timeout; the beginning of a transaction waits for the other process.
    """
    for _ in range(WAL_ATTEMPTS):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
        else:
            return
        cursor.execute("BEGIN IMMEDIATE")
        cursor.execute("ROLLBACK")
    cursor.execute("PRAGMA journal_mode=WAL")


def is_locked(error: BaseException) -> bool:
    """True for the error of an SQLite database that another program keeps locked."""
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
