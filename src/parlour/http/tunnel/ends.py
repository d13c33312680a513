"""The two ends of a tunnel: each passes what it receives to the other, and pauses it where that is slow."""

import asyncio
from dataclasses import dataclass
from enum import Flag, auto
from typing import Any

from parlour.engine.budget import ByteBudget
from parlour.http.unread_answers import UnreadAnswers

HEAD_BYTES = 8 * 1024
"""The longest head of an answer that is read."""
READ_BYTES = 16 * 1024
"""The most bytes that are read at once."""
_HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class TunnelLimits:
    """Limits in bytes, seconds and numbers."""

    full: int = 64 * 1024
    """The bytes for a slow reader beyond which nothing more is read for it."""
    stuck_seconds: float = 20.0
    """The time within which some of them must leave (see `UnreadAnswers`)."""
    last_seconds: float = 2.0
    """The time that the last bytes for an end may take to leave, once the other end has closed."""
    rate: int = 256 * 1024
    """The bytes that a client may send in a second; a description of a large call has some 100 KB."""
    burst: int = 2 * 1024 * 1024
    """The bytes that a client may send at once."""
    connect_seconds: float = 3.0
    answer_seconds: float = 5.0
    """The times for a connection to the SFU, and for its answer, counted from the same moment."""
    idle_seconds: float = 60.0
    """A tunnel through which nothing has come for this time, at most twice as long, is ended: clients of
    LiveKit say something every few seconds."""
    tunnels: int = 16_384
    opening: int = 512
    of_person: int = 4
    """A person's tunnels to one room: a further one ends the oldest, which may be dead without a sign."""
    unread: int = 32 * 1024 * 1024
    """The bytes that wait for slow readers of all tunnels together."""


class _Pause(Flag):
    """The reasons for which nothing is read."""

    NONE = 0
    OPENING = auto()
    FULL = auto()
    RATE = auto()


class Shared:
    """The things that all ends share: limits, the bytes of slow readers, and a buffer to read into."""

    def __init__(self, limits: TunnelLimits) -> None:
        self.limits = limits
        self.unread = ByteBudget(limits.unread)
        self.buffer = memoryview(bytearray(READ_BYTES))


class End(asyncio.BufferedProtocol):
    """One end of a tunnel."""

    def __init__(self, shared: Shared) -> None:
        self._buffer = shared.buffer
        self._limits = shared.limits
        self._budget = shared.unread
        self._transport: Any = None
        self._unread: UnreadAnswers | None = None
        self._pause = _Pause.NONE
        self._closing: asyncio.TimerHandle | None = None
        self.other: End | None = None
        self.received = 0

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.set_write_buffer_limits(high=self._limits.full)
        self._unread = UnreadAnswers(transport, self._limits.stuck_seconds, self._budget)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._unread is not None:
            self._unread.end()
        if self._closing is not None:
            self._closing.cancel()
        if self.other is not None:
            self.other.close()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self.received += nbytes
        self.take(bytes(self._buffer[:nbytes]))

    def data_received(self, data: bytes) -> None:
        """Take bytes that another protocol has received."""
        self.received += len(data)
        self.take(data)

    def take(self, data: bytes) -> None:
        if self.other is not None:
            self.other.write(data)

    def write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        """Close the connection once what it was sent has left, or after a while."""
        if self._transport is None or self._transport.is_closing():
            return
        self._closing = asyncio.get_running_loop().call_later(
            self._limits.last_seconds, self._transport.abort
        )
        self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # Slow readers

    def pause_writing(self) -> None:
        if self._unread is not None:
            self._unread.begin()
        if self.other is not None:
            self.other.pause(_Pause.FULL)

    def resume_writing(self) -> None:
        if self._unread is not None:
            self._unread.end()
        if self.other is not None:
            self.other.resume(_Pause.FULL)

    def pause(self, reason: _Pause) -> None:
        if not self._pause and not self._transport.is_closing():
            self._transport.pause_reading()
        self._pause |= reason

    def resume(self, reason: _Pause) -> None:
        before, self._pause = self._pause, self._pause & ~reason
        if before and not self._pause and not self._transport.is_closing():
            self._transport.resume_reading()


class ClientEnd(End):
    """The client's end, whose bytes are counted. It reads nothing until the tunnel is open."""

    def __init__(self, shared: Shared, connections: set[Any]) -> None:
        """`connections` are uvicorn's: this end is in it while the connection lasts."""
        super().__init__(shared)
        self._connections = connections
        self._credit = float(self._limits.burst)
        self._counted = 0.0
        self._refilling: asyncio.TimerHandle | None = None
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self._connections.add(self)
        super().connection_made(transport)
        self._counted = asyncio.get_running_loop().time()
        self.pause(_Pause.OPENING)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        if self._refilling is not None:
            self._refilling.cancel()
        if not self.lost.done():
            self.lost.set_result(None)
        super().connection_lost(exc)

    def open(self) -> None:
        self.resume(_Pause.OPENING)

    def take(self, data: bytes) -> None:
        super().take(data)
        loop, limits = asyncio.get_running_loop(), self._limits
        now = loop.time()
        earned = (now - self._counted) * limits.rate
        self._credit, self._counted = min(limits.burst, self._credit + earned) - len(data), now
        if self._credit < 0 and self._refilling is None:
            self.pause(_Pause.RATE)
            self._refilling = loop.call_later(-self._credit / limits.rate, self._refill)

    def _refill(self) -> None:
        self._refilling = None
        self.resume(_Pause.RATE)

    def shutdown(self) -> None:
        """Close the connection: uvicorn calls this at its shutdown. Clients of LiveKit resume elsewhere."""
        self.close()


class ServerEnd(End):
    """The SFU's end. What comes first is the head of its answer, which `head` becomes."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self.head: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._began = b""

    def take(self, data: bytes) -> None:
        if self.other is not None:
            self.other.write(data)
            return
        self._began += data
        if _HEAD_END in self._began:
            self.pause(_Pause.OPENING)
            self._answer(self._began[: self._began.index(_HEAD_END) + len(_HEAD_END)])
        elif len(self._began) > HEAD_BYTES:
            self._answer(b"")

    def open(self, other: End) -> None:
        """Pass on what has come behind the head, and all that comes from now on."""
        self.other = other
        _, _, rest = self._began.partition(_HEAD_END)
        self._began = b""
        if rest:
            other.write(rest)
        self.resume(_Pause.OPENING)

    def connection_lost(self, exc: Exception | None) -> None:
        self._answer(b"")
        super().connection_lost(exc)

    def _answer(self, head: bytes) -> None:
        if not self.head.done():
            self.head.set_result(head)
