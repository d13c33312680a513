"""Two thousand messages a second at even intervals, a tenth of them descriptions: the cost, and the delay."""

import asyncio
import ctypes
import os
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self

from picows import WSFrame, WSTransport

from bench import frames
from bench.client import WITHIN_SECONDS, Lost, Peer, connect_all
from bench.outcome import Figure, Figures
from bench.seed import PAIRS, Person
from bench.servers import Server
from bench.slices import Run

MIX = (
    Figure(key="cpu", title="CPU per message at 2,000 mixed/s", unit="µs", target=0.65),
    Figure(key="median", title="Median delay at 2,000 mixed/s", unit="µs", target=0.8),
    Figure(key="p99", title="99th percentile of the delay", unit="µs"),
)
MESSAGES_PER_SECOND = 2000
DESCRIPTION_EVERY = 10
WARM_UP_SECONDS = 0.2

_CLOCK_MONOTONIC, _NONBLOCK = 1, 0o4000
_libc = ctypes.CDLL(None, use_errno=True)


class Metronome:
    """A timer that calls `tick` at even intervals, below an event loop's millisecond (timerfd_create(2))."""

    def __init__(self, interval: float, tick: Callable[[], None]) -> None:
        self._tick = tick
        self._file = _libc.timerfd_create(_CLOCK_MONOTONIC, _NONBLOCK)
        if self._file < 0:
            raise OSError(ctypes.get_errno(), "no timer")
        seconds, nanoseconds = divmod(round(interval * 1e9), 10**9)
        timing = (ctypes.c_long * 4)(seconds, nanoseconds, seconds, nanoseconds)
        _libc.timerfd_settime(self._file, 0, timing, None)

    def _readable(self) -> None:
        try:
            os.read(self._file, 8)
        except BlockingIOError:
            return
        self._tick()

    def __enter__(self) -> Self:
        asyncio.get_running_loop().add_reader(self._file, self._readable)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.get_running_loop().remove_reader(self._file)
        os.close(self._file)


class Talker(Peer):
    """A peer that times its messages: `due` holds their send times in order, which the server preserves."""

    def __init__(self, person: Person, room: str, delays: list[float]) -> None:
        super().__init__(person, room)
        self.partner: Talker = self
        self.candidate = self.description = b""
        self.lengths: set[int] = set()
        self.due: deque[float] = deque()
        self._delays = delays

    def talk(self, message: bytes) -> None:
        self.partner.due.append(time.perf_counter())
        self.send(message)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.payload_size in self.lengths:
            self._delays.append(time.perf_counter() - self.due.popleft())
        else:
            super().on_ws_frame(transport, frame)

    def on_event(self, message: bytes) -> None:
        sender = self.partner
        if frames.is_candidate(message, sender=sender.peer_id) or frames.is_description(
            message, sender=sender.peer_id, username=sender.person.username
        ):
            self.lengths.add(len(message))
            self.due.popleft()
        else:
            super().on_event(message)


class Conversation:
    """The talkers of a server, who send in turn, `pace` messages a second."""

    def __init__(self, talkers: list[Talker], delays: list[float], *, pace: int) -> None:
        self.delays = delays
        self._talkers = talkers
        self._pace = pace
        self._said = 0
        self._began = 0.0
        self._skipped = 0

    async def run(self, seconds: float) -> None:
        self._said, self._began = 0, time.perf_counter()
        with Metronome(1 / self._pace, self._tick):
            await asyncio.sleep(seconds)

    def _tick(self) -> None:
        """Send all messages due by now, so that a late tick is made up for."""
        due = int((time.perf_counter() - self._began) * self._pace)
        while self._said < due:
            turn, place = divmod(self._said, len(self._talkers))
            talker = self._talkers[place]
            is_description = (turn + place) % DESCRIPTION_EVERY == 0
            talker.talk(talker.description if is_description else talker.candidate)
            self._said += 1

    async def end(self) -> None:
        """Wait until all sent messages have arrived. Raises Lost."""
        try:
            async with asyncio.timeout(WITHIN_SECONDS):
                while any(talker.due for talker in self._talkers):  # noqa: ASYNC110 - as in relay
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise Lost("messages of the mix were lost") from None


async def measure_mix(run: Run) -> None:
    conversations = {
        server.name: await conversation_of_pairs(run, server, pairs=PAIRS.count, pace=MESSAGES_PER_SECOND)
        for server in run.servers
    }

    async def one_slice(server: Server) -> Figures:
        conversation = conversations[server.name]
        await conversation.run(WARM_UP_SECONDS)
        await conversation.end()
        conversation.delays.clear()
        async with run.slice(server) as reading:
            await conversation.run(run.seconds)
            await conversation.end()
        delays = sorted(conversation.delays)
        return {
            "cpu": reading.server / len(delays) * 1e6,
            "median": delays[len(delays) // 2] * 1e6,
            "p99": delays[len(delays) * 99 // 100] * 1e6,
        }

    await run.interleaved(one_slice)


async def conversation_of_pairs(run: Run, server: Server, *, pairs: int, pace: int) -> Conversation:
    """Have the people of so many rooms of two connect, join and get to know the lengths of all messages."""
    delays: list[float] = []
    talkers = [
        Talker(run.seed.people[number], PAIRS.room(index), delays)
        for index in range(pairs)
        for number in PAIRS.people(index)
    ]
    await connect_all(talkers, server.port, at_once=16)
    for one, other in zip(talkers[::2], talkers[1::2], strict=True):
        one.partner, other.partner = other, one
    conversation = Conversation(talkers, delays, pace=pace)
    for talker in talkers:
        talker.candidate = frames.candidate(talker.partner.peer_id)
        talker.description = frames.description(talker.partner.peer_id)
        talker.talk(talker.candidate)
        talker.talk(talker.description)
    await conversation.end()
    return conversation
