"""The connections of this node, their identities, and their calls. In memory."""

import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NewType

from parlour.accounts.identity import Identity, UserId
from parlour.calls.mesh import Mesh, Send
from parlour.calls.replay_buffer import ReplayBuffer
from parlour.rooms.entities import Room, RoomId
from parlour.wire.signaling import PeerId, PeerRecording, PeerRenamed

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


@dataclass(frozen=True, slots=True)
class OngoingCall:
    """The call of a room that has at least one participation."""

    room: Room
    call: Mesh


class Presence:
    """Changes are atomic on the event loop: no method awaits, so no two joins miss each other."""

    def __init__(self) -> None:
        self._connections: dict[ConnectionId, Member] = {}
        self._by_user: defaultdict[UserId, set[ConnectionId]] = defaultdict(set)
        self._calls: dict[RoomId, OngoingCall] = {}
        self._peers: dict[PeerId, ConnectionId] = {}
        self._replay_buffers: dict[PeerId, ReplayBuffer] = {}
        self._away: dict[PeerId, Away] = {}
        self._away_by_user: defaultdict[UserId, dict[PeerId, Away]] = defaultdict(dict)
        # Hot path: attributes, since these lookups are made for each relayed message.
        self.connection: Callable[[ConnectionId], Member | None] = self._connections.get
        self.connection_of: Callable[[PeerId], ConnectionId | None] = self._peers.get
        self.replay_buffer: Callable[[PeerId], ReplayBuffer | None] = self._replay_buffers.get
        self.ongoing_in: Callable[[RoomId], OngoingCall | None] = self._calls.get

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

    def rename(self, user_id: UserId, display_name: str | None) -> list[tuple[RoomId, PeerRenamed]]:
        """Change a person's display name, in away participations too. Return the message for each call."""
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
        renamings = []
        for participation in participations:
            room = participation.room
            after, renaming = self.call(room.room_id).rename(participation.peer_id, display_name)
            if renaming is not None:
                self._calls[room.room_id] = replace(self._calls[room.room_id], call=after)
                renamings.append((room.room_id, renaming))
        return renamings

    def record(self, participation: Participation, *, recording: bool) -> PeerRecording | None:
        """Note whether a member records. Return the message for its call, None if nothing changes."""
        room = participation.room
        after, message = self.call(room.room_id).record(participation.peer_id, recording=recording)
        if message is not None:
            self._calls[room.room_id] = replace(self._calls[room.room_id], call=after)
        return message

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

    def enter(
        self, connection: Member, room: Room, *, now: datetime, resumable: bool = False
    ) -> tuple[Participation, list[Send]]:
        """Begin a participation, under a new peer id."""
        peer_id = PeerId(secrets.token_urlsafe(12))
        participation = Participation(room, peer_id, now, ReplayBuffer() if resumable else None)
        after, sends = self.call(room.room_id).enter(
            peer_id, connection.identity.name, display_name=connection.identity.display_name
        )
        self._settle(connection, participation, after)
        return participation, sends

    def resume(self, connection: Member, participation: Participation, known: Set[PeerId]) -> list[Send]:
        """Attach a participation without a connection, or from before this process started, to
        `connection`.
        """
        identity = connection.identity
        after, sends = self.call(participation.room.room_id).resume(
            participation.peer_id, identity.name, known=known, display_name=identity.display_name
        )
        self._take_from_away(participation.peer_id)
        self._settle(connection, participation, after)
        return sends

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

    def leave(self, connection: Member, participation: Participation) -> list[Send]:
        self._connections[connection.connection_id] = replace(connection, state=Watching())
        return self._take_out(participation)

    def end(self, away: Away) -> list[Send]:
        """End an away participation."""
        self._take_from_away(away.participation.peer_id)
        return self._take_out(away.participation)

    def forget(self, peer_id: PeerId) -> None:
        """Drop a peer id. Call it after the last messages to that peer were sent."""
        self._peers.pop(peer_id, None)
        self._replay_buffers.pop(peer_id, None)

    def renew(self, room: Room) -> list[tuple[Identity, Participation]]:
        """Replace the room in all participations of its call, after the room became an event."""
        ongoing = self._calls.get(room.room_id)
        if ongoing is None:
            return []
        self._calls[room.room_id] = OngoingCall(room, ongoing.call)
        renewed = []
        for peer_id in ongoing.call.members.names:
            away, connection = self._away.get(peer_id), self.connection_at(peer_id)
            if away is not None:
                away = self._away[peer_id] = replace(
                    away, participation=replace(away.participation, room=room)
                )
                renewed.append((away.identity, away.participation))
            elif connection is not None and isinstance(connection.state, Participation):
                participation = replace(connection.state, room=room)
                self._connections[connection.connection_id] = replace(connection, state=participation)
                renewed.append((connection.identity, participation))
        return renewed

    def members_waiting_for(self, room_id: RoomId, absent: PeerId) -> list[PeerId]:
        """Return the members of a call who reported a connection with a peer that has not resumed."""
        return [peer for peer, claimed in self.call(room_id).claims.items() if absent in claimed]

    def expire_claim(self, room_id: RoomId, peer: PeerId, claimed: PeerId) -> list[Send]:
        ongoing = self._calls.get(room_id)
        if ongoing is None:
            return []
        after, sends = ongoing.call.expire_claim(peer, claimed)
        self._calls[room_id] = OngoingCall(ongoing.room, after)
        return sends

    def _settle(self, connection: Member, participation: Participation, call: Mesh) -> None:
        self._calls[participation.room.room_id] = OngoingCall(participation.room, call)
        self._peers[participation.peer_id] = connection.connection_id
        if participation.replay_buffer is not None:
            self._replay_buffers[participation.peer_id] = participation.replay_buffer
        self._connections[connection.connection_id] = replace(connection, state=participation)

    def _take_out(self, participation: Participation) -> list[Send]:
        after, sends = self.call(participation.room.room_id).leave(participation.peer_id)
        if after.members.names:
            self._calls[participation.room.room_id] = OngoingCall(participation.room, after)
        else:
            self._calls.pop(participation.room.room_id, None)
        return sends

    def _take_from_away(self, peer_id: PeerId) -> None:
        away = self._away.pop(peer_id, None)
        if away is None:
            return
        user_id = away.identity.user_id
        del self._away_by_user[user_id][peer_id]
        if not self._away_by_user[user_id]:
            del self._away_by_user[user_id]

    def away(self, peer_id: PeerId) -> Away | None:
        return self._away.get(peer_id)

    def away_of(self, user_id: UserId) -> list[Away]:
        """Return the away participations of a person, the longest away first."""
        return list(self._away_by_user.get(user_id, {}).values())

    def participations_of(self, user_id: UserId, room_id: RoomId) -> tuple[int, list[Away]]:
        """Count a person's connected participations in a room's call, and return the away participations
        too.
        """
        here = sum(
            isinstance(member.state, Participation) and member.state.room.room_id == room_id
            for member in self.connections_of(user_id)
        )
        return here, [away for away in self.away_of(user_id) if away.participation.room.room_id == room_id]

    def identity_of(self, peer_id: PeerId) -> Identity | None:
        """Return the identity of a member, connected or away."""
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

    def call(self, room_id: RoomId) -> Mesh:
        ongoing = self._calls.get(room_id)
        return Mesh() if ongoing is None else ongoing.call

    def peers_in(self, room_id: RoomId) -> Iterable[PeerId]:
        return list(self.call(room_id).members.names)

    def ongoing(self) -> list[Room]:
        """Return the rooms that have a call."""
        return [ongoing.room for ongoing in self._calls.values()]
