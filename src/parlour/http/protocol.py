"""uvicorn's HTTP protocol with bounds on the bytes that a client sends, leaves unread, or keeps unfinished.

Received bytes are parsed in portions, one portion in each turn of the event loop, and reading pauses while
some of them wait. A portion is cut where a head may end, since httptools cannot be stopped inside of a
portion: it never runs ahead by more than one request.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import Any, Protocol, cast

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from parlour.engine.budget import ByteBudget, Holder
from parlour.handover import Handover, Kind
from parlour.http.connection_slots import ConnectionSlots
from parlour.http.deadlines import Deadlines
from parlour.http.unread_answers import UnreadAnswers

_HEAD_END = b"\r\n\r\n"
_PORTION = 16 * 1024
"""The bytes that are parsed in a turn of the event loop: some 2 ms for chunks of 1 byte, the worst case."""
_PIECES = 32
"""The most pieces of a portion: an attacker's body may consist of bytes that look like ends of heads."""
_UPGRADE = 15 * 1024
"""The most bytes in the head of a WebSocket handshake: at 16 KiB, picows would close without an answer."""
_UNNOTED = 4 * 1024
"""The bytes that a connection may hold without an entry in the budget; most requests are shorter."""
_LINGER_SECONDS = 2.0
"""The time for which a refused client may go on sending: an immediate close would reset the connection before
the client has read the answer (RFC 9112, section 9.6)."""
_LINGER_BYTES = 1024 * 1024
"""The bytes that a refused client may go on sending: beyond, it would keep the loop busy with unused data."""


class HttpRefusal(Enum):
    """The refusals of the protocol itself, before any application is asked; the value is the status."""

    BAD_REQUEST = 400
    HEAD_TOO_LARGE = 431
    NO_ROOM = 503

    @property
    def response(self) -> bytes:
        """Build an answer without a body, for servers that define none of their own."""
        phrase = HTTPStatus(self.value).phrase.encode()
        return b"HTTP/1.1 %d %s\r\ncontent-length: 0\r\nconnection: close\r\n\r\n" % (self.value, phrase)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpLimits:
    """Limits in bytes, seconds and numbers; the first block holds for each connection."""

    head: int = 64 * 1024
    headers: int = 100
    url: int = 8 * 1024
    framing: int = 64 * 1024
    """The bytes of framing around a body (sizes and extensions of chunks, trailers) beyond eight times the
    body's own size."""
    pipelined: int = 8
    """The pipelined requests that wait for an earlier request's answer; together at most `head` bytes."""
    request_seconds: float = 30.0
    """The seconds within which a request must arrive, head and body."""
    write_seconds: float = 10.0
    """The seconds within which some of an unread answer must leave (see `UnreadAnswers`)."""

    keep_alive_seconds: float = 180.0
    """The seconds for which an idle connection is kept: longer than reverse proxies keep theirs (Caddy:
    120, nginx: 60). Otherwise a proxy may send a request in the moment in which the server hangs up, and lose
    it."""

    connections: int = 65_536
    """The connections of the whole server, WebSockets included."""
    kept_alive: int = 8192
    """The idle connections that have been answered."""
    surplus: int = 256
    """Further connections, whose first request is answered with 503."""
    unfinished: int = 32 * 1024 * 1024
    """The bytes of all requests that are not whole yet."""
    unread: int = 32 * 1024 * 1024
    """The bytes of all answers that wait to be read."""


class OtherUpgrades(Protocol):
    """Answers requests for WebSockets that are not the engine's."""

    def serves(self, url: bytes) -> bool: ...

    def open(
        self,
        transport: Any,
        method: str,
        version: str,
        url: bytes,
        headers: list[tuple[bytes, bytes]],
        connections: set[Any],
    ) -> None:
        """Answer a request, and set the protocol of its connection, which is no HTTP protocol's any more."""


