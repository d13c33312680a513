"""Bounds for calls of libraries that swallow the cancellation of their task."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


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
