"""The honest users, who should notice nothing: fifty in calls, three at browsers, some who log in."""

import asyncio
import re
import statistics
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Self

import httpx
from picows import WSTransport
from playwright.async_api import WebSocket, expect

from bench import frames
from bench.client import Peer
from bench.seed import PASSWORD, Person
from tests.e2e.frames import Flow, FrameWatch
from tests.e2e.media import keep_connections, use_small_pictures
from tests.e2e.participant import Participant
from tests.people import Person as Account
from tests.servers import ParlourServer
from tests.servers.browser import People, chromium

CANDIDATES_PER_SECOND = 2.0
"""The rate of each member of a call while peer connections are set up."""
LOGIN_EVERY_SECONDS, LOOK_EVERY_SECONDS = 5.0, 1.0
ANSWER_SECONDS = 60.0
SHOWN_WITHIN_MS = 60_000
"""The timeout of a page's expected content."""
LOST_SECONDS = 5.0
"""The grace for the last messages; messages after it count as lost."""

_FRAGMENT = b'"usernameFragment":"%b"'
_SERIAL = re.compile(_FRAGMENT % rb"(\d+)")


@dataclass(slots=True)
class Delays:
    """Delays in seconds."""

    found: list[float] = field(default_factory=list)

    def of_hundred(self, place: int) -> float:
        """Return the percentile `place`, infinite if nothing arrived."""
        if len(self.found) < 2:
            return self.found[0] if self.found else float("inf")
        return statistics.quantiles(self.found, n=100, method="inclusive")[place - 1]

    @property
    def median(self) -> float:
        return self.of_hundred(50)

    @property
    def worst(self) -> float:
        return max(self.found, default=float("inf"))


class Member(Peer):
    """A member who sends candidates to the next member of the call, each with a serial number."""

    def __init__(self, person: Person, room: str, talk: "Talk") -> None:
        super().__init__(person, room)
        self.next: Member = self
        self._talk = talk

    def receive(self, transport: WSTransport, message: bytes) -> None:
        if message.startswith(frames.CANDIDATE_EVENT) and (found := _SERIAL.search(message)):
            self._talk.heard(int(found[1]))
        elif not message.startswith(frames.DESCRIPTION_EVENT):
            super().receive(transport, message)

    def on_event(self, message: bytes) -> None:
        if message.startswith(frames.REFUSED):
            self._talk.refused[str(frames.arguments(message)[1].get("code"))] += 1