class HttpBounds:
    """The state that all connections of a server share; `responses` are whole HTTP responses.

    `handover` is there where other processes serve the same port.
    """

    def __init__(
        self,
        limits: HttpLimits,
        responses: Mapping[HttpRefusal, bytes],
        handover: Handover | None = None,
        other_upgrades: OtherUpgrades | None = None,
    ) -> None:
        self.limits = limits
        self.handover = handover
        self.other_upgrades = other_upgrades
        self.slots = ConnectionSlots(limits.connections, limits.surplus, limits.kept_alive)
        self.first_requests = Deadlines(limits.request_seconds)
        self.unfinished = ByteBudget(limits.unfinished)
        self.unread = ByteBudget(limits.unread)
        self.responses = {refusal: refusal.response for refusal in HttpRefusal} | dict(responses)


class _Refused(Exception):
    """Raised inside of a callback to stop httptools."""


class _Reading(FlowControl):
    """uvicorn's flow control, except that the connection decides about pausing and resuming reads."""

    def __init__(self, connection: "BoundedHttp") -> None:
        super().__init__(connection.transport)
        self._connection = connection

    def pause_reading(self) -> None:
        self.read_paused = True

    def resume_reading(self) -> None:
        self.read_paused = False
        self._connection.read_on()


class _Incoming:
    """Byte counts of the request that is being read; `body` counts the bytes passed to the application."""

    __slots__ = ("body", "head", "headers", "in_head", "size")

    def __init__(self) -> None:
        self.in_head = True
        self.size = self.head = self.headers = self.body = 0

    def exceeds(self, limits: HttpLimits) -> bool:
        """Return True above the limits. The size counts bytes that cause no callback: an unfinished header or
        trailer, extensions of chunks.
        """
        if self.in_head:
            return self.size > limits.head + _PORTION  # a piece may begin with the end of a body
        return self.size - self.head - self.body > limits.framing + _PORTION + 8 * self.body


