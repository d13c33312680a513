"""HTTP long-polling: the transport without I/O, and the ASGI application that drives it.

Sent packets wait until a GET fetches them; a POST delivers the client's packets (protocol document, "HTTP
long-polling"). Two concurrent GETs or POSTs, or a cancelled GET, end the session.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from functools import partial
from typing import Any

from parlour.engine.connection import Handshake
from parlour.engine.handshake import Rejected, admit, read_request, rejection_body
from parlour.engine.options import Options
from parlour.engine.packets import CLOSE, NOOP, Binary, Outgoing, Packet, decode_payload, encode_payload
from parlour.engine.session import Reason, TransportSession
from parlour.engine.sessions import TransportSessions

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

_TEXT = b"text/plain; charset=UTF-8"
_JSON = b"application/json"
SESSION_HEADER = b"x-engine-session"
"""The answer that opens a session has its id in this header, since balancers read no bodies."""
_PACKETS_A_TURN = 32
"""The packets of a body that are handled in a turn of the event loop: some 50 µs each."""


def _ignore() -> None:
    pass


def _size(packet: Outgoing) -> int:
    return len(packet) if isinstance(packet, bytes) else len(packet.data) * 4 // 3


class PollingTransport:
    """The queue of packets for the next poll. `on_overflow` is called, once, if more than `limit` bytes
    wait.
    """

    __slots__ = ("_buffered", "_ended", "_limit", "_packets", "_wake", "on_overflow", "posting")

    name = "polling"

    def __init__(self, limit: int) -> None:
        self._buffered = 0
        self.posting = False
        self.on_overflow: Callable[[], None] = _ignore
        self._packets: list[Outgoing] = []
        self._limit = limit
        self._wake: Callable[[], None] | None = None
        self._ended = False

    def send(self, packet: bytes) -> None:
        self._add(packet)

    def send_soon(self, packet: bytes) -> None:
        self._add(packet)

    def send_alone(self, packet: bytes) -> None:
        """Send as `send` does: a client reads the packets of an answer one after the other anyway."""
        self._add(packet)

    def send_binary(self, data: bytes) -> None:
        self._add(Binary(data))

    def _add(self, packet: Outgoing) -> None:
        if self._ended:
            return
        self._packets.append(packet)
        self._buffered += _size(packet)
        if self._buffered > self._limit:
            self._ended = True
            self.on_overflow()
        self._end_poll()

    def _end_poll(self) -> None:
        wake, self._wake = self._wake, None
        if wake is not None:
            wake()

    def upgrading(self) -> None:
        if self._wake is not None:
            self._packets.append(NOOP)
            self._buffered += len(NOOP)
            self._end_poll()

    def close(self, reason: Reason) -> None:
        if not self._ended and self._wake is not None:
            last = NOOP if reason is Reason.TRANSPORT_CLOSE else CLOSE
            self._packets.append(last)
            self._buffered += len(last)
        self._ended = True
        self._end_poll()

    def close_when_heard(self, reason: Reason) -> None:
        self.close(reason)

    def take(self, most: int | None = None) -> list[Outgoing]:
        """Remove and return the next packets, at most `most` of them; the rest stays queued."""
        packets, self._packets = self._packets[:most], [] if most is None else self._packets[most:]
        self._buffered -= sum(map(_size, packets))
        return packets

    def buffered(self) -> int:
        return self._buffered

    @property
    def is_at_rest(self) -> bool:
        return self.is_polled and not self.posting

    @property
    def is_polled(self) -> bool:
        """Return True while a GET waits for packets."""
        return self._wake is not None

    def poll(self, wake: Callable[[], None]) -> bool:
        """Return True if `take` has packets or the end to report; else `wake` is called when it has."""
        if self._packets or self._ended:
            return True
        self._wake = wake
        return False

    def cancel_poll(self) -> bool:
        """Stop waiting. Return False if the GET was no longer waiting."""
        wake, self._wake = self._wake, None
        return wake is not None


class PollingApp:
    """An ASGI 3 application: it answers requests at the engine's path, and others with 404."""

    def __init__(self, sessions: TransportSessions) -> None:
        self._sessions = sessions
        self._options: Options = sessions.options

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        exchange = _Exchange(scope, receive, send, self._options)
        handshake = exchange.handshake()
        if self._options.origin_allowed(handshake.origin, handshake.host):
            exchange.allow_origin()
        if not self._options.serves(scope["path"]):
            await exchange.reject(Rejected.NOT_FOUND)
            return
        if scope["method"] == "OPTIONS":
            await self._answer_preflight(exchange, handshake)
            return
        request = read_request(scope["method"], "polling", handshake)
        admitted = admit(request, self._options, self._sessions.find)
        match admitted:
            case Rejected():
                await exchange.reject(admitted)
            case None:
                await self._open(exchange, handshake)
            case session:
                await self._continue(exchange, session, request.method)

    async def _answer_preflight(self, exchange: "_Exchange", handshake: Handshake) -> None:
        if not self._options.origin_allowed(handshake.origin, handshake.host):
            await exchange.reject(Rejected.FORBIDDEN)
            return
        asked = exchange.header(b"access-control-request-headers") or b"content-type"
        exchange.headers += [
            (b"access-control-allow-methods", b"GET,POST"),
            (b"access-control-allow-headers", asked),
            (b"access-control-max-age", b"600"),
        ]
        await exchange.respond(204, b"", _TEXT)

    async def _open(self, exchange: "_Exchange", handshake: Handshake) -> None:
        if (closed := self._sessions.closed_to_newcomers()) is not None:
            await exchange.reject(closed)
            return
        transport = PollingTransport(self._options.max_send_buffer)
        session = self._sessions.open(transport, handshake)
        cut_off = partial(session.close, Reason.SLOW_READER)
        transport.on_overflow = partial(self._sessions.soon, cut_off)
        exchange.headers.append((SESSION_HEADER, session.sid.encode()))
        await exchange.respond(200, encode_payload(transport.take()), _TEXT)

    async def _continue(self, exchange: "_Exchange", session: TransportSession, method: str) -> None:
        transport = session.transport
        if not isinstance(transport, PollingTransport):
            await exchange.reject(Rejected.BAD_REQUEST)
        elif method == "GET":
            await self._poll(exchange, session, transport)
        elif method == "POST":
            await self._post(exchange, session, transport)
        else:
            await exchange.reject(Rejected.BAD_REQUEST)

    async def _poll(
        self, exchange: "_Exchange", session: TransportSession, transport: PollingTransport
    ) -> None:
        if transport.is_polled:
            session.close(Reason.OVERLAP)
            await exchange.reject(Rejected.BAD_REQUEST)
            return
        if session.is_upgrading and not transport.buffered():
            await exchange.respond(200, NOOP, _TEXT)
            return
        woken = asyncio.Event()
        if not transport.poll(woken.set):
            gone = asyncio.ensure_future(exchange.disconnected())
            gone.add_done_callback(lambda _: woken.set())
            try:
                await woken.wait()
            finally:
                if transport.cancel_poll():  # the client or the server has cancelled this request
                    session.transport_lost(transport)
                gone.cancel()
        packets = transport.take(self._options.max_poll_packets)
        await exchange.respond(200, encode_payload(packets), _TEXT)

    async def _post(
        self, exchange: "_Exchange", session: TransportSession, transport: PollingTransport
    ) -> None:
        if transport.posting:
            session.close(Reason.OVERLAP)
            await exchange.reject(Rejected.BAD_REQUEST)
            return
        transport.posting = True
        try:
            body = await exchange.body(session.max_payload)
            if isinstance(body, bytes):
                await self._receive(session, transport, decode_payload(body, self._options.max_body_packets))
        finally:
            transport.posting = False
        if isinstance(body, Rejected):
            session.close(Reason.TOO_LARGE if body is Rejected.TOO_LARGE else Reason.TRANSPORT_ERROR)
            await exchange.reject(body)
        elif session.closed is Reason.PARSE_ERROR:
            await exchange.reject(Rejected.BAD_REQUEST)
        else:
            await exchange.respond(200, b"ok", _TEXT)

    async def _receive(
        self, session: TransportSession, transport: PollingTransport, packets: list[Packet]
    ) -> None:
        for number, packet in enumerate(packets, 1):
            session.receive(transport, packet)
            if session.closed is not None:
                return
            if number % _PACKETS_A_TURN == 0:
                await asyncio.sleep(0)


