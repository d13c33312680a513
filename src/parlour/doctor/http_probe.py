"""A request as a browser would send it, by hand: `doctor` looks at what a library would hide."""

import asyncio
import base64
import secrets
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import SplitResult

LONGEST_BODY = 65_536
_LONGEST_HEAD = 65_536
_LOOPBACK = "127.0.0.1"
_OTHER_LOOPBACK = ("127.0.0.2", 0)
"""The source of requests to this machine itself: a proxy here has another address then."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response; the names of its headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Site:
    """Where requests go: the parts of a URL. `tls` is a context for https, the default one if None."""

    parts: SplitResult
    tls: ssl.SSLContext | None = None

    @property
    def host(self) -> str:
        return self.parts.hostname or ""

    @property
    def is_secure(self) -> bool:
        return self.parts.scheme == "https"

    @property
    def port(self) -> int:
        return self.parts.port or (443 if self.is_secure else 80)


@dataclass(frozen=True, slots=True)
class Connection:
    """An open connection; `own_address` is this side's, `certificate` the other's, empty without TLS."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    site: Site

    @property
    def own_address(self) -> str:
        return str(self.writer.get_extra_info("sockname")[0])

    @property
    def certificate(self) -> dict[str, Any]:
        return cast(dict[str, Any], self.writer.get_extra_info("peercert") or {})

    async def ask(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Send a GET and read the answer, at most LONGEST_BODY of its body.

        Raises OSError, EOFError, ValueError or IndexError, the last two for what is no HTTP.
        """
        target = self.site.parts.path.rstrip("/") + path
        lines = [
            f"GET {target} HTTP/1.1",
            f"Host: {self.site.parts.netloc}",
            "User-Agent: parlour-doctor",
            *(f"{name}: {value}" for name, value in (headers or {"Connection": "close"}).items()),
        ]
        self.writer.write("\r\n".join([*lines, "", ""]).encode())
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        found = dict(_header(line) for line in head[1:] if line)
        status = int(head[0].split()[1])
        return Answer(status, found, b"" if status == 101 else await self._body(found))

    async def _body(self, headers: Mapping[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return await self._chunks()
        if "content-length" in headers:
            return await self.reader.readexactly(min(int(headers["content-length"]), LONGEST_BODY))
        return await self.reader.read(LONGEST_BODY)

    async def _chunks(self) -> bytes:
        body = b""
        while len(body) < LONGEST_BODY:
            size = int((await self.reader.readline()).split(b";")[0], 16)
            body += (await self.reader.readexactly(size + 2))[:size]
            if size == 0:
                break
        return body


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip().lower(), value.strip()


@asynccontextmanager
async def connected(site: Site) -> AsyncIterator[Connection]:
    """Connect to a site. Raises OSError, ssl.SSLError among them."""
    context = (site.tls or ssl.create_default_context()) if site.is_secure else None
    host = _LOOPBACK if site.host == "localhost" else site.host
    reader, writer = await asyncio.open_connection(
        host,
        site.port,
        ssl=context,
        server_hostname=site.host if context else None,
        local_addr=_OTHER_LOOPBACK if host == _LOOPBACK else None,
        limit=_LONGEST_HEAD,
    )
    try:
        yield Connection(reader, writer, site)
    finally:
        writer.close()


def upgrade_headers(origin: str) -> dict[str, str]:
    """Return the headers of a WebSocket handshake (RFC 6455, section 4.1)."""
    return {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(secrets.token_bytes(16)).decode(),
        "Origin": origin,
    }