class BoundedHttp(HttpToolsProtocol):
    """The protocol of a connection."""

    bounds: HttpBounds

    # The connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._begin(transport)
        self._admitted = self.bounds.slots.admit(self, connections=len(self.connections))

    def take_over(self, transport: asyncio.Transport, former: Holder, data: bytes) -> None:
        """Continue a connection whose first bytes the protocol `former` has received, in its slot."""
        self._begin(transport)
        self._admitted = self.bounds.slots.pass_on(former, self)
        self._receive(data)

    def keep_alive(self, transport: asyncio.Transport, former: Holder) -> None:
        """Continue a connection whose requests have all been answered, by another process."""
        self._begin(transport)
        self._admitted = self.bounds.slots.pass_on(former, self)
        self._cancel_deadline()
        if self._admitted:
            self.bounds.slots.mark_idle(self)
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def _begin(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self.flow: FlowControl = _Reading(self)
        self.timeout_keep_alive: float = self.bounds.limits.keep_alive_seconds  # type: ignore[assignment]
        self._unread = UnreadAnswers(transport, self.bounds.limits.write_seconds, self.bounds.unread)
        self._incoming: _Incoming | None = None
        self._empty = 0
        self._pending = b""
        self._waiting_bytes = 0
        self._noted = False
        self._reads = True
        self._parse_due: asyncio.Handle | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._refusal: HttpRefusal | None = None
        self._ended = False
        self._discarded = 0
        self._expect_request()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()
        self._unread.end()
        self.bounds.slots.leave(self)
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        if len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > _UPGRADE:
            self._refuse(HttpRefusal.HEAD_TOO_LARGE)
            return
        others = self.bounds.other_upgrades
        is_other = others is not None and others.serves(self.url)
        if is_other and self._unanswered() is not None:
            self._refuse(HttpRefusal.BAD_REQUEST)
            return
        self._end()
        self.bounds.slots.mark_busy(self)
        if not self._reads:
            self.transport.resume_reading()
        if others is not None and is_other:
            self._leave_to(others)
        else:
            super().handle_websocket_upgrade()

    def _leave_to(self, others: OtherUpgrades) -> None:
        self._unread.end()
        self.connections.discard(self)
        scope = self.scope
        others.open(
            self.transport, scope["method"], scope["http_version"], self.url, self.headers, self.connections
        )

    def give_way(self) -> None:
        self.transport.abort()

    def shutdown(self) -> None:
        """Close the connection once its request is answered: uvicorn calls this at its shutdown."""
        if not self.pass_on_if_idle():
            super().shutdown()

    def pass_on_if_idle(self) -> bool:
        """Return True if the connection was handed over, as this process is about to be replaced."""
        handover = self.bounds.handover
        if (
            handover is None
            or not self._is_idle()
            or not handover.takes_idle(self.transport, Kind.KEPT_ALIVE)
        ):
            return False
        self.transport.abort()
        return True

    def _is_idle(self) -> bool:
        """Return True if nothing of a request has been read that is not answered, and all answers have left
        this process: the process that continues the connection has nothing of what waits here.
        """
        if self._ended or self._incoming is not None or self._pending or self.pipeline:
            return False
        is_answered = self._unanswered() is None and not self.transport.is_closing()
        return is_answered and not self.transport.get_write_buffer_size()

    def _end(self) -> None:
        """Stop parsing for good."""
        self._ended = True
        self._pending = b""
        self._cancel_deadline()
        self.bounds.unfinished.release(self)
        if self._parse_due is not None:
            self._parse_due.cancel()

    # The deadline of a request

    def _expect_request(self) -> None:
        self._cancel_deadline()
        self._deadline = self.loop.call_later(self.bounds.limits.request_seconds, self.give_way)

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    # Reading

    def data_received(self, data: bytes) -> None:
        if self._ended:
            self._discard(len(data))
            return
        handover = self.bounds.handover
        if handover is not None and self._is_idle() and handover.takes(self.transport, data):
            self.transport.abort()
            return
        self._receive(data)

    def _receive(self, data: bytes) -> None:
        self._pending = self._pending + data if self._pending else data
        if self._parse_due is None:
            self._parse_portion()

    def _discard(self, size: int) -> None:
        self._discarded += size
        if self._discarded > _LINGER_BYTES:
            self.transport.abort()

    def read_on(self) -> None:
        """Continue: parse the waiting bytes in the next turn of the loop, or resume reading if none wait."""
        if self._ended:
            return
        if self._pending and self._parse_due is None and self._may_parse():
            self._parse_due = self.loop.call_soon(self._parse_portion)
        reads = not self._pending and self._may_parse()
        if reads != self._reads and not self.transport.is_closing():
            self._reads = reads
            if reads:
                self.transport.resume_reading()
            else:
                self.transport.pause_reading()

    def _may_parse(self) -> bool:
        return (
            not self._ended
            and not self.flow.read_paused
            and len(self.pipeline) < self.bounds.limits.pipelined
            and self._waiting_bytes <= self.bounds.limits.head
        )

    def _parse_portion(self) -> None:
        self._parse_due = None
        data, position, last = self._pending, 0, min(len(self._pending), _PORTION)
        for _ in range(_PIECES):
            if position == last or not self._may_parse():
                break
            head_end = data.find(_HEAD_END, position, last)
            end = last if head_end < 0 else head_end + len(_HEAD_END)
            self._parse(data[position:end])
            position = end
        if not self._ended:
            self._pending = data[position:]
            self._note_held()
            self.read_on()

    def _parse(self, piece: bytes) -> None:
        super().data_received(piece)
        incoming = self._incoming
        if self._ended:
            return
        if incoming is not None:
            incoming.size += len(piece)
            if incoming.exceeds(self.bounds.limits):
                self._refuse(HttpRefusal.HEAD_TOO_LARGE)
        elif self._unanswered() is None:
            self._expect_more_than_empty_lines(len(piece))

    def _expect_more_than_empty_lines(self, size: int) -> None:
        """Bound empty lines, which may precede a request (RFC 9112, section 2.2), and start the deadline."""
        self._empty += size
        if self._empty > self.bounds.limits.framing:
            self._refuse(HttpRefusal.BAD_REQUEST)
        elif self._deadline is None:
            self._expect_request()

    def _note_held(self) -> None:
        held = len(self._pending) + self._waiting_bytes
        if self._incoming is not None:
            held += self._incoming.size
        if held > _UNNOTED:
            self._noted = True
            self.bounds.unfinished.hold(self, held)
        elif self._noted:
            self._noted = False
            self.bounds.unfinished.release(self)

    # Callbacks of httptools

    def on_message_begin(self) -> None:
        self._incoming = _Incoming()
        self._empty = 0
        self._expect_request()
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._count_head(len(url), self.bounds.limits.url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header. Trailers come here too; they are counted, but not passed to the application."""
        incoming = self._incoming
        if incoming is None:
            return
        incoming.headers += 1
        self._count_head(len(name) + len(value) + 4, self.bounds.limits.head)
        if incoming.headers > self.bounds.limits.headers:
            self._stop(HttpRefusal.HEAD_TOO_LARGE)
        if incoming.in_head:
            super().on_header(name, value)

    def _count_head(self, size: int, limit: int) -> None:
        if self._incoming is not None:
            self._incoming.head += size
            if self._incoming.head > limit:
                self._stop(HttpRefusal.HEAD_TOO_LARGE)

    def on_headers_complete(self) -> None:
        if not self._admitted:
            self._stop(HttpRefusal.NO_ROOM)
        if self._incoming is not None:
            self._incoming.in_head = False
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self._incoming is not None:
            self._incoming.body += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._cancel_deadline()
        self.bounds.slots.mark_busy(self)
        if self._incoming is not None and self.pipeline:
            self._waiting_bytes += self._incoming.head + self._incoming.body
        self._incoming = None
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._unanswered() is None and self._admitted:
            self.bounds.slots.mark_idle(self)
        if not self.pipeline:
            self._waiting_bytes = 0
        self._note_held()
        self.read_on()

    def _unanswered(self) -> RequestResponseCycle | None:
        """Return the latest request, None if its answer is complete."""
        cycle = cast(RequestResponseCycle | None, self.cycle)
        return None if cycle is None or cycle.response_complete else cycle

    # Refusals

    def _stop(self, refusal: HttpRefusal) -> None:
        self._refusal = refusal
        raise _Refused

    def send_400_response(self, msg: str) -> None:
        """Refuse the request: uvicorn calls this for every error that stops httptools."""
        self._refuse(self._refusal or HttpRefusal.BAD_REQUEST)

    def _refuse(self, refusal: HttpRefusal) -> None:
        """Answer and close the connection after a while; close it at once if another answer is under way."""
        cycle, incoming = self._unanswered(), self._incoming
        self._end()
        if cycle is not None:
            ours = incoming is not None and not incoming.in_head and not self.pipeline
            if not ours or cycle.response_started:
                self.transport.abort()
                return
            cycle.disconnected = True
            cycle.message_event.set()
        self.transport.write(self.bounds.responses[refusal])
        if not self.transport.can_write_eof():
            self.transport.close()
            return
        self.transport.write_eof()
        if not self._reads:
            self._reads = True
            self.transport.resume_reading()
        self._deadline = self.loop.call_later(_LINGER_SECONDS, self.give_way)

    # Writing

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread.begin()

    def resume_writing(self) -> None:
        self._unread.end()
        super().resume_writing()


def http_protocol_class(bounds: HttpBounds) -> type[asyncio.Protocol]:
    """Return the class for `uvicorn.Config(http=…)`."""
    protocol: Any = type("BoundedHttp", (BoundedHttp,), {"bounds": bounds})
    return protocol  # type: ignore[no-any-return]
