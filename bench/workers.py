"""`python -m bench.workers`: what several workers carry on the cores of this machine, beside one.

Fifty calls of two. In each slice every person sends a burst of candidates by one write, while the server is
stopped (SIGSTOP). Then it goes on, and the generator sleeps until the kernel's buffers hold all answers, so
the servers have the cores to themselves: the throughput is theirs and not the generator's. Only then are the
answers read and counted. Where root runs it, all other work on the machine waits meanwhile.

One server, without Redis, is measured in turn with several workers, where the two of a call are brought
together by the hash of their room in the handshake, as the web client does it, or are where the kernel
spreads them, or have chosen the same worker, each worker having as many calls. Prints a table in Markdown.
"""

import argparse
import asyncio
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import statistics
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

import uvloop
from picows import WSFrame, WSTransport

from bench import frames
from bench.circumstances import on_this_machine
from bench.client import WITHIN_SECONDS, Lost, Peer, close_all
from bench.kept_section import KeptSection
from bench.machine import ProcessClock, busy_share, going_first, may_go_first, raise_open_files
from bench.outcome import spread
from bench.seed import PAIRS, Person, Seed, database_url, sow
from bench.servers import Parlour, Server
from bench.slices import quiet
from tests.servers import RedisServer

STARTED = re.compile(r'"worker": (\d+), "pid": (\d+), "event": "worker.started"')
BURST = 250
"""Candidates of each person in a slice: what is not read yet has to fit into the kernel's buffers."""
BUFFER_BYTES = 1 << 20
LOOK_SECONDS = 0.002
GOAL, GOAL_SUBJECT = 1.8, "4 workers, calls hinted"
"""The target of issue 14: four workers carry at least so many times what one server does, on two cores."""
KEPT = KeptSection(Path(__file__).with_name("workers.md"), command="python -m bench.workers")
CALLS = ("hinted", "spread", "chosen")
_COUNT, _NOTHING = struct.Struct("I"), bytes(4)


@dataclass(slots=True)
class Workers(Parlour):
    """Parlour with several workers, which share a Redis."""

    count: int = 2
    redis: str = ""
    pids: list[int] = field(default_factory=list)
    """The workers; their parent has nothing to do."""
    _clocks: list[ProcessClock] = field(default_factory=list)

    def command(self) -> list[str]:
        return [*super(Workers, self).command(), "--workers", str(self.count)]

    def settings(self) -> dict[str, str]:
        return {**super(Workers, self).settings(), "PARLOUR_REDIS_URL": self.redis}

    def start(self) -> None:
        log = self.seed.folder / f"{self.name}.log"
        super(Workers, self).start()
        newest = dict(STARTED.findall(log.read_text(encoding="utf-8")))
        if len(newest) != self.count:
            raise RuntimeError(f"{self.name} has {len(newest)} workers instead of {self.count}")
        self.pids = [int(pid) for pid in newest.values()]
        self._clocks = [ProcessClock(pid) for pid in self.pids]

    def cpu(self) -> float:
        """Return the CPU seconds of all workers."""
        return sum(clock.seconds() for clock in self._clocks)


class Talker(Peer):
    """One of two in a call. Its answers wait in the kernel while it rests."""

    def __init__(self, person: Person) -> None:
        super().__init__(person)
        self.worker = -1
        self.burst = b""
        self.length = -1
        self.received = 0
        self.partner: Talker = self
        self._heard: asyncio.Future[None] | None = None

    def receive(self, transport: WSTransport, message: bytes) -> None:
        if message.startswith(b"0"):
            number = json.loads(message[1:])["sid"].partition(".")[0]
            self.worker = int(number) if number.isdecimal() else 0
        super().receive(transport, message)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.payload_size == self.length:
            self.received += 1
        else:
            super().on_ws_frame(transport, frame)

    def on_event(self, message: bytes) -> None:
        if self._heard is not None and frames.is_candidate(message, sender=self.partner.peer_id):
            self.length = len(message)
            self._heard.set_result(None)
            self._heard = None
        else:
            super().on_event(message)

    async def meets(self, partner: "Talker") -> None:
        """Hear one candidate of the partner, from whose size that of all follows."""
        self.partner = partner
        self._heard = asyncio.get_running_loop().create_future()
        heard = self._heard
        partner.send(frames.candidate(self.peer_id))
        await asyncio.wait_for(heard, WITHIN_SECONDS)
        self.burst = _masked(frames.candidate(partner.peer_id)) * BURST

    @property
    def expected(self) -> int:
        """The bytes of a burst's answers: a frame of this length has a header of four bytes."""
        return (self.length + 4) * BURST

    def waiting(self) -> int:
        """Return the bytes that have arrived and were not read."""
        return int(_COUNT.unpack(fcntl.ioctl(self._socket(), termios.FIONREAD, _NOTHING))[0])

    def rest(self) -> None:
        self._below().pause_reading()

    def wake(self) -> None:
        self._below().resume_reading()

    def widen(self) -> None:
        """Let the kernel hold a whole burst in both directions."""
        with socket.socket(fileno=os.dup(self._socket())) as same:
            same.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
            same.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)

    def fire(self) -> None:
        """Send a burst by one write."""
        if os.write(self._socket(), self.burst) != len(self.burst):
            raise Lost("a burst does not fit into the buffers of this machine (net.core.wmem_max)")

    def _below(self) -> asyncio.Transport:
        assert self.transport is not None
        return self.transport.underlying_transport

    def _socket(self) -> int:
        number: int = self._below().get_extra_info("socket").fileno()
        return number


