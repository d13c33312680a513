"""Fair scheduling of password hashes: each takes some 50 ms of a core, and any stranger may cause one."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from parlour.accounts.identity import RequestSource
from parlour.errors import Busy
from parlour.limits.quotas import client_path
from parlour.scheduling.fair_queue import FairQueue, FairQueueFull
from parlour.scheduling.fair_slots import Turn

LIMIT = 512
"""The bound of each lane's queue: enough for a school that logs in at once, and for others beside it."""


class HashingSlots:
    """Grants `slots` turns at once; other requests wait in bounded fair queues (hierarchical round-robin).

    Networks take turns, then addresses within a network, then accounts within an address. Known devices wait
    in a lane of their own, and the lanes alternate: however many strangers wait, every second turn goes to a
    known device. A request whose client disconnects leaves its queue.
    """

    def __init__(self, *, slots: int, limit: int = LIMIT) -> None:
        self._slots = slots
        self._free = slots
        self._known = FairQueue[Turn](limit=limit)
        self._strangers = FairQueue[Turn](limit=limit)
        self._lanes = deque([self._known, self._strangers])
        self._seconds = 0.05

    @property
    def waiting(self) -> int:
        return sum(map(len, self._lanes))

    @asynccontextmanager
    async def turn(
        self, source: RequestSource | None, *, subject: str = "", known: bool = False
    ) -> AsyncIterator[None]:
        """Wait for a turn; `source` is None for the command line. Raises Busy."""
        if self._free > 0:
            self._free -= 1
        else:
            await self._wait(self._known if known else self._strangers, _path(source, subject), source)
        began = time.monotonic()
        try:
            yield
        finally:
            self._seconds += (time.monotonic() - began - self._seconds) / 8
            self._pass_on()

    async def _wait(self, lane: FairQueue[Turn], path: Sequence[str], source: RequestSource | None) -> None:
        turn = Turn()
        try:
            displaced = lane.add(turn, path)
        except FairQueueFull as error:
            raise self._busy(lane) from error
        if displaced is not None:
            displaced.set_exception(self._busy(lane))
        try:
            await self._until_turn_or_gone(turn, source)
        except BaseException:
            if not lane.discard(turn, path) and turn.has_come:
                self._pass_on()
            raise

    async def _until_turn_or_gone(self, turn: Turn, source: RequestSource | None) -> None:
        """Wait for the turn. Raises Busy if the queue displaced it, or if the client disconnected."""
        if source is None or source.gone is None:
            await asyncio.wait({turn})
        else:
            gone = asyncio.ensure_future(source.gone())
            try:
                await asyncio.wait({turn, gone}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                gone.cancel()
        if not turn.done():
            raise Busy
        turn.result()

    def _pass_on(self) -> None:
        for _ in range(len(self._lanes)):
            self._lanes.rotate()
            if self._lanes[0]:
                self._lanes[0].pop().set_result(None)
                return
        self._free += 1

    def _busy(self, lane: FairQueue[Turn]) -> Busy:
        """Make the refusal; its `retry_after` estimates the time until today's queue is served."""
        return Busy(retry_after=min(60.0, len(lane) * self._seconds / self._slots))


def _path(source: RequestSource | None, subject: str) -> tuple[str, str, str]:
    if source is None:
        return ("", "", subject)
    return (*client_path(source.address), subject)
