"""How long something took, without the time for which a busy machine kept those who did it from running."""

import asyncio
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

_TICK = 0.02
_PROC = Path("/proc")


class Stopwatch:
    """`async with Stopwatch(server.pid) as watch: …`, then `watch.seconds`.

    An answer waits for each process on its way in turn, this one and `processes` (without any: all that
    this one started). What their threads could have run and did not, as the kernel counts it, is no time.
    On a machine without other work that is next to nothing. `seconds` is that, `held_up` the rest.
    """

    def __init__(self, *processes: int) -> None:
        self._processes = processes
        self._before: dict[Path, float] = {}
        self._waited: dict[Path, float] = {}
        self._stalled = 0.0
        self._begun = 0.0
        self._beating: asyncio.Task[None] | None = None
        self.seconds = 0.0
        self.held_up = 0.0

    async def __aenter__(self) -> Self:
        self._before = dict(self._waits())
        self._begun = asyncio.get_running_loop().time()
        self._beating = asyncio.create_task(self._beat())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._beating is not None
        self._beating.cancel()
        with suppress(asyncio.CancelledError):
            await self._beating
        self._waited.update(self._waits())
        waited = sum(now - self._before.get(thread, 0.0) for thread, now in self._waited.items())
        self.held_up = self._stalled + waited
        self.seconds = asyncio.get_running_loop().time() - self._begun - self.held_up

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s, and {self.held_up:.2f} s of standing still"

    async def _beat(self) -> None:
        """Notes what threads waited while they live, and for how long this loop itself stood still."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _TICK
            await asyncio.sleep(_TICK)
            if (late := loop.time() - due) > _TICK:
                self._stalled += late
            self._waited.update(self._waits())

    def _waits(self) -> Iterator[tuple[Path, float]]:
        """Seconds of each thread (proc_pid_schedstat(5): nanoseconds spent waiting on a run queue)."""
        for pid in self._processes or _descendants(os.getpid()):
            with suppress(OSError):  # it ends while we look
                for thread in (_PROC / str(pid) / "task").iterdir():
                    yield thread, int((thread / "schedstat").read_text().split()[1]) / 1e9


def _descendants(of: int) -> Iterable[int]:
    parents: dict[int, int] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found = {of}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {of}
