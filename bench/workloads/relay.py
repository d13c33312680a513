"""Candidates or descriptions, back and forth between two, in fifty rooms at once.

Each client answers a message by another, so that as many are on the way at any time as there are peers, and
the server is never without work: the cost of a message then follows from its CPU time.
"""

import asyncio
from collections.abc import Callable

from picows import WSFrame, WSMsgType, WSTransport

from bench import frames
from bench.client import WITHIN_SECONDS, Lost, Peer, connect_all
from bench.outcome import Figure, Figures
from bench.seed import PAIRS, Person
from bench.servers import Server
from bench.slices import Run

CANDIDATES = (
    Figure(key="cpu", title="CPU per relayed candidate", unit="µs", target=0.5),
    Figure(key="rate", title="Candidates a second, at most", unit="1/s"),
)
DESCRIPTIONS = (
    Figure(key="cpu", title="CPU per relayed description", unit="µs", target=0.35),
    Figure(key="rate", title="Descriptions a second, at most", unit="1/s"),
)
WARM_UP_SECONDS = 0.2

_TEXT = WSMsgType.TEXT
IsRight = Callable[["Player", bytes], bool]


class Match:
    """The state that all players of a server share."""

    def __init__(self, is_right: IsRight) -> None:
        self.is_right = is_right
        self.sent = 0
        self.received = 0
        self.playing = False


class Player(Peer):
    """A peer that answers each message by its own. It checks the first whole, later messages by length."""

    def __init__(self, person: Person, room: str, match: Match) -> None:
        super().__init__(person, room)
        self.match = match
        self.partner: Player = self
        self.frame = b""
        self.length = -1

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.payload_size == self.length:
            match = self.match
            match.received += 1
            if match.playing:
                match.sent += 1
                transport.send(_TEXT, self.frame)
        else:
            super().on_ws_frame(transport, frame)

    def serve(self) -> None:
        self.match.sent += 1
        self.send(self.frame)

    def on_event(self, message: bytes) -> None:
        if self.match.is_right(self, message):
            self.length = len(message)
            self.match.received += 1
        else:
            super().on_event(message)


async def measure_candidates(run: Run) -> None:
    await _measure(
        run,
        frames.candidate,
        lambda player, message: frames.is_candidate(message, sender=player.partner.peer_id),
    )


async def measure_descriptions(run: Run) -> None:
    await _measure(
        run,
        frames.description,
        lambda player, message: frames.is_description(
            message, sender=player.partner.peer_id, username=player.partner.person.username
        ),
    )


async def _measure(run: Run, frame: Callable[[str], bytes], is_right: IsRight) -> None:
    teams = {server.name: await _team(run, server, frame, is_right) for server in run.servers}

    async def one_slice(server: Server) -> Figures:
        players = teams[server.name]
        match = players[0].match
        match.playing = True
        for player in players:
            player.serve()
        await asyncio.sleep(WARM_UP_SECONDS)
        async with run.slice(server) as reading:
            before = match.received
            await asyncio.sleep(run.seconds)
            count = match.received - before
        await _all_received(match)
        if count == 0:
            raise Lost(f"{server.name} relayed nothing")
        return {"cpu": reading.server / count * 1e6, "rate": count / reading.wall}

    await run.interleaved(one_slice)


async def _team(run: Run, server: Server, frame: Callable[[str], bytes], is_right: IsRight) -> list[Player]:
    """Connect two players for each room; each has received a correct message on return."""
    match = Match(is_right)
    players = [
        Player(run.seed.people[number], PAIRS.room(index), match)
        for index in range(PAIRS.count)
        for number in PAIRS.people(index)
    ]
    await connect_all(players, server.port, at_once=16)
    for one, other in zip(players[::2], players[1::2], strict=True):
        one.partner, other.partner = other, one
    for player in players:
        player.frame = frame(player.partner.peer_id)
        player.serve()
    await _all_received(match)
    return players


async def _all_received(match: Match) -> None:
    """End the match and wait until all sent messages have arrived. Raises Lost."""
    match.playing = False
    try:
        async with asyncio.timeout(WITHIN_SECONDS):
            while match.received < match.sent:  # noqa: ASYNC110 - an event would add cost to each message
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise Lost(f"{match.sent - match.received} messages were lost") from None
