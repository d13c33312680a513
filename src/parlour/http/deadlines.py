"""Deadlines of equal length for many connections, with a single timer of the event loop."""

import asyncio
from collections import OrderedDict

from parlour.engine.budget import Holder


class Deadlines:
    """Since all are equally long, the one that began first is over first: a FIFO is enough."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._due: OrderedDict[Holder, float] = OrderedDict()
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, holder: Holder) -> None:
        """Call `holder.give_way` once the time is over, unless `end` comes first."""
        loop = asyncio.get_running_loop()
        due = loop.time() + self._seconds
        self._due[holder] = due
        if self._timer is None:
            self._timer = loop.call_at(due, self._expire)

    def end(self, holder: Holder) -> None:
        self._due.pop(holder, None)

    def _expire(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = None
        while self._due:
            holder, due = next(iter(self._due.items()))
            if due > loop.time():
                self._timer = loop.call_at(due, self._expire)
                return
            del self._due[holder]
            holder.give_way()
