"""Upserts (INSERT … ON CONFLICT) in the dialect of either database."""

from functools import lru_cache
from typing import Any

from sqlalchemy import Row, Select, Table, bindparam

from parlour.db.database import AsyncConnection
from parlour.db.prepared import prepared


async def insert_if_absent(connection: AsyncConnection, table: Table, values: dict[str, Any]) -> bool:
    """Insert a row; return False if it conflicts with a unique constraint."""
    statement = _insert_if_absent(connection.dialect.name, table, tuple(values))
    result = await connection.execute(statement, {f"new_{name}": value for name, value in values.items()})
    return result.rowcount > 0


async def inserted(connection: AsyncConnection, table: Table, values: dict[str, Any]) -> Row[Any] | None:
    """Insert a row and return it whole; return None if it conflicts with a unique constraint."""
    statement = _insert_if_absent(connection.dialect.name, table, tuple(values), returns_row=True)
    result = await connection.execute(statement, {f"new_{name}": value for name, value in values.items()})
    row: Row[Any] | None = result.one_or_none()
    return row


@lru_cache(maxsize=64)  # of as many as there are calls in Parlour, times two
def _insert_if_absent(
    dialect: str, table: Table, columns: tuple[str, ...], *, returns_row: bool = False
) -> Any:
    values = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in columns}
    statement = insert_of(dialect)(table).values(values).on_conflict_do_nothing()
    if returns_row:
        return prepared(statement.returning(table))
    # Without the option SQLAlchemy does not keep an insert's rowcount with every driver (psycopg: -1).
    return prepared(statement.execution_options(preserve_rowcount=True))


async def insert_many_if_absent(
    connection: AsyncConnection, table: Table, rows: list[dict[str, Any]]
) -> None:
    """Insert rows by one call of the driver; skip rows that conflict with a unique constraint."""
    if rows:
        await connection.execute(_insert(connection, table).on_conflict_do_nothing(), rows)


async def add_to_counts(connection: AsyncConnection, table: Table, values: dict[str, Any]) -> None:
    """Insert a row, or add `times` to the row with the same unique key."""
    statement = _insert(connection, table).values(values)
    unique = [name for name in values if name != "times"]
    more = {"times": table.c.times + statement.excluded.times}
    await connection.execute(statement.on_conflict_do_update(index_elements=unique, set_=more))


async def insert_selected_if_absent(
    connection: AsyncConnection, table: Table, columns: list[str], rows: Select[Any]
) -> None:
    """Insert the rows of a query, which needs a WHERE clause: SQLite would parse ON as part of a join."""
    insert = _insert(connection, table).from_select(columns, rows)
    await connection.execute(insert.on_conflict_do_nothing())


def _insert(connection: AsyncConnection, table: Table) -> Any:
    return insert_of(connection.dialect.name)(table)


def insert_of(dialect: str) -> Any:
    """Return the dialect's own `insert`; no other dialect is imported."""
    if dialect == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert
    from sqlalchemy.dialects import postgresql

    return postgresql.insert
