"""HTTP: log in, refresh, and the list of ten thousand rooms. Node's socket.io has nothing like it."""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self

from bench.client import Lost
from bench.outcome import PARLOUR, Figure, Figures
from bench.seed import PASSWORD, Person
from bench.servers import HOST, Server
from bench.slices import Run

PAGE = 50
_KINDS = {
    "login": "log in",
    "refresh": "refresh",
    "page": f"list rooms, {PAGE} of 10,000",
    "list": "list rooms, all 10,000",
}
HTTP = tuple(
    figure
    for key, title in _KINDS.items()
    for figure in (
        Figure(key=f"{key}-cpu", title=f"CPU to {title}", unit="µs"),
        Figure(key=f"{key}-median", title=f"Median time to {title}", unit="ms"),
        Figure(key=f"{key}-p99", title=f"99th percentile to {title}", unit="ms"),
    )
)
CONNECTIONS = {"login": 2, "refresh": 4, "page": 4, "list": 1}
FIRST_REFRESHER = 1000
"""Index of the first account whose refresh token no other workload uses."""

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_COOKIE = re.compile(rb"\r\nset-cookie: *jwt=([^;\r]+)", re.IGNORECASE)


@dataclass(slots=True)
class Browser:
    """A persistent connection (HTTP/1.1) and its cookie."""

    person: Person
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    cookie: str = field(default="")

    @classmethod
    async def open(cls, port: int, person: Person) -> Self:
        reader, writer = await asyncio.open_connection(HOST, port, limit=8 << 20)
        return cls(person, reader, writer, person.refresh_token)

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


async def _list(browser: Browser, body: dict[str, Any], *, at_least: int) -> None:
    bearer = f"Authorization: Bearer {browser.person.access_token}"
    rooms = await browser.ask("POST", "/room/check", body, bearer)
    if rooms.count(b'"room_id"') < at_least:
        raise Lost("rooms are missing from the list")


_ASKED: dict[str, Callable[[Browser], Awaitable[None]]] = {
    "login": log_in,
    "refresh": refresh,
    "page": list_page,
    "list": list_rooms,
}


async def measure_http(run: Run) -> None:
    server = next(one for one in run.servers if one.name == PARLOUR)
    browsers = [
        await Browser.open(server.port, person)
        for person in run.seed.people[FIRST_REFRESHER : FIRST_REFRESHER + max(CONNECTIONS.values())]
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

    async def again_and_again(browser: Browser) -> None:
        until = time.perf_counter() + run.seconds
        while (began := time.perf_counter()) < until:
            await ask(browser)
            times.append(time.perf_counter() - began)

    async with run.slice(server) as reading:
        await asyncio.gather(*(again_and_again(browser) for browser in browsers))
    times.sort()
    return {
        f"{kind}-cpu": reading.server / len(times) * 1e6,
        f"{kind}-median": times[len(times) // 2] * 1e3,
        f"{kind}-p99": times[len(times) * 99 // 100] * 1e3,
    }
