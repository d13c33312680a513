"""The WebSocket transport (RFC 6455) on picows: frames go straight to the session.

Of the reserved bits only RSV1 may be set, and only if the connection compresses (`Options.compression`).
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from picows import (
    WSCloseCode,
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeResponse,
)

from parlour.engine.connection import Handshake
from parlour.engine.deflate import RESPONSE, SMALLEST, TooLarge, deflated, inflated
from parlour.engine.packets import Outgoing
from parlour.engine.session import Reason, TransportSession
from parlour.engine.sessions import TransportSessions

_TEXT = WSMsgType.TEXT
_BINARY = WSMsgType.BINARY
_SEND_TEXT: Any = _TEXT.value
"""A plain number: picows would take 50 ns per message to convert a member of the enumeration."""

_INFLATES, _INFLATES_TIMES = 64 * 1024, 64
"""The limits of an inflated message: the bytes that any message may have, and the bytes per compressed byte.
Messages of honest clients inflate to ten times their size."""

_COPIED = 8192
"""The longest payload in bytes that picows 2.3.1 may send. Of a longer one it hands the head to the event
loop as a view of a buffer that it overwrites with the next frame: uvloop, which copies nothing, would send
the bytes of another frame for a head that had to wait for a slow reader.
"""

_FIN, _RSV1 = 0x80, 0x40
_SHORT = 126
_HEADS = [bytes((_FIN | _SEND_TEXT, size)) for size in range(_SHORT)]
"""The heads of unmasked frames with a whole text message, by its length in bytes (RFC 6455, section 5.2)."""


def _head(size: int, kind: int = _SEND_TEXT, *, rsv1: bool = False) -> bytes:
    """Make the head of an unmasked frame with a whole message of `size` bytes, at least _SHORT."""
    first = _FIN | kind | (_RSV1 if rsv1 else 0)
    if size < 0x10000:
        return bytes((first, 0x7E)) + size.to_bytes(2, "big")
    return bytes((first, 0x7F)) + size.to_bytes(8, "big")


def _framed(packet: bytes) -> bytes:
    size = len(packet)
    return (_HEADS[size] if size < _SHORT else _head(size)) + packet


_STATUS = b"HTTP/1.1 101 Switching Protocols\r\n"
_FIELDS = b"Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: %b\r\n\r\n"
_HEAD = _STATUS + _FIELDS
_DEFLATING_HEAD = _STATUS + b"Sec-WebSocket-Extensions: " + RESPONSE.encode() + b"\r\n" + _FIELDS

_CLOSE_CODES = {
    Reason.PARSE_ERROR: WSCloseCode.POLICY_VIOLATION,
    Reason.TOO_LARGE: WSCloseCode.MESSAGE_TOO_BIG,
    Reason.SHUTTING_DOWN: WSCloseCode.GOING_AWAY,
}


class SwitchingProtocols(WSUpgradeResponse):
    """The 101, which the transport sends in the segment of its first packet: picows, which would send it
    before that, gets no bytes of it.
    """

    __slots__ = ("_deflates",)

    def __init__(self, *, deflates: bool) -> None:
        self.version, self.status, self.body = b"HTTP/1.1", HTTPStatus.SWITCHING_PROTOCOLS, None
        self.headers: Any = {}  # picows sets Sec-WebSocket-Accept
        self._deflates = deflates

    def to_bytes(self) -> bytearray:
        return bytearray()

    def head(self) -> bytes:
        accept: bytes = self.headers["Sec-WebSocket-Accept"].encode()
        return (_DEFLATING_HEAD if self._deflates else _HEAD) % accept


class WebSocketTransport(WSListener):
    """The server side of a WebSocket: it joins fragments, and aborts the connection of a slow reader."""

    __slots__ = (
        "_abort_timer",
        "_closing",
        "_deflates",
        "_ends",
        "_handshake",
        "_held",
        "_inflates",
        "_joined",
        "_kind",
        "_last_reason",
        "_lost",
        "_must_answer",
        "_sessions",
        "_ws",
        "buffered",
        "heard",
        "session",
    )

    name = "websocket"

    def __init__(
        self,
        sessions: TransportSessions,
        handshake: Handshake | None,
        session: TransportSession | None,
        *,
        deflates: bool = False,
    ) -> None:
        """Open a new session for a `handshake`; without it, the transport is offered to `session`.

        `buffered` asks the socket while there is a connection; before and after that it is `int`, which
        returns 0. `heard` becomes True when a frame arrives; the reader resets it. `deflates` is True if
        permessage-deflate was negotiated, `_inflates` while the message that is being joined is compressed.
        """
        self.heard = False
        self.session = session
        self._deflates = deflates
        self._inflates = False
        self._sessions = sessions
        self._handshake = handshake
        self._ws: WSTransport | None = None
        self.buffered: Callable[[], int] = int
        self._closing = False
        self._ends = False
        self._must_answer = False
        self._last_reason: Reason | None = None
        self._lost = Reason.TRANSPORT_CLOSE
        self._kind = _TEXT
        self._joined: bytearray | None = None
        self._held: list[bytes] | None = None
        self._abort_timer: asyncio.TimerHandle | None = None

    # Sending

    def send(self, packet: bytes) -> None:
        if self._closing or self._ws is None:
            return
        if self._deflates and len(packet) >= SMALLEST:
            self._flush()
            self._send(self._ws, _SEND_TEXT, deflated(packet), rsv1=True)
        elif self._held is not None or self._sessions.is_batching:
            self._hold(packet)
        elif len(packet) <= _COPIED:  # hot path
            self._ws.send(_SEND_TEXT, packet)
        else:
            self._send(self._ws, _SEND_TEXT, packet)

    def send_soon(self, packet: bytes) -> None:
        if self._deflates:
            self.send(packet)
        elif not self._closing and self._ws is not None:
            self._hold(packet)

    def send_alone(self, packet: bytes) -> None:
        if not self._closing and self._ws is not None:
            self._flush()
            self._send(self._ws, _SEND_TEXT, packet)

    def send_binary(self, data: bytes) -> None:
        if not self._closing and self._ws is not None:
            self._flush()
            self._send(self._ws, _BINARY.value, data)

    def _send(self, ws: WSTransport, kind: Any, payload: bytes, *, rsv1: bool = False) -> None:
        """Send a frame. A long payload is not copied."""
        if len(payload) <= _COPIED:
            ws.send(kind, payload, rsv1=rsv1)
        else:
            head = _head(len(payload), kind, rsv1=rsv1)
            ws.underlying_transport.writelines((head, payload))

    def _hold(self, packet: bytes) -> None:
        if self._held is None:
            self._held = [packet]
            self._sessions.flush_later(self._flush)
        else:
            self._held.append(packet)

    def _flush(self) -> None:
        """Send the collected packets with a single system call."""
        held, self._held = self._held, None
        if held is None or self._closing or self._ws is None:
            return
        if len(held) == 1:
            self._send(self._ws, _SEND_TEXT, held[0])
        else:
            self._ws.underlying_transport.write(b"".join([_framed(packet) for packet in held]))

    def upgrading(self) -> None:
        pass

    def take(self) -> list[Outgoing]:
        return []

    @property
    def is_closing(self) -> bool:
        return self._closing

    @property
    def is_at_rest(self) -> bool:
        return self._held is None and not self.buffered()

    def close(self, reason: Reason) -> None:
        if reason is Reason.DISPLACED:
            self._abort()  # a Close handshake with each session of a flood would cost too much
            return
        self._close(_CLOSE_CODES.get(reason, WSCloseCode.OK), reason)

    def close_when_heard(self, reason: Reason) -> None:
        self.session = None
        self._last_reason = reason
        loop = asyncio.get_running_loop()
        self._abort_timer = loop.call_later(self._sessions.options.upgrade_timeout, self._abort)

    def _close(self, code: WSCloseCode, reason: Reason) -> None:
        """Send a Close frame, and wait for the answer at most `Options.close_timeout`."""
        if self._closing or self._ws is None:
            return
        self._flush()
        self._closing = True
        self._ws.send_close(code, reason.encode())
        if self._abort_timer is not None:
            self._abort_timer.cancel()
        loop = asyncio.get_running_loop()
        self._abort_timer = loop.call_later(self._sessions.options.close_timeout, self._abort)

    def _abort(self) -> None:
        # picows writes to the file descriptor itself: nothing may be sent after this.
        self._closing = True
        if self._ws is not None:
            self._ws.disconnect(graceful=False)

    # Receiving

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._ws = transport
        options = self._sessions.options
        underlying = transport.underlying_transport
        underlying.set_write_buffer_limits(high=options.max_send_buffer)
        self.buffered = underlying.get_write_buffer_size
        request: Any = transport.request
        response: Any = transport.response
        handshake, self._handshake = self._handshake, None
        head: bytes = response.head()
        request.headers = response.headers = None  # picows keeps both as long as the connection
        if handshake is not None:
            self._open(head, handshake)
            return
        underlying.write(head)
        if self.session is None or not self.session.offer(self, self._sessions.now()):
            self.session = None
            self._close(WSCloseCode.POLICY_VIOLATION, Reason.OVERLAP)
        else:
            self._sessions.reschedule(self.session)

    def _open(self, head: bytes, handshake: Handshake) -> None:
        """Open a session. The 101 and the open packet leave in one segment."""
        opening: list[bytes] = []
        self._held = opening
        self.session = self._sessions.open(self, handshake)
        self._held = None
        if not self._closing and self._ws is not None:
            self._ws.underlying_transport.write(head + b"".join([_framed(packet) for packet in opening]))

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        self.heard = True
        kind = frame.msg_type
        if frame.rsv1 or frame.rsv2 or frame.rsv3:
            self._on_reserved_bits(kind, frame)
        elif kind is _TEXT and frame.fin and self._joined is None:
            session = self.session
            if not frame.last_in_buffer:
                self._sessions.is_batching = True
            if session is None or self._closing:
                self._on_text(frame.get_payload_as_bytes())
                return
            try:  # hot path: `_on_text`, inlined
                session.receive_bytes(self, frame.get_payload_as_bytes())
            except UnicodeDecodeError:
                self._fail(WSCloseCode.INVALID_TEXT, Reason.PARSE_ERROR)
        elif kind is WSMsgType.CLOSE:
            self._on_close_frame()
        elif kind is not WSMsgType.PONG and not self._closing:
            self._on_data_frame(kind, frame)

    def _on_text(self, data: bytes) -> None:
        if self._closing:
            return
        if self.session is None:
            if self._last_reason is not None:
                self.close(self._last_reason)
            return
        try:
            self.session.receive_bytes(self, data)
        except UnicodeDecodeError:
            self._fail(WSCloseCode.INVALID_TEXT, Reason.PARSE_ERROR)

    def _on_reserved_bits(self, kind: WSMsgType, frame: WSFrame) -> None:
        """Accept RSV1 on the first frame of a compressed message only (RFC 7692, section 6)."""
        starts = kind in (_TEXT, _BINARY) and self._joined is None
        if not (self._deflates and starts) or frame.rsv2 or frame.rsv3:
            self._fail(WSCloseCode.PROTOCOL_ERROR, Reason.PARSE_ERROR)
        elif not self._closing:
            self._inflates = True
            self._on_data_frame(kind, frame)

    def _on_data_frame(self, kind: WSMsgType, frame: WSFrame) -> None:
        """Handle a binary frame, a compressed frame or a fragment (RFC 6455, section 5.4)."""
        if (kind is WSMsgType.CONTINUATION) != (self._joined is not None):
            self._fail(WSCloseCode.PROTOCOL_ERROR, Reason.PARSE_ERROR)
            return
        if self._joined is None:
            self._kind, self._joined = kind, bytearray()
        self._joined += frame.get_payload_as_memoryview()
        size = len(self._joined)
        if size > (self._sessions.options if self.session is None else self.session).max_payload:
            self._drop_joined()
            self._fail(WSCloseCode.MESSAGE_TOO_BIG, Reason.TOO_LARGE)
        elif not frame.fin:
            self._sessions.unfinished.hold(self, size)
        else:
            message = bytes(self._joined)
            self._drop_joined()
            if self._inflates:
                self._on_deflated(message)
            else:
                self._on_joined(self._kind, message)

    def _drop_joined(self) -> None:
        self._joined = None
        self._sessions.unfinished.release(self)

    def give_way(self) -> None:
        """End this connection: the budget of unfinished bytes is used up, and its message is the oldest."""
        self._joined = None
        self._closing = True
        self._lost = Reason.DISPLACED
        self._sessions.soon(self._abort)

    def _on_deflated(self, message: bytes) -> None:
        self._inflates = False
        try:
            limit = self._sessions.options.max_payload
            message = inflated(message, min(limit, _INFLATES + _INFLATES_TIMES * len(message)))
        except TooLarge:
            self._fail(WSCloseCode.MESSAGE_TOO_BIG, Reason.TOO_LARGE)
        except ValueError:
            self._fail(WSCloseCode.INVALID_TEXT, Reason.PARSE_ERROR)
        else:
            self._on_joined(self._kind, message)

    def _on_joined(self, kind: WSMsgType, message: bytes) -> None:
        if kind is not _BINARY:
            self._on_text(message)
        elif self.session is not None:
            self.session.receive_binary(self, message)

    def may_send_much(self) -> bool:
        return self.session is None or self.session.max_payload == self._sessions.options.max_payload

    def refuse_large(self) -> None:
        self._fail(WSCloseCode.MESSAGE_TOO_BIG, Reason.TOO_LARGE)

    def _fail(self, code: WSCloseCode, reason: Reason) -> None:
        self._close(code, reason)
        if self.session is not None:
            self.session.transport_lost(self, reason)

    def _on_close_frame(self) -> None:
        self._must_answer = True
        self.end_soon()

    def end_soon(self) -> None:
        """End the connection when its turn comes. Until then only the answer to a Close is sent."""
        self._closing = True
        if not self._ends:
            self._ends = True
            self._sessions.ends.add(self)

    def end(self) -> None:
        """End the session and close the connection, if they are not ended yet."""
        session, self.session = self.session, None
        if session is not None:
            session.transport_lost(self, self._lost)
        if self._ws is not None:
            if self._must_answer and not self._ws.is_close_frame_sent:
                self._ws.send_close(WSCloseCode.OK)
            self._ws.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        if self._abort_timer is not None:
            self._abort_timer.cancel()
        self._drop_joined()
        self._ws = None
        self.buffered = int
        self.end_soon()

    def pause_writing(self) -> None:
        """Abort the connection of a slow reader, in the next turn of the loop: a send is under way now."""
        if not self._closing:
            self._closing = True
            self._lost = Reason.SLOW_READER
            self._sessions.soon(self._abort)

    def resume_writing(self) -> None:
        pass
