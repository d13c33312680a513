"""Lend a scarce resource in turns that are fair among the clients that want it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar

from parlour.scheduling.fair_queue import FairQueue, FairQueueFull

working_for: ContextVar[tuple[str, str]] = ContextVar("working_for", default=("", ""))
"""The network and the address of the client for whom a task works; empty for the server's own work."""


class Turn(asyncio.Future[None]):
    """A future that is done when its turn has come; hashable by identity, so that it can wait in a FairQueue.

    If the waiting task is cancelled, the future is done as well, and stays in the queue until that task runs
    again and discards it.
    """

    @property
    def has_come(self) -> bool:
        return self.done() and not self.cancelled() and self.exception() is None

    def grant(self) -> bool:
        """Wake the task that waits. Return False if no task waits any more."""
        if self.done():
            return False
        self.set_result(None)
        return True

    def displace(self) -> None:
        """Raise FairQueueFull in the task that waits: another item took the turn's place in the queue."""
        if not self.done():
            self.set_exception(FairQueueFull())


def enqueue_turn(queue: FairQueue[Turn], path: Sequence[str]) -> Turn:
    """Add a new turn; in a full queue a waiting turn may be displaced for it. Raises FairQueueFull."""
    turn = Turn()
    displaced = queue.add(turn, path)
    if displaced is not None:
        displaced.displace()
    return turn


class FairSlots:
    """A semaphore of `slots` whose waiting tasks stand in a bounded FairQueue: networks take turns, in each
    its addresses.

    A client that asks for very much therefore delays only itself.
    """

    def __init__(self, slots: int, *, limit: int) -> None:
        self._free = slots
        self._waiting = FairQueue[Turn](limit=limit)

    @property
    def waiting(self) -> int:
        """The number of tasks that wait for a slot."""
        return len(self._waiting)

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold a slot for the body. Raises FairQueueFull, also while waiting: a client with fewer waiting
        tasks may take the place.
        """
        if self._free > 0:
            self._free -= 1
        else:
            await self._wait()
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self) -> None:
        path = working_for.get()
        turn = enqueue_turn(self._waiting, path)
        try:
            await turn
        except BaseException:
            if not self._waiting.discard(turn, path) and turn.has_come:
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        while self._waiting:
            if self._waiting.pop().grant():
                return
        self._free += 1
