"""Which connections there are, who they are, and which call each is in. This one in memory."""

import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NewType

from parlour.accounts.identity import Identity, UserId
from parlour.calls.mesh import Call, Send
from parlour.calls.replay_buffer import Line
from parlour.rooms.entities import Room, RoomId
from parlour.wire.signaling import PeerId, PeerRenamed

ConnectionId = NewType("ConnectionId", str)


@dataclass(frozen=True, slots=True)
class Watching:
    """In no call: told of the rooms in use. `told` is what it heard last."""

    told: list[str] | None = None


@dataclass(frozen=True, slots=True)
class InCall:
    """A visit. One with a line outlives its connection."""

    room: Room
    peer_id: PeerId
    started_at: datetime
    line: Line | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    connection_id: ConnectionId
    identity: Identity
    state: Watching | InCall = field(default_factory=Watching)


@dataclass(frozen=True, slots=True)
class Away:
    """Somebody in a call whose connection is lost, for now."""

    identity: Identity
    visit: InCall
    since: datetime


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
        self._lines: dict[PeerId, Line] = {}
        self._away: dict[PeerId, Away] = {}
        self._away_by_user: defaultdict[UserId, dict[PeerId, Away]] = defaultdict(dict)
        # Asked for each message that is relayed, and nothing but lookups.
        self.connection: Callable[[ConnectionId], Connection | None] = self._connections.get
        self.connection_of: Callable[[PeerId], ConnectionId | None] = self._peers.get
        self.line: Callable[[PeerId], Line | None] = self._lines.get

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

    def rename(self, user_id: UserId, display_name: str | None) -> list[tuple[RoomId, PeerRenamed]]:
        """Also of those who are away. Answers what there is to tell in which calls."""
        visits: list[InCall] = []
        for connection in self.connections_of(user_id):
            identity = replace(connection.identity, display_name=display_name)
            self._connections[connection.connection_id] = replace(connection, identity=identity)
            if isinstance(connection.state, InCall):
                visits.append(connection.state)
        for peer_id in list(self._away_by_user.get(user_id, ())):
            away = self._away[peer_id]
            away = replace(away, identity=replace(away.identity, display_name=display_name))
            self._away[peer_id] = self._away_by_user[user_id][peer_id] = away
            visits.append(away.visit)
        told = []
        for visit in visits:
            room = visit.room
            after, renaming = self.call(room.room_id).rename(visit.peer_id, display_name)
            if renaming is not None:
                self._calls[room.room_id] = replace(self._calls[room.room_id], call=after)
                told.append((room.room_id, renaming))
        return told

    def connections_of(self, user_id: UserId) -> list[Connection]:
        return [self._connections[one] for one in self._by_user.get(user_id, ())]

    def watching(self) -> Iterator[tuple[Connection, Watching]]:
        """Each is looked up when it is its turn: between two of them there may be a wait."""
        for connection_id in list(self._connections):
            connection = self._connections.get(connection_id)
            if connection is not None and isinstance(connection.state, Watching):
                yield connection, connection.state

    def told(self, connection_id: ConnectionId, rooms: list[str]) -> None:
        connection = self._connections.get(connection_id)
        if connection is not None and isinstance(connection.state, Watching):
            self._connections[connection_id] = replace(connection, state=Watching(rooms))

    def enter(
        self, connection: Connection, room: Room, *, now: datetime, resumable: bool = False
    ) -> tuple[InCall, list[Send]]:
        """A visit gets a peer id of its own."""
        peer_id = PeerId(secrets.token_urlsafe(12))
        visit = InCall(room, peer_id, now, Line() if resumable else None)
        after, sends = self.call(room.room_id).enter(
            peer_id, connection.identity.name, display_name=connection.identity.display_name
        )
        self._settle(connection, visit, after)
        return visit, sends

    def come_back(self, connection: Connection, visit: InCall, known: Set[PeerId]) -> list[Send]:
        """To a visit that has no connection now, or none that this server has seen."""
        identity = connection.identity
        after, sends = self.call(visit.room.room_id).come_back(
            visit.peer_id, identity.name, known=known, display_name=identity.display_name
        )
        self._take_from_away(visit.peer_id)
        self._settle(connection, visit, after)
        return sends

    def lose(self, connection: Connection, visit: InCall, *, now: datetime) -> None:
        """The visit goes on without its connection, which watches from now on."""
        self._peers.pop(visit.peer_id, None)
        away = self._away[visit.peer_id] = Away(connection.identity, visit, now)
        self._away_by_user[connection.identity.user_id][visit.peer_id] = away
        self._connections[connection.connection_id] = replace(connection, state=Watching())
        if visit.line is not None:
            visit.line.hold()

    def leave(self, connection: Connection, visit: InCall) -> list[Send]:
        self._connections[connection.connection_id] = replace(connection, state=Watching())
        return self._take_out(visit)

    def end(self, away: Away) -> list[Send]:
        """One who is away does not come back."""
        self._take_from_away(away.visit.peer_id)
        return self._take_out(away.visit)

    def forget(self, peer_id: PeerId) -> None:
        """After the leaver's last messages are on their way."""
        self._peers.pop(peer_id, None)
        self._lines.pop(peer_id, None)

    def renew(self, room: Room) -> list[tuple[Identity, InCall]]:
        """The room is another kind of room than before: all visits of its call are visits of that one."""
        ongoing = self._calls.get(room.room_id)
        if ongoing is None:
            return []
        self._calls[room.room_id] = OngoingCall(room, ongoing.call)
        renewed = []
        for peer_id in ongoing.call.members:
            away, connection = self._away.get(peer_id), self.connection_at(peer_id)
            if away is not None:
                away = self._away[peer_id] = replace(away, visit=replace(away.visit, room=room))
                renewed.append((away.identity, away.visit))
            elif connection is not None and isinstance(connection.state, InCall):
                visit = replace(connection.state, room=room)
                self._connections[connection.connection_id] = replace(connection, state=visit)
                renewed.append((connection.identity, visit))
        return renewed

    def give_up(self, room_id: RoomId, peer: PeerId, claimed: PeerId) -> list[Send]:
        ongoing = self._calls.get(room_id)
        if ongoing is None:
            return []
        after, sends = ongoing.call.give_up(peer, claimed)
        self._calls[room_id] = OngoingCall(ongoing.room, after)
        return sends

    def _settle(self, connection: Connection, visit: InCall, call: Call) -> None:
        self._calls[visit.room.room_id] = OngoingCall(visit.room, call)
        self._peers[visit.peer_id] = connection.connection_id
        if visit.line is not None:
            self._lines[visit.peer_id] = visit.line
        self._connections[connection.connection_id] = replace(connection, state=visit)

    def _take_out(self, visit: InCall) -> list[Send]:
        after, sends = self.call(visit.room.room_id).leave(visit.peer_id)
        if after.members:
            self._calls[visit.room.room_id] = OngoingCall(visit.room, after)
        else:
            self._calls.pop(visit.room.room_id, None)
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
        """The one that went away first comes first."""
        return list(self._away_by_user.get(user_id, {}).values())

    def visits_of(self, user_id: UserId, room_id: RoomId) -> tuple[int, list[Away]]:
        """How often this person is in a room's call on a connection, and which visits there are away."""
        here = sum(
            isinstance(one.state, InCall) and one.state.room.room_id == room_id
            for one in self.connections_of(user_id)
        )
        return here, [away for away in self.away_of(user_id) if away.visit.room.room_id == room_id]

    def identity_of(self, peer_id: PeerId) -> Identity | None:
        """Who is in a call as this peer, on a connection or away."""
        away = self._away.get(peer_id)
        if away is not None:
            return away.identity
        connection = self.connection_at(peer_id)
        return None if connection is None else connection.identity

    def connection_at(self, peer_id: PeerId) -> Connection | None:
        connection_id = self._peers.get(peer_id)
        return None if connection_id is None else self._connections.get(connection_id)

    def lines(self) -> list[Line]:
        return list(self._lines.values())

    def connection_ids(self) -> list[ConnectionId]:
        return list(self._connections)

    def call(self, room_id: RoomId) -> Call:
        ongoing = self._calls.get(room_id)
        return Call() if ongoing is None else ongoing.call

    def peers_in(self, room_id: RoomId) -> Iterable[PeerId]:
        return list(self.call(room_id).members)

    def ongoing(self) -> list[Room]:
        """The rooms in which a call is."""
        return [ongoing.room for ongoing in self._calls.values()]

    def rooms_in_use(self) -> dict[RoomId, str]:
        return {room_id: ongoing.room.name for room_id, ongoing in self._calls.items()}
