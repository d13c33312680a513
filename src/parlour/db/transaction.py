"""A transaction as the stores see it: SQLAlchemy's connection, and the facts that its commit makes true."""

import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from sqlalchemy import Connection, Dialect, Executable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from parlour.db.drivers import CALL_SECONDS, SqliteConnection
from parlour.db.prepared import PreparedStatement, PreparedStatements, fetch

P = ParamSpec("P")
T = TypeVar("T")

Work = Callable[["Transaction"], Coroutine[Any, Any, T]]
"""The body of a transaction as a function. It may run in another thread, and run again: it reads what others
hold, and changes nothing but the database.
"""


class Transaction(AsyncConnection):
    """A connection in a transaction, and its facts."""

    __slots__ = ("_facts",)

    def __init__(self, engine: AsyncEngine, sync_connection: Connection | None = None) -> None:
        super().__init__(engine, sync_connection)
        self._facts: list[object] = []

    def after_commit(self, *facts: object) -> None:
        """Have the bus publish `facts` once this transaction is committed, and not at all if it never is."""
        self._facts += facts

    def take_facts(self) -> list[object]:
        """Return the facts and forget them, so that none is published twice."""
        facts, self._facts = self._facts, []
        return facts


@dataclass(frozen=True, slots=True)
class _Open:
    """A connection that stays open between transactions: the driver's, and SQLAlchemy's around it."""

    driver: SqliteConnection
    sqlalchemys: Connection


class SqliteTransaction(Transaction):
    """A transaction on SQLite, in which prepared statements and the end are calls of the driver.

    SQLAlchemy takes part with the first statement that is not prepared.
    """

    __slots__ = ("_driver", "_prepared")

    def __init__(self, engine: AsyncEngine, open_connection: _Open, prepared: PreparedStatements) -> None:
        super().__init__(engine, open_connection.sqlalchemys)
        self._driver = open_connection.driver
        self._prepared = prepared

    async def execute(
        self, statement: Executable, parameters: Any = None, *, execution_options: Any = None
    ) -> Any:
        """Execute a statement, a prepared one (`db.prepared`) without SQLAlchemy."""
        known = None if self.sync_connection is None else self._prepared.find(statement)
        if known is None:
            return await super().execute(statement, parameters, execution_options=execution_options)
        return await self._execute_prepared(known, parameters or {})

    async def run_sync(self, fn: Callable[Concatenate[Connection, P], T], *arg: P.args, **kw: P.kwargs) -> T:
        """Run `fn` in SQLAlchemy's transaction: Alembic would commit each step by itself if it found none."""
        if self.sync_connection is not None and not self.in_transaction():
            await self.begin()
        return await super().run_sync(fn, *arg, **kw)

    async def _execute_prepared(self, statement: PreparedStatement, values: Mapping[str, Any]) -> Any:
        sql, bound = statement.sql, statement.bound(values)
        try:
            rows, changed = await self._driver.run(lambda connection: fetch(connection, sql, bound))
        except sqlite3.Error as error:
            raise _as_sqlalchemys(error, sql, self.dialect) from error
        return statement.result(rows, changed)

    async def end(self, *, commits: bool) -> None:
        """Commit or roll back; the transaction can be used no more."""
        sqlalchemys = cast(Connection, self.sync_connection)
        try:
            if not commits and self._driver.is_over:
                sqlalchemys.invalidate()  # the thread rolls back as it closes the connection
            elif sqlalchemys.in_transaction():
                await (super().commit() if commits else super().rollback())
            else:
                await (self._driver.commit() if commits else self._driver.rollback())
        except sqlite3.Error as error:
            raise _as_sqlalchemys(error, "COMMIT" if commits else "ROLLBACK", self.dialect) from error

    def forget(self) -> None:
        """Leave the connection to the next transaction."""
        self.sync_connection = None


def _as_sqlalchemys(error: sqlite3.Error, sql: str, dialect: Dialect) -> Exception:
    return DBAPIError.instance(sql, None, error, sqlite3.Error, hide_parameters=True, dialect=dialect)


class NotInOneTrip(Exception):
    """A transaction's body needs more than prepared statements, and has been rolled back."""


