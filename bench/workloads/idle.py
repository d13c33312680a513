"""Five thousand connections that do nothing but answer the server's pings."""

import asyncio

from bench.client import Lost, Peer, close_all, connect_all
from bench.machine import raise_open_files
from bench.outcome import Figure, Figures
from bench.servers import Server
from bench.slices import Run, quiet

IDLE = (
    Figure(key="memory", title="Memory per idle connection", unit="KB", target=1.0),
    Figure(key="heartbeat", title="CPU per heartbeat", unit="µs"),
)
CONNECTIONS = 5000
SPARE_FILES = 200
WARM_UP_CONNECTIONS = 50
CONNECTS_AT_ONCE = 64
BASELINE_SECONDS = 3
SETTLING_SECONDS = 2


def connection_count() -> int:
    """Return the number of connections: fewer if the limit on open files is low."""
    return min(CONNECTIONS, raise_open_files() - SPARE_FILES)


async def measure_idle(run: Run) -> None:
    """Measure memory on a fresh server, since an allocator seldom returns freed memory to the system."""

    async def one_slice(server: Server) -> Figures:
        await server.end()
        server.start()
        people = run.seed.people[: connection_count()]
        warm = [Peer(person) for person in people[:WARM_UP_CONNECTIONS]]
        await connect_all(warm, server.port, at_once=CONNECTS_AT_ONCE)
        await close_all(warm)
        await quiet(server)
        async with run.slice(server) as resting:
            await asyncio.sleep(BASELINE_SECONDS)
        before = server.resident()
        peers = [Peer(person) for person in people]
        await connect_all(peers, server.port, at_once=CONNECTS_AT_ONCE)
        await asyncio.sleep(SETTLING_SECONDS)  # not `quiet`: pings never pause
        memory = (server.resident() - before) / len(peers)
        heartbeat = await _heartbeat(run, server, peers, resting.server / resting.wall)
        await close_all(peers)
        await quiet(server)
        return {"memory": memory / 1024, "heartbeat": heartbeat * 1e6}

    await run.interleaved(one_slice, warm_up=False)


async def _heartbeat(run: Run, server: Server, peers: list[Peer], at_rest: float) -> float:
    """Return the CPU seconds of a ping and its pong, less the server's load at rest. Raises Lost."""
    heard = sum(peer.heartbeats for peer in peers)
    async with run.slice(server) as reading:
        await asyncio.sleep(peers[0].ping_interval)
    count = sum(peer.heartbeats for peer in peers) - heard
    gone = sum(peer.transport is None for peer in peers)
    if gone or not count:
        raise Lost(f"{server.name}: of {len(peers)} idle connections {gone} are gone; {count} heartbeats")
    return (reading.server - at_rest * reading.wall) / count
