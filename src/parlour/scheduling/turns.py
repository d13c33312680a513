"""Long work is cut into short turns, so that the event loop serves other requests in between."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


async def in_turns(items: Iterable[T], *, each: int) -> AsyncIterator[T]:
    """Yield the items, at most `each` of them in a turn of the event loop."""
    for position, item in enumerate(items):
        if position % each == 0:
            await asyncio.sleep(0)
        yield item


class SharedWork(Generic[T]):
    """Coalesce concurrent calls: at most one run of `work` is under way, and all later callers share the
    next.

    No caller gets the result of a run that began before the call, so a caller that has changed something sees
    the change. The runs are shielded: a cancelled caller does not take the result from the others.
    """

    def __init__(self, work: Callable[[], Awaitable[T]]) -> None:
        self._work = work
        self._running: asyncio.Task[T] | None = None
        self._next: asyncio.Task[T] | None = None

    async def __call__(self) -> T:
        if self._next is None:
            self._next = asyncio.create_task(self._after(self._running))
        return await asyncio.shield(self._next)

    async def _after(self, running: "asyncio.Task[T] | None") -> T:
        if running is not None:
            await asyncio.wait([running])
        self._running, self._next = self._next, None
        return await self._work()
