"""A client of the storm: it resumes its visit at any node, as the web client does, and notes all it hears."""

import asyncio
import json
import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.people import Person

COUNTED = ("add-peer", "remove-peer", "session-description", "ice-candidate")
PATIENCE_SECONDS = 2.5
"""A client gives a line up that has not answered for so long, unless it has reason to wait."""
KEPT_ENTRIES = 600

Payload = dict[str, Any]


class LineLost(Exception):
    """The connection ended, could not be made, or was silent for too long."""


class Refused(Exception):
    """The server refused what was asked for; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Stretch:
    """A time in which a client is in its call without a break: it hears all of the chat of that time."""

    began: float
    heard: list[str] = field(default_factory=list)
    ended: float | None = None


@dataclass
class Visit:
    """A participation as its client knows it. Without a token it ends with its connection."""

    peer_id: str
    token: str | None
    view: dict[str, bool] = field(default_factory=dict)
    """The peers that it was told of, and whether it was told to make the offer."""
    introductions: Counter[str] = field(default_factory=Counter)
    """The number of times that it was told of each peer, or that what that peer said may be lost."""
    received: int = 0
    offers: list[tuple[str, Payload]] = field(default_factory=list)
    """The event and payload of each message to a peer that the server may not have got."""
    taken: int = 0
    """The number of messages to peers that it has got before those."""
    lost_at: float | None = None
    """When its connection was lost; None while it has one."""


class Line:
    """One WebSocket to a node. All that arrives goes to `hears`, in order; `lost` is called at its end."""

    def __init__(
        self,
        socket: ClientConnection,
        hears: Callable[["Line", str, Payload], None],
        lost: Callable[["Line"], None],
    ) -> None:
        self._socket = socket
        self._hears = hears
        self._lost = lost
        self._ids = count(1)
        self._answers: dict[int, tuple[asyncio.Future[Payload], Callable[[Payload], None] | None]] = {}
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def open(
        cls,
        address: str,
        token: str,
        hears: Callable[["Line", str, Payload], None],
        lost: Callable[["Line"], None],
    ) -> "Line":
        """Raises LineLost or Refused."""
        url = address.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                socket = await connect(
                    url, compression=None, ping_interval=None, close_timeout=1, proxy=None, max_queue=None
                )
                try:
                    await socket.recv()
                    await socket.send("40" + json.dumps({"token": token}))
                    answer = str(await socket.recv())
                    if answer.startswith("44"):
                        raise Refused(json.loads(answer[2:])["data"]["code"])
                    assert answer.startswith("40"), answer
                except BaseException:
                    socket.transport.abort()
                    raise
        except (OSError, InvalidHandshake, ConnectionClosed, EOFError) as error:  # TimeoutError is an OSError
            raise LineLost(f"no connection: {error!r}") from error
        return cls(socket, hears, lost)

    @property
    def is_closed(self) -> bool:
        return self._reading.done()

    async def ended(self) -> None:
        await asyncio.wait([self._reading])

    def abort(self) -> None:
        """End the connection without a closing handshake."""
        self._socket.transport.abort()

    async def aclose(self) -> None:
        self.abort()
        await self.ended()

    async def ask(
        self,
        event: str,
        *arguments: Payload,
        within: float,
        on_answer: Callable[[Payload], None] | None = None,
    ) -> Payload:
        """Return the acknowledgement. `on_answer` takes it before anything that arrives after it.

        Raises LineLost or Refused.
        """
        number = next(self._ids)
        answer: asyncio.Future[Payload] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer, on_answer
        try:
            async with asyncio.timeout(within):
                await self._socket.send(f"42{number}" + json.dumps([event, *arguments]))
                found = await answer
        except (ConnectionClosed, OSError) as error:
            self._answers.pop(number, None)
            raise LineLost(f"{event} was not answered: {error!r}") from error
        if not found["ok"]:
            raise Refused(found["code"])
        return found

    async def _read(self) -> None:
        with suppress(ConnectionClosed):
            async for frame in self._socket:
                assert isinstance(frame, str)
                if frame == "2":
                    await self._socket.send("3")
                elif frame.startswith("43"):
                    self._answered(frame)
                elif frame.startswith("42"):
                    name, *arguments = json.loads(frame[2:])
                    self._hears(self, name, arguments[0] if arguments else {})
                elif frame.startswith("41"):
                    self._hears(self, "disconnect", {})
        for answer, _ in self._answers.values():
            if not answer.done():
                answer.set_exception(ConnectionClosed(None, None))
        self._lost(self)

    def _answered(self, frame: str) -> None:
        number, bracket, rest = frame[2:].partition("[")
        [found] = json.loads(bracket + rest)
        answer, on_answer = self._answers.pop(int(number), (None, None))
        if on_answer is not None and found["ok"]:
            on_answer(found)
        if answer is not None and not answer.done():
            answer.set_result(found)


class StormClient:
    """A person in one room. What contradicts the protocol is added to `faults`, as a sentence."""

    def __init__(
        self,
        person: Person,
        room: str,
        changed: Callable[[], None],
        faults: list[str],
        certain_grace: float,
        struck_at: Callable[[str], float | None],
    ) -> None:
        """A client that comes back within `certain_grace` seconds goes on with the same visit.
        `struck_at` tells since when a node may have been out of reach for the others.
        """
        assert person.username is not None
        self.person = person
        self.name = person.username
        self.room = room
        self.visit: Visit | None = None
        self.address: str | None = None
        """The node of the present line."""
        self.left_behind: list[str] = []
        """Tokens of visits that were left without an answer, to be ended on the next line."""
        self.abandoned: list[Line] = []
        """Lines that hang as far as the server knows."""
        self.stretches: list[Stretch] = []
        self.presence: list[tuple[datetime, datetime | None]] = []
        """When this person was in the call for certain."""
        self.sent: Counter[tuple[str, str]] = Counter()
        """The number of relays that were accepted, by the peer ids of sender and receiver."""
        self.heard: Counter[tuple[str, str]] = Counter()
        self.patience = PATIENCE_SECONDS
        self.resets = 0
        """The number of times that the server had lost the counts of a visit."""
        self.log: deque[str] = deque(maxlen=KEPT_ENTRIES)
        self._certain_grace = certain_grace
        self._struck_at = struck_at
        self._changed = changed
        self._faults = faults
        self._numbers = count(1)
        self._last_heard: dict[str, int] = {}
        self._line: Line | None = None
        self._is_attached = False
        self._early: dict[str, bool] = {}
        """The peers that it was told of before the answer to a join that is not resumable."""

    # What it is now

    @property
    def is_inside(self) -> bool:
        return self.visit is not None and self._is_attached

    @property
    def is_connected(self) -> bool:
        return self._line is not None

    def has_heard(self, relay: str) -> bool:
        """Return True if that text of a relay was heard."""
        sender, _, number = relay.rpartition("#")
        return self._last_heard.get(sender, 0) >= int(number)

    # What it does. Each raises LineLost or Refused.

    async def connects(self, address: str) -> None:
        assert self._line is None
        self.note(f"connects to {address}")
        line = await Line.open(address, self.person.token or "", self._hears, self._lost)
        if line.is_closed:
            raise LineLost("closed at once")
        self._line, self.address = line, address

    async def enters(self, *, resumable: bool) -> None:
        """Join, or resume the visit that there is. Visits that were left without an answer end before."""
        line = self._need_line()
        await self.ends_what_it_left()
        join: Payload = {"room": self.room}
        if self.visit is not None:
            visit = self.visit
            assert visit.token is not None
            join |= {"resume": visit.token, "known": sorted(visit.view), "received": visit.received}
        if self.visit is not None or resumable:
            join |= {"resumable": True}
        self.note(f"join {join.get('known', '')} {join.get('received', '')}")
        self._early = {}
        await line.ask("join", join, within=self.patience, on_answer=self._joined)
        await self._send_again(line)

    async def ends_what_it_left(self) -> None:
        while self.left_behind:
            token = self.left_behind[-1]
            self.note("end-visit")
            await self._ask("end-visit", {"resume": token})
            self.left_behind.remove(token)

    async def leaves(self) -> None:
        line, visit = self._need_line(), self.visit
        assert visit is not None
        self.note("leave")
        self._end_visit()
        try:
            await line.ask("leave", within=self.patience)
        except LineLost:
            if visit.token is not None:
                self.left_behind.append(visit.token)
            raise

    async def relays(self, to: str) -> str:
        """Send a candidate or a description to a peer; return the text that the peer hears."""
        line, visit = self._need_line(), self.visit
        assert visit is not None
        number = next(self._numbers)
        text = f"{visit.peer_id}#{number}"
        payload: Payload = {"peerID": to}
        if number % 2:
            event, payload["iceCandidate"] = "offer-ice", {"candidate": f"candidate:{text}"}
        else:
            event, payload["sessionDescription"] = "offer-sdp", {"type": "offer", "sdp": f"v=0\r\ns={text}"}
        visit.offers.append((event, payload))
        self.note(f"> {event} to {to}: #{number}")
        await line.ask(event, payload, within=self.patience)
        self.sent[visit.peer_id, to] += 1
        return text

    async def writes(self, message_id: str) -> None:
        await self._ask("chat-message", {"message": message_id, "message_id": message_id})

    async def records(self, *, recording: bool) -> None:
        await self._ask("record", {"recording": recording})

    def breaks(self) -> None:
        """Abort the connection without a closing handshake."""
        line = self._line
        if line is not None:
            self.note("breaks")
            self._lose_line()
            line.abort()

    def hangs(self) -> None:
        """Give the connection up, which the server takes for alive."""
        line = self._line
        if line is not None:
            self.note("hangs")
            self._lose_line()
            self.abandoned.append(line)

    def leaves_without_line(self) -> None:
        """Break, and end the visit by the next line."""
        self.breaks()
        if self.visit is not None and self.visit.token is not None:
            self.left_behind.append(self.visit.token)
        self._end_visit()

    def goes_for_good(self) -> None:
        """Break, and never resume this visit."""
        self.breaks()
        self._end_visit()
        for line in self.abandoned:
            line.abort()

    async def aclose(self) -> None:
        self.breaks()
        for line in self.abandoned:
            await line.aclose()

    def note(self, text: str) -> None:
        self.log.append(f"{time.monotonic():.3f} {text}")

    # What happens to it

    async def _ask(self, event: str, payload: Payload) -> None:
        await self._need_line().ask(event, payload, within=self.patience)

    def _need_line(self) -> Line:
        if self._line is None:
            raise LineLost("no line")
        return self._line

    def _joined(self, answer: Payload) -> None:
        now, former = time.monotonic(), self.visit
        is_resumed = answer.get("resumed", False)
        self.note(f"joined {answer['peerID']} resumed={is_resumed} received={answer.get('received')}")
        if former is not None and is_resumed:
            if former.peer_id != answer["peerID"]:
                self._fault(f"resumed {former.peer_id}, and is {answer['peerID']}")
            self._continue(former, answer["received"])
            former.token, former.lost_at = answer["resume"], None
        else:
            if (
                former is not None
                and former.lost_at is not None
                and now - former.lost_at < self._certain_grace
            ):
                self._fault(f"came back after {now - former.lost_at:.1f} s, and {former.peer_id} was over")
            self._end_visit()
            self.visit = Visit(answer["peerID"], answer.get("resume"), self._early)
            self.presence.append((datetime.now(UTC), None))
        self._early = {}
        self._is_attached = True
        self.stretches.append(Stretch(now))
        self._changed()

    def _continue(self, visit: Visit, received: int | None) -> None:
        """Begin both counts anew where the server has lost them, else note what it has got."""
        if received is None:
            self.resets += 1
            visit.received = visit.taken = 0
            visit.offers.clear()
        else:
            if not visit.taken <= received <= visit.taken + len(visit.offers):
                self._fault(f"sent {visit.taken + len(visit.offers)}, and {received} were received")
            del visit.offers[: max(0, received - visit.taken)]
            visit.taken = received

    async def _send_again(self, line: Line) -> None:
        """Raises LineLost where the person has gone for good between the answer to the join and this."""
        if self.visit is None:
            raise LineLost("gone for good")
        waiting = [line.ask(event, payload, within=self.patience) for event, payload in self.visit.offers]
        for answer in await asyncio.gather(*waiting, return_exceptions=True):
            if isinstance(answer, BaseException) and not isinstance(answer, Refused):
                raise answer

    def _end_visit(self) -> None:
        visit, self.visit, self._is_attached = self.visit, None, False
        if visit is not None:
            absent = 0.0 if visit.lost_at is None else time.monotonic() - visit.lost_at
            self.presence[-1] = (self.presence[-1][0], datetime.now(UTC) - timedelta(seconds=absent))
            self._end_stretch()
            self._changed()

    def _end_stretch(self) -> None:
        if self.stretches and self.stretches[-1].ended is None:
            self.stretches[-1].ended = time.monotonic()

    def _lose_line(self) -> None:
        now, address = time.monotonic(), self.address
        self._line = self.address = None
        if not self._is_attached or self.visit is None:
            return
        self._is_attached = False
        self._end_stretch()
        struck_at = None if address is None else self._struck_at(address)
        self.visit.lost_at = now if struck_at is None else min(now, struck_at)
        if self.visit.token is None:
            self._end_visit()
        self._changed()

    def _lost(self, line: Line) -> None:
        if line is self._line:
            self.note("its line was lost")
            self._lose_line()
        elif line in self.abandoned:
            self.abandoned.remove(line)
            self._changed()

    def _hears(self, line: Line, event: str, payload: Payload) -> None:
        if line is not self._line:
            if event == "disconnect":
                line.abort()
            return
        if event != "share-rooms":
            self.note(f"< {event} {json.dumps(payload)[:200]}")
        if event in COUNTED:
            self._hear_of_peer(event, payload)
        elif event == "signals-lost" and self.visit is not None:
            self.visit.introductions.update(payload["peerIDs"])
        elif event == "chat-message" and self._is_attached:
            self.stretches[-1].heard.append(payload["message_id"])
        elif event == "disconnect":
            line.abort()
        elif event in ("session-ended", "removed", "refused"):
            self._fault(f"got {event} {payload}")
        self._changed()

    def _hear_of_peer(self, event: str, payload: Payload) -> None:
        visit, peer = self.visit, str(payload["peerID"])
        if visit is None or not self._is_attached:
            if event == "add-peer":
                self._early[peer] = payload["createOffer"]
            elif event == "remove-peer":
                self._early.pop(peer, None)
            return
        visit.received += 1
        if peer == visit.peer_id:
            self._fault(f"got {event} of itself")
        elif event == "add-peer":
            visit.view[peer] = payload["createOffer"]
            visit.introductions[peer] += 1
        elif event == "remove-peer":
            visit.view.pop(peer, None)
        else:
            self._hear(visit, peer, _text(payload))

    def _hear(self, visit: Visit, peer: str, text: str) -> None:
        sender, _, number = text.rpartition("#")
        if sender != peer:
            self._fault(f"heard {text} of {peer}")
        if peer not in visit.view:
            self._fault(f"heard {text} of a peer that it was not told of")
        if int(number) <= self._last_heard.get(peer, 0):
            self._fault(f"heard {text} after #{self._last_heard[peer]}")
        self._last_heard[peer] = int(number)
        self.heard[peer, visit.peer_id] += 1

    def _fault(self, text: str) -> None:
        self.note(f"FAULT: {text}")
        self._faults.append(f"{self.name} {text}")


def _text(payload: Payload) -> str:
    """Return the text that identifies a relay."""
    if "iceCandidate" in payload:
        return str(payload["iceCandidate"]["candidate"]).removeprefix("candidate:")
    return str(payload["sessionDescription"]["sdp"]).removeprefix("v=0\r\ns=")
