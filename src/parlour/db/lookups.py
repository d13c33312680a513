"""Point look-ups on SQLite: queries that find a single row by a key, each in a transaction of its own.

Every connect and join makes some. SQLite answers within microseconds, and the way through a connection of the
pool costs ten times that: SQLAlchemy's execution, and a change of thread for each of its calls. So SQLAlchemy
builds each query once, one thread asks the driver directly, and all look-ups of a turn of the event loop, or
that come while the thread is at work, go there together. They are not made on the event loop itself: a file
system that hangs would take it along.
"""

import asyncio
import sqlite3
import threading
from collections import namedtuple
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import Any, cast

from sqlalchemy import URL, Dialect, Executable, Select, create_engine
from sqlalchemy.exc import DBAPIError

from parlour.db.drivers import CALL_SECONDS, StuckThreads

MAX_WAITING = 20_000
BUSY_MS = 100
"""Readers wait for nobody in WAL mode, save for a moment where the log is begun anew."""


class Lookups:
    """The part of a connection that the stores need to look something up."""

    def __init__(self, url: URL, stuck: StuckThreads, *, patience: float = CALL_SECONDS) -> None:
        engine = create_engine(url.set(drivername="sqlite+pysqlite"))
        self._dialect = engine.dialect
        self._arguments = engine.dialect.create_connect_args(engine.url)
        self._stuck = stuck
        self._patience = patience
        self._queries: dict[Executable, _Query] = {}
        self._waiting: list[_Lookup] = []
        self._asked: list[_Lookup] = []
        self._is_due = False
        self._reader: _Reader | None = None
        self._deadline: asyncio.TimerHandle | None = None

    async def execute(self, query: Executable, parameters: dict[str, Any]) -> "_Row":
        """`query` is one of few, kept for good. Raises what SQLAlchemy would."""
        known = self._queries.get(query)
        if known is None:
            known = self._queries[query] = _Query(cast(Select[Any], query), self._dialect)
        try:
            return _Row(await self._find(known, parameters))
        except sqlite3.Error as error:
            raise DBAPIError.instance(
                known.sql, None, error, sqlite3.Error, hide_parameters=True, dialect=self._dialect
            ) from error

    def _find(self, query: "_Query", parameters: dict[str, Any]) -> "asyncio.Future[Any]":
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
        """Hands over all that wait; the next ones wait till these are answered."""
        self._is_due = False
        if self._asked or not self._waiting:
            return
        self._asked, self._waiting = self._waiting, []
        loop = asyncio.get_running_loop()
        if self._reader is None:
            try:
                self._stuck.require_room()
            except sqlite3.OperationalError as error:
                self._fail(error)
                return
            self._reader = _Reader(self._arguments, loop)
        self._deadline = loop.call_later(self._patience, self._give_up)
        self._reader.find(self._asked, self._answered)

    def _answered(self, reader: "_Reader", answers: "list[_Answer]") -> None:
        if reader is not self._reader:  # it was given up, and this comes too late
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

    def _give_up(self) -> None:
        """The thread hangs: all that wait for it are refused, and the next look-up starts another one."""
        reader, self._reader = self._reader, None
        if reader is not None:
            self._stuck.add(reader, reader.end())
        self._fail(sqlite3.OperationalError("the file system did not answer in time"))

    def _fail(self, error: sqlite3.Error) -> None:
        failed, self._asked, self._waiting = [*self._asked, *self._waiting], [], []
        for lookup in failed:
            if not lookup.found.done():
                lookup.found.set_exception(error)

    async def close(self) -> None:
        """Waits for the thread as long as for a call, and no longer."""
        reader, self._reader = self._reader, None
        if self._deadline is not None:
            self._deadline.cancel()
        if reader is not None:
            await asyncio.wait((reader.end(),), timeout=self._patience)


_Answer = Any
"""A row, None where there is none, or the exception."""


class _Lookup:
    __slots__ = ("found", "parameters", "query")

    def __init__(self, query: "_Query", parameters: dict[str, Any], found: "asyncio.Future[Any]") -> None:
        self.query = query
        self.parameters = parameters
        self.found = found


class _Reader:
    """A thread with a connection that only reads, opened at the first question."""

    def __init__(self, arguments: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._arguments = arguments
        self._loop = loop
        self._jobs: SimpleQueue[tuple[list[_Lookup], _Answered] | None] = SimpleQueue()
        self._ended: asyncio.Future[None] = loop.create_future()
        threading.Thread(target=self._run, name="look-ups", daemon=True).start()

    def find(self, lookups: list[_Lookup], answered: "_Answered") -> None:
        """Calls `answered` on the event loop."""
        self._jobs.put((lookups, answered))

    def end(self) -> "asyncio.Future[None]":
        """After what it does now."""
        self._jobs.put(None)
        return self._ended

    def _run(self) -> None:
        connection: sqlite3.Connection | None = None
        while (job := self._jobs.get()) is not None:
            lookups, answered = job
            try:
                if connection is None:
                    connection = self._connect()
                answers = [lookup.query.answer(connection, lookup.parameters) for lookup in lookups]
            except sqlite3.Error as error:
                answers = [error] * len(lookups)
            self._say(partial(answered, self, answers))
        if connection is not None:
            connection.close()
        self._say(partial(self._ended.set_result, None))

    def _connect(self) -> sqlite3.Connection:
        positional, named = self._arguments
        connection: sqlite3.Connection = sqlite3.connect(*positional, **{**named, "isolation_level": None})
        connection.execute("PRAGMA query_only=ON")
        connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        return connection

    def _say(self, call: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the event loop has ended before a thread that hung
            self._loop.call_soon_threadsafe(call)


_Answered = Callable[[_Reader, list[_Answer]], None]


class _Query:
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

    def answer(self, connection: sqlite3.Connection, parameters: dict[str, Any]) -> _Answer:
        """One that fails must not fail those that were asked with it."""
        try:
            return self._find(connection, parameters)
        except Exception as error:
            return error

    def _find(self, connection: sqlite3.Connection, parameters: dict[str, Any]) -> Any:
        cursor = connection.execute(
            self.sql,
            [parameters[name] if to is None else to(parameters[name]) for name, to in self._names],
        )
        found = cursor.fetchone()
        cursor.close()
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
