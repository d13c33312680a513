"""Point look-ups on SQLite: queries that find a single row by a key, each in a transaction of its own.

Every connect and join makes some. SQLite answers within microseconds, but a connection of the pool costs ten
times that: SQLAlchemy's execution, and a thread switch for each call. So SQLAlchemy compiles each query once,
one reader thread calls the driver directly, and the look-ups of a turn of the event loop, or that arrive
while the thread works, go to it as one batch. The event loop itself never reads: a hung file system would
block it.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import Any

from sqlalchemy import URL, Executable, create_engine
from sqlalchemy.exc import DBAPIError

from parlour.db.drivers import CALL_SECONDS, HungThreads
from parlour.db.prepared import PreparedResult, PreparedStatement, fetch

MAX_WAITING = 20_000
BUSY_MS = 100
"""SQLite's wait for a lock: in WAL mode readers are blocked only for the moment of a log restart."""


class PointLookups:
    """A stand-in for AsyncConnection (`execute` alone) that batches point look-ups into a reader thread."""

    def __init__(self, url: URL, hung_threads: HungThreads, *, patience: float = CALL_SECONDS) -> None:
        engine = create_engine(url.set(drivername="sqlite+pysqlite"))
        self._dialect = engine.dialect
        self._arguments = engine.dialect.create_connect_args(engine.url)
        self._hung_threads = hung_threads
        self._patience = patience
        self._queries: dict[Executable, PreparedStatement] = {}
        self._waiting: list[_Lookup] = []
        self._asked: list[_Lookup] = []
        self._is_due = False
        self._reader: _Reader | None = None
        self._deadline: asyncio.TimerHandle | None = None

    async def execute(self, query: Executable, parameters: dict[str, Any]) -> PreparedResult:
        """Find a row. Raises the errors that SQLAlchemy would.

        Compiled queries are cached for good: pass only statements that are built once, in a module.
        """
        compiled = self._queries.get(query)
        if compiled is None:
            compiled = self._queries[query] = PreparedStatement(query, self._dialect)
        try:
            return await self._find(compiled, parameters)
        except sqlite3.Error as error:
            raise DBAPIError.instance(
                compiled.sql, None, error, sqlite3.Error, hide_parameters=True, dialect=self._dialect
            ) from error

    def _find(self, query: PreparedStatement, parameters: dict[str, Any]) -> "asyncio.Future[PreparedResult]":
        if len(self._waiting) >= MAX_WAITING:
            raise sqlite3.OperationalError("too many look-ups at once")
        loop = asyncio.get_running_loop()
        lookup = _Lookup(query, parameters, loop.create_future())
        self._waiting.append(lookup)
        if not self._asked and not self._is_due:
            self._is_due = True
            loop.call_soon(self._ask)
        return lookup.found

    def _ask(self) -> None:
        """Hand all waiting look-ups to the reader as a batch; later ones wait until it is answered."""
        self._is_due = False
        if self._asked or not self._waiting:
            return
        self._asked, self._waiting = self._waiting, []
        loop = asyncio.get_running_loop()
        if self._reader is None:
            try:
                self._hung_threads.require_room()
            except sqlite3.OperationalError as error:
                self._fail(error)
                return
            self._reader = _Reader(self._arguments, loop)
        self._deadline = loop.call_later(self._patience, self._abandon_reader)
        self._reader.find(self._asked, self._answered)

    def _answered(self, reader: "_Reader", answers: "list[_Answer]") -> None:
        if reader is not self._reader:  # a late answer of an abandoned reader
            return
        if self._deadline is not None:
            self._deadline.cancel()
        asked, self._asked = self._asked, []
        for lookup, answer in zip(asked, answers, strict=True):
            if lookup.found.done():  # cancelled meanwhile
                continue
            if isinstance(answer, Exception):
                lookup.found.set_exception(answer)
            else:
                lookup.found.set_result(answer)
        self._ask()

    def _abandon_reader(self) -> None:
        """Abandon a hung reader: refuse all look-ups that wait; the next look-up starts another reader."""
        reader, self._reader = self._reader, None
        if reader is not None:
            self._hung_threads.add(reader, reader.end())
        self._fail(sqlite3.OperationalError("the file system did not answer in time"))

    def _fail(self, error: sqlite3.Error) -> None:
        failed, self._asked, self._waiting = [*self._asked, *self._waiting], [], []
        for lookup in failed:
            if not lookup.found.done():
                lookup.found.set_exception(error)

    async def close(self) -> None:
        """End the reader; wait `patience` seconds at most for its thread."""
        reader, self._reader = self._reader, None
        if self._deadline is not None:
            self._deadline.cancel()
        if reader is not None:
            await asyncio.wait((reader.end(),), timeout=self._patience)


_Answer = Any
"""A PreparedResult, or the exception."""


class _Lookup:
    __slots__ = ("found", "parameters", "query")

    def __init__(
        self, query: PreparedStatement, parameters: dict[str, Any], found: "asyncio.Future[PreparedResult]"
    ) -> None:
        self.query = query
        self.parameters = parameters
        self.found = found


class _Reader:
    """A thread with a read-only connection, which the first batch opens."""

    def __init__(self, arguments: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._arguments = arguments
        self._loop = loop
        self._jobs: SimpleQueue[tuple[list[_Lookup], _Answered] | None] = SimpleQueue()
        self._ended: asyncio.Future[None] = loop.create_future()
        threading.Thread(target=self._run, name="look-ups", daemon=True).start()

    def find(self, lookups: list[_Lookup], answered: "_Answered") -> None:
        """Queue a batch; the thread has `answered` called on the event loop."""
        self._jobs.put((lookups, answered))

    def end(self) -> "asyncio.Future[None]":
        """Ask the thread to end after its current batch; the future is done once it has."""
        self._jobs.put(None)
        return self._ended

    def _run(self) -> None:
        connection: sqlite3.Connection | None = None
        while (job := self._jobs.get()) is not None:
            lookups, answered = job
            try:
                if connection is None:
                    connection = self._connect()
                answers = [_answer(connection, lookup) for lookup in lookups]
            except sqlite3.Error as error:
                answers = [error] * len(lookups)
            self._call_on_loop(partial(answered, self, answers))
        if connection is not None:
            connection.close()
        self._call_on_loop(partial(self._ended.set_result, None))

    def _connect(self) -> sqlite3.Connection:
        positional, named = self._arguments
        connection: sqlite3.Connection = sqlite3.connect(*positional, **{**named, "isolation_level": None})
        connection.execute("PRAGMA query_only=ON")
        connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        return connection

    def _call_on_loop(self, call: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the event loop ended before a hung thread returned
            self._loop.call_soon_threadsafe(call)


_Answered = Callable[[_Reader, list[_Answer]], None]


def _answer(connection: sqlite3.Connection, lookup: _Lookup) -> _Answer:
    """Run a query; return an exception instead of raising it, so that the rest of the batch goes on."""
    query = lookup.query
    try:
        return query.result(*fetch(connection, query.sql, query.bound(lookup.parameters)))
    except Exception as error:
        return error
