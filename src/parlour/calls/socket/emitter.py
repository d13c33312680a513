"""Encode messages as packets, and send each to its connection at once and in order."""

import sys

from parlour.calls.presence import ConnectionId
from parlour.engine import Connection, EncodedPacket, encode_event
from parlour.wire.signaling import LEGACY_DESCRIPTION_EVENT, AnyServerEvent, DescriptionFromPeer, FromPeer


class ConnectionEmitter:
    """Send messages at once and in order; a message to many connections is encoded once."""

    def __init__(self) -> None:
        self._connections: dict[ConnectionId, Connection] = {}
        self._by_cookie: set[ConnectionId] = set()
        self._message: AnyServerEvent | None = None
        self._packet: EncodedPacket | None = None

    def add(self, connection: Connection, *, by_cookie: bool) -> None:
        connection_id = ConnectionId(connection.sid)
        self._connections[connection_id] = connection
        if by_cookie:
            self._by_cookie.add(connection_id)

    def remove(self, connection_id: ConnectionId) -> bool:
        """Remove a connection. Return False if it was never added."""
        self._by_cookie.discard(connection_id)
        return self._connections.pop(connection_id, None) is not None

    def deliver(self, to: ConnectionId, message: AnyServerEvent) -> None:
        """Send a message; a message to a connection that has ended is dropped."""
        connection = self._connections.get(to)
        if connection is None:
            return
        if isinstance(message, FromPeer):
            self.deliver_within(to, message, sys.maxsize)
        else:
            if message is not self._message or self._packet is None:
                self._message, self._packet = message, encode_event(message.event, message)
            connection.emit_encoded(self._packet)

    def deliver_within(self, to: ConnectionId, message: FromPeer, most: int) -> bool:
        """Send a candidate or a description at once, unless more than `most` bytes wait: return False then.
        Hot path.
        """
        connection = self._connections.get(to)
        if connection is None:
            return True
        if not connection.emit_within(most, message.event, message):
            return False
        if type(message) is DescriptionFromPeer and to in self._by_cookie:
            connection.emit(LEGACY_DESCRIPTION_EVENT, message)
        return True

    def backlog(self, connection_id: ConnectionId) -> int:
        """Return the bytes that wait for a connection, beyond the kernel's buffer."""
        connection = self._connections.get(connection_id)
        return 0 if connection is None else connection.buffered()

    def hang_up(self, connection_id: ConnectionId) -> None:
        """Disconnect. The transport of a polling client ends a little later, since it has yet to fetch the
        DISCONNECT.

        Existing clients, identified by their cookie, get no DISCONNECT on a WebSocket: without it they
        reconnect by themselves, and wait for the next login.
        """
        connection = self._connections.get(connection_id)
        if connection is None:
            return
        by_websocket = connection.transport_name == "websocket"
        if not by_websocket or connection_id not in self._by_cookie:
            connection.disconnect()
        if by_websocket:
            connection.close_transport()