class OneTrip:
    """A transaction that runs as a whole in the thread of its connection, prepared statements alone.

    It is a stand-in for Transaction: its statements are answered at once, so that a body that awaits nothing
    else runs to its end without the event loop. A statement by itself takes two switches between threads.
    """

    def __init__(self, connection: sqlite3.Connection, prepared: PreparedStatements) -> None:
        self._connection = connection
        self._prepared = prepared
        self.facts: list[object] = []

    @property
    def dialect(self) -> Dialect:
        return self._prepared.dialect

    def after_commit(self, *facts: object) -> None:
        self.facts += facts

    async def execute(self, statement: Executable, parameters: Any = None) -> Any:
        """Execute a prepared statement. Raises NotInOneTrip for another one."""
        known = self._prepared.find(statement)
        if known is None:
            raise NotInOneTrip
        try:
            rows, changed = fetch(self._connection, known.sql, known.bound(parameters or {}))
        except sqlite3.Error as error:
            raise _as_sqlalchemys(error, known.sql, self.dialect) from error
        return known.result(rows, changed)

    def run(self, work: Work[T], is_over: Callable[[], bool]) -> T:
        """Run `work` from BEGIN to COMMIT. Whatever it raises rolls back.

        `is_over`, asked before the commit, tells that nobody waits for it any more. Raises NotInOneTrip.
        """
        self._end("BEGIN IMMEDIATE")
        try:
            done = _completed(work(cast(Transaction, self)))
            if is_over():
                raise sqlite3.OperationalError("connection closed")
            self._end("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.rollback()
            raise
        return done

    def _end(self, statement: str) -> None:
        try:
            self._connection.execute(statement)
        except sqlite3.Error as error:
            raise _as_sqlalchemys(error, statement, self.dialect) from error


def _completed(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that awaits nothing. Raises NotInOneTrip for one that does."""
    try:
        work.send(None)
    except StopIteration as done:
        value: T = done.value
        return value
    work.close()
    raise NotInOneTrip


class SqliteTransactions:
    """Begins transactions on connections that stay open: their number is the caller's to bound.

    SQLAlchemy's pool would be asked to lend a connection, to begin, to commit, to reset it and to take it
    back, each by a switch of greenlets: 200 µs for a transaction that does nothing.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._prepared = PreparedStatements(engine.dialect)
        self._idle: list[_Open] = []

    @asynccontextmanager
    async def begin(self, beginning: str, *, is_limited: bool) -> AsyncIterator[SqliteTransaction]:
        """Begin with the statement `beginning` just before the block's first statement, if it is not empty.

        Commit at the end of the block, or roll back if it raises; `is_limited` False sets no deadline.
        """
        connection = await self._borrow()
        transaction = SqliteTransaction(self._engine, connection, self._prepared)
        connection.driver.patience = CALL_SECONDS if is_limited else None
        connection.driver.begin(beginning)
        try:
            try:
                yield transaction
                await transaction.end(commits=True)
            except BaseException:
                await transaction.end(commits=False)
                raise
        finally:
            transaction.forget()
            connection.driver.patience = CALL_SECONDS
            self._give_back(connection)

    async def in_one_trip(self, work: Work[T]) -> tuple[T, list[object]]:
        """Run and commit a transaction by one call of the thread; return its result and its facts.

        Raises NotInOneTrip.
        """
        connection = await self._borrow()
        driver = connection.driver

        def run(raw: sqlite3.Connection) -> tuple[T, list[object]]:
            trip = OneTrip(raw, self._prepared)
            return trip.run(work, lambda: driver.is_abandoned), trip.facts

        try:
            return await driver.run(run)
        except sqlite3.Error as error:
            raise _as_sqlalchemys(error, "", self._engine.dialect) from error
        finally:
            self._give_back(connection)

    async def _borrow(self) -> _Open:
        return self._idle.pop() if self._idle else await self._open()

    def _give_back(self, connection: _Open) -> None:
        if connection.driver.is_over or connection.sqlalchemys.invalidated:
            connection.sqlalchemys.invalidate()
            connection.sqlalchemys.close()
        else:
            self._idle.append(connection)

    async def _open(self) -> _Open:
        opened = await AsyncConnection(self._engine).start()
        sqlalchemys = cast(Connection, opened.sync_connection)
        return _Open(cast(SqliteConnection, sqlalchemys.connection.driver_connection), sqlalchemys)

    async def close(self) -> None:
        """Return the open connections to the pool."""
        while self._idle:
            await AsyncConnection(self._engine, self._idle.pop().sqlalchemys).close()
