"""`python -m bench.soak`: ten thousand connections on one process for ten minutes, under light traffic.

A hundred of them are in calls of two and send each other candidates; the others answer the server's pings.
Fails where one is lost, or one message. With `--processes` the connections are spread over so many servers on
one Redis, after as many as one of these holds have stood at a server alone, whose memory for each is
compared. The two of a call are at different servers then, unless `--together`.
"""

import argparse
import asyncio
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from bench.client import Lost
from bench.cluster import running_cluster
from bench.machine import raise_open_files
from bench.seed import PAIRS, Seed, sow
from bench.servers import Parlour, Server
from bench.soak.crowd import Report, Seat, Task, hold

CONNECTIONS = 10_000
SECONDS = 600.0
ALONE_SECONDS = 30.0
MESSAGES_PER_SECOND = 100
REPORT_EVERY_SECONDS = 30.0
SPARE_FILES = 200
A_PROCESS = 5_000
"""The connections that a process of the generator holds."""
CONNECTED_WITHIN_SECONDS = 300
ENDED_WITHIN_SECONDS = 120


@dataclass(slots=True)
class Held:
    """Processes that hold connections to one server or several, and what the servers took meanwhile."""

    servers: Sequence[Server]
    lines: list[Connection]
    memory: list[int]
    """Of all servers, in bytes: before anybody came, with all connected, then as it is read."""

    def read(self, within: float) -> list[Report]:
        """Return a report of each process. Raises Lost."""
        reports: list[Report] = []
        for line in self.lines:
            if not line.poll(within):
                raise Lost("a process of the generator says nothing")
            report: Report = line.recv()
            if report.failure or report.lost:
                raise Lost(report.failure or f"{report.lost} connections were closed")
            reports.append(report)
        self.remember()
        return reports

    def remember(self) -> None:
        self.memory.append(sum(server.resident() for server in self.servers))

    def cpu(self) -> float:
        return sum(server.cpu() for server in self.servers)


def main() -> None:
    options = _options()
    per_server = options.connections // options.processes
    needed = max(per_server, A_PROCESS) + SPARE_FILES
    if raise_open_files() < needed:
        sys.exit(f"soak: {needed} files must be allowed open here (ulimit -n).")
    try:
        asyncio.run(_soak(options))
    except Lost as error:
        sys.exit(f"soak: {error}")


async def _soak(options: argparse.Namespace) -> None:
    """Run what was chosen. Raises Lost."""
    per_server = options.connections // options.processes
    with tempfile.TemporaryDirectory(prefix="parlour-soak-") as name:
        folder = await asyncio.to_thread(Path, name)
        _say(f"Seeding {options.connections:,} people")
        seed = await sow(folder, people=options.connections, room_count=0)
        if options.processes == 1:
            with Parlour(core=None, seed=seed) as server:
                _stand([server], seed, options.connections, options.seconds, across=False)
            return
        with Parlour(core=None, seed=seed) as server:
            alone = _stand([server], seed, per_server, options.alone_seconds, across=False)
        async with running_cluster(seed, options.processes) as cluster:
            redis = cluster.redis_clock.seconds()
            together = _stand(
                cluster.nodes, seed, options.connections, options.seconds, across=not options.together
            )
            redis = (cluster.redis_clock.seconds() - redis) / options.seconds
    _say(
        f"memory for a connection: {together / 1024:.1f} KB on {options.processes} processes, "
        f"{alone / 1024:.1f} KB on one that holds {per_server:,} (ratio {together / alone:.2f}); "
        f"Redis took {redis:.1%} of a core"
    )


