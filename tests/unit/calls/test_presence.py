"""Presence and the calls beside it, under any sequence of connections, visits and ends."""

from datetime import UTC, datetime

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from parlour.accounts.identity import ClientIdentity, Identity, UserId
from parlour.calls.call_replica import CallReplica
from parlour.calls.decisions import Change, Decided, Entered, Left, Renamed, Seat
from parlour.calls.presence import ConnectionId, Participation, Presence, Watching
from parlour.calls.replay_buffer import ReplayBuffer
from parlour.node_id import NodeId
from parlour.rooms.entities import Room, RoomId
from parlour.wire.signaling import AddPeer, PeerId, RemovePeer
from tests.unit.calls.example_rooms import example_room

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CONNECTIONS = [ConnectionId(f"connection-{number}") for number in range(5)]


def client(number: int) -> ClientIdentity:
    return ClientIdentity(
        user_id=UserId(number), email=f"person-{number}@example.org", username=f"person-{number}"
    )


def seat(identity: Identity) -> Seat:
    return Seat(identity.user_id, identity.email, NodeId("here"))


ROOMS = [example_room(number) for number in range(3)]


class PresenceMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.presence = Presence()
        self.calls: dict[RoomId, CallReplica] = {}
        self.people: dict[ConnectionId, ClientIdentity] = {}
        self.participations: dict[ConnectionId, Participation] = {}
        self.seen_peers: set[PeerId] = set()

    def decide(self, room: Room, change: Change) -> Decided:
        return self.calls.setdefault(room.room_id, CallReplica(room)).decide(change)

    @rule(connection=st.sampled_from(CONNECTIONS), person=st.integers(1, 3))
    def connect(self, connection: ConnectionId, person: int) -> None:
        if connection not in self.people:
            self.presence.add(connection, client(person))
            self.people[connection] = client(person)

    @precondition(lambda self: self.people.keys() - self.participations.keys())
    @rule(data=st.data(), room=st.sampled_from(ROOMS))
    def enter(self, data: st.DataObject, room: Room) -> None:
        connection = data.draw(st.sampled_from(sorted(self.people.keys() - self.participations.keys())))
        known = self.presence.connection(connection)
        assert known is not None
        already = [
            participation.peer_id
            for participation in self.participations.values()
            if participation.room == room
        ]
        participation = Participation(room, PeerId(f"peer-{len(self.seen_peers)}"), NOW)
        self.presence.attach(known, participation)
        decided = self.decide(
            room,
            Entered(participation.peer_id, seat(known.identity), known.identity.name),
        )
        told = [send.message.peer_id for send in decided.sends if isinstance(send.message, AddPeer)]
        assert sorted(told) == sorted([*already, *[participation.peer_id] * len(already)])
        self.seen_peers.add(participation.peer_id)
        self.participations[connection] = participation

    @rule(person=st.integers(1, 3), name=st.sampled_from([None, "José", "李"]))
    def rename(self, person: int, name: str | None) -> None:
        """The others are told of each visit that has another name than before, and nobody of the same one."""
        own = [
            participation
            for connection, participation in self.participations.items()
            if self.people[connection] == client(person)
        ]
        for participation in self.presence.rename(UserId(person), name):
            assert participation in own
            before = self.display_name(participation)
            decided = self.decide(participation.room, Renamed(participation.peer_id, name))
            assert (decided.notice is None) == (before == name)
        for participation in own:
            assert self.display_name(participation) == name

    def display_name(self, participation: Participation) -> str | None:
        members = self.calls[participation.room.room_id].mesh.members
        return members.display_names.get(participation.peer_id)

    @precondition(lambda self: self.participations)
    @rule(data=st.data(), disconnects=st.booleans())
    def leave(self, data: st.DataObject, disconnects: bool) -> None:
        connection = data.draw(st.sampled_from(sorted(self.participations)))
        known = self.presence.connection(connection)
        participation = self.participations.pop(connection)
        assert known is not None
        self.presence.leave(known)
        sends = self.decide(participation.room, Left(participation.peer_id)).sends
        others = [other for other in self.participations.values() if other.room == participation.room]
        assert len(sends) == 2 * len(others)
        assert all(isinstance(send.message, RemovePeer) for send in sends)
        # The leaver's own messages still find their way.
        assert self.presence.connection_of(participation.peer_id) == connection
        self.presence.forget(participation.peer_id)
        if disconnects:
            self.presence.remove(connection)
            del self.people[connection]

    @precondition(lambda self: self.people.keys() - self.participations.keys())
    @rule(data=st.data())
    def tell(self, data: st.DataObject) -> None:
        connection = data.draw(st.sampled_from(sorted(self.people)))
        self.presence.remember_sent(connection, ["room 0"])
        known = self.presence.connection(connection)
        assert known is not None
        if connection not in self.participations:
            assert known.state == Watching(["room 0"])

    @invariant()
    def connections_are_as_modelled(self) -> None:
        for connection in CONNECTIONS:
            known = self.presence.connection(connection)
            assert (known.identity if known else None) == self.people.get(connection)
        watching = {connection.connection_id for connection, _ in self.presence.watching()}
        assert watching == self.people.keys() - self.participations.keys()

    @invariant()
    def people_are_where_they_entered(self) -> None:
        for person in range(1, 4):
            theirs = {connection for connection, who in self.people.items() if who.user_id == person}
            found = self.presence.connections_of(UserId(person))
            assert {one.connection_id for one in found} == theirs

    @invariant()
    def rooms_in_use_are_those_with_somebody(self) -> None:
        used = {
            participation.room.room_id: participation.room.name
            for participation in self.participations.values()
        }
        assert {call.room.room_id: call.room.name for call in self.calls.values() if call.seats} == used
        for room in ROOMS:
            inside = {
                participation.peer_id
                for participation in self.participations.values()
                if participation.room == room
            }
            assert set(call.seats if (call := self.calls.get(room.room_id)) else ()) == inside

    @invariant()
    def peers_lead_to_their_connections(self) -> None:
        current = {
            participation.peer_id: connection for connection, participation in self.participations.items()
        }
        for peer in self.seen_peers:
            assert self.presence.connection_of(peer) == current.get(peer)


TestPresence = PresenceMachine.TestCase


def test_who_is_away_is_renamed_too() -> None:
    presence = Presence()
    connection = presence.add(CONNECTIONS[0], client(1))
    participation = Participation(ROOMS[0], PeerId("peer"), NOW, ReplayBuffer())
    presence.attach(connection, participation)
    there = presence.connection(CONNECTIONS[0])
    assert there is not None
    presence.lose(there, participation, now=NOW)
    assert presence.rename(UserId(1), "José") == [participation]
    away = presence.away(participation.peer_id)
    assert away is not None
    assert away.identity.display_name == "José"
    assert presence.away_of(UserId(1)) == [away]
