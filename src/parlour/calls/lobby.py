"""Tell connections that prepare to join a call when the people in it change."""

from collections.abc import Callable

from parlour.calls.presence import ConnectionId
from parlour.rooms.entities import Room, RoomId
from parlour.wire.signaling import CallChanged

MAX_WAITING_FOR_A_CALL = 256
"""The most connections that are told of a change: each message costs the event loop some 10 µs."""


class Lobby:
    """The connections that prepared to join a call, each for one call at most.

    A connection is told of the next change only, and the message does not say what has changed: to learn it,
    the client prepares again, which checks its rights again. So nobody learns more after losing them, and a
    client decides for itself how often it asks while many people come.
    """

    def __init__(self, deliver: Callable[[ConnectionId, CallChanged], None]) -> None:
        self._deliver = deliver
        self._rooms: dict[ConnectionId, RoomId] = {}
        self._waiting: dict[RoomId, set[ConnectionId]] = {}

    def wait(self, connection_id: ConnectionId, room: Room) -> None:
        """Tell the connection of the call's next change, unless too many wait for that."""
        self.leave(connection_id)
        waiting = self._waiting.setdefault(room.room_id, set())
        if len(waiting) < MAX_WAITING_FOR_A_CALL:
            waiting.add(connection_id)
            self._rooms[connection_id] = room.room_id

    def is_waited(self, room_id: RoomId) -> bool:
        return room_id in self._waiting

    def leave(self, connection_id: ConnectionId) -> None:
        room_id = self._rooms.pop(connection_id, None)
        if room_id is None:
            return
        waiting = self._waiting[room_id]
        waiting.discard(connection_id)
        if not waiting:
            del self._waiting[room_id]

    def call_changed(self, room: Room) -> None:
        waiting = self._waiting.pop(room.room_id, None)
        if waiting is None:
            return
        message = CallChanged(room.name)
        for connection_id in waiting:
            del self._rooms[connection_id]
            self._deliver(connection_id, message)
