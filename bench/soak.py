"""`python -m bench.soak`: ten thousand connections on one process for ten minutes, under light traffic.

A hundred of them are in calls of two and send each other candidates; the others answer the server's pings.
Fails where one is lost, or one message.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from bench import frames
from bench.client import WITHIN_SECONDS, Lost, Peer, connect_all
from bench.machine import cores, raise_open_files
from bench.seed import PAIRS, Seed, sow
from bench.servers import Parlour
from bench.workloads.mix import Talker

CONNECTIONS = 10_000
SECONDS = 600.0
MESSAGES_PER_SECOND = 100
CONNECTS_AT_ONCE = 64
REPORT_EVERY_SECONDS = 30.0
SPARE_FILES = 200


@dataclass(slots=True)
class Soak:
    """The observations so far; memory in bytes."""

    idle: list[Peer]
    talkers: list[Talker]
    delays: list[float] = field(default_factory=list)
    sent: int = 0
    memory: list[int] = field(default_factory=list)

    @property
    def lost(self) -> int:
        return sum(peer.transport is None for peer in (*self.idle, *self.talkers))

    @property
    def heartbeats(self) -> int:
        return sum(peer.heartbeats for peer in (*self.idle, *self.talkers))


def main() -> None:
    options = _options()
    needed = options.connections + SPARE_FILES
    if raise_open_files() < needed:
        sys.exit(f"soak: {needed} files must be allowed open here (ulimit -n).")
    with tempfile.TemporaryDirectory(prefix="parlour-soak-") as folder:
        _say(f"Seeding {options.connections:,} people")
        seed = asyncio.run(sow(Path(folder), people=options.connections, room_count=0))
        os.sched_setaffinity(0, {cores().generator})
        with (
            Parlour(core=cores().server, seed=seed) as server,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            try:
                runner.run(_soak(server, seed, options.connections, options.seconds))
            except Lost as error:
                sys.exit(f"soak: {error}")


async def _soak(server: Parlour, seed: Seed, connections: int, seconds: float) -> None:
    """Hold the connections and send messages for `seconds`. Raises Lost."""
    soak = await _everybody(server, seed, connections)
    _say(f"{connections:,} connections stand; now {seconds:,.0f} seconds of {MESSAGES_PER_SECOND} messages/s")
    loop = asyncio.get_running_loop()
    began, cpu = loop.time(), server.cpu()
    reported = began
    while (now := loop.time()) < began + seconds:
        _talk(soak, due=int((now - began) * MESSAGES_PER_SECOND))
        if now - reported >= REPORT_EVERY_SECONDS:
            reported = now
            _report(soak, server, minutes=(now - began) / 60)
        await asyncio.sleep(1 / MESSAGES_PER_SECOND)
    await _all_heard(soak)
    soak.memory.append(server.resident())
    _conclude(soak, seconds, (server.cpu() - cpu) / seconds)


async def _everybody(server: Parlour, seed: Seed, connections: int) -> Soak:
    delays: list[float] = []
    talkers = [
        Talker(seed.people[number], PAIRS.room(index), delays)
        for index in range(PAIRS.count)
        for number in PAIRS.people(index)
    ]
    idle = [Peer(person) for person in seed.people[len(talkers) : connections]]
    await connect_all(talkers, server.port, at_once=CONNECTS_AT_ONCE)
    await connect_all(idle, server.port, at_once=CONNECTS_AT_ONCE)
    for one, other in zip(talkers[::2], talkers[1::2], strict=True):
        one.partner, other.partner = other, one
    for talker in talkers:
        talker.candidate = frames.candidate(talker.partner.peer_id)
    return Soak(idle, talkers, delays, memory=[server.resident()])


def _talk(soak: Soak, *, due: int) -> None:
    """Send candidates until `due` are sent in all. Raises Lost if a connection is gone."""
    while soak.sent < due:
        talker = soak.talkers[soak.sent % len(soak.talkers)]
        if talker.transport is None:
            raise Lost("a connection in a call was closed")
        talker.talk(talker.candidate)
        soak.sent += 1


async def _all_heard(soak: Soak) -> None:
    try:
        async with asyncio.timeout(WITHIN_SECONDS):
            while any(talker.due for talker in soak.talkers):  # noqa: ASYNC110 - arrivals are only counted
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise Lost("messages were lost") from None


def _report(soak: Soak, server: Parlour, *, minutes: float) -> None:
    """Print the state so far. Raises Lost if a connection is gone."""
    soak.memory.append(server.resident())
    _say(
        f"{minutes:4.1f} min: {soak.sent:,} messages, {soak.heartbeats:,} heartbeats, "
        f"{soak.memory[-1] / 2**20:.0f} MB, {soak.lost} lost"
    )
    if soak.lost:
        raise Lost(f"{soak.lost} connections were closed")


def _conclude(soak: Soak, seconds: float, cpu: float) -> None:
    """Print the result; `cpu` is a share of a core. Raises Lost if a connection is gone."""
    if soak.lost:
        raise Lost(f"{soak.lost} connections were closed")
    peers = len(soak.idle) + len(soak.talkers)
    _say(
        f"{peers:,} connections stood for {seconds / 60:.1f} minutes: {soak.sent:,} messages, none lost "
        f"(median delay {statistics.median(soak.delays) * 1000:.2f} ms), {soak.heartbeats:,} heartbeats, "
        f"{cpu:.1%} of a core, memory {soak.memory[0] / 2**20:.0f} MB at first and "
        f"{soak.memory[-1] / 2**20:.0f} MB at last"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--connections", type=int, default=CONNECTIONS, help="at least 100 (%(default)s)")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="how long they stay (%(default)s)")
    options = parser.parse_args()
    if options.connections < 2 * PAIRS.count:
        parser.error(f"at least {2 * PAIRS.count} connections")
    return options


def _say(text: str) -> None:
    print(f"==> {text}", flush=True)


if __name__ == "__main__":
    main()
