"""The upgrade of an HTTP request to a WebSocket, as a protocol class for uvicorn's `ws` setting.

uvicorn accepts the connection, TLS included, reads the HTTP request and hands both over. picows sends the
101 without asking, so path, origin and query are checked before the request is passed to picows.
"""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from typing import Any, cast

from picows import (
    WSAutoPingStrategy,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
)
from picows.picows import WSProtocol  # type: ignore[attr-defined]

from parlour.engine.connection import Handshake
from parlour.engine.deflate import is_offered
from parlour.engine.handshake import Rejected, admit, read_request, rejection_body
from parlour.engine.options import Options
from parlour.engine.plain_upgrade import PlainUpgrade, UpgradeRequest
from parlour.engine.session import Reason
from parlour.engine.sessions import TransportSessions
from parlour.engine.websocket import SwitchingProtocols, WebSocketTransport

_READ_BUFFER = 2048
"""The initial bytes of a read buffer; picows doubles the buffer of a connection that needs more."""

_LARGEST_READ = 8 * 1024
"""The bytes of a connection that are read and handled in a turn of the event loop."""

_get_buffer, _buffer_updated = WSProtocol.get_buffer, WSProtocol.buffer_updated
"""Hot path: a `super()` costs more than the call itself."""

_UNNOTED = 16 * 1024
"""The bytes of an unfinished frame up to which it is not in the budget; most frames are shorter."""


class _Logger(logging.LoggerAdapter[logging.Logger]):
    """An adapter: given a plain logger, picows would make a child logger for each connection."""

    def info(self, msg: object, *args: object, **kwargs: Any) -> None:
        """Drop what picows says of each connection's begin and end."""


_PLAIN = (
    b"GET / HTTP/1.1\r\nUpgrade:websocket\r\nConnection:upgrade\r\nSec-WebSocket-Version:13\r\n"
    b"Sec-WebSocket-Key:%b\r\n\r\n"
)
"""The request of which picows makes the answer to a `PlainUpgrade`, which has been read already."""

_logger = _Logger(logging.getLogger("parlour.engine.picows"))


class _Descriptor:
    """A socket without options, of which picows would set two and log five: with uvloop, thirteen system
    calls. Both event loops have set TCP_NODELAY.
    """

    __slots__ = ("_number",)

    def __init__(self, number: int) -> None:
        self._number = number

    def fileno(self) -> int:
        return self._number

    def setsockopt(self, _level: int, _option: int, _value: int) -> None:
        pass

    def getsockopt(self, _level: int, _option: int) -> int:
        return 0


class _PlainTransport:
    """A transport as picows sees it: its socket is a `_Descriptor`, and it has no addresses to log."""

    __slots__ = ("_descriptor", "tcp")

    def __init__(self, tcp: asyncio.Transport) -> None:
        self.tcp = tcp
        self._descriptor = _Descriptor(tcp.get_extra_info("socket").fileno())

    def get_extra_info(self, name: str) -> Any:
        if name == "socket":
            return self._descriptor
        return self.tcp.get_extra_info(name) if name == "ssl_object" else None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.tcp, name)


