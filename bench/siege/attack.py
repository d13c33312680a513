"""The parts of every attack: its target, even intervals, few requests in flight."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from bench.seed import Person
from bench.servers import HOST

ANSWER_SECONDS = 60.0
MOST_ON_THE_WAY = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """The instructions for the attackers' process, sent as JSON.

    `creator` has an account and rooms of their own; each intruder may enter the room of the same prefix.
    """

    port: int
    seconds: float
    attacks: Sequence[str]
    creator: Person
    call: str
    call_intruder: Person
    browsers_call: str
    browsers_intruder: Person
    other_room: str
    other_intruder: Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The state of an attack.

    `source`: its local address; `ends`: its end on the clock `time.monotonic`; `met`: counts of the answers
    and errors that it met.
    """

    order: Order
    source: str
    ends: float
    met: Counter[str]
    _flight: set[asyncio.Task[None]] = field(default_factory=set)

    def left(self) -> float:
        return self.ends - time.monotonic()

    async def paced(self, per_second: float) -> AsyncIterator[int]:
        """Yield 0, 1, 2 … at even intervals till the end; make up for at most a second of delay."""
        number = 0
        due = time.monotonic()
        while self.left() > 0:
            yield number
            number += 1
            due = max(due + 1 / per_second, time.monotonic() - 1)
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    def start(self, doing: Coroutine[None, None, object]) -> None:
        """Start a request beside the others; leave it out if MOST_ON_THE_WAY have no answer yet."""
        if len(self._flight) >= MOST_ON_THE_WAY:
            doing.close()
            self.met["left out: earlier ones have no answer"] += 1
            return
        self.met["begun"] += 1
        task = asyncio.create_task(self._counted(doing))
        self._flight.add(task)
        task.add_done_callback(self._flight.discard)

    async def landed(self) -> None:
        """Wait until all started requests have ended, ANSWER_SECONDS at most."""
        if self._flight:
            await asyncio.wait(self._flight, timeout=ANSWER_SECONDS)

    def count_unanswered(self) -> None:
        """Count the requests still without an answer, once the attack is over."""
        if self._flight:
            self.met["no answer by the end"] = len(self._flight)

    async def _counted(self, doing: Awaitable[object]) -> None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await doing
        except TimeoutError:
            self.met["no answer"] += 1
        except (OSError, EOFError):
            self.met["closed"] += 1

    @asynccontextmanager
    async def connection(
        self, *, read_limit: int = 2**16
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection(
            HOST, self.order.port, local_addr=(self.source, 0), limit=read_limit
        )
        try:
            yield reader, writer
        finally:
            writer.transport.abort()  # a close would wait till the server has read everything
            with suppress(OSError):
                await writer.wait_closed()

    async def asks(self, request: bytes) -> str:
        """Send a request on a connection of its own, read the whole answer and return its status."""
        async with self.connection() as (reader, writer):
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            self.met[status(head)] += 1
            while await reader.read(2**16):
                pass
            return status(head)


Attack = Callable[[Target], Awaitable[None]]


def status(head: bytes) -> str:
    return head[9:12].decode("ascii", "replace")


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()


def post(path: str, body: object, *, person: Person | None = None) -> bytes:
    """Build a POST request, with `body` as JSON, or unchanged as text/plain if it is bytes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = "text/plain" if isinstance(body, bytes) else "application/json"
    identity = f"Authorization: Bearer {person.access_token}\r\n" if person is not None else ""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: {kind}\r\n"
        f"{identity}Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content
