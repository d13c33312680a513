"""Two thousand people in rooms of four, and the server restarts: they all come back at once."""

import time

from bench.client import Countdown, Peer, close_all, connect_all
from bench.outcome import Figure, Figures
from bench.seed import FOURS
from bench.servers import Server
from bench.slices import Run, quiet

STORM = (
    Figure(key="back", title="Until all 2,000 are back, from the server's readiness", unit="s"),
    Figure(key="away", title="the same from the order to end", unit="s"),
    Figure(key="cpu", title="CPU per reconnect and join in the storm", unit="µs"),
)
CONNECTS_AT_ONCE = 64


async def measure_storm(run: Run) -> None:
    async def one_slice(server: Server) -> Figures:
        await _everybody(run, server)
        ordered = time.perf_counter()
        await server.end()
        server.start()
        ready = time.perf_counter()
        async with run.slice(server) as reading:
            peers = await _everybody(run, server, at_once=FOURS.count * FOURS.size)
        back = time.perf_counter()
        await close_all(peers)
        await quiet(server)
        return {
            "back": back - ready,
            "away": back - ordered,
            "cpu": reading.server / len(peers) * 1e6,
        }

    await run.interleaved(one_slice, warm_up=False)


async def _everybody(run: Run, server: Server, *, at_once: int = CONNECTS_AT_ONCE) -> list[Peer]:
    """Connect all peers to their rooms and wait until each has been told of the others."""
    introductions = Countdown()
    introductions.expect(FOURS.count * FOURS.size * (FOURS.size - 1))
    peers = [
        Peer(run.seed.people[number], FOURS.room(index))
        for index in range(FOURS.count)
        for number in FOURS.people(index)
    ]
    for peer in peers:
        peer.introductions = introductions
    await connect_all(peers, server.port, at_once=at_once)
    await introductions.wait()
    return peers
