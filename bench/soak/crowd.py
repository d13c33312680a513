"""A process that holds connections to one server: most only answer pings, some are in calls of two."""

import asyncio
import os
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

import uvloop

from bench import frames
from bench.client import WITHIN_SECONDS, Lost, Peer, connect_all
from bench.machine import raise_open_files, stay
from bench.seed import Person
from bench.workloads.mix import Talker

CONNECTS_AT_ONCE = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A person who is in a call of two, in `room`, at the server of that port."""

    person: Person
    room: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """The connections of a process. Talkers are partners in twos, and send `messages` a second in all."""

    number: int
    port: int
    idle: Sequence[Person]
    talkers: Sequence[Seat]
    messages: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The findings of a process so far; `delays` in seconds, `cpu` its own, also in seconds."""

    connections: int
    lost: int
    sent: int
    heartbeats: int
    delays: list[float] = field(default_factory=list)
    cpu: float = 0.0
    failure: str = ""


class Crowd:
    """The connections of this process."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._delays: list[float] = []
        self._talkers = [Talker(seat.person, seat.room, self._delays) for seat in task.talkers]
        self._idle = [SourcedPeer(person, task.number) for person in task.idle]
        self._sent = 0

    async def connect(self) -> None:
        """Connect all. Raises Lost."""
        for one, other in zip(self._talkers[::2], self._talkers[1::2], strict=True):
            one.partner, other.partner = other, one
        for talker, seat in zip(self._talkers, self._task.talkers, strict=True):
            await talker.connect(seat.port)
        await connect_all(self._idle, self._task.port, at_once=CONNECTS_AT_ONCE)
        for talker in self._talkers:
            talker.candidate = frames.candidate(talker.partner.peer_id)

    async def stand(self, ended: asyncio.Event) -> None:
        """Send candidates at the rate until `ended`. Raises Lost if a connection in a call is gone."""
        began = time.monotonic()
        while not ended.is_set():
            due = int((time.monotonic() - began) * self._task.messages) if self._talkers else 0
            while self._sent < due:
                talker = self._talkers[self._sent % len(self._talkers)]
                if talker.transport is None:
                    raise Lost("a connection in a call was closed")
                talker.talk(talker.candidate)
                self._sent += 1
            await asyncio.sleep(0.01)

    async def all_heard(self) -> None:
        """Wait until all messages have arrived. Raises Lost."""
        try:
            async with asyncio.timeout(WITHIN_SECONDS):
                while any(talker.due for talker in self._talkers):  # noqa: ASYNC110 - arrivals are only counted
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise Lost("messages were lost") from None

    def report(self, failure: str = "") -> Report:
        peers: list[Peer] = [*self._idle, *self._talkers]
        return Report(
            connections=len(peers),
            lost=sum(peer.transport is None for peer in peers),
            sent=self._sent,
            heartbeats=sum(peer.heartbeats for peer in peers),
            delays=self._delays,
            cpu=time.process_time(),
            failure=failure,
        )


class SourcedPeer(Peer):
    """A peer that connects from a loopback address of its process: an address has some 28,000 ports."""

    def __init__(self, person: Person, number: int) -> None:
        super().__init__(person)
        self._source = f"127.0.{number + 1}.3"

    async def connect(self, port: int, *, source: str | None = None) -> None:
        await super().connect(port, source=source or self._source)


def hold(task: Task, parent: Connection) -> None:
    """Be the process. It reports when all are connected and at the end, when the parent says a word."""
    stay(None, parent=os.getppid())
    raise_open_files()
    with closing(parent), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        report = runner.run(_hold(task, parent))
        send_whole(parent, report)


def send_whole(line: Connection, report: Report) -> None:
    """Send a report that may be larger than the line's buffer.

    The event loop's reader leaves the line non-blocking.
    """
    os.set_blocking(line.fileno(), True)
    line.send(report)


async def _hold(task: Task, parent: Connection) -> Report:
    crowd, ended = Crowd(task), asyncio.Event()
    asyncio.get_running_loop().add_reader(parent.fileno(), ended.set)
    try:
        await crowd.connect()
        parent.send(crowd.report())
        await crowd.stand(ended)
        await crowd.all_heard()
    except (Lost, OSError) as error:  # a TimeoutError is an OSError
        return crowd.report(f"{type(error).__name__} {error}")
    return crowd.report()