class Talk:
    """The record of all members' candidates: when each was sent and when it arrived."""

    def __init__(self, calls: Mapping[str, Sequence[Person]]) -> None:
        self.refused: Counter[str] = Counter()
        self.members: list[Member] = []
        self._delays = Delays()
        self._sent_at: dict[int, float] = {}
        self._sent = 0
        for room, people in calls.items():
            call = [Member(person, room, self) for person in people]
            for place, member in enumerate(call):
                member.next = call[(place + 1) % len(call)]
            self.members += call

    async def begin(self, port: int) -> None:
        for member in self.members:
            await member.connect(port)

    async def go_on(self, seconds: float) -> "Relay":
        """Let the members send in turn, at even intervals, and return the figures."""
        self._delays, self._sent_at, self._sent = Delays(), {}, 0
        self.refused.clear()
        loop = asyncio.get_running_loop()
        lateness = Delays()
        pause = 1 / (CANDIDATES_PER_SECOND * len(self.members))
        begun = due = loop.time()
        while due < begun + seconds:
            lateness.found.append(max(0.0, loop.time() - due))
            self._speak(self.members[self._sent % len(self.members)])
            due += pause
            await asyncio.sleep(due - loop.time())
        await asyncio.sleep(LOST_SECONDS)
        return Relay(
            delays=self._delays,
            lateness=lateness,
            sent=self._sent,
            lost=len(self._sent_at),
            hung_up=sum(member.transport is None for member in self.members),
            refused=dict(self.refused),
        )

    def heard(self, serial: int) -> None:
        sent_at = self._sent_at.pop(serial, None)
        if sent_at is not None:
            self._delays.found.append(time.perf_counter() - sent_at)

    def _speak(self, member: Member) -> None:
        self._sent += 1
        if member.transport is None:
            return
        candidate = frames.candidate(member.next.peer_id)
        self._sent_at[self._sent] = time.perf_counter()
        member.send(candidate.replace(_FRAGMENT % b"sXMs", _FRAGMENT % (b"%08d" % self._sent), 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """The figures of the relay. `lateness`: delays of the measuring process itself, on a busy machine."""

    delays: Delays
    lateness: Delays
    sent: int
    lost: int
    hung_up: int
    refused: Mapping[str, int]


class AtBrowsers:
    """Users in a call, each at a browser page of their own; `people` may be empty."""

    def __init__(self, server: ParlourServer, people: Sequence[Person], room: str) -> None:
        self._server = server
        self._people = people
        self._room = room
        self._watches: dict[str, FrameWatch] = {}
        self._open = True
        self.hung_up = 0
        self._ending = AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            await self._begin()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def _begin(self) -> None:
        if not self._people:
            return
        expect.set_options(timeout=SHOWN_WITHIN_MS)
        browser = await self._ending.enter_async_context(chromium())
        pages = People(browser)
        self._ending.push_async_callback(pages.leave)
        participants = [await self._participant(pages, person) for person in self._people]
        for participant in participants:
            await participant.comes_to(self._room)
            await participant.enters()
        names = [participant.name for participant in participants]
        for participant in participants:
            others = [name for name in names if name != participant.name]
            await participant.expects(*others)
            self._watches[participant.name] = FrameWatch(participant, *others)
        await self.watch()
        while any(flow.frames == 0 for flow in (await self.flows()).values()):  # noqa: ASYNC110 - next line
            await asyncio.sleep(1)  # the record is made by the pages; the siege as a whole ends in time

    async def __aexit__(self, *_: object) -> None:
        self._open = False
        await self._ending.aclose()

    async def watch(self) -> None:
        """Begin a new record of the frames and of closed connections."""
        self.hung_up = 0
        for watch in self._watches.values():
            await watch.begin()

    async def flows(self) -> dict[str, Flow]:
        """Return the flow of each tile, by `viewer < shown`."""
        return {
            f"{viewer} < {shown}": flow
            for viewer, watch in self._watches.items()
            for shown, flow in (await watch.flows()).items()
        }

    async def _participant(self, pages: People, person: Person) -> Participant:
        page = await pages(person.username, at=self._server.url)
        page.set_default_timeout(SHOWN_WITHIN_MS)
        page.on("websocket", self._follow)
        await keep_connections(page)
        await use_small_pictures(page)
        account = Account(self._server, email=person.email, username=person.username, password=PASSWORD)
        self._ending.push_async_callback(account.http.aclose)
        return Participant(page, account)

    def _follow(self, line: WebSocket) -> None:
        line.on("close", self._closed)

    def _closed(self, _line: Any) -> None:
        if self._open:
            self.hung_up += 1


@dataclass(slots=True)
class Requests:
    """The delays and the answers of a kind of honest request."""

    took: Delays = field(default_factory=Delays)
    answers: Counter[str] = field(default_factory=Counter)


async def log_in(server: ParlourServer, people: Sequence[Person], seconds: float) -> Requests:
    """Log the people in, each by a browser that the server does not know, LOGIN_EVERY_SECONDS apart."""
    bodies = [{"username": person.username, "password": PASSWORD} for person in people]
    return await _every(
        LOGIN_EVERY_SECONDS, server, seconds, lambda n: ("POST", "/client/login", bodies[n % len(bodies)])
    )


async def look_at_health(server: ParlourServer, seconds: float) -> Requests:
    return await _every(LOOK_EVERY_SECONDS, server, seconds, lambda _: ("GET", "/healthz", None))


async def _every(pause: float, server: ParlourServer, seconds: float, request: Any) -> Requests:
    """Send requests concurrently at even intervals, so that a slow answer delays no later request."""
    found = Requests()
    loop = asyncio.get_running_loop()
    begun = loop.time()

    async def ask(client: httpx.AsyncClient, number: int) -> None:
        method, path, body = request(number)
        asked = loop.time()
        try:
            answer = await client.request(method, path, json=body)
            found.answers[str(answer.status_code)] += 1
        except httpx.HTTPError as error:
            found.answers[type(error).__name__] += 1
        found.took.found.append(loop.time() - asked)

    limits = httpx.Limits(max_keepalive_connections=0)
    async with (
        httpx.AsyncClient(base_url=server.address, timeout=ANSWER_SECONDS, limits=limits) as client,
        asyncio.TaskGroup() as asking,
    ):
        for number in range(max(1, int(seconds / pause))):
            client.cookies.clear()
            asking.create_task(ask(client, number))
            await asyncio.sleep(max(0.0, begun + (number + 1) * pause - loop.time()))
    return found
