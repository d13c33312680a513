"""What happens when a grace is over: of a visit whose connection is lost, of a peer that is waited for."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class GraceTimers(Generic[K]):
    """All are equally long, so that the one begun first is over first."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._due: OrderedDict[K, float] = OrderedDict()
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._due)

    def begin(self, key: K) -> None:
        """Anew where it had begun."""
        self._due[key] = time.monotonic() + self.seconds
        self._due.move_to_end(key)
        self._changed.set()

    def end(self, key: K) -> None:
        self._due.pop(key, None)

    async def run(self, when_over: Callable[[K], None]) -> None:
        """Until cancelled."""
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
