"""PostgreSQL's connections, with a deadline for each call (see `drivers`); imported where they are used."""

import asyncio
from typing import Any, TypeVar

import psycopg
from psycopg import waiting
from psycopg.abc import PQGen

from parlour.db.drivers import CALL_SECONDS

T = TypeVar("T")

CONNECT_SECONDS = 4

POSTGRES_PARAMETERS = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""Parameters of libpq, in seconds, the last in milliseconds: an idle connection of the pool detects a dead
peer."""


class PostgresConnection(psycopg.AsyncConnection[Any]):
    """A psycopg connection that waits `patience` seconds at most for each answer; None sets no limit."""

    patience: float | None = CALL_SECONDS

    async def wait(
        self,
        gen: PQGen[T],
        interval: float = 0.1,
        timeout: float | None = None,  # noqa: ASYNC109 - psycopg's own
    ) -> T:
        """Wait for an answer; past `patience` close the connection and raise OperationalError."""
        try:
            return await waiting.wait_async(
                gen, self.pgconn.socket, interval=interval, timeout=timeout or self.patience
            )
        except psycopg.errors._WaitTimeout as error:
            if timeout is not None:
                raise
            self.pgconn.finish()
            raise psycopg.OperationalError("the database did not answer in time") from error
        except (asyncio.CancelledError, KeyboardInterrupt):
            self.pgconn.finish()
            raise