def _stand(servers: Sequence[Server], seed: Seed, count: int, seconds: float, *, across: bool) -> float:
    """Hold the connections for `seconds`; return the bytes of memory that each took. Raises Lost."""
    held = Held(servers, [], [])
    held.remember()
    with ExitStack() as stack:
        for task in tasks([server.port for server in servers], seed, count, across=across):
            held.lines.append(_started(stack, task))
        standing = held.read(CONNECTED_WITHIN_SECONDS)
        _say(f"{count:,} connections stand on {len(servers)} servers, {held.memory[-1] / 2**20:.0f} MB")
        cpu, began = held.cpu(), time.monotonic()
        while (passed := time.monotonic() - began) < seconds:
            time.sleep(min(REPORT_EVERY_SECONDS, seconds - passed))
            held.remember()
            _say(f"{(time.monotonic() - began) / 60:4.1f} min: {held.memory[-1] / 2**20:.0f} MB")
            if any(line.poll() for line in held.lines):
                break  # a process has failed, and says why
        used = (held.cpu() - cpu) / (time.monotonic() - began)
        for line in held.lines:
            line.send("end")
        ended = held.read(ENDED_WITHIN_SECONDS)
    _conclude(held, ended, count, seconds, used)
    return (held.memory[1] - held.memory[0]) / sum(report.connections for report in standing)


def tasks(ports: Sequence[int], seed: Seed, count: int, *, across: bool) -> list[Task]:
    """Share the connections among processes of the generator, as many for each server."""
    per_server = count // len(ports)
    talkers = [
        Seat(person=seed.people[number], room=PAIRS.room(index), port=port)
        for index in range(PAIRS.count)
        for port, number in zip(_ports(ports, index, across=across), PAIRS.people(index), strict=True)
    ]
    made: list[Task] = []
    nobody = len(talkers)
    for port in ports:
        idle = per_server - sum(seat.port == port for seat in talkers)
        people = seed.people[nobody : nobody + idle]
        nobody += idle
        for first in range(0, len(people), A_PROCESS):
            made.append(
                Task(
                    number=len(made),
                    port=port,
                    idle=people[first : first + A_PROCESS],
                    talkers=[] if made else talkers,
                    messages=MESSAGES_PER_SECOND,
                )
            )
    return made


def _ports(ports: Sequence[int], index: int, *, across: bool) -> tuple[int, int]:
    """Return the servers of the two people of a call."""
    return ports[index % len(ports)], ports[(index + across) % len(ports)]


def _started(stack: ExitStack, task: Task) -> Connection:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=hold, args=(task, theirs), daemon=True)
    process.start()
    theirs.close()

    def end() -> None:
        process.join(ENDED_WITHIN_SECONDS)
        process.kill()

    stack.callback(ours.close)
    stack.callback(end)
    return ours


def _conclude(held: Held, ended: list[Report], count: int, seconds: float, used: float) -> None:
    delays = sorted(delay for report in ended for delay in report.delays)
    median, p99 = statistics.median(delays), delays[len(delays) * 99 // 100]
    _say(
        f"{count:,} connections stood for {seconds / 60:.1f} minutes on {len(held.servers)} servers: "
        f"{sum(report.sent for report in ended):,} messages, none lost (delay {median * 1000:.2f} ms in the "
        f"median, {p99 * 1000:.2f} ms at the 99th percentile), "
        f"{sum(report.heartbeats for report in ended):,} heartbeats, {used:.1%} of a core, memory "
        f"{held.memory[1] / 2**20:.0f} MB at first and {held.memory[-1] / 2**20:.0f} MB at last"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--connections", type=int, default=CONNECTIONS, help="at least 100 (%(default)s)")
    parser.add_argument("--processes", type=int, default=1, help="servers on one Redis (%(default)s)")
    parser.add_argument("--together", action="store_true", help="the two of a call are at one server")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="how long they stay (%(default)s)")
    parser.add_argument(
        "--alone-seconds", type=float, default=ALONE_SECONDS, help="those at the one server (%(default)s)"
    )
    options = parser.parse_args()
    if options.connections // options.processes < 2 * PAIRS.count:
        parser.error(f"at least {2 * PAIRS.count} connections for each server")
    return options


def _say(text: str) -> None:
    print(f"==> {text}", flush=True)


if __name__ == "__main__":
    main()