class WebSocketProtocol(WSProtocol):  # type: ignore[misc]
    """The protocol that uvicorn creates for a connection that asks for a WebSocket.

    uvicorn hands over the request as bytes and then makes this object the transport's protocol; from then on
    picows reads into its own buffer.
    """

    __slots__ = ("_request", "_resuming", "_server_connections", "_sessions", "_unfinished")

    def __init__(self, sessions: TransportSessions, server_connections: set[Any]) -> None:
        super().__init__(
            None,  # host and port, path: a client's
            None,
            False,  # is_client_side
            self._listener,
            _logger,
            True,  # disconnect_on_exception
            None,  # handshake timeout: the request is there
            False,  # auto ping and its times: Engine.IO has its own
            20,
            20,
            WSAutoPingStrategy.PING_WHEN_IDLE,
            True,  # auto pong
            sessions.options.max_payload,
            None,  # extra headers
            _READ_BUFFER,
        )
        self._request: UpgradeRequest | None = None
        self._resuming: asyncio.Handle | None = None
        self._unfinished = 0
        self._sessions = sessions
        self._server_connections = server_connections

    def get_buffer(self, size_hint: int) -> memoryview:
        """Return at most `_LARGEST_READ` of picows's buffer, since that grows whenever a read fills it."""
        buffer: memoryview = _get_buffer(self, size_hint)
        size = len(buffer)
        if size <= _LARGEST_READ:
            return buffer
        if size > self._sessions.options.max_connect:
            self._require_connected()
        return buffer[:_LARGEST_READ]

    def _require_connected(self) -> None:
        """Refuse a message that has become large already, unless the peer is in a namespace."""
        listener = self.listener
        if isinstance(listener, WebSocketTransport) and not listener.may_send_much():
            self._sessions.soon(listener.refuse_large)

    def buffer_updated(self, size: int) -> None:
        """Count the received bytes of an unfinished frame, which picows keeps in its buffer. Hot path."""
        listener = self.listener
        is_open = isinstance(listener, WebSocketTransport)
        if is_open:
            listener.heard = False
        try:
            _buffer_updated(self, size)
        finally:
            if self._sessions.is_batching:
                self._sessions.flush()
        if is_open and (self._unfinished or not listener.heard):
            self._count_unfinished(0 if listener.heard else self._unfinished + size)
        if size >= _LARGEST_READ or self.transport.is_close_frame_sent:
            self._rest()

    def _count_unfinished(self, unfinished: int) -> None:
        if unfinished > _UNNOTED or self._unfinished > _UNNOTED:
            self._note(unfinished)
        self._unfinished = unfinished

    def upgrade(self, plain: PlainUpgrade) -> None:
        """Answer a request that has been read already."""
        self._request = plain.request
        request = _PLAIN % plain.key.encode()
        super().get_buffer(-1)[: len(request)] = request
        super().buffer_updated(len(request))

    def _note(self, unfinished: int) -> None:
        if unfinished > _UNNOTED:
            self._sessions.unfinished.hold(self, unfinished)
        else:
            self._sessions.unfinished.release(self)

    def give_way(self) -> None:
        """End this connection: the budget of unfinished bytes is used up, and its frame is the oldest."""
        listener = self.listener
        if isinstance(listener, WebSocketTransport):
            listener.give_way()

    def _rest(self) -> None:
        """Pause reading for this turn of the event loop, and for ever after a protocol error: picows closes
        such a connection by itself a little later.
        """
        transport, listener = self.transport.underlying_transport, self.listener
        if transport.is_closing() or self._resuming is not None:
            return
        transport.pause_reading()
        by_us = isinstance(listener, WebSocketTransport) and listener.is_closing
        if by_us or not self.transport.is_close_frame_sent:
            self._resuming = asyncio.get_running_loop().call_soon(self._read_on)

    def _read_on(self) -> None:
        self._resuming = None
        transport = self.transport.underlying_transport
        if not transport.is_closing():
            transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            buffer = self.get_buffer(-1)
            size = min(len(buffer), len(rest))
            buffer[:size] = rest[:size]
            self.buffer_updated(size)
            rest = rest[size:]

    def connection_made(self, transport: Any) -> None:
        self._server_connections.add(self)
        super().connection_made(_PlainTransport(transport))

    def eof_received(self) -> bool:
        """Let the listener close the connection when its turn comes. Return True to keep it until then."""
        listener = self.listener
        if isinstance(listener, WebSocketTransport):
            listener.end_soon()
            return True
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._server_connections.discard(self)
        self._sessions.unfinished.release(self)
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Close the connection: uvicorn calls this at its shutdown."""
        listener = self.listener
        if isinstance(listener, WebSocketTransport) and listener.session is not None:
            listener.session.close(Reason.SHUTTING_DOWN)
        elif self.transport is not None:
            self.transport.disconnect()

    def _listener(self, upgrade: WSUpgradeRequest) -> WSUpgradeResponseWithListener:
        """Admit or refuse the request before picows makes the answer."""
        request, self._request = self._request or _parsed_by_picows(upgrade), None
        options = self._sessions.options
        if not options.serves(request.path):
            return _rejection(Rejected.NOT_FOUND, options)
        handshake = self._handshake(request)
        admitted = admit(read_request("GET", "websocket", handshake), options, self._sessions.find)
        if isinstance(admitted, Rejected):
            return _rejection(admitted, options)
        if admitted is None and (closed := self._sessions.closed_to_newcomers()) is not None:
            return _rejection(closed, options)
        deflates = options.compression and is_offered(_first(request.lines("sec-websocket-extensions")))
        opens = handshake if admitted is None else None
        transport = WebSocketTransport(self._sessions, opens, admitted, deflates=deflates)
        return WSUpgradeResponseWithListener(SwitchingProtocols(deflates=deflates), transport)

    def _handshake(self, request: UpgradeRequest) -> Handshake:
        lines = request.lines
        peer = self.transport.underlying_transport.tcp.get_extra_info("peername")
        address = peer[0] if isinstance(peer, tuple) and peer else ""
        return Handshake(
            address=self._sessions.options.client_address(address, lines),
            host=_first(lines("host")),
            origin=_first(lines("origin")),
            cookie="; ".join(lines("cookie")) or None,
            user_agent=_first(lines("user-agent")),
            fetch_site=_first(lines("sec-fetch-site")),
            query=request.query,
        )


def _parsed_by_picows(upgrade: WSUpgradeRequest) -> UpgradeRequest:
    path, _, query = upgrade.path.decode("latin-1").partition("?")
    tokens = [token.strip().lower() for token in upgrade.headers.get("Connection", "").split(",")]
    if "upgrade" in tokens:
        upgrade.headers["Connection"] = "upgrade"  # Firefox says "keep-alive, Upgrade"
    return UpgradeRequest(path, query, partial(_header_lines, upgrade.headers))


def _header_lines(headers: Any, name: str) -> list[str]:
    """Decode header lines as Latin-1, as HTTP's are; picows turns bytes beyond ASCII into surrogates."""
    return [value.encode("ascii", "surrogateescape").decode("latin-1") for value in headers.getall(name, ())]


