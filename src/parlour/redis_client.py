"""Bounds for redis-py: connections never retry by themselves, and requests end when their task does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import BlockingConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff


def connection_pool(url: str, *, connections: int, seconds: float) -> BlockingConnectionPool:
    """Build a pool whose connections never retry by themselves: the caller knows whether to.

    `seconds` bounds the wait for a free connection, the connecting, and each answer.
    """
    return BlockingConnectionPool.from_url(
        url,
        max_connections=connections,
        timeout=seconds,
        socket_connect_timeout=seconds,
        socket_timeout=seconds,
        retry=Retry(NoBackoff(), 0),
    )


@asynccontextmanager
async def bounded(seconds: float) -> AsyncIterator[None]:
    """Bound a request to Redis, and keep it from swallowing the cancellation of its task.

    redis-py swallows one that arrives while it connects: the task would go on, and the code that waits for
    its end would wait forever.
    """
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("a request belongs to a task")
    cancellations = task.cancelling()
    try:
        async with asyncio.timeout(seconds):
            yield
    finally:
        if task.cancelling() > cancellations:
            raise asyncio.CancelledError
