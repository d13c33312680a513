"""Slices of time in which one server works and everything else rests."""

import asyncio
import gc
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bench.machine import busy_seconds
from bench.outcome import Figures, Outcome, Round
from bench.seed import Seed
from bench.servers import Server

QUIET_SHARE = 0.03
QUIET_SECONDS = 0.05
QUIET_WITHIN_SECONDS = 60


@dataclass(slots=True)
class Reading:
    """The cost of a finished slice, in seconds; `hashing` is the part of `server` that hashes passwords."""

    server: float = 0.0
    generator: float = 0.0
    wall: float = 0.0
    core: float = 0.0
    hashing: float = 0.0


class Stopwatch:
    """A stopwatch of a server's CPU time; it adds up all slices between `start` and `stop`."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.total = Reading()
        self._began = Reading()

    def _now(self) -> Reading:
        return Reading(
            self._server.cpu(),
            time.process_time(),
            time.perf_counter(),
            busy_seconds(self._server.core),
            self._server.hashing(),
        )

    def start(self) -> None:
        self._began = self._now()

    def stop(self) -> None:
        now, began, total = self._now(), self._began, self.total
        total.server += now.server - began.server
        total.generator += now.generator - began.generator
        total.wall += now.wall - began.wall
        total.core += now.core - began.core
        total.hashing += now.hashing - began.hashing


@dataclass(slots=True)
class Run:
    """The inputs of a workload, and the place of its results."""

    seed: Seed
    servers: Sequence[Server]
    rounds: int
    seconds: float
    outcome: Outcome
    say: Callable[[str], None] = field(default=lambda text: print(text, file=sys.stderr, flush=True))

    async def interleaved(
        self, measure: Callable[[Server], Awaitable[Figures]], *, warm_up: bool = True
    ) -> None:
        """Measure the servers in alternating order, round by round, so that drift hits both alike.

        `warm_up` runs a round that does not count: just-in-time compilers and caches need it.
        """
        if warm_up:
            for server in self.servers:
                await measure(server)
            self.outcome.generator.clear()
            self.outcome.others.clear()
        for number in range(self.rounds):
            found: Round = {}
            order = self.servers if number % 2 == 0 else list(reversed(self.servers))
            for server in order:
                found[server.name] = await measure(server)
            self.outcome.rounds.append(found)
            self.say(f"    {self.outcome.workload}: round {number + 1} of {self.rounds}")

    def note(self, reading: Reading) -> None:
        """Record how busy other processes were during a slice."""
        self.outcome.generator.append(reading.generator / reading.wall)
        if reading.wall >= 0.2:  # the kernel counts other work in ticks of 10 ms
            others = max(0.0, reading.core - reading.server) / reading.wall
            self.outcome.others.append(others)

    @asynccontextmanager
    async def slice(self, server: Server) -> AsyncIterator[Reading]:
        """Measure the block as a slice, with garbage collection of this process off."""
        gc.collect()
        gc.disable()
        watch = Stopwatch(server)
        watch.start()
        try:
            yield watch.total
        finally:
            watch.stop()
            gc.enable()
            self.note(watch.total)


async def quiet(server: Server) -> None:
    """Wait until the server is idle: later work belongs to no slice."""
    async with asyncio.timeout(QUIET_WITHIN_SECONDS):
        while True:
            before = server.cpu()
            await asyncio.sleep(QUIET_SECONDS)
            if server.cpu() - before < QUIET_SHARE * QUIET_SECONDS:
                return