def _first(lines: Sequence[str]) -> str | None:
    return lines[0] if lines else None


def _rejection(rejected: Rejected, options: Options) -> WSUpgradeResponseWithListener:
    headers = {"Content-Type": "application/json"}
    if rejected.retry_after is not None:
        headers["Retry-After"] = str(rejected.retry_after)
    body = rejection_body(rejected, options)
    response = WSUpgradeResponse.create_error_response(HTTPStatus(rejected.status), body, headers)
    return WSUpgradeResponseWithListener(response, None)


def upgrade_plainly(
    transport: asyncio.Transport,
    plain: PlainUpgrade,
    sessions: TransportSessions,
    server_connections: set[Any],
) -> None:
    """Answer a request that has been read already, and set the protocol that reads on."""
    protocol = WebSocketProtocol(sessions, server_connections)
    protocol.connection_made(transport)
    transport.set_protocol(cast(asyncio.BaseProtocol, protocol))
    protocol.upgrade(plain)


def websocket_protocol_class(sessions: TransportSessions) -> type[asyncio.Protocol]:
    """Return a factory for `uvicorn.Config(ws=…)`: uvicorn calls it like a class, for each WebSocket."""

    def protocol(*, config: Any, server_state: Any, app_state: Any) -> WebSocketProtocol:
        return WebSocketProtocol(sessions, server_state.connections)

    return cast(type[asyncio.Protocol], protocol)
