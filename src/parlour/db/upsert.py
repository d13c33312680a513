"""Inserts that leave an equal row alone, in the words of either database."""

from typing import Any

from sqlalchemy import Select, Table
from sqlalchemy.dialects import postgresql, sqlite

from parlour.db.database import AsyncConnection


async def insert_if_absent(connection: AsyncConnection, table: Table, values: dict[str, Any]) -> bool:
    """False where a unique constraint already holds such a row."""
    statement = _insert(connection, table).values(values).on_conflict_do_nothing()
    # Unless asked to, SQLAlchemy does not keep an insert's count with every driver: psycopg's comes as -1.
    added = await connection.execute(statement, execution_options={"preserve_rowcount": True})
    return added.rowcount > 0


async def insert_many_if_absent(
    connection: AsyncConnection, table: Table, rows: list[dict[str, Any]]
) -> None:
    """One call of the driver for all rows, each of which a unique constraint may hold already."""
    if rows:
        await connection.execute(_insert(connection, table).on_conflict_do_nothing(), rows)


async def add_to_counts(connection: AsyncConnection, table: Table, values: dict[str, Any]) -> None:
    """Adds `times` to the row that a unique constraint holds already, or makes it."""
    statement = _insert(connection, table).values(values)
    unique = [name for name in values if name != "times"]
    more = {"times": table.c.times + statement.excluded.times}
    await connection.execute(statement.on_conflict_do_update(index_elements=unique, set_=more))


async def insert_selected_if_absent(
    connection: AsyncConnection, table: Table, columns: list[str], rows: Select[Any]
) -> None:
    """The rows of a query, which has a WHERE clause: SQLite takes ON for a join without one."""
    insert = _insert(connection, table).from_select(columns, rows)
    await connection.execute(insert.on_conflict_do_nothing())


def _insert(connection: AsyncConnection, table: Table) -> Any:
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
