"""Inserts that leave an equal row alone, in the words of either database."""

from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

from parlour.db.database import AsyncConnection


async def insert_if_absent(connection: AsyncConnection, table: Table, values: dict[str, Any]) -> bool:
    """False where a unique constraint already holds such a row."""
    if connection.dialect.name == "sqlite":
        added = await connection.execute(sqlite.insert(table).values(values).on_conflict_do_nothing())
    else:
        added = await connection.execute(postgresql.insert(table).values(values).on_conflict_do_nothing())
    return added.rowcount > 0
