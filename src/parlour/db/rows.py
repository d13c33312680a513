"""Iteration over large results in turns, so that other tasks run in between."""

from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import Row, Select

from parlour.db.database import AsyncConnection
from parlour.scheduling.turns import in_turns

ROWS_A_TURN = 50


async def rows_in_turns(connection: AsyncConnection, query: Select[Any]) -> AsyncIterator[Row[Any]]:
    """Yield the rows of `query`; the event loop runs other tasks after every ROWS_A_TURN rows."""
    async for row in in_turns(await connection.execute(query), each=ROWS_A_TURN):
        yield row
