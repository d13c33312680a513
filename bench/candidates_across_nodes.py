"""`python -m bench.candidates_across_nodes`: what a candidate costs whose two people are at different nodes.

Two servers on one Redis: Parlour's, and Node's socket.io with its redis-adapter and the same checks, in turn.
A round is 1,000 candidates a second from the one node to the other, then as many as go back and forth between
fifty pairs at once. The CPU time is that of both nodes, sockets included. Prints a table in Markdown;
`--write` puts it into docs/performance.md.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import uvloop

from bench import frames
from bench.circumstances import on_this_machine
from bench.client import WITHIN_SECONDS, Lost, connect_all
from bench.cluster import running_cluster
from bench.kept_section import KeptSection
from bench.machine import ProcessClock, busy_share, raise_open_files
from bench.outcome import NODE, PARLOUR
from bench.seed import PAIRS, Seed, sow
from bench.servers import NODE_FOLDER, Node, Server, install_node_packages
from bench.workloads.mix import Metronome, Talker
from bench.workloads.relay import Match, Player
from tests.servers import RedisServer

KEPT = KeptSection(
    Path(__file__).with_name("candidates_across_nodes.md"), command="python -m bench.candidates_across_nodes"
)
RATE = 1_000
CONNECTS_AT_ONCE = 8
WARM_UP_SECONDS = 0.5
TARGETS = {"paced": 0.6, "saturated": 0.8, "p99": 1.0}


@dataclass(frozen=True, slots=True)
class Paced:
    """Candidates at an even pace in one direction: microseconds of CPU time for each, delays in seconds."""

    sender: float
    receiver: float
    redis: float
    p50: float
    p99: float

    @property
    def nodes(self) -> float:
        return self.sender + self.receiver


@dataclass(frozen=True, slots=True)
class Saturated:
    """Candidates back and forth: how many a second, and the CPU time of both nodes for each."""

    rate: float
    nodes: float
    redis: float


@dataclass(frozen=True, slots=True)
class Round:
    """The figures of a kind of nodes in a round."""

    paced: Paced
    saturated: Saturated


@dataclass(slots=True)
class AdapterNode(Node):
    """A node of socket.io's redis-adapter."""

    number: int = 1
    redis_url: str = ""

    def __post_init__(self) -> None:
        self.name = f"Node {self.number}"

    def command(self) -> list[str]:
        program = str(NODE_FOLDER / "cluster_server.js")
        return ["node", program, str(self.seed.node_file), str(self.port), self.redis_url]


