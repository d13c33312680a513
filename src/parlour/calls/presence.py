"""The connections of this node, their identities and their participations. In memory.

Who is in a call, on whichever node, is known by `calls.ongoing_calls`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NewType

from parlour.accounts.identity import Identity, UserId
from parlour.calls.replay_buffer import ReplayBuffer
from parlour.rooms.entities import Room, RoomId
from parlour.wire.signaling import PeerId

ConnectionId = NewType("ConnectionId", str)


@dataclass(frozen=True, slots=True)
class Watching:
    """The state of a connection in no call: it gets the rooms in use. `last_sent` is the latest list sent."""

    last_sent: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Participation:
    """A stay in a call. Only a participation with a replay buffer can be resumed after a lost connection."""

    room: Room
    peer_id: PeerId
    started_at: datetime
    replay_buffer: ReplayBuffer | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A connection with an identity; `state` tells whether it is in a call."""

    connection_id: ConnectionId
    identity: Identity
    state: Watching | Participation = field(default_factory=Watching)


@dataclass(frozen=True, slots=True)
class Away:
    """A participation whose connection is lost and that may still be resumed."""

    identity: Identity
    participation: Participation
    since: datetime


class Presence:
    """Changes are atomic on the event loop: no method awaits."""

    def __init__(self) -> None:
        self._connections: dict[ConnectionId, Member] = {}
        self._by_user: defaultdict[UserId, set[ConnectionId]] = defaultdict(set)
        self._peers: dict[PeerId, ConnectionId] = {}
        self._replay_buffers: dict[PeerId, ReplayBuffer] = {}
        self._away: dict[PeerId, Away] = {}
        self._away_by_user: defaultdict[UserId, dict[PeerId, Away]] = defaultdict(dict)
        # Hot path: attributes, since these lookups are made for each relayed message.
        self.connection: Callable[[ConnectionId], Member | None] = self._connections.get
        self.connection_of: Callable[[PeerId], ConnectionId | None] = self._peers.get
        self.replay_buffer: Callable[[PeerId], ReplayBuffer | None] = self._replay_buffers.get

    def add(self, connection_id: ConnectionId, identity: Identity) -> Member:
        connection = Member(connection_id, identity)
        self._connections[connection_id] = connection
        self._by_user[identity.user_id].add(connection_id)
        return connection

    def remove(self, connection_id: ConnectionId) -> None:
        """Remove a connection, which must have left its call before."""
        connection = self._connections.pop(connection_id, None)
        if connection is None:
            return
        user_id = connection.identity.user_id
        self._by_user[user_id].discard(connection_id)
        if not self._by_user[user_id]:
            del self._by_user[user_id]

    def rename(self, user_id: UserId, display_name: str | None) -> list[Participation]:
        """Change a person's display name, in away participations too. Return all their participations."""
        participations: list[Participation] = []
        for connection in self.connections_of(user_id):
            identity = replace(connection.identity, display_name=display_name)
            self._connections[connection.connection_id] = replace(connection, identity=identity)
            if isinstance(connection.state, Participation):
                participations.append(connection.state)
        for peer_id in list(self._away_by_user.get(user_id, ())):
            away = self._away[peer_id]
            away = replace(away, identity=replace(away.identity, display_name=display_name))
            self._away[peer_id] = self._away_by_user[user_id][peer_id] = away
            participations.append(away.participation)
        return participations

    def connections_of(self, user_id: UserId) -> list[Member]:
        return [self._connections[connection_id] for connection_id in self._by_user.get(user_id, ())]

    def watching(self) -> Iterator[tuple[Member, Watching]]:
        """Yield each connection that is in no call at the moment of its turn: the caller may await in
        between, and the connection may have joined or ended meanwhile.
        """
        for connection_id in list(self._connections):
            connection = self._connections.get(connection_id)
            if connection is not None and isinstance(connection.state, Watching):
                yield connection, connection.state

    def remember_sent(self, connection_id: ConnectionId, rooms: list[str]) -> None:
        connection = self._connections.get(connection_id)
        if connection is not None and isinstance(connection.state, Watching):
            self._connections[connection_id] = replace(connection, state=Watching(rooms))

    def attach(self, connection: Member, participation: Participation) -> None:
        """Begin a participation, or continue one that is away, on a connection."""
        self._take_from_away(participation.peer_id)
        self._peers[participation.peer_id] = connection.connection_id
        if participation.replay_buffer is not None:
            self._replay_buffers[participation.peer_id] = participation.replay_buffer
        self._connections[connection.connection_id] = replace(connection, state=participation)

    def lose(self, connection: Member, participation: Participation, *, now: datetime) -> None:
        """Detach a participation from its connection: the participation is away, the connection in no
        call.
        """
        self._peers.pop(participation.peer_id, None)
        away = self._away[participation.peer_id] = Away(connection.identity, participation, now)
        self._away_by_user[connection.identity.user_id][participation.peer_id] = away
        self._connections[connection.connection_id] = replace(connection, state=Watching())
        if participation.replay_buffer is not None:
            participation.replay_buffer.hold()

    def hold(self, identity: Identity, participation: Participation, *, now: datetime) -> None:
        """Hold a participation that has no connection yet: it is away."""
        peer_id = participation.peer_id
        away = self._away[peer_id] = Away(identity, participation, now)
        self._away_by_user[identity.user_id][peer_id] = away
        if participation.replay_buffer is not None:
            self._replay_buffers[peer_id] = participation.replay_buffer
            participation.replay_buffer.hold()

    def leave(self, connection: Member) -> None:
        """Put a connection in no call. Messages to its peer still arrive, until `forget`."""
        self._connections[connection.connection_id] = replace(connection, state=Watching())

    def end(self, away: Away) -> None:
        """End an away participation. Messages to its peer are still kept, until `forget`."""
        self._take_from_away(away.participation.peer_id)

    def forget(self, peer_id: PeerId) -> None:
        """Drop a peer id. Call it after the last messages to that peer were sent."""
        self._peers.pop(peer_id, None)
        self._replay_buffers.pop(peer_id, None)

    def renew(self, peer_id: PeerId, room: Room) -> tuple[Identity, Participation] | None:
        """Replace the room in a participation. Return None if it is not of this node."""
        away, connection = self._away.get(peer_id), self.connection_at(peer_id)
        if away is not None:
            away = replace(away, participation=replace(away.participation, room=room))
            self._away[peer_id] = self._away_by_user[away.identity.user_id][peer_id] = away
            return away.identity, away.participation
        if connection is not None and isinstance(connection.state, Participation):
            participation = replace(connection.state, room=room)
            self._connections[connection.connection_id] = replace(connection, state=participation)
            return connection.identity, participation
        return None

    def _take_from_away(self, peer_id: PeerId) -> None:
        away = self._away.pop(peer_id, None)
        if away is None:
            return
        user_id = away.identity.user_id
        del self._away_by_user[user_id][peer_id]
        if not self._away_by_user[user_id]:
            del self._away_by_user[user_id]

    def is_empty(self) -> bool:
        """Return True if nobody is connected, and no participation waits for its person to come back."""
        return not self._connections and not self._away

    def away(self, peer_id: PeerId) -> Away | None:
        return self._away.get(peer_id)

    def away_of(self, user_id: UserId) -> list[Away]:
        """Return the away participations of a person, the longest away first."""
        return list(self._away_by_user.get(user_id, {}).values())

    def room_of(self, peer_id: PeerId) -> RoomId | None:
        """Return the room of a member of this node, connected or away."""
        away, connection = self._away.get(peer_id), self.connection_at(peer_id)
        if away is not None:
            return away.participation.room.room_id
        if connection is not None and isinstance(connection.state, Participation):
            return connection.state.room.room_id
        return None

    def identity_of(self, peer_id: PeerId) -> Identity | None:
        """Return the identity of a member of this node, connected or away."""
        away = self._away.get(peer_id)
        if away is not None:
            return away.identity
        connection = self.connection_at(peer_id)
        return None if connection is None else connection.identity

    def connection_at(self, peer_id: PeerId) -> Member | None:
        connection_id = self._peers.get(peer_id)
        return None if connection_id is None else self._connections.get(connection_id)

    def replay_buffers(self) -> list[ReplayBuffer]:
        return list(self._replay_buffers.values())

    def connection_ids(self) -> list[ConnectionId]:
        return list(self._connections)
