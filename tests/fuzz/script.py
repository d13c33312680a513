"""A stranger's bytes against the engine: scripts of frames, polls and passing time, without any socket.

A script is parts with 0xFF between them, a byte that no UTF-8 has. The first byte of a part is an `Act`, or
the part is a text frame as it stands (a binary one where it is no UTF-8), so that seeds can be read.
Everything runs on a loop whose clock stands still unless a script lets time pass. The engine is the real
one with the event types of Parlour; above it, `Exchange` relays and keeps waiting as Parlour does.
"""

import asyncio
import gc
import json
import selectors
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from parlour.engine import Connection, Engine, EventRejection, EventTypes, Handshake, Options, Reason
from parlour.engine.client import SocketClient
from parlour.engine.polling import PollingTransport
from parlour.engine.session import TransportSession
from parlour.wire.signaling import (
    PAYLOADS,
    BanPeer,
    CandidateFromPeer,
    DescriptionFromPeer,
    Join,
    OfferIce,
    OfferSdp,
    PeerId,
    SendChat,
)
from tests.unit.engine.memory import MemoryTransport

SEPARATOR = b"\xff"
MOST_PARTS = 32
MOST_SESSIONS = 6
MOST_SECONDS = 60
STEP_SECONDS = 2
KEPT = (TransportSession, SocketClient, Connection, MemoryTransport, PollingTransport)
OPTIONS = Options(
    ping_interval=15.0,
    ping_timeout=10.0,
    max_payload=2_000,
    max_send_buffer=4_000,
    max_queue=4,
    max_pending_acks=2,
    max_sessions=6,
    namespaces=frozenset({"/", "/admin"}),
)
"""Options with limits so low that a short script meets them, and with Parlour's own times."""


class Act:
    """The first byte of a part. The rest of the part is its argument, described beside each act."""

    TIME = 0x01  # one byte: how many seconds pass
    BINARY = 0x02  # a binary frame
    POLLING = 0x03  # a query string, "" for a proper one: a session by long-polling
    POST = 0x04  # a body
    GET = 0x05  # nothing: a poll
    UPGRADE = 0x06  # nothing: a WebSocket is offered to the session; frames go there from now on
    LOST = 0x07  # nothing: the line breaks
    WEBSOCKET = 0x08  # nothing: one more session, by WebSocket
    DONE = 0x09  # nothing: what handlers wait for comes
    DELETE = 0x0B  # a query string: a request that no client makes


