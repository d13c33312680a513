"""Call back after a grace: when a lost connection was not resumed, or an expected peer did not resume."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

CALLS_A_TURN = 16
"""Timers of connections that were lost at the same moment are over at the same moment too."""


class GraceTimers(Generic[K]):
    """All timers have the same length, so a FIFO is enough."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._due: OrderedDict[K, float] = OrderedDict()
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._due)

    def begin(self, key: K) -> None:
        """Start the timer of a key, or restart it."""
        self._due[key] = time.monotonic() + self.seconds
        self._due.move_to_end(key)
        self._changed.set()

    def end(self, key: K) -> None:
        self._due.pop(key, None)

    async def run(self, when_over: Callable[[K], None]) -> None:
        """Call `when_over` with each key whose time is over, until cancelled."""
        called = 0
        while True:
            while not self._due:
                self._changed.clear()
                await self._changed.wait()
            key, due = next(iter(self._due.items()))
            pause = due - time.monotonic()
            if pause > 0:
                await asyncio.sleep(pause)
            elif self._due.pop(key, None) is not None:
                when_over(key)
                called += 1
                if called % CALLS_A_TURN == 0:
                    await asyncio.sleep(0)