class Pair:
    """Two servers and their Redis, with fifty calls of one person at each."""

    def __init__(self, servers: Sequence[Server], redis: ProcessClock) -> None:
        self._servers = servers
        self._redis = redis
        self._delays: list[float] = []
        self._talkers: list[Talker] = []
        self._players: list[Player] = []
        self._match = Match(
            lambda player, message: frames.is_candidate(message, sender=player.partner.peer_id)
        )

    async def connect(self, seed: Seed) -> None:
        """Have all connect and join. Each has received a candidate on return. Raises Lost."""
        half = PAIRS.count // 2
        for index in range(half):
            people = [seed.people[number] for number in PAIRS.people(index)]
            self._talkers += [Talker(person, PAIRS.room(index), self._delays) for person in people]
            people = [seed.people[number] for number in PAIRS.people(half + index)]
            self._players += [Player(person, PAIRS.room(half + index), self._match) for person in people]
        everybody: list[Talker | Player] = [*self._talkers, *self._players]
        for place, server in enumerate(self._servers):  # the second of a call comes when all first are in
            await connect_all(everybody[place::2], server.port, at_once=CONNECTS_AT_ONCE)
        for first, second in zip(self._talkers[::2], self._talkers[1::2], strict=True):
            first.partner, second.partner = second, first
            first.candidate = frames.candidate(second.peer_id)
            first.talk(first.candidate)
        for one, other in zip(self._players[::2], self._players[1::2], strict=True):
            one.partner, other.partner = other, one
        for player in self._players:
            player.frame = frames.candidate(player.partner.peer_id)
            player.serve()
        await self._all_heard()
        await self._match_over()

    async def round(self, seconds: float) -> Round:
        await self._pace(WARM_UP_SECONDS)
        self._delays.clear()
        before = self._clocks()
        await self._pace(seconds)
        sender, receiver, redis = self._since(before)
        delays = sorted(self._delays)
        count = len(delays)
        p50, p99 = delays[count // 2], delays[count * 99 // 100]
        paced = Paced(sender / count * 1e6, receiver / count * 1e6, redis / count * 1e6, p50, p99)
        return Round(paced, await self._flood(seconds))

    async def _pace(self, seconds: float) -> None:
        """Send from the first server to the second at the rate. Raises Lost."""
        senders, said, began = self._talkers[::2], 0, time.perf_counter()

        def tick() -> None:
            nonlocal said
            due = int((time.perf_counter() - began) * RATE)
            while said < due:
                talker = senders[said % len(senders)]
                talker.talk(talker.candidate)
                said += 1

        with Metronome(1 / RATE, tick):
            await asyncio.sleep(seconds)
        await self._all_heard()

    async def _flood(self, seconds: float) -> Saturated:
        self._match.playing = True
        for player in self._players:
            player.serve()
        await asyncio.sleep(WARM_UP_SECONDS)
        before, began, received = self._clocks(), time.perf_counter(), self._match.received
        await asyncio.sleep(seconds)
        count = self._match.received - received
        passed = time.perf_counter() - began
        first, second, redis = self._since(before)
        await self._match_over()
        return Saturated(count / passed, (first + second) / count * 1e6, redis / count * 1e6)

    async def _all_heard(self) -> None:
        await _until(lambda: not any(talker.due for talker in self._talkers))

    async def _match_over(self) -> None:
        self._match.playing = False
        await _until(lambda: self._match.received >= self._match.sent)

    def _clocks(self) -> tuple[float, float, float]:
        first, second = self._servers
        return first.cpu(), 0.0 if second is first else second.cpu(), self._redis.seconds()

    def _since(self, before: tuple[float, float, float]) -> tuple[float, float, float]:
        first, second, redis = self._clocks()
        return first - before[0], second - before[1], redis - before[2]


async def _until(is_so: Callable[[], bool]) -> None:
    try:
        async with asyncio.timeout(WITHIN_SECONDS):
            while not is_so():  # noqa: ASYNC110 - an event would add cost to each message
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise Lost("candidates were lost between the nodes") from None


@asynccontextmanager
async def parlour(seed: Seed, *, together: bool) -> AsyncIterator[Pair]:
    async with running_cluster(seed, 2) as cluster:
        first, second = cluster.nodes
        yield Pair([first, first if together else second], cluster.redis_clock)


@asynccontextmanager
async def node(seed: Seed) -> AsyncIterator[Pair]:
    async with RedisServer() as redis:
        with ExitStack() as stack:
            servers = [
                stack.enter_context(AdapterNode(core=None, seed=seed, number=number, redis_url=redis.url))
                for number in (1, 2)
            ]
            yield Pair(servers, ProcessClock(redis.pid))


async def measure(options: argparse.Namespace) -> str:
    """Return the section. Raises Lost."""
    rounds: dict[str, list[Round]] = {NODE: [], PARLOUR: []}
    with tempfile.TemporaryDirectory(prefix="parlour-across-") as name:
        seed = await sow(await asyncio.to_thread(Path, name), people=0, room_count=0)
        others = await busy_share(1.0)
        async with node(seed) as theirs, parlour(seed, together=options.together) as ours:
            pairs = {NODE: theirs, PARLOUR: ours}
            for pair in pairs.values():
                await pair.connect(seed)
                await pair.round(WARM_UP_SECONDS)
            for number in range(options.rounds):
                for kind in (NODE, PARLOUR) if number % 2 else (PARLOUR, NODE):
                    found = await pairs[kind].round(options.seconds)
                    rounds[kind].append(found)
                    print(f"{kind}: {found}", file=sys.stderr, flush=True)
    about = f"{options.rounds} rounds of twice {options.seconds:g} seconds for each kind of nodes"
    return section(rounds, f"{on_this_machine(others)}; {about}.")


def section(rounds: dict[str, list[Round]], circumstances: str) -> str:
    """Write the figures as Markdown: medians, and the median of the ratios of a round."""
    pairs = list(zip(rounds[PARLOUR], rounds[NODE], strict=True))
    ratios = {
        "paced": median(ours.paced.nodes / theirs.paced.nodes for ours, theirs in pairs),
        "saturated": median(ours.saturated.nodes / theirs.saturated.nodes for ours, theirs in pairs),
        "p99": median(ours.paced.p99 / theirs.paced.p99 for ours, theirs in pairs),
    }
    lines = [
        circumstances,
        "",
        f"| nodes | {RATE:,}/s: sender, µs | receiver, µs | Redis, µs | p50, ms | p99, ms "
        "| saturated: both nodes, µs | Redis, µs | candidates/s |",
        "| --- |" + " ---: |" * 8,
        *(_row(kind, found) for kind, found in rounds.items()),
        "",
        "Ratios of a round, Parlour to Node: "
        + ", ".join(
            f"{title} {ratios[key]:.2f} ({'met' if ratios[key] <= TARGETS[key] else 'missed'}: at most "
            f"{TARGETS[key]:g})"
            for key, title in (
                ("paced", f"CPU of both nodes at {RATE:,}/s"),
                ("saturated", "saturated"),
                ("p99", "99th percentile of the delay"),
            )
        )
        + ".",
    ]
    return "\n".join(lines)


def _row(kind: str, found: list[Round]) -> str:
    paced, saturated = [one.paced for one in found], [one.saturated for one in found]
    cells = [
        kind,
        f"{median(one.sender for one in paced):.0f}",
        f"{median(one.receiver for one in paced):.0f}",
        f"{median(one.redis for one in paced):.0f}",
        f"{median(one.p50 for one in paced) * 1e3:.2f}",
        f"{median(one.p99 for one in paced) * 1e3:.2f}",
        f"{median(one.nodes for one in saturated):.1f}",
        f"{median(one.redis for one in saturated):.1f}",
        f"{median(one.rate for one in saturated):,.0f}",
    ]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    options = _options()
    if shutil.which("node") is None or shutil.which("npm") is None:
        sys.exit("bench: Node.js with npm is needed, whose socket.io Parlour is measured against.")
    install_node_packages()
    raise_open_files()
    try:
        found = uvloop.run(measure(options))
    except Lost as error:
        sys.exit(f"bench: {error}")
    print(found)
    if options.write:
        KEPT.write(found)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.candidates_across_nodes", description=__doc__)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each half of a round (%(default)s)")
    parser.add_argument("--together", action="store_true", help="Parlour's pairs at one node, to compare")
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()
