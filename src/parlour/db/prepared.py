"""Statements that are built once, in a module, and that SQLite runs without SQLAlchemy's execution.

SQLAlchemy's asynchronous execution of a statement takes five times as long as SQLite and the switch of
threads together. A prepared statement is compiled by SQLAlchemy once, and the driver is called directly with
its text. Any other statement, and every statement on PostgreSQL, goes SQLAlchemy's own way.
"""

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from sqlalchemy import Delete, Dialect, Executable, Insert, Select, Update
from sqlalchemy.exc import MultipleResultsFound
from sqlalchemy.sql.compiler import SQLCompiler

_OPTION = "parlour_prepared"

Statement = TypeVar("Statement", bound=Executable)
_Converter = Callable[[Any], Any] | None
_UNSET = object()


class _Mark:
    """The mark of a prepared statement; statements that are derived from it inherit the mark of another."""

    statement: Executable | None = None


def prepared(statement: Statement) -> Statement:
    """Mark a statement as prepared. Its compiled form is kept for good, so it must be a module's own.

    Its values come in as parameters of `execute`, one mapping for an execution.
    """
    mark = _Mark()
    mark.statement = marked = statement.execution_options(**{_OPTION: mark})
    return marked


class NotPreparable(TypeError):
    """A statement needs more of SQLAlchemy than its text: expanding parameters, defaults of columns."""


class PreparedResult:
    """The part of SQLAlchemy's Result that the stores use, over rows that were fetched already.

    Its rows are named tuples: SQLAlchemy's Row takes five times as long to find a column by its name.
    """

    __slots__ = ("_rows", "rowcount")

    def __init__(self, rows: list[Any], rowcount: int) -> None:
        self._rows = rows
        self.rowcount = rowcount

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)

    def all(self) -> list[Any]:
        return self._rows

    def first(self) -> Any:
        return self._rows[0] if self._rows else None

    def one_or_none(self) -> Any:
        """Raises MultipleResultsFound."""
        if len(self._rows) > 1:
            raise MultipleResultsFound("Multiple rows were found when one or none was required")
        return self.first()

    def scalar(self) -> Any:
        """Return the first column of the first row, None without a row."""
        return self._rows[0][0] if self._rows else None


class PreparedStatement:
    """A compiled statement: its SQL, and SQLAlchemy's converters of parameters and columns."""

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        if not isinstance(statement, Select | Insert | Update | Delete):
            raise NotPreparable(type(statement).__name__)
        compiled = statement.compile(dialect=dialect)
        _require_plain(compiled)
        self.sql = str(compiled)
        self._parameters = [
            (name, _default(compiled, name), _bind_converter(compiled, name, dialect))
            for name in compiled.positiontup or ()
        ]
        columns = list(
            statement.selected_columns
            if isinstance(statement, Select)
            else compiled.effective_returning or ()
        )
        names = [str(column.key) for column in columns]
        self._row: Any = namedtuple("_PreparedRow", names, rename=True)  # type: ignore[misc]
        self._converters = [
            (index, convert)
            for index, column in enumerate(columns)
            if (convert := column.type.dialect_impl(dialect).result_processor(dialect, None)) is not None
        ]

    def bound(self, values: Mapping[str, Any]) -> list[Any]:
        """Return the parameters in the order of the statement. Raises KeyError for one that is missing."""
        return [
            convert(value) if convert is not None else value
            for name, default, convert in self._parameters
            for value in (values[name] if default is _UNSET else values.get(name, default),)
        ]

    def result(self, rows: list[Any], rowcount: int) -> PreparedResult:
        """Convert the driver's rows."""
        return PreparedResult([self._converted(row) for row in rows], rowcount)

    def _converted(self, row: Any) -> Any:
        values = list(row)
        for index, convert in self._converters:
            values[index] = convert(values[index])
        return self._row._make(values)


class PreparedStatements:
    """The prepared statements of a database, compiled when they are first executed."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self._compiled: dict[Executable, PreparedStatement] = {}

    def find(self, statement: Executable) -> PreparedStatement | None:
        """Return the compiled form; None for a statement that is not prepared."""
        mark = statement.get_execution_options().get(_OPTION)
        if mark is None or mark.statement is not statement:
            return None
        known = self._compiled.get(statement)
        if known is None:
            known = self._compiled[statement] = PreparedStatement(statement, self.dialect)
        return known


def fetch(connection: sqlite3.Connection, sql: str, parameters: list[Any]) -> tuple[list[Any], int]:
    """Run a statement; return its rows, and the number of rows that it changed."""
    cursor = connection.execute(sql, parameters)
    rows = cursor.fetchall()
    changed = cursor.rowcount
    cursor.close()
    return rows, changed


def _require_plain(compiled: SQLCompiler) -> None:
    if compiled.post_compile_params or compiled.literal_execute_params or compiled.prefetch:
        raise NotPreparable(str(compiled))
    if any(bind.callable is not None for bind in compiled.binds.values()):
        raise NotPreparable(str(compiled))


def _default(compiled: SQLCompiler, name: str) -> Any:
    bind = compiled.binds[name]
    return _UNSET if bind.required else bind.value


def _bind_converter(compiled: SQLCompiler, name: str, dialect: Dialect) -> _Converter:
    return compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)
