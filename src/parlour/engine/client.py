"""Socket.IO above an Engine.IO session: namespaces, events and acknowledgements, without I/O."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, assert_never

import msgspec

from parlour.engine.application import EventRejection, UnknownEvent
from parlour.engine.connection import Connection, Handshake, OnAnswer, State
from parlour.engine.mailbox import Mailbox
from parlour.engine.messages import (
    JSON_ERRORS,
    Ack,
    BinaryEvent,
    Connect,
    Disconnect,
    Event,
    decode_message,
    encode_refused,
    lenient_json,
)
from parlour.engine.packets import Malformed
from parlour.engine.registry import Registry
from parlour.engine.session import Reason, TransportSession
from parlour.engine.sessions import new_sid

_CONNECTED = State.CONNECTED


class SocketClient:
    """The connections of a session. A session without a connected namespace has a deadline."""

    __slots__ = (
        "_attachments",
        "_connections",
        "_deadline",
        "_left",
        "_main",
        "_registry",
        "handshake",
        "opened_at",
        "options",
        "session",
    )

    def __init__(
        self, registry: Registry, session: TransportSession, handshake: Handshake, now: float
    ) -> None:
        self.session = session
        self.handshake = handshake
        self.opened_at = time.monotonic()
        self.options = registry.options
        self._registry = registry
        self._main: Connection | None = None
        self._connections: dict[str, Connection] | None = None
        self._left: set[str] | None = None
        self._deadline: float | None = now + registry.options.connect_timeout
        self._attachments = 0

    def connections(self) -> list[Connection]:
        """Return the connections that are undecided or connected."""
        others = [] if self._connections is None else list(self._connections.values())
        return others if self._main is None else [self._main, *others]

    # Incoming packets

    def is_connected(self) -> bool:
        return self._deadline is None

    def on_message(self, text: str) -> None:
        if self._attachments:
            self.session.close(Reason.PARSE_ERROR)
            return
        packet = decode_message(text)
        if type(packet) is Event:
            self._on_event(packet)
            return
        match packet:
            case Connect():
                self._on_connect(packet)
            case Ack():
                self._on_ack(packet)
            case Disconnect(namespace):
                connection = self._find(namespace)
                if connection is not None and connection.connected:
                    self.end(connection, Reason.CLIENT_DISCONNECT)
            case BinaryEvent():
                self._on_binary_event(packet)
            case Event():
                self._on_event(packet)
            case Malformed():
                self.session.close(Reason.PARSE_ERROR)
            case _:
                assert_never(packet)

    def on_plain_event(self, arguments: bytes) -> bool:
        """Dispatch an event for the main namespace that asks for no acknowledgement. Hot path."""
        connection, registry = self._main, self._registry
        if (
            connection is None
            or connection.state is not _CONNECTED
            or connection.mailbox.busy
            or self._attachments
        ):
            return False
        try:
            event = registry.decode_known(arguments)
        except JSON_ERRORS:
            return False
        registry.events += 1
        try:
            awaitable = registry.on_event(connection, event.name, event.payload, None)
        except Exception:
            registry.sessions.handler_failed()
        else:
            if awaitable is not None:
                connection.mailbox.wait_for(awaitable)
        return True

    def on_binary(self, data: bytes) -> None:
        """Ignore an attachment of a refused packet; an attachment that no packet announced ends the
        session.
        """
        if self._attachments:
            self._attachments -= 1
        else:
            self.session.close(Reason.PARSE_ERROR)

    def _find(self, namespace: str) -> Connection | None:
        if namespace == "/":
            return self._main
        return None if self._connections is None else self._connections.get(namespace)

    def _receiver(self, namespace: str) -> Connection | None:
        """Return the connection that a packet is for, None to ignore the packet.

        A packet is ignored if its connection is undecided, or if it was in transit when the namespace was
        left. Any other packet without a connection ends the session.
        """
        connection = self._find(namespace)
        if connection is not None:
            return connection if connection.state is State.CONNECTED else None
        if self._left is None or namespace not in self._left:
            self.session.close(Reason.PARSE_ERROR)
        return None

    def _on_connect(self, packet: Connect) -> None:
        namespace = packet.namespace
        if namespace not in self.options.namespaces:
            self.session.send(encode_refused("Invalid namespace", namespace=namespace))
            return
        known = self._find(namespace)
        if known is not None:
            if known.connected:  # a second CONNECT is ignored while the first is undecided
                self.session.close(Reason.PARSE_ERROR)
            return
        connection = Connection(new_sid(), namespace, self, Mailbox(self._registry.sessions.spawn))
        if namespace == "/":
            self._main = connection
        else:
            self._connections = self._connections or {}
            self._connections[namespace] = connection
        application, auth = self._registry.application, packet.auth
        connection.mailbox.run(self._guarded(lambda: application.on_connect(connection, auth)))

    def _on_event(self, packet: Event) -> None:
        connection = self._main if packet.namespace == "/" else self._find(packet.namespace)
        if connection is None or connection.state is not State.CONNECTED:
            connection = self._receiver(packet.namespace)
            if connection is None:
                return
        try:
            payload = self._registry.event_types.decode(packet.name, packet.arguments)
        except msgspec.ValidationError as error:
            self._refuse_event(
                connection, packet.name, EventRejection.INVALID_ARGUMENTS, str(error), packet.ack_id
            )
            return
        except UnknownEvent:
            self._refuse_event(connection, packet.name, EventRejection.UNKNOWN_EVENT, "", packet.ack_id)
            return
        except JSON_ERRORS:
            self._on_undecodable(connection, packet)
            return
        if connection.mailbox.busy:
            self._registry.events += 1
            name, ack_id, application = packet.name, packet.ack_id, self._registry.application
            self._queue(connection, lambda: application.on_event(connection, name, payload, ack_id))
        else:
            self._hand_over(connection, packet.name, payload, packet.ack_id)

    def _hand_over(self, connection: Connection, name: str, payload: Any, ack_id: int | None) -> None:
        registry = self._registry
        registry.events += 1
        try:
            awaitable = registry.application.on_event(connection, name, payload, ack_id)
        except Exception:
            registry.sessions.handler_failed()
        else:
            if awaitable is not None:
                connection.mailbox.wait_for(awaitable)

    def _on_undecodable(self, connection: Connection, packet: Event) -> None:
        """Refuse text that is JSON but not Unicode; end the session for text that is no JSON."""
        if lenient_json(packet.arguments) is None:
            self.session.close(Reason.PARSE_ERROR)
        elif self._registry.event_types.knows(packet.name):
            detail = "text that is not Unicode"
            self._refuse_event(
                connection, packet.name, EventRejection.INVALID_ARGUMENTS, detail, packet.ack_id
            )
        else:
            self._refuse_event(connection, packet.name, EventRejection.UNKNOWN_EVENT, "", packet.ack_id)

    def _on_binary_event(self, packet: BinaryEvent) -> None:
        connection = self._receiver(packet.namespace)
        if self.session.closed is not None:
            return
        self._attachments = packet.attachments
        if connection is not None and packet.name is not None:
            self._refuse_event(connection, packet.name, EventRejection.BINARY, "", packet.ack_id)
        elif connection is not None and packet.ack_id is not None:
            self.answer(connection.take_awaited(packet.ack_id), None)

    def _on_ack(self, packet: Ack) -> None:
        if (connection := self._receiver(packet.namespace)) is not None:
            self.answer(connection.take_awaited(packet.ack_id), packet.arguments)

    def _refuse_event(
        self, connection: Connection, name: str, refusal: EventRejection, detail: str, ack_id: int | None
    ) -> None:
        self._registry.refused_events += 1
        application = self._registry.application
        self._queue(
            connection, lambda: application.on_refused_event(connection, name, refusal, detail, ack_id)
        )

    def _queue(self, connection: Connection, call: Callable[[], Awaitable[None] | None]) -> None:
        if len(connection.mailbox) >= self.options.max_queue:
            connection.mailbox.clear()
            self.session.close(Reason.QUEUE_FULL)
            return
        connection.mailbox.run(self._guarded(call))

    # Decisions of the application

    def connected(self, connection: Connection) -> None:
        self._deadline = None
        if self._left is not None:
            self._left.discard(connection.namespace)
        self._registry.connections[connection.sid] = connection
        self._registry.sessions.pending.discard(self.session)

    def wait(self, seconds: float) -> None:
        """Stop counting the session as pending: the application bounds the waiting connections itself."""
        self._registry.sessions.pending.discard(self.session)
        if self._deadline is not None:
            self._deadline = self._registry.sessions.now() + seconds
            self._registry.sessions.reschedule(self.session)

    def left(self, connection: Connection) -> None:
        """Forget a connection; a session without any lives until the connect timeout."""
        self._registry.connections.pop(connection.sid, None)
        if connection.namespace == "/":
            self._main = None
        elif self._connections is not None:
            self._connections.pop(connection.namespace, None)
        if self._deadline is None and not any(c.connected for c in self.connections()):
            self._deadline = self._registry.sessions.now() + self.options.connect_timeout
            self._registry.sessions.reschedule(self.session)
        if not any(c.connected for c in self.connections()):
            self._registry.sessions.await_connect(self.session, self.handshake)

    # The end

    def end(self, connection: Connection, reason: Reason) -> None:
        """End a connection, by a DISCONNECT of either side or with the session."""
        if connection.state not in (State.UNDECIDED, State.CONNECTED):
            return
        connection.state = State.ENDED
        self._left = self._left or set()
        self._left.add(connection.namespace)
        self.left(connection)
        for on_answer in connection.take_all_awaited():
            self._registry.sessions.soon(partial(self.answer, on_answer, None))
        application = self._registry.application
        call = self._guarded(lambda: application.on_disconnect(connection, reason))
        self._registry.sessions.soon(lambda: connection.mailbox.run(call))

    def on_close(self, reason: Reason) -> None:
        for connection in self.connections():
            self.end(connection, reason)

    def next_deadline(self) -> float | None:
        return self._deadline

    def on_deadline(self, now: float) -> None:
        if self._deadline is not None and now >= self._deadline:
            self.session.close(Reason.CONNECT_TIMEOUT)

    # Calls into the application never raise into the engine

    def answer(self, on_answer: OnAnswer | None, arguments: str | None) -> None:
        if on_answer is None:
            return
        try:
            on_answer(arguments)
        except Exception:
            self._registry.sessions.handler_failed()

    def _guarded(self, call: Callable[[], Awaitable[None] | None]) -> Callable[[], Awaitable[None] | None]:
        def guarded() -> Awaitable[None] | None:
            try:
                return call()
            except Exception:
                self._registry.sessions.handler_failed()
                return None

        return guarded
