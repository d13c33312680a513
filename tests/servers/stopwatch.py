"""A stopwatch that leaves out the time for which a busy machine kept the measured processes from running."""

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

    The measured processes are this one and `processes` (by default, all descendants of this one), which an
    answer passes through in turn. `held_up` is the time that their threads were runnable but waited for a
    core, as the kernel counts it: next to nothing on a quiet machine. `seconds` is the elapsed time without
    it.
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
        """Sample each thread's wait, since its count ends with the thread, and the stalls of this loop."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _TICK
            await asyncio.sleep(_TICK)
            if (late := loop.time() - due) > _TICK:
                self._stalled += late
            self._waited.update(self._waits())

    def _waits(self) -> Iterator[tuple[Path, float]]:
        """Yield each thread's seconds on a run queue (second field of /proc/PID/task/TID/schedstat)."""
        for pid in self._processes or descendants(os.getpid()):
            with suppress(OSError):  # the process may end meanwhile
                for thread in (_PROC / str(pid) / "task").iterdir():
                    yield thread, int((thread / "schedstat").read_text().split()[1]) / 1e9


def descendants(of: int) -> Iterable[int]:
    """Return all processes below one (proc_pid_stat(5))."""
    parents: dict[int, int] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found = {of}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {of}
