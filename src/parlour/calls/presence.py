"""Which connections there are, who they are, and which call each is in. This one in memory."""

import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import NewType

from parlour.accounts.identity import Identity, UserId
from parlour.calls.call import Call, Send
from parlour.rooms.entities import Room, RoomId
from parlour.wire.signaling import PeerId

ConnectionId = NewType("ConnectionId", str)


@dataclass(frozen=True, slots=True)
class Watching:
    """In no call: told of the rooms in use. `told` is what it heard last."""

    told: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class InCall:
    room: Room
    peer_id: PeerId


@dataclass(frozen=True, slots=True)
class Connection:
    connection_id: ConnectionId
    identity: Identity
    state: Watching | InCall = field(default_factory=Watching)


@dataclass(frozen=True, slots=True)
class OngoingCall:
    room: Room
    call: Call


class Presence:
    """Every change is made whole before the first await, so that no two joins miss each other."""

    def __init__(self) -> None:
        self._connections: dict[ConnectionId, Connection] = {}
        self._by_user: defaultdict[UserId, set[ConnectionId]] = defaultdict(set)
        self._calls: dict[RoomId, OngoingCall] = {}
        self._peers: dict[PeerId, ConnectionId] = {}

    def add(self, connection_id: ConnectionId, identity: Identity) -> Connection:
        connection = Connection(connection_id, identity)
        self._connections[connection_id] = connection
        self._by_user[identity.user_id].add(connection_id)
        return connection

    def remove(self, connection_id: ConnectionId) -> None:
        """A connection in a call leaves it first."""
        connection = self._connections.pop(connection_id, None)
        if connection is None:
            return
        user_id = connection.identity.user_id
        self._by_user[user_id].discard(connection_id)
        if not self._by_user[user_id]:
            del self._by_user[user_id]

    def connection(self, connection_id: ConnectionId) -> Connection | None:
        return self._connections.get(connection_id)

    def connections_of(self, user_id: UserId) -> list[Connection]:
        return [self._connections[one] for one in self._by_user.get(user_id, ())]

    def watching(self) -> Iterator[tuple[Connection, Watching]]:
        for connection in list(self._connections.values()):
            if isinstance(connection.state, Watching):
                yield connection, connection.state

    def told(self, connection_id: ConnectionId, rooms: tuple[str, ...]) -> None:
        connection = self._connections.get(connection_id)
        if connection is not None and isinstance(connection.state, Watching):
            self._connections[connection_id] = replace(connection, state=Watching(rooms))

    def enter(self, connection: Connection, room: Room) -> tuple[InCall, list[Send]]:
        """A visit gets a peer id of its own."""
        visit = InCall(room, PeerId(secrets.token_urlsafe(12)))
        call = self.call(room.room_id)
        after, sends = call.enter(visit.peer_id, connection.identity.name)
        self._calls[room.room_id] = OngoingCall(room, after)
        self._peers[visit.peer_id] = connection.connection_id
        self._connections[connection.connection_id] = replace(connection, state=visit)
        return visit, sends

    def leave(self, connection: Connection, visit: InCall) -> list[Send]:
        after, sends = self.call(visit.room.room_id).leave(visit.peer_id)
        if after.members:
            self._calls[visit.room.room_id] = OngoingCall(visit.room, after)
        else:
            self._calls.pop(visit.room.room_id, None)
        self._connections[connection.connection_id] = replace(connection, state=Watching())
        return sends

    def forget(self, peer_id: PeerId) -> None:
        """After the leaver's last messages are on their way."""
        self._peers.pop(peer_id, None)

    def call(self, room_id: RoomId) -> Call:
        ongoing = self._calls.get(room_id)
        return Call() if ongoing is None else ongoing.call

    def connection_of(self, peer_id: PeerId) -> ConnectionId | None:
        return self._peers.get(peer_id)

    def peers_in(self, room_id: RoomId) -> Iterable[PeerId]:
        return list(self.call(room_id).members)

    def is_present(self, user_id: UserId, room_id: RoomId) -> bool:
        """Whether this person is in the call, on any of their connections."""
        return any(
            isinstance(one.state, InCall) and one.state.room.room_id == room_id
            for one in self.connections_of(user_id)
        )

    def rooms_in_use(self) -> dict[RoomId, str]:
        return {room_id: ongoing.room.name for room_id, ongoing in self._calls.items()}
