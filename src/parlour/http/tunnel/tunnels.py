"""Open tunnels: check who asks, connect to the SFU, and have two ends pass bytes to each other.

It is a tunnel of bytes after the handshake, not a proxy of WebSockets: frames are not parsed.
"""

import asyncio
import socket
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

import structlog

from parlour.engine.options import HeaderLines
from parlour.engine.server import end_unread
from parlour.errors import Busy, InvalidToken, NotFound, OriginNotAllowed, Refusal, Unavailable
from parlour.http.middleware import raw_response
from parlour.http.tunnel.ends import ClientEnd, ServerEnd, Shared, TunnelLimits
from parlour.http.tunnel.requests import PREFIX, Handshake, Headers, accepts, one, read_handshake, read_status
from parlour.http.tunnel.targets import Admitted, Targets

SILENT_SECONDS = 30.0
"""The time after which the kernel ends a connection to an SFU that acknowledges nothing."""

log = structlog.get_logger("parlour.tunnel")


@dataclass(frozen=True, slots=True, kw_only=True)
class TunnelSurroundings:
    """Things that tunnels share with the rest of the server.

    `base_path` may come before a path, as some proxies pass it on; `headers` are those of refusals.
    `origin_allowed` judges Origin and Host; `client_address` finds a client behind trusted proxies.
    """

    base_path: str
    headers: dict[str, str]
    origin_allowed: Callable[[str | None, str | None], bool]
    client_address: Callable[[str, HeaderLines], str]


class Tunnels:
    """All tunnels of this process."""

    def __init__(
        self, targets: Targets, surroundings: TunnelSurroundings, limits: TunnelLimits | None = None
    ) -> None:
        self._targets = targets
        self._base_path = surroundings.base_path.encode()
        self._headers = surroundings.headers
        self._origin_allowed = surroundings.origin_allowed
        self._client_address = surroundings.client_address
        self._limits = limits or TunnelLimits()
        self.shared = Shared(self._limits)
        self._opening: set[asyncio.Task[None]] = set()
        self._of_person: dict[str, OrderedDict[ClientEnd, None]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def serves(self, url: bytes) -> bool:
        return url.removeprefix(self._base_path).startswith(PREFIX)

    def open(
        self,
        transport: Any,
        method: str,
        version: str,
        url: bytes,
        headers: Headers,
        connections: set[Any],
    ) -> None:
        """Answer a request for a WebSocket, and set the protocol of its connection.

        `headers` have names in lower case; `connections` are uvicorn's.
        """
        client = ClientEnd(self.shared, connections)
        client.connection_made(transport)
        transport.set_protocol(client)
        try:
            self._require_own_page(headers)
            handshake = read_handshake(method, version, url.removeprefix(self._base_path), headers)
            admitted = self._targets.admit(handshake.number, handshake.query.token.decode())
            if self._count >= self._limits.tunnels or len(self._opening) >= self._limits.opening:
                raise Busy
        except Refusal as refusal:
            self._refuse(client, refusal)
            return
        self._enter(client, admitted.person)
        peer = transport.get_extra_info("peername")
        address = self._client_address(peer[0] if isinstance(peer, tuple) else "", partial(_lines, headers))
        task = asyncio.get_running_loop().create_task(self._open(client, handshake, admitted, address))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    def _require_own_page(self, headers: Headers) -> None:
        """Raises OriginNotAllowed for a page of another site."""
        origins, host = _lines(headers, "origin"), one(headers, b"host")
        named = None if host is None else host.decode("latin-1")
        if len(origins) > 1 or not self._origin_allowed(origins[0] if origins else None, named):
            raise OriginNotAllowed

    def _refuse(self, client: ClientEnd, refusal: Refusal) -> None:
        client.write(raw_response(refusal, self._headers))
        client.close()

    def _enter(self, client: ClientEnd, person: str) -> None:
        """Count a tunnel for as long as its client's connection lasts."""
        theirs = self._of_person.setdefault(person, OrderedDict())
        theirs[client] = None
        self._count += 1
        client.lost.add_done_callback(lambda _: self._leave(client, person))
        if len(theirs) > self._limits.of_person:
            oldest, _ = theirs.popitem(last=False)
            oldest.abort()

    def _leave(self, client: ClientEnd, person: str) -> None:
        self._count -= 1
        theirs = self._of_person.get(person)
        if theirs is not None:
            theirs.pop(client, None)
            if not theirs:
                del self._of_person[person]

    async def _open(self, client: ClientEnd, handshake: Handshake, admitted: Admitted, address: str) -> None:
        server: ServerEnd | None = None
        try:
            async with asyncio.timeout(self._limits.answer_seconds):
                server = await self._connect(admitted)
                server.write(handshake.head(admitted.target, client=address))
                head = await server.head
            _require_open(head, handshake)
        except Refusal as refusal:
            log.info("tunnel.refused", sfu=handshake.number, status=refusal.status)
            self._refuse(client, refusal)
        except (OSError, TimeoutError) as error:
            log.warning("tunnel.unreachable", sfu=handshake.number, error=str(error) or type(error).__name__)
            self._refuse(client, Unavailable())
        else:
            if client.lost.done():
                return
            client.write(handshake.answer())
            client.other = server
            server.open(client)
            client.open()
            _Watch(client, server, self._limits.idle_seconds).look_later()
            server = None
        finally:
            if server is not None:
                server.abort()

    async def _connect(self, admitted: Admitted) -> ServerEnd:
        target = admitted.target
        async with asyncio.timeout(self._limits.connect_seconds):
            transport, server = await asyncio.get_running_loop().create_connection(
                lambda: ServerEnd(self.shared), target.host, target.port, ssl=target.tls
            )
        _bound_silence(transport)
        return server

    async def close(self) -> None:
        """End what is being opened. Open tunnels are connections of the HTTP server, which closes them."""
        opening = list(self._opening)
        for task in opening:
            task.cancel()
        await asyncio.gather(*opening, return_exceptions=True)


class _Watch:
    """Ends a tunnel through which nothing comes."""

    def __init__(self, client: ClientEnd, server: ServerEnd, seconds: float) -> None:
        self._ends = client, server
        self._seconds = seconds
        self._lost = client.lost
        self._seen = -1

    def look_later(self) -> None:
        timer = asyncio.get_running_loop().call_later(self._seconds, self._look)
        self._timer = timer
        if self._seen < 0:
            self._lost.add_done_callback(lambda _: self._timer.cancel())

    def _look(self) -> None:
        received = sum(end.received for end in self._ends)
        if received == self._seen:
            for end in self._ends:
                end.abort()
            return
        self._seen = received
        self.look_later()


def _require_open(head: bytes, handshake: Handshake) -> None:
    """Raises Refusal for an answer that opens no WebSocket."""
    match read_status(head):
        case HTTPStatus.SWITCHING_PROTOCOLS if accepts(head, handshake):
            return
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            raise InvalidToken
        case HTTPStatus.NOT_FOUND:
            raise NotFound
        case _:
            raise Unavailable


def _bound_silence(transport: asyncio.BaseTransport) -> None:
    connection = transport.get_extra_info("socket")
    with suppress(OSError):  # it has ended already
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        end_unread(connection, SILENT_SECONDS)


def _lines(headers: Headers, name: str) -> Sequence[str]:
    wanted = name.encode()
    return [value.decode("latin-1") for given, value in headers if given == wanted]
