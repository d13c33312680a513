"""Times for which the machine kept processes from running, which may cost a lease without a node's fault."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

SAMPLE_SECONDS = 0.25
KEPT_SAMPLES = 400


@dataclass(frozen=True)
class Sample:
    """`waited` has, by process, the seconds since its start in which it was ready to run and had no core;
    `late` says by how many seconds this sample is later than it should be.
    """

    at: datetime
    waited: dict[int, float]
    late: float


def held_up(samples: Iterable[Sample], processes: Collection[int], since: datetime, until: datetime) -> float:
    """Return the seconds for which these processes and the one that took the samples were kept from running.
    Pure.
    """
    seconds, before = 0.0, dict[int, float]()
    for sample in samples:
        if since <= sample.at - timedelta(seconds=SAMPLE_SECONDS) and sample.at <= until:
            seconds += sample.late
            for pid in sample.waited.keys() & before.keys() & set(processes):
                seconds += sample.waited[pid] - before[pid]
        before = sample.waited
    return seconds


class Stalls:
    """Takes samples of some processes, whose ids `processes` returns, for as long as it is entered.

    A process that runs all the time, or sleeps, is not held up: a node whose event loop is busy for seconds
    has no excuse.
    """

    def __init__(self, processes: Callable[[], Iterable[int]]) -> None:
        self.samples: deque[Sample] = deque(maxlen=KEPT_SAMPLES)
        self._processes = processes

    async def __aenter__(self) -> Self:
        self._sampling = asyncio.create_task(self._sample())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._sampling.cancel()
        await asyncio.wait([self._sampling])

    def seconds(self, processes: Collection[int], since: datetime, until: datetime) -> float:
        """See `held_up`."""
        return held_up(self.samples, processes, since, until)

    async def _sample(self) -> None:
        while True:
            due = time.monotonic() + SAMPLE_SECONDS
            await asyncio.sleep(SAMPLE_SECONDS)
            late = time.monotonic() - due
            waited = dict[int, float]()
            for pid in self._processes():
                with suppress(OSError):  # it has ended
                    waited[pid] = _waited(pid)
            self.samples.append(Sample(datetime.now(UTC), waited, late))


def _waited(pid: int) -> float:
    """Return the seconds in which the first thread of a process waited for a core. Raises OSError."""
    _, waited, _ = Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()
    return int(waited) / 1e9