class _Exchange:
    """An HTTP request and its response."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, options: Options) -> None:
        self._scope = scope
        self._options = options
        self._receive = receive
        self._send = send
        self._request_headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
        self.headers: Headers = [(b"cache-control", b"no-store")]

    def header(self, name: bytes) -> bytes | None:
        return next((value for key, value in self._request_headers if key.lower() == name), None)

    def _text(self, name: bytes) -> str | None:
        value = self.header(name)
        return None if value is None else value.decode("latin-1")

    def _joined(self, name: bytes) -> str | None:
        lines = [value.decode("latin-1") for key, value in self._request_headers if key.lower() == name]
        return "; ".join(lines) or None

    def handshake(self) -> Handshake:
        client = self._scope.get("client")
        return Handshake(
            address=client[0] if client else "",
            host=self._text(b"host"),
            origin=self._text(b"origin"),
            cookie=self._joined(b"cookie"),
            user_agent=self._text(b"user-agent"),
            fetch_site=self._text(b"sec-fetch-site"),
            query=self._scope["query_string"].decode("latin-1"),
        )

    def allow_origin(self) -> None:
        """Add the headers of CORS with credentials (Fetch standard, "CORS protocol")."""
        origin = self.header(b"origin")
        if origin is not None:
            self.headers += [
                (b"access-control-allow-origin", origin),
                (b"access-control-allow-credentials", b"true"),
                (b"vary", b"Origin"),
            ]

    async def body(self, limit: int) -> bytes | Rejected:
        """Return the whole body, or the reason to refuse the request."""
        length = self.header(b"content-length")
        if length is not None and length.isdigit() and int(length[:20]) > limit:
            return Rejected.TOO_LARGE
        body = bytearray()
        while True:
            message = await self._receive()
            if message["type"] != "http.request":
                return Rejected.BAD_REQUEST
            body += message.get("body", b"")
            if len(body) > limit:
                return Rejected.TOO_LARGE
            if not message.get("more_body", False):
                return bytes(body)

    async def disconnected(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def reject(self, rejected: Rejected) -> None:
        if rejected.retry_after is not None:
            self.headers.append((b"retry-after", str(rejected.retry_after).encode()))
        await self.respond(rejected.status, rejection_body(rejected, self._options), _JSON)

    async def respond(self, status: int, body: bytes, content_type: bytes) -> None:
        headers = [
            (b"content-type", content_type),
            (b"content-length", str(len(body)).encode()),
            *self.headers,
        ]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})
