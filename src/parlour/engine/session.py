"""An Engine.IO session: its transports, its heartbeat and its end, without sockets, clock or tasks.

Incoming packets are arguments, together with the transport that carried them; outgoing packets go to the
session's transport; events for the layer above go to its `Consumer`. Time is an argument too, in seconds of
any monotonic clock. Packets never make it raise.
"""

from enum import StrEnum
from typing import Protocol, assert_never

from parlour.engine.options import Options
from parlour.engine.packets import (
    PING,
    PROBE_ANSWER,
    Binary,
    BinaryMessage,
    Close,
    Malformed,
    Message,
    Noop,
    Outgoing,
    Packet,
    Ping,
    Pong,
    Upgrade,
    decode_packet,
)

PLAIN_EVENT = b'42["'
"""The prefix of an Engine.IO message with a Socket.IO event that has neither namespace nor
acknowledgement.
"""


class Reason(StrEnum):
    """The reason for the end of a session or a connection, in the words of Socket.IO's documentation."""

    TRANSPORT_CLOSE = "transport close"
    TRANSPORT_ERROR = "transport error"
    PING_TIMEOUT = "ping timeout"
    PARSE_ERROR = "parse error"
    TOO_LARGE = "payload too large"
    SLOW_READER = "slow reader"
    QUEUE_FULL = "too many events at once"
    OVERLAP = "overlapping requests"
    CONNECT_TIMEOUT = "connect timeout"
    CLIENT_DISCONNECT = "client namespace disconnect"
    SERVER_DISCONNECT = "server namespace disconnect"
    FORCED_CLOSE = "forced close"
    DISPLACED = "gave way to newer sessions"
    SHUTTING_DOWN = "server shutting down"


class Transport(Protocol):
    """Carries packets to the peer. No method raises, or calls back before it returns."""

    name: str

    def send(self, packet: bytes) -> None: ...
    def send_soon(self, packet: bytes) -> None:
        """Send in order, in the same system call as the other packets of this turn of the event loop."""

    def send_alone(self, packet: bytes) -> None:
        """Send in order, at once, with a separate system call."""

    def send_binary(self, data: bytes) -> None: ...
    def close(self, reason: Reason) -> None:
        """Close after delivering the sent packets, as far as that is possible in bounded time."""

    def close_when_heard(self, reason: Reason) -> None:
        """Close at the next packet of the peer, or after `Options.upgrade_timeout`."""

    def upgrading(self) -> None:
        """End a waiting poll: another transport is about to take over."""

    def take(self) -> list[Outgoing]:
        """Remove and return the sent packets that have not left yet, for the transport that takes over."""

    def buffered(self) -> int:
        """Return the bytes that wait for the peer."""

    @property
    def is_at_rest(self) -> bool:
        """Return True if `close` would lose nothing that was sent, and interrupt no packet of the peer."""


class Owner(Protocol):
    """The owner of all sessions."""

    def session_closed(self, session: "TransportSession", reason: Reason) -> None: ...


class Consumer(Protocol):
    """The layer above a session."""

    def is_connected(self) -> bool:
        """Return True if the peer is in a namespace: it may then send large messages."""

    def on_message(self, text: str) -> None: ...
    def on_plain_event(self, arguments: bytes) -> bool:
        """Handle a plain event (PLAIN_EVENT) by a fast path: its arguments are ASCII.

        Return False, with nothing changed, if the fast path does not apply: `on_message` then gets `2` and
        the arguments.
        """

    def on_binary(self, data: bytes) -> None: ...
    def on_close(self, reason: Reason) -> None: ...
    def next_deadline(self) -> float | None:
        """Return the moment to call `on_deadline`, None for never."""

    def on_deadline(self, now: float) -> None: ...


