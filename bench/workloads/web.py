"""HTTP at eight in the morning: from the login to the first message. Node's socket.io has nothing like it."""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import quote

from bench.client import Lost
from bench.outcome import PARLOUR, Figure, Figures
from bench.seed import FOURS, PASSWORD, Person
from bench.servers import HOST, Server
from bench.slices import Run

PAGE = 50
MOST_MICROSECONDS = 1000.0
"""The target of a request's CPU time, without that of password hashes."""
_KINDS = {
    "login": "log in",
    "refresh": "refresh",
    "page": f"list rooms, {PAGE} of 10,000",
    "access": "give a room's password",
    "entry": "ask for a room's entry",
    "message": "write a message",
    "list": "list rooms, all 10,000",
}
_HASHING = ("login", "access")
_WITHOUT_TARGET = ("login", "list")
HTTP = tuple(
    figure
    for key, title in _KINDS.items()
    for figure in (
        Figure(
            key=f"{key}-cpu",
            title=f"CPU to {title}{', hash aside' if key in _HASHING else ''}",
            unit="µs",
            own_target=None if key in _WITHOUT_TARGET else MOST_MICROSECONDS,
        ),
        Figure(key=f"{key}-median", title=f"Median time to {title}", unit="ms"),
        Figure(key=f"{key}-p99", title=f"99th percentile to {title}", unit="ms"),
    )
)
CONNECTIONS = {"login": 2, "refresh": 4, "page": 4, "access": 2, "entry": 4, "message": 4, "list": 1}
FIRST_REFRESHER = 1000
"""Index of the first account whose refresh token no other workload uses."""

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_COOKIE = re.compile(rb"\r\nset-cookie: *jwt=([^;\r]+)", re.IGNORECASE)


@dataclass(slots=True)
class Browser:
    """A persistent connection (HTTP/1.1) and its cookie."""

    person: Person
    room: str
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    cookie: str = field(default="")

    @classmethod
    async def open(cls, port: int, person: Person, *, room: str = "") -> Self:
        reader, writer = await asyncio.open_connection(HOST, port, limit=8 << 20)
        return cls(person, room, reader, writer, person.refresh_token)

    async def reopen(self, port: int) -> None:
        """Connect anew: the server ends connections that rested for some seconds."""
        self.writer.close()
        self.reader, self.writer = await asyncio.open_connection(HOST, port, limit=8 << 20)

    @property
    def bearer(self) -> str:
        return f"Authorization: Bearer {self.person.access_token}"

    async def ask(self, method: str, path: str, body: dict[str, Any] | None, *headers: str) -> bytes:
        """Send a request and return the body of the answer. Raises Lost unless the status is 200."""
        content = b"" if body is None else json.dumps(body).encode()
        head = [
            f"{method} {path} HTTP/1.1",
            f"Host: {HOST}",
            "Content-Type: application/json",
            f"Content-Length: {len(content)}",
            *headers,
        ]
        self.writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + content)
        answer = await self.reader.readuntil(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 200 "):
            raise Lost(f"{method} {path}: {answer[:200]!r}")
        if cookie := _COOKIE.search(answer):
            self.cookie = cookie[1].decode()
        length = _LENGTH.search(answer)
        return await (self._chunks() if length is None else self.reader.readexactly(int(length[1])))

    async def _chunks(self) -> bytes:
        """Read a body in chunked transfer coding (RFC 9112, section 7.1)."""
        content = bytearray()
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            content += await self.reader.readexactly(size)
            await self.reader.readexactly(2)
        await self.reader.readexactly(2)
        return bytes(content)


async def log_in(browser: Browser) -> None:
    body = {"username": browser.person.username, "password": PASSWORD}
    await browser.ask("POST", "/client/login", body)


async def refresh(browser: Browser) -> None:
    await browser.ask("GET", "/refresh", None, f"Cookie: jwt={browser.cookie}")


async def list_page(browser: Browser) -> None:
    await _list(browser, {"limit": PAGE}, at_least=PAGE)


async def list_rooms(browser: Browser) -> None:
    await _list(browser, {}, at_least=5 * PAGE)


async def give_password(browser: Browser) -> None:
    body = {"name": browser.room, "password": PASSWORD}
    await browser.ask("POST", "/room/access", body, browser.bearer)


async def ask_entry(browser: Browser) -> None:
    found = await browser.ask("GET", f"/room/entry?name={quote(browser.room)}", None, browser.bearer)
    if b'"next":"enter"' not in found:
        raise Lost("the room may not be entered")


async def write_message(browser: Browser) -> None:
    body = {"roomname": browser.room, "email": browser.person.email, "message": "Good morning, everybody"}
    await browser.ask("POST", "/message", body, browser.bearer)


async def _list(browser: Browser, body: dict[str, Any], *, at_least: int) -> None:
    rooms = await browser.ask("POST", "/room/check", body, browser.bearer)
    if rooms.count(b'"room_id"') < at_least:
        raise Lost("rooms are missing from the list")


_ASKED: dict[str, Callable[[Browser], Awaitable[None]]] = {
    "login": log_in,
    "refresh": refresh,
    "page": list_page,
    "access": give_password,
    "entry": ask_entry,
    "message": write_message,
    "list": list_rooms,
}


async def measure_http(run: Run) -> None:
    server = next(one for one in run.servers if one.name == PARLOUR)
    browsers = [
        await Browser.open(server.port, run.seed.people[number], room=FOURS.room(number // FOURS.size))
        for number in range(FIRST_REFRESHER, FIRST_REFRESHER + max(CONNECTIONS.values()))
    ]
    for number in range(run.rounds):
        figures: Figures = {}
        for kind, ask in _ASKED.items():
            figures |= await _slice(run, server, kind, browsers[: CONNECTIONS[kind]], ask)
        run.outcome.rounds.append({PARLOUR: figures})
        run.say(f"    {run.outcome.workload}: round {number + 1} of {run.rounds}")


async def _slice(
    run: Run, server: Server, kind: str, browsers: list[Browser], ask: Callable[[Browser], Awaitable[None]]
) -> Figures:
    times: list[float] = []
    for browser in browsers:
        await browser.reopen(server.port)

    async def again_and_again(browser: Browser) -> None:
        until = time.perf_counter() + run.seconds
        while (began := time.perf_counter()) < until:
            await ask(browser)
            times.append(time.perf_counter() - began)

    async with run.slice(server) as reading:
        await asyncio.gather(*(again_and_again(browser) for browser in browsers))
    times.sort()
    return {
        f"{kind}-cpu": (reading.server - reading.hashing) / len(times) * 1e6,
        f"{kind}-median": times[len(times) // 2] * 1e3,
        f"{kind}-p99": times[len(times) * 99 // 100] * 1e3,
    }
