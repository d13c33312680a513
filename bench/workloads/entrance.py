"""Connect and join: rooms of four that fill, and the cost of a further member in rooms of two to fifty."""

import asyncio
import time

from bench.client import Countdown, Peer, close_all, connect_all
from bench.outcome import Figure, Figures
from bench.seed import CROWDS, FOURS
from bench.servers import Server
from bench.slices import Run, Stopwatch, quiet

CONNECT = (Figure(key="cpu", title="CPU per connect and join, room of 4", unit="µs", target=0.8),)
ROOMS_AT_ONCE = 100
CONNECTS_AT_ONCE = 16

SIZES = (2, 5, 10, 25, 50)
SMALL, LARGE = 5, 50
ROOMS = (
    *(Figure(key=f"join{size}", title=f"CPU per join of a room of {size}", unit="µs") for size in SIZES),
    *(Figure(key=f"member{size}", title=f"the same per member, {size}", unit="µs") for size in SIZES),
    Figure(key="growth", title="Cost per member, room of 50 against room of 5", unit="×", own_target=1.2),
)


async def measure_connect(run: Run) -> None:
    numbers = {server.name: 0 for server in run.servers}

    async def one_slice(server: Server) -> Figures:
        first = numbers[server.name]
        numbers[server.name] = (first + ROOMS_AT_ONCE) % FOURS.count
        introductions = Countdown()
        peers = [
            Peer(run.seed.people[number], FOURS.room(index))
            for index in range(first, first + ROOMS_AT_ONCE)
            for number in FOURS.people(index)
        ]
        introductions.expect(ROOMS_AT_ONCE * FOURS.size * (FOURS.size - 1))
        for peer in peers:
            peer.introductions = introductions
        async with run.slice(server) as reading:
            await connect_all(peers, server.port, at_once=CONNECTS_AT_ONCE)
            await introductions.wait()
        await close_all(peers)
        await quiet(server)
        return {"cpu": reading.server / len(peers) * 1e6}

    await run.interleaved(one_slice)


class Crowd:
    """Eight rooms that grow; in each, the last member joins and leaves again and again."""

    def __init__(self, run: Run, server: Server) -> None:
        self._run = run
        self._server = server
        self._present = 0
        self._members: list[list[Peer]] = [[] for _ in range(CROWDS.count)]
        self._introductions, self._farewells = Countdown(), Countdown()

    async def grow(self, size: int) -> None:
        """Connect `size` members for each room, and let all but the last of each join."""
        newcomers: list[Peer] = []
        for index, members in enumerate(self._members):
            for number in CROWDS.people(index)[len(members) : size]:
                peer = Peer(self._run.seed.people[number])
                peer.introductions, peer.farewells = self._introductions, self._farewells
                members.append(peer)
                newcomers.append(peer)
        await connect_all(newcomers, self._server.port, at_once=CONNECTS_AT_ONCE)
        for place in range(self._present, size - 1):
            self._introductions.expect(CROWDS.count * place * 2)
            await asyncio.gather(
                *(members[place].join(CROWDS.room(index)) for index, members in enumerate(self._members))
            )
        self._present = size - 1
        await self._introductions.wait()

    async def visit(self, seconds: float) -> float:
        """Return the CPU seconds of a join, the messages to the other members included."""
        visitors = [members[self._present] for members in self._members]
        told = CROWDS.count * self._present * 2
        watch = Stopwatch(self._server)
        joins, until = 0, time.perf_counter() + seconds
        await quiet(self._server)
        while time.perf_counter() < until:
            self._introductions.expect(told)
            watch.start()
            await asyncio.gather(*(one.join(CROWDS.room(index)) for index, one in enumerate(visitors)))
            await self._introductions.wait()
            watch.stop()
            joins += len(visitors)
            self._farewells.expect(told)
            await asyncio.gather(*(one.leave() for one in visitors))
            await self._farewells.wait()
        self._run.note(watch.total)
        return watch.total.server / joins

    async def disperse(self) -> None:
        await close_all([peer for members in self._members for peer in members])
        await quiet(self._server)


async def measure_rooms(run: Run) -> None:
    async def one_slice(server: Server) -> Figures:
        crowd = Crowd(run, server)
        figures: Figures = {}
        for size in SIZES:
            await crowd.grow(size)
            cost = await crowd.visit(run.seconds / 2)
            figures[f"join{size}"] = cost * 1e6
            figures[f"member{size}"] = cost / size * 1e6
        await crowd.disperse()
        figures["growth"] = figures[f"member{LARGE}"] / figures[f"member{SMALL}"]
        return figures

    await run.interleaved(one_slice)