class NoSockets(selectors.SelectSelector):
    """A selector on which nothing ever arrives."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return []


class Clock(asyncio.SelectorEventLoop):
    """An event loop whose time passes only when a script says so."""

    moment = 1_000.0

    def __init__(self) -> None:
        super().__init__(NoSockets())

    def time(self) -> float:
        return self.moment


class Exchange:
    """An application like Parlour's: it decides slowly, relays at once and sends requests to clients.

    Messages reach the peers "ann" and "bob" by these names instead of ids.
    """

    def __init__(self) -> None:
        self.peers: dict[str, Connection] = {}
        self.present: set[Connection] = set()
        self.done = asyncio.Event()
        self.relayed = 0

    def on_connect(self, connection: Connection, auth: dict[str, object] | None) -> Awaitable[None] | None:
        self.present.add(connection)
        token = None if auth is None else auth.get("token")
        if token is None:
            connection.wait(30)
        elif token == "good":
            connection.accept()
            connection.emit("share-rooms", {"rooms": []})
        elif token == "slow":
            return self._accept_later(connection)
        else:
            self.present.discard(connection)
            connection.refuse("no", {"code": "invalid_token"})
        return None

    async def _accept_later(self, connection: Connection) -> None:
        await self.done.wait()
        connection.accept()

    def on_event(
        self, connection: Connection, name: str, payload: Any, ack_id: int | None
    ) -> Awaitable[None] | None:
        if payload is not None and not payload.is_valid():
            self._answer(connection, name, ack_id, ok=False)
            return None
        match payload:
            case OfferIce(peer_id=peer_id, ice_candidate=candidate):
                message = CandidateFromPeer(PeerId(connection.sid), candidate)
                self._relay(peer_id, CandidateFromPeer.event, message)
            case OfferSdp(peer_id=peer_id, session_description=description):
                told = DescriptionFromPeer(PeerId(connection.sid), "mallory", description)
                self._relay(peer_id, DescriptionFromPeer.event, told)
            case Join():
                return self._answer_later(connection, name, ack_id)
            case SendChat():
                connection.request("chat-message", payload, on_answer=lambda _: None)
            case BanPeer():
                connection.disconnect()
            case None:
                connection.emit(name)
        self._answer(connection, name, ack_id, ok=True)
        return None

    def _relay(self, peer_id: str, name: str, message: object) -> None:
        peer = self.peers.get(peer_id)
        if peer is not None:
            self.relayed += 1
            peer.emit(name, message)

    async def _answer_later(self, connection: Connection, name: str, ack_id: int | None) -> None:
        await self.done.wait()
        self._answer(connection, name, ack_id, ok=True)

    def _answer(self, connection: Connection, name: str, ack_id: int | None, *, ok: bool) -> None:
        if ack_id is not None:
            connection.ack(ack_id, {"ok": ok})
        elif not ok:
            connection.emit("refused", {"event": name, "code": "invalid"})

    def on_refused_event(
        self, connection: Connection, name: str, refusal: EventRejection, detail: str, ack_id: int | None
    ) -> None:
        self._answer(connection, name, ack_id, ok=False)

    def on_disconnect(self, connection: Connection, reason: Reason) -> None:
        self.present.remove(connection)  # raises KeyError if called twice, which counts as a failed handler


class Request:
    """An HTTP request to the engine's ASGI application, and its answer."""

    def __init__(self, engine: Engine, method: str, query: bytes, body: bytes = b"") -> None:
        self.status = 0
        self.body = b""
        self._gone = asyncio.Event()
        self._arriving = [
            {"type": "http.request", "body": body[:100], "more_body": True},
            {"type": "http.request", "body": body[100:], "more_body": False},
        ]
        self._answer: list[dict[str, Any]] = []
        scope = {
            "type": "http",
            "method": method,
            "path": OPTIONS.path,
            "query_string": query,
            "headers": [(b"host", b"localhost")],
            "client": ("192.0.2.66", 1),
        }
        self.task = asyncio.ensure_future(engine.asgi(scope, self._receive, self._send))

    def hang_up(self) -> None:
        self._gone.set()

    async def _receive(self) -> dict[str, Any]:
        if self._arriving:
            return self._arriving.pop(0)
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        self._answer.append(message)

    def check(self) -> None:
        self.task.result()
        start, body = self._answer
        assert start["status"] in (200, 400, 403, 413, 503), start
        assert dict(start["headers"])[b"content-length"] == str(len(body["body"])).encode()
        self.status, self.body = start["status"], body["body"]
        nobody_reads = self._gone.is_set() and not self.body
        if self.status == 200 and self.body != b"ok" and not nobody_reads:
            for packet in self.body.split(b"\x1e"):
                check_packet(packet)


class Line:
    """A session of the stranger; `transport` is the WebSocket for its frames, None while it polls."""

    def __init__(self, session: TransportSession, transport: MemoryTransport | None) -> None:
        self.session = session
        self.transport = transport

    @property
    def query(self) -> bytes:
        return f"EIO=4&transport=polling&sid={self.session.sid}".encode()