def room_hash(name: str) -> str:
    """Return what a handshake says of a room (docs/protocol.md)."""
    return sha256(name.encode()).hexdigest()[:8]


def _masked(payload: bytes) -> bytes:
    """Make a frame of a text of 126 to 65,535 bytes, masked with zeros (RFC 6455, section 5.2)."""
    return b"\x81\xfe" + len(payload).to_bytes(2, "big") + bytes(4) + payload


@dataclass(frozen=True, slots=True)
class Slice:
    """The outcome of a burst of all: candidates a second, then microseconds of CPU time a candidate, and the
    share of one core that the generator used.
    """

    rate: float
    cpu: float
    redis: float
    generator: float


class Subject:
    """A server with its fifty calls."""

    def __init__(self, title: str, server: Server, calls: str, redis: RedisServer | None = None) -> None:
        self.title = title
        self._calls = calls
        self.talkers: list[Talker] = []
        self.slices: list[Slice] = []
        self._server = server
        self._redis = None if redis is None else ProcessClock(redis.pid)
        self._workers = server.pids if isinstance(server, Workers) else [server.pid]
        self._all = [os.getpid(), *self._workers, *([] if redis is None else [redis.pid])]

    @property
    def across(self) -> float:
        """The share of calls that are at two workers."""
        apart = sum(one.worker != other.worker for one, other in self._pairs())
        return apart / PAIRS.count

    def _pairs(self) -> Iterator[tuple[Talker, Talker]]:
        return zip(self.talkers[::2], self.talkers[1::2], strict=True)

    async def connect(self, seed: Seed) -> None:
        """Let two people into each call."""
        count = self._server.count if isinstance(self._server, Workers) else 1
        for index in range(PAIRS.count):
            room = PAIRS.room(index)
            worker = index % count if self._calls == "chosen" else None
            to_room = room_hash(room) if self._calls == "hinted" else None
            for number in PAIRS.people(index):
                talker = await self._connected(seed.people[number], worker, to_room)
                await talker.join(room)
                self.talkers.append(talker)
        for one, other in self._pairs():
            await one.meets(other)
            await other.meets(one)
        for talker in self.talkers:
            talker.widen()

    async def _connected(self, person: Person, worker: int | None, to_room: str | None) -> Talker:
        """Connect, again and again until it is to the right worker."""
        while True:
            talker = Talker(person)
            talker.room_hash = to_room
            await talker.connect(self._server.port)
            if worker in (None, talker.worker):
                return talker
            await close_all([talker])

    async def burst(self, *, goes_first: bool) -> Slice:
        """Raises Lost."""
        await quiet(self._server)
        with going_first(self._all if goes_first else []):
            return await self._burst()

    async def _burst(self) -> Slice:
        for talker in self.talkers:
            talker.received = 0
            talker.rest()
        redis = 0.0 if self._redis is None else self._redis.seconds()
        cpu = self._server.cpu()
        with self._stopped():
            for talker in self.talkers:
                talker.fire()
        own, began = time.process_time(), time.perf_counter()
        await self._all_arrived()
        took, own = time.perf_counter() - began, time.process_time() - own
        await quiet(self._server)
        cpu = self._server.cpu() - cpu
        redis = 0.0 if self._redis is None else self._redis.seconds() - redis
        await self._count()
        count = len(self.talkers) * BURST
        return Slice(count / took, cpu / count * 1e6, redis / count * 1e6, own / took)

    async def _all_arrived(self) -> None:
        missing = list(self.talkers)
        ends = time.perf_counter() + WITHIN_SECONDS
        while missing:
            if missing[-1].waiting() >= missing[-1].expected:
                missing.pop()
                continue
            if time.perf_counter() > ends:
                raise Lost(f"{self.title}: the answers of {len(missing)} people have not come")
            await asyncio.sleep(LOOK_SECONDS)

    @contextmanager
    def _stopped(self) -> Iterator[None]:
        """Stop the server's processes for as long as it takes to send a burst."""
        try:
            for pid in self._workers:
                os.kill(pid, signal.SIGSTOP)
            yield
        finally:
            for pid in self._workers:
                os.kill(pid, signal.SIGCONT)

    async def _count(self) -> None:
        """Read all answers. Raises Lost if one is missing or comes twice."""
        for talker in self.talkers:
            talker.wake()
        async with asyncio.timeout(WITHIN_SECONDS):
            while any(talker.received < BURST for talker in self.talkers):  # noqa: ASYNC110
                await asyncio.sleep(0.01)  # an event would cost the generator more
        if any(talker.received != BURST for talker in self.talkers):
            raise Lost(f"{self.title}: candidates came twice")


