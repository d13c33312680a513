"""A person enters a call of four, at a browser's pace: connect, CONNECT, join, and three negotiations."""

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from enum import IntEnum

from picows import WSTransport

from bench import frames
from bench.client import Countdown, Lost, Peer, close_all, connect_all
from bench.outcome import PARLOUR, Figure, Figures
from bench.seed import FOURS, Person, with_new_token
from bench.servers import Server
from bench.slices import Run, quiet
from parlour.accounts.tokens import TokenSigner

ENTRY = (
    Figure(key="entry", title="CPU per entry into a call of 4", unit="µs", target=0.6),
    Figure(key="joined", title="of it, connect and join", unit="µs", target=0.8),
    Figure(key="prepared", title="CPU per entry, prepared in the lobby (Node: not)", unit="µs", target=0.6),
    Figure(key="upgrade", title="TCP, and the upgrade to WebSocket", unit="µs"),
    Figure(key="connect", title="CONNECT: the token, and who it is", unit="µs"),
    Figure(key="join", title="join: admission, and the introductions", unit="µs"),
    Figure(key="relays", title="6 descriptions and 72 candidates", unit="µs"),
    Figure(key="kernel", title="of the entry, in the kernel", unit="µs"),
    Figure(key="load", title="the server's share of its core", unit="%"),
)
ENTRIES_PER_SECOND = 60
CONNECTS_AT_ONCE = 16

OFFER_AFTER, ANSWER_AFTER = 0.005, 0.010
"""Seconds that a browser takes to make an offer (each further one as much later) and an answer."""
CANDIDATE_BURSTS = (0.002, 0.012, 0.022, 0.032)
"""Seconds from a description to each burst of its candidates: of the host at once, others from STUN."""
BURST = 3
CANDIDATES = len(CANDIDATE_BURSTS) * BURST
RESIDENTS = FOURS.size - 1
INTRODUCTIONS, SIGNALS = 2 * RESIDENTS, 2 * RESIDENTS * (1 + CANDIDATES)

_PEER_ID = re.compile(rb'"peerID":"([^"]+)"')


class Stage(IntEnum):
    """The point up to which the entries of a slice go: differences between stages are the cost of a step."""

    UPGRADED = 0
    CONNECTED = 1
    JOINED = 2
    ENTERED = 3


class Negotiator(Peer):
    """A peer that answers an offer and sends candidates, as browsers do; `arrivals` counts what it gets."""

    def __init__(self, person: Person, room: str | None, arrivals: Countdown) -> None:
        super().__init__(person, room)
        self._arrivals = arrivals
        self._names: dict[str, str] = {}
        if room is not None:
            self._join = frames.join(room, resumable=True)

    def on_event(self, message: bytes) -> None:
        sender = _sender(message)
        if frames.is_candidate(message, sender=sender):
            self._arrivals.hit()
        elif sender in self._names and frames.is_description(
            message, sender=sender, username=self._names[sender]
        ):
            self._arrivals.hit()
            self.on_description(sender)
        elif message.startswith(frames.ADD_PEER):
            self._names[sender] = frames.arguments(message)[1]["peerUsername"]
            super().on_event(message)
            self.on_introduction(sender)
        else:
            super().on_event(message)

    def on_introduction(self, peer_id: str) -> None:
        """Resident: the newcomer makes the offer."""

    def on_description(self, peer_id: str) -> None:
        _later(ANSWER_AFTER, lambda: self._describe(peer_id))

    def _describe(self, peer_id: str) -> None:
        """Send a description, and its candidates in bursts."""
        self._send_in_time(frames.description(peer_id))
        self._send_candidates(peer_id)

    def _send_candidates(self, peer_id: str) -> None:
        candidate = frames.candidate(peer_id)
        for after in CANDIDATE_BURSTS:
            _later(after, lambda: self._send_in_time(*[candidate] * BURST))

    def _send_in_time(self, *messages: bytes) -> None:
        if self.transport is not None:
            for message in messages:
                self.send(message)


class Entrant(Negotiator):
    """The person who enters, as far as `stage`."""

    def __init__(self, person: Person, room: str, stage: Stage, arrivals: Countdown) -> None:
        super().__init__(person, room if stage >= Stage.JOINED else None, arrivals)
        self._stage = stage
        self._offers = 0

    def receive(self, transport: WSTransport, message: bytes) -> None:
        if self._stage is Stage.UPGRADED and message.startswith(b"0"):
            self._settle(None)
        else:
            super().receive(transport, message)

    def on_introduction(self, peer_id: str) -> None:
        if self._stage is Stage.ENTERED:
            self._offers += 1
            _later(OFFER_AFTER * self._offers, lambda: self._describe(peer_id))

    def on_description(self, peer_id: str) -> None:
        """The answer needs no answer."""


