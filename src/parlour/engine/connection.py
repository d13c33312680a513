"""The connection of a client to a namespace: the application's interface for answering and sending."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from enum import Enum
from typing import Any, Protocol

from msgspec import Struct

from parlour.engine.mailbox import Mailbox
from parlour.engine.messages import (
    MAIN_EVENT,
    EncodedPacket,
    encode_ack,
    encode_connected,
    encode_disconnect,
    encode_event,
    encode_json,
    encode_refused,
)
from parlour.engine.options import Options
from parlour.engine.session import Reason, TransportSession

OnAnswer = Callable[[str | None], None]
"""A callback for the JSON array of a client's acknowledgement, or for None when there will be none."""


class Handshake(Struct, frozen=True):
    """The first HTTP request of a client; `query` is not decoded, and has no `?`.

    `fetch_site` is the header Sec-Fetch-Site (W3C Fetch Metadata).
    """

    address: str
    host: str | None = None
    origin: str | None = None
    cookie: str | None = None
    user_agent: str | None = None
    fetch_site: str | None = None
    query: str = ""


class State(Enum):
    """The state of a connection between CONNECT and its end."""

    UNDECIDED = "undecided"
    CONNECTED = "connected"
    REFUSED = "refused"
    ENDED = "ended"


_CONNECTED = State.CONNECTED
"""A global, because looking up a member of an enumeration takes longer."""


class ConnectionOwner(Protocol):
    """The interface of a connection to its client."""

    handshake: Handshake
    opened_at: float
    options: Options
    session: TransportSession

    def connected(self, connection: Connection) -> None: ...

    def left(self, connection: Connection) -> None: ...

    def wait(self, seconds: float) -> None: ...

    def end(self, connection: Connection, reason: Reason) -> None: ...

    def answer(self, on_answer: OnAnswer | None, arguments: str | None) -> None: ...


class Connection:
    """A client's connection to a namespace. Calls after its end do nothing, so callers need no check.

    `data` belongs to the application: it may hold any state of this client, and is None at first.
    """

    __slots__ = ("_awaited", "_client", "_next_ack_id", "data", "mailbox", "namespace", "sid", "state")

    def __init__(self, sid: str, namespace: str, client: ConnectionOwner, mailbox: Mailbox) -> None:
        self.sid = sid
        self.namespace = namespace
        self.state = State.UNDECIDED
        self.mailbox = mailbox
        self.data: Any = None
        self._client = client
        self._next_ack_id = 0
        self._awaited: OrderedDict[int, OnAnswer] | None = None

    def __repr__(self) -> str:
        return f"<Connection {self.sid} {self.namespace} {self.state.value}>"

    @property
    def connected(self) -> bool:
        return self.state is State.CONNECTED

    @property
    def handshake(self) -> Handshake:
        return self._client.handshake

    @property
    def opened_at(self) -> float:
        """The moment (`time.monotonic`) at which the client's first transport opened."""
        return self._client.opened_at

    @property
    def transport_name(self) -> str:
        """The name of the current transport: `polling` or `websocket`."""
        return self._client.session.transport.name

    def buffered(self) -> int:
        """Return the bytes that wait for this client, beyond the kernel's buffer."""
        return self._client.session.transport.buffered()

    def new_mailbox(self) -> Mailbox:
        """Make a mailbox for calls whose order is independent of this connection's handlers."""
        return self.mailbox.another()

    # Answers to CONNECT

    def accept(self) -> None:
        if self.state is State.UNDECIDED:
            self.state = State.CONNECTED
            self._client.connected(self)
            # Some clients, Node's ws 8.5 among them, handle two frames of a TCP segment at once, and begin to
            # listen for events only after that: the frame with the acceptance needs a segment of its own.
            self._client.session.transport.send_alone(encode_connected(self.sid, namespace=self.namespace))

    def refuse(self, message: str, data: object = None) -> None:
        """Send CONNECT_ERROR with a reason; the client may try again on the same transport."""
        if self.state is State.UNDECIDED:
            self.state = State.REFUSED
            self._client.session.send(encode_refused(message, data, namespace=self.namespace))
            self._client.left(self)

    def wait(self, seconds: float) -> None:
        """Defer the answer; after `seconds` without an answer the transport is closed without any packet."""
        if self.state is State.UNDECIDED:
            self._client.wait(seconds)

    # Sending

    def emit(self, name: str, *arguments: object) -> None:
        if self.state is State.CONNECTED:
            packet = encode_event(name, *arguments, namespace=self.namespace)
            self._client.session.transport.send_soon(packet)

    def emit_encoded(self, packet: EncodedPacket) -> None:
        """Send a packet of `encode_event`: a message to many connections of a namespace is encoded once."""
        if self.state is State.CONNECTED:
            self._client.session.transport.send_soon(packet)

    def emit_within(self, most: int, name: str, argument: object) -> bool:
        """Send at once, without waiting for other messages of this turn of the loop. Return False, and send
        nothing, if more than `most` bytes wait for this client. Hot path.
        """
        if self.state is not _CONNECTED:
            return True
        transport = self._client.session.transport
        if transport.buffered() > most:
            return False
        if self.namespace == "/":
            transport.send(MAIN_EVENT + encode_json((name, argument)))
        else:
            transport.send(encode_event(name, argument, namespace=self.namespace))
        return True

    def ack(self, ack_id: int, *arguments: object) -> None:
        if self.state is State.CONNECTED:
            packet = encode_ack(ack_id, *arguments, namespace=self.namespace)
            self._client.session.transport.send_soon(packet)

    def request(self, name: str, *arguments: object, on_answer: OnAnswer) -> None:
        """Emit and ask for an acknowledgement.

        `on_answer` is called exactly once: with None if the connection ends first, or if more than
        `Options.max_pending_acks` later requests are waiting.
        """
        if self.state is not State.CONNECTED:
            on_answer(None)
            return
        if self._awaited is None:
            self._awaited = OrderedDict()
        if len(self._awaited) >= self._client.options.max_pending_acks:
            _, oldest = self._awaited.popitem(last=False)
            self._client.answer(oldest, None)
        ack_id, self._next_ack_id = self._next_ack_id, self._next_ack_id + 1
        self._awaited[ack_id] = on_answer
        self._client.session.send(encode_event(name, *arguments, namespace=self.namespace, ack_id=ack_id))

    # The end

    def disconnect(self) -> None:
        """Send DISCONNECT, after which official clients do not reconnect by themselves.

        The transport stays open for other namespaces, or a new CONNECT, until the connect timeout.
        """
        if self.state is State.CONNECTED:
            self._client.session.send(encode_disconnect(namespace=self.namespace))
            self._client.end(self, Reason.SERVER_DISCONNECT)

    def close_transport(self) -> None:
        """Drop the transport without any Socket.IO packet, after which official clients reconnect by
        themselves.
        """
        self._client.session.close(Reason.FORCED_CLOSE)

    # For the engine

    def take_awaited(self, ack_id: int) -> OnAnswer | None:
        return None if self._awaited is None else self._awaited.pop(ack_id, None)

    def take_all_awaited(self) -> list[OnAnswer]:
        awaited, self._awaited = self._awaited, None
        return [] if awaited is None else list(awaited.values())