async def measured(options: argparse.Namespace, folder: Path) -> list[Subject]:
    seed = await sow(folder, people=0, room_count=0)
    goes_first = may_go_first()
    async with RedisServer() as redis:
        with ExitStack() as running:
            one = running.enter_context(Parlour(core=None, seed=seed))
            subjects = [Subject("one", one, "chosen")]
            for count in options.workers:
                for calls in options.calls:
                    own = _folder_of_its_own(seed, f"{count}-{calls}")
                    server = Workers(core=None, seed=own, count=count, redis=redis.url)
                    server.name = f"workers-{count}-{calls}"
                    running.enter_context(server)
                    subjects.append(Subject(f"{count} workers, calls {calls}", server, calls, redis))
            for subject in subjects:  # only now: a start blocks the loop, and people have to answer pings
                await subject.connect(seed)
            for number in range(options.rounds + 1):
                for subject in subjects if number % 2 else reversed(subjects):
                    found = await subject.burst(goes_first=goes_first)
                    if number:  # the first warms up
                        subject.slices.append(found)
                print(f"    round {number} of {options.rounds}", file=sys.stderr, flush=True)
    return subjects


def _folder_of_its_own(seed: Seed, name: str) -> Seed:
    """Copy the database: servers with one file and one Redis would be a single cluster."""
    folder = seed.folder / name
    folder.mkdir(mode=0o700)
    for file in seed.folder.glob("parlour.db*"):
        shutil.copy(file, folder)
    return replace(seed, folder=folder, database_url=database_url(folder))


def table(subjects: Sequence[Subject], *, others: float) -> str:
    """Write the figures as Markdown: medians, and quartiles of the ratio to the first within each round.

    `others` is the share of all cores that other processes used before.
    """
    one, verdict = subjects[0], ""
    lines = [
        f"{on_this_machine(others)}, {'and waited' if may_go_first() else 'and went on'} during the bursts; "
        f"{PAIRS.count} calls of two, bursts of {2 * PAIRS.count * BURST:,} candidates, "
        f"{len(one.slices)} rounds.",
        "",
        "| servers | calls across workers | candidates/s | of one | workers, µs | Redis, µs | generator |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for subject in subjects:
        ratio = spread([ours.rate / its.rate for ours, its in zip(subject.slices, one.slices, strict=True)])
        rate, cpu, redis, generator = (
            statistics.median(getattr(found, name) for found in subject.slices)
            for name in ("rate", "cpu", "redis", "generator")
        )
        lines.append(
            f"| {subject.title} | {subject.across:.0%} | {rate:,.0f} "
            f"| {ratio.median:.2f} ({ratio.low:.2f} to {ratio.high:.2f}) "
            f"| {cpu:.1f} | {redis:.1f} | {generator:.0%} |"
        )
        if subject.title == GOAL_SUBJECT:
            met = "met" if ratio.median >= GOAL else "missed"
            verdict = f"Target: {GOAL_SUBJECT}, at least {GOAL} times what one server carries: {met}."
    return "\n".join([*lines, *(["", verdict] if verdict else [])])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.workers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="slices of each")
    parser.add_argument("--workers", type=int, nargs="+", default=[2, 4], help="how many")
    parser.add_argument(
        "--calls", choices=CALLS, nargs="+", default=CALLS, help="how the two of a call find their worker"
    )
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    chosen = parser.parse_args()
    raise_open_files()
    with tempfile.TemporaryDirectory(prefix="parlour-bench-") as folder:
        others = asyncio.run(busy_share(1.0))
        found = table(uvloop.run(measured(chosen, Path(folder))), others=others)
    print(found)
    if chosen.write:
        KEPT.write(found)


if __name__ == "__main__":
    main()