class World:
    """The engine and two honest clients, Ann and Bob, who stay connected script after script."""

    def __init__(self) -> None:
        self.played = 0
        self.frames = 0
        self.clock = Clock()
        self.clock.set_exception_handler(self._on_exception)
        self.exchange = Exchange()
        self.engine = Engine(self.exchange, EventTypes(PAYLOADS), OPTIONS)
        self._exceptions: list[dict[str, Any]] = []
        self._lines: list[Line] = []
        self._requests: list[Request] = []
        self._transports: list[MemoryTransport] = []
        self._deeds: dict[int, Callable[[], None]] = {
            Act.GET: lambda: self._request("GET", b""),
            Act.UPGRADE: self._offer_websocket,
            Act.LOST: self._lose,
            Act.WEBSOCKET: self._open_websocket,
            Act.DONE: self.exchange.done.set,
        }
        self.clock.run_until_complete(self._begin())
        self._alive = _alive()

    def close(self) -> None:
        self.clock.run_until_complete(self.engine.close())
        self.clock.close()

    def play(self, script: bytes) -> None:
        """Play a script. Raises AssertionError if it has done harm, and the engine's own errors."""
        self.clock.run_until_complete(self._play(script))
        self.played += 1

    def expect_no_leak(self) -> None:
        """Assert that no objects of earlier scripts are left. Slow: it walks all objects of the process."""
        alive = _alive()
        assert alive <= self._alive, alive - self._alive

    def _on_exception(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self._exceptions.append(context)

    async def _begin(self) -> None:
        self.ann, self.bob = [await self._honest(name) for name in ("ann", "bob")]

    async def _honest(self, name: str) -> tuple[TransportSession, MemoryTransport]:
        transport = MemoryTransport()
        session = self.engine.sessions.open(transport, Handshake("192.0.2.1"))
        before = set(self.exchange.present)
        session.receive_text(transport, '40{"token":"good"}')
        await self._turn()
        [self.exchange.peers[name]] = self.exchange.present - before
        return session, transport

    async def _turn(self) -> None:
        for _ in range(3):
            await asyncio.sleep(0)

    # The script

    async def _play(self, script: bytes) -> None:
        self.exchange.done.clear()
        for part in script.split(SEPARATOR, MOST_PARTS)[:MOST_PARTS]:
            await self._act(part)
        await self._leave()
        self._expect_peace()

    async def _act(self, part: bytes) -> None:
        self.frames += 1
        rest = part[1:]
        match part[0] if part else 0:
            case Act.TIME:
                await self._pass(rest[0] if rest else 1)
            case Act.BINARY:
                self._receive(rest)
            case Act.POLLING:
                await self._open_polling(rest or b"EIO=4&transport=polling")
            case Act.POST:
                self._request("POST", rest)
            case Act.DELETE:
                self._requests.append(Request(self.engine, "DELETE", rest))
            case kind if kind in self._deeds:
                self._deeds[kind]()
            case _:
                if self._receive_text(part):
                    return  # a WebSocket's frame is handled at once
        await self._turn()

    def _line(self) -> Line | None:
        """Return the session for the next frame, and open a WebSocket if there is none.

        A session that succeeds a closed session is connected, or most frames would reach no handler.
        """
        self._lines = [line for line in self._lines if line.session.closed is None]
        if self._lines:
            return self._lines[-1]
        comes_back = bool(self._transports)
        self._open_websocket()
        if not self._lines:
            return None
        line = self._lines[-1]
        if comes_back and line.transport is not None:
            line.session.receive_text(line.transport, '40{"token":"good"}')
        return line

    def _open_websocket(self) -> None:
        if self.engine.sessions.closed_to_newcomers() is None and len(self._transports) < MOST_SESSIONS:
            transport = self._transport()
            session = self.engine.sessions.open(transport, Handshake("192.0.2.66"))
            self._lines.append(Line(session, transport))

    def _transport(self) -> MemoryTransport:
        transport = MemoryTransport()
        self._transports.append(transport)
        return transport

    async def _open_polling(self, query: bytes) -> None:
        known = set(self.engine.sessions.by_sid)
        self._requests.append(Request(self.engine, "GET", query))
        await self._turn()
        for sid in set(self.engine.sessions.by_sid) - known:
            self._lines.append(Line(self.engine.sessions.by_sid[sid], None))

    def _offer_websocket(self) -> None:
        line = self._line()
        if line is None or len(self._transports) >= MOST_SESSIONS:
            return
        candidate = self._transport()
        if line.session.offer(candidate, self.clock.time()):
            self.engine.sessions.reschedule(line.session)
            line.transport = candidate
        else:
            candidate.close(Reason.OVERLAP)

    def _receive_text(self, part: bytes) -> bool:
        """Deliver a text frame, or POST it while the session polls. True if it was a WebSocket's frame."""
        line = self._line()
        if line is None:
            return False
        if line.transport is None:
            self._request("POST", part)
            return False
        try:
            text = part.decode()
        except UnicodeDecodeError:
            self._receive(part)
        else:
            line.session.receive_text(line.transport, text)
        return True

    def _receive(self, data: bytes) -> None:
        line = self._line()
        if line is not None and line.transport is not None:
            line.session.receive_binary(line.transport, data)

    def _request(self, method: str, body: bytes) -> None:
        line = self._line()
        if line is not None:
            self._requests.append(Request(self.engine, method, line.query, body))

    def _lose(self) -> None:
        for request in self._requests:
            request.hang_up()
        line = self._line()
        if line is not None and line.transport is not None:
            line.session.transport_lost(line.transport)
            line.transport = None

    async def _pass(self, seconds: int) -> None:
        """Let time pass, while Ann and Bob answer the server's pings."""
        for _ in range(0, min(seconds, MOST_SECONDS), STEP_SECONDS):
            self.clock.moment += STEP_SECONDS
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            for session, transport in (self.ann, self.bob):
                if b"2" in transport.sent:
                    session.receive_text(transport, "3")
                    transport.sent.remove(b"2")

    # The end

    async def _leave(self) -> None:
        """Break all sessions of the stranger, and let the handlers finish."""
        self.exchange.done.set()
        for request in self._requests:
            request.hang_up()
        for line in self._lines:
            line.session.transport_lost(line.session.transport)
            if line.transport is not None:
                line.session.transport_lost(line.transport)
        await self._turn()
        for _ in range(20):
            if not self.engine.sessions._tasks and all(request.task.done() for request in self._requests):
                break
            await asyncio.sleep(0)
        await self._turn()

    def _expect_peace(self) -> None:
        """Assert that Ann reaches Bob, all packets were valid, and no session or task is left over."""
        for request in self._requests:
            request.check()
        for transport in self._transports:
            for packet in transport.sent:
                assert isinstance(packet, bytes), packet
                check_packet(packet)
        for _, transport in (self.ann, self.bob):
            assert transport.closed is None, transport.closed
            for packet in transport.take():
                assert isinstance(packet, bytes)
                check_packet(packet)
        session, transport = self.ann
        session.receive_text(
            transport, '42["offer-ice",{"peerID":"bob","iceCandidate":{"candidate":"candidate:1"}}]'
        )
        [heard] = self.bob[1].take()
        assert isinstance(heard, bytes) and b'"candidate:1"' in heard, heard
        self._lines, self._requests, self._transports = [], [], []
        counters, sessions = self.engine.counters(), self.engine.sessions
        assert (counters.sessions, counters.connections, counters.failed_handlers) == (2, 2, 0), counters
        assert len(self.exchange.present) == 2
        assert not sessions._tasks
        assert sessions._wheel is not None and len(sessions._wheel) == 2
        assert not self._exceptions, self._exceptions


def _alive() -> Counter[type]:
    gc.collect()
    return Counter(type(one) for one in gc.get_objects() if isinstance(one, KEPT))


_CONTROL = {b"1", b"2", b"6", b"3probe"}


def check_packet(packet: bytes) -> None:
    """Assert that a client of the official library can decode a packet."""
    if packet in _CONTROL:
        return
    if packet.startswith(b"0"):
        json.loads(packet[1:])
        return
    assert packet[:1] == b"4" and packet[1:2] in b"01234", packet
    rest = packet[2:].decode().lstrip("0123456789")
    if rest.startswith("/"):
        _, _, rest = rest.partition(",")
    rest = rest.lstrip("0123456789")
    if rest:
        json.loads(rest)
    else:
        assert packet[1:2] == b"1", packet
