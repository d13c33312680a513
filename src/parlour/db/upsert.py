"""Inserts that leave an equal row alone, in the words of either database."""

from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

from parlour.db.database import AsyncConnection


async def insert_if_absent(connection: AsyncConnection, table: Table, values: dict[str, Any]) -> bool:
    """False where a unique constraint already holds such a row."""
    insert: Any = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(table).values(values).on_conflict_do_nothing()
    # Unless asked to, SQLAlchemy does not keep an insert's count with every driver: psycopg's comes as -1.
    added = await connection.execute(statement, execution_options={"preserve_rowcount": True})
    return added.rowcount > 0
