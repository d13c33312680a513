"""A client in a namespace, as the application sees it."""

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
"""Called with the JSON array of a client's acknowledgement, or None when there will be none."""


class Handshake(Struct, frozen=True):
    """What the first HTTP request of a client said; `query` is as it came, without the `?`.

    `fetch_site` is Sec-Fetch-Site (W3C Fetch Metadata).
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
"""A name of this module: an enumeration's member takes longer to find."""


class ConnectionOwner(Protocol):
    """The client of a connection, as the connection needs it."""

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
    """Calls on a connection that has ended do nothing, so nobody needs to ask first.

    `data` is the application's own: what it keeps about this client, None at first.
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
        """The moment at which its first transport opened, of `time.monotonic`."""
        return self._client.opened_at

    @property
    def transport_name(self) -> str:
        """`polling` or `websocket`, at this moment."""
        return self._client.session.transport.name

    def buffered(self) -> int:
        """Return the bytes that wait for this client, beyond the kernel's buffer."""
        return self._client.session.transport.buffered()

    def new_mailbox(self) -> Mailbox:
        """Make a mailbox for an application that keeps an order apart from this connection's own."""
        return self.mailbox.another()

    # The answer to CONNECT

    def accept(self) -> None:
        if self.state is State.UNDECIDED:
            self.state = State.CONNECTED
            self._client.connected(self)
            # Some clients, Node's ws 8.5 among them, read two frames of one segment at once, and begin to
            # listen for events only after that.
            self._client.session.transport.send_alone(encode_connected(self.sid, namespace=self.namespace))

    def refuse(self, message: str, data: object = None) -> None:
        """Send CONNECT_ERROR with a reason; the client may try again on the same transport."""
        if self.state is State.UNDECIDED:
            self.state = State.REFUSED
            self._client.session.send(encode_refused(message, data, namespace=self.namespace))
            self._client.left(self)

    def wait(self, seconds: float) -> None:
        """Neither accept nor refuse; after `seconds` the transport is closed without any packet."""
        if self.state is State.UNDECIDED:
            self._client.wait(seconds)

    # What is sent

    def emit(self, name: str, *arguments: object) -> None:
        if self.state is State.CONNECTED:
            packet = encode_event(name, *arguments, namespace=self.namespace)
            self._client.session.transport.send_soon(packet)

    def emit_encoded(self, packet: EncodedPacket) -> None:
        """Send a message that goes to many: `encode_event` once, with this connection's namespace."""
        if self.state is State.CONNECTED:
            self._client.session.transport.send_soon(packet)

    def emit_now(self, name: str, argument: object) -> None:
        """Send at once, apart from other messages of this turn of the loop. Hot path."""
        if self.state is _CONNECTED:
            if self.namespace == "/":
                packet = MAIN_EVENT + encode_json((name, argument))
            else:
                packet = encode_event(name, argument, namespace=self.namespace)
            self._client.session.transport.send(packet)

    def ack(self, ack_id: int, *arguments: object) -> None:
        if self.state is State.CONNECTED:
            packet = encode_ack(ack_id, *arguments, namespace=self.namespace)
            self._client.session.transport.send_soon(packet)

    def request(self, name: str, *arguments: object, on_answer: OnAnswer) -> None:
        """Emit and ask for an acknowledgement.

        `on_answer` is called once: with None when the connection ends first, or when more than
        `Options.max_pending_acks` later requests still wait.
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
        """Send DISCONNECT: official clients do not come back by themselves. The transport may stay."""
        if self.state is State.CONNECTED:
            self._client.session.send(encode_disconnect(namespace=self.namespace))
            self._client.end(self, Reason.SERVER_DISCONNECT)

    def close_transport(self) -> None:
        """Drop the transport without any Socket.IO packet: official clients come back by themselves."""
        self._client.session.close(Reason.FORCED_CLOSE)

    # For the engine

    def take_awaited(self, ack_id: int) -> OnAnswer | None:
        return None if self._awaited is None else self._awaited.pop(ack_id, None)

    def take_all_awaited(self) -> list[OnAnswer]:
        awaited, self._awaited = self._awaited, None
        return [] if awaited is None else list(awaited.values())