class PreparedEntrant(Entrant):
    """A person whose client asks in the lobby who is in, and joins with an offer to each of them."""

    def __init__(self, person: Person, room: str, arrivals: Countdown) -> None:
        super().__init__(person, room, Stage.ENTERED, arrivals)
        self._room = room
        self._peers: list[str] = []
        self._join = frames.prepare(room)

    def receive(self, transport: WSTransport, message: bytes) -> None:
        if message.startswith(b"43" + frames.PREPARE_ID):
            self._peers = [peer["peerID"] for peer in frames.arguments(message)[0]["peers"]]
            offers = frames.join_with_offers(self._room, self._peers)
            _later(OFFER_AFTER * len(self._peers), lambda: self._send_in_time(offers))
            return
        if message.startswith(b"43" + frames.JOIN_ID):
            for peer_id in self._peers:
                self._send_candidates(peer_id)
        super().receive(transport, message)

    def on_introduction(self, peer_id: str) -> None:
        """The join has brought the offer."""


class Calls:
    """Calls of three on a server, each of which one person enters in a slice."""

    def __init__(self, run: Run, server: Server) -> None:
        self._run = run
        self._server = server
        self._signer = TokenSigner(run.seed.secret)
        self._arrivals, self._introductions = Countdown(), Countdown()
        self._residents: list[Peer] = []
        self._count = min(FOURS.count, max(1, round(ENTRIES_PER_SECOND * run.seconds)))

    async def begin(self) -> None:
        self._introductions.expect(self._count * RESIDENTS * (RESIDENTS - 1))
        for index in range(self._count):
            for number in FOURS.people(index)[:RESIDENTS]:
                resident = Negotiator(self._run.seed.people[number], FOURS.room(index), self._arrivals)
                resident.introductions = self._introductions
                self._residents.append(resident)
        await connect_all(self._residents, self._server.port, at_once=CONNECTS_AT_ONCE)
        await self._introductions.wait()
        await quiet(self._server)

    async def enter(self, stage: Stage, *, is_prepared: bool = False) -> tuple[float, float, float]:
        """Let a person enter each call, and leave it after the measurement.

        Return the CPU seconds of an entry, those of them in the kernel, and the server's share of its core.
        """
        entrants = [self._entrant(index, stage, is_prepared=is_prepared) for index in range(self._count)]
        kernel = self._server.kernel()
        async with self._run.slice(self._server) as reading:
            await self._arrive(entrants, stage)
        kernel = self._server.kernel() - kernel
        if stage >= Stage.JOINED:
            await asyncio.gather(*(entrant.leave() for entrant in entrants))
        await close_all(entrants)
        await quiet(self._server)
        return reading.server / self._count, kernel / self._count, reading.server / reading.wall

    async def _arrive(self, entrants: Sequence[Entrant], stage: Stage) -> None:
        """Start the entries at even intervals; return when all are complete."""
        if stage >= Stage.JOINED:
            self._introductions.expect(self._count * INTRODUCTIONS)
        if stage is Stage.ENTERED:
            self._arrivals.expect(self._count * SIGNALS)
        entering, began = [], time.perf_counter()
        for number, entrant in enumerate(entrants):
            await asyncio.sleep(began + number / ENTRIES_PER_SECOND - time.perf_counter())
            entering.append(asyncio.create_task(entrant.connect(self._server.port)))
        await asyncio.gather(*entering)
        await self._introductions.wait()
        await self._arrivals.wait()

    def _entrant(self, index: int, stage: Stage, *, is_prepared: bool) -> Entrant:
        person = with_new_token(self._run.seed.people[FOURS.people(index)[-1]], self._signer)
        if is_prepared:
            entrant: Entrant = PreparedEntrant(person, FOURS.room(index), self._arrivals)
        else:
            entrant = Entrant(person, FOURS.room(index), stage, self._arrivals)
        entrant.introductions = self._introductions
        return entrant


async def measure_entry(run: Run) -> None:
    """Measure whole entries, and entries that end after each step, in the same round."""
    calls = {server.name: Calls(run, server) for server in run.servers}
    for one in calls.values():
        await one.begin()

    async def one_slice(server: Server) -> Figures:
        call = calls[server.name]
        upgraded, connected, joined = [
            (await call.enter(stage))[0] for stage in (Stage.UPGRADED, Stage.CONNECTED, Stage.JOINED)
        ]
        entered, kernel, load = await call.enter(Stage.ENTERED)
        prepared = entered
        if server.name == PARLOUR:
            prepared, _, _ = await call.enter(Stage.ENTERED, is_prepared=True)
        return {
            "prepared": prepared * 1e6,
            "entry": entered * 1e6,
            "joined": joined * 1e6,
            "upgrade": upgraded * 1e6,
            "connect": (connected - upgraded) * 1e6,
            "join": (joined - connected) * 1e6,
            "relays": (entered - joined) * 1e6,
            "kernel": kernel * 1e6,
            "load": load * 100,
        }

    await run.interleaved(one_slice)


def _later(seconds: float, call: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_later(seconds, call)


def _sender(message: bytes) -> str:
    """Return the peer that a message names. Raises Lost if it names none."""
    found = _PEER_ID.search(message)
    if found is None:
        if message.startswith(frames.SHARE_ROOMS):
            return ""
        raise Lost(message[:200].decode())
    return found[1].decode()