class TransportSession:
    """A client's session over its current transport. `closed` and `transport` are for reading only."""

    __slots__ = (
        "_candidate",
        "_options",
        "_owner",
        "_ping_due",
        "_pong_due",
        "_probed",
        "_upgrade_due",
        "closed",
        "consumer",
        "sid",
        "transport",
        "wheel_slot",
    )

    def __init__(self, sid: str, transport: Transport, owner: Owner, options: Options, now: float) -> None:
        self.sid = sid
        self.transport = transport
        self.closed: Reason | None = None
        self.consumer: Consumer | None = None
        self.wheel_slot: int | None = None
        self._owner = owner
        self._options = options
        self._candidate: Transport | None = None
        self._probed = False
        self._ping_due = now + options.ping_interval
        self._pong_due: float | None = None
        self._upgrade_due: float | None = None

    # Receiving

    def receive_bytes(self, transport: Transport, data: bytes) -> None:
        """Receive a packet from `transport`, as UTF-8. Raises UnicodeDecodeError."""
        if (
            data.startswith(PLAIN_EVENT)
            and transport is self.transport
            and self.consumer is not None
            and data.isascii()
            and self.consumer.on_plain_event(data[2:])
        ):
            return
        self.receive_text(transport, data.decode())

    def receive_text(self, transport: Transport, text: str) -> None:
        """Receive a packet from `transport`, as text."""
        self.receive(transport, decode_packet(text))

    def receive_binary(self, transport: Transport, data: bytes) -> None:
        self.receive(transport, BinaryMessage(data))

    def receive(self, transport: Transport, packet: Packet) -> None:
        if self.closed is not None or self.consumer is None:
            return
        if transport is not self.transport:
            self._receive_from_candidate(transport, packet)
        elif type(packet) is Message:
            self.consumer.on_message(packet.text)
        else:
            self._receive_control(self.consumer, packet)

    def _receive_control(self, consumer: Consumer, packet: Packet) -> None:
        match packet:
            case Pong():
                self._pong_due = None
            case BinaryMessage(data):
                consumer.on_binary(data)
            case Message(text):
                consumer.on_message(text)
            case Close():
                self.close(Reason.TRANSPORT_CLOSE)
            case Ping() | Malformed():
                self.close(Reason.PARSE_ERROR)
            case Upgrade() | Noop():
                pass  # late or needless, and harmless
            case _:
                assert_never(packet)

    # The upgrade (protocol document, "Upgrade")

    @property
    def is_upgrading(self) -> bool:
        """Return True if the probe of another transport was answered and its upgrade packet is still to
        come.
        """
        return self._probed

    def offer(self, candidate: Transport, now: float) -> bool:
        """Add a second transport, a candidate for an upgrade. Return False unless the session polls and has
        none.
        """
        if self.closed is not None or self._candidate is not None or self.transport.name != "polling":
            return False
        self._candidate = candidate
        self._upgrade_due = now + self._options.upgrade_timeout
        return True

    def _receive_from_candidate(self, transport: Transport, packet: Packet) -> None:
        if transport is not self._candidate:
            return
        if isinstance(packet, Ping) and packet.data == "probe" and not self._probed:
            self._probed = True
            transport.send(PROBE_ANSWER)
            self.transport.upgrading()
        elif isinstance(packet, Upgrade) and self._probed:
            self._switch(transport)
        else:
            self._drop_candidate(Reason.PARSE_ERROR)

    def _switch(self, candidate: Transport) -> None:
        former, self.transport = self.transport, candidate
        self._forget_candidate()
        for packet in former.take():
            if isinstance(packet, Binary):
                candidate.send_binary(packet.data)
            else:
                candidate.send(packet)
        former.close(Reason.TRANSPORT_CLOSE)

    def _forget_candidate(self) -> None:
        self._candidate = None
        self._probed = False
        self._upgrade_due = None

    def _drop_candidate(self, reason: Reason) -> None:
        candidate = self._candidate
        self._forget_candidate()
        if candidate is not None:
            candidate.close(reason)

    @property
    def max_payload(self) -> int:
        """Return the largest message in bytes that the peer may send now."""
        connected = self.consumer is not None and self.consumer.is_connected()
        most = self._options.max_payload
        return most if connected else min(most, self._options.max_connect)

    @property
    def is_at_rest(self) -> bool:
        """Return True if the session can be closed without losing what is under way."""
        return self._candidate is None and self.transport.is_at_rest

    # Sending

    def send(self, packet: bytes) -> None:
        """Send a packet that is already encoded, its type included."""
        if self.closed is None:
            self.transport.send(packet)

    def send_binary(self, data: bytes) -> None:
        if self.closed is None:
            self.transport.send_binary(data)

    # Time (protocol document, "Heartbeat")

    def next_deadline(self) -> float:
        """Return the latest moment at which to call `on_deadline`."""
        due = self._ping_due if self._pong_due is None else min(self._ping_due, self._pong_due)
        if self._upgrade_due is not None:
            due = min(due, self._upgrade_due)
        above = None if self.consumer is None else self.consumer.next_deadline()
        return due if above is None else min(due, above)

    def is_overdue(self, now: float) -> bool:
        """Return True if a pong is missing: a request before the wheel's next tick must find no session."""
        return self._pong_due is not None and now >= self._pong_due

    def on_deadline(self, now: float) -> None:
        """Do everything that is due. Pings keep their interval, however late the call is."""
        if self.closed is not None:
            return
        if self.is_overdue(now):
            self.close(Reason.PING_TIMEOUT)
            return
        if now >= self._ping_due:
            self._ping(now)
        if self._upgrade_due is not None and now >= self._upgrade_due:
            self._drop_candidate(Reason.PING_TIMEOUT)
        if self.consumer is not None:
            self.consumer.on_deadline(now)

    def _ping(self, now: float) -> None:
        if self._pong_due is None:
            sent = max(
                self._ping_due, now - 2 * self._options.tick
            )  # the lateness of the wheel does not extend the timeout
            self._pong_due = sent + self._options.ping_timeout
            self.transport.send(PING)
        while self._ping_due <= now:
            self._ping_due += self._options.ping_interval

    # The end

    def transport_lost(self, transport: Transport, reason: Reason = Reason.TRANSPORT_CLOSE) -> None:
        """Handle the end of `transport` by the peer or the network: it ends the session, unless the transport
        was a candidate.
        """
        if transport is self._candidate:
            self._forget_candidate()
        elif transport is self.transport:
            self.close(reason)

    def close(self, reason: Reason) -> None:
        """Close the session and its transports. Idempotent."""
        if self.closed is not None:
            return
        self.closed = reason
        if self._candidate is not None and self._probed and reason is not Reason.TRANSPORT_CLOSE:
            # The official client stops polling once its probe is answered, and never starts again: it
            # would not hear of the end before it has moved.
            self._candidate.close_when_heard(reason)
            self._forget_candidate()
        self._drop_candidate(reason)
        self.transport.close(reason)
        consumer, self.consumer = self.consumer, None
        if consumer is not None:
            consumer.on_close(reason)
        self._owner.session_closed(self, reason)
