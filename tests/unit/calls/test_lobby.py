"""Connections in the lobby: each waits for one call, and is told of one change."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from parlour.calls.lobby import MAX_WAITING_FOR_A_CALL, Lobby
from parlour.calls.presence import ConnectionId
from parlour.rooms.entities import Room
from parlour.wire.signaling import CallChanged
from tests.unit.calls.example_rooms import example_room

CONNECTIONS = st.sampled_from([ConnectionId(f"connection-{number}") for number in range(4)])

ROOMS = st.sampled_from([example_room(number) for number in range(3)])


class LobbyMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[ConnectionId, CallChanged]] = []
        self.expected: list[tuple[ConnectionId, CallChanged]] = []
        self.waiting: dict[ConnectionId, Room] = {}
        self.lobby = Lobby(lambda connection, message: self.told.append((connection, message)))

    @rule(connection=CONNECTIONS, room=ROOMS)
    def wait(self, connection: ConnectionId, room: Room) -> None:
        self.lobby.wait(connection, room)
        self.waiting[connection] = room

    @rule(connection=CONNECTIONS)
    def leave(self, connection: ConnectionId) -> None:
        self.lobby.leave(connection)
        self.waiting.pop(connection, None)

    @rule(room=ROOMS)
    def change(self, room: Room) -> None:
        self.lobby.call_changed(room)
        told = [connection for connection, waits_for in self.waiting.items() if waits_for is room]
        for connection in told:
            del self.waiting[connection]
            self.expected.append((connection, CallChanged(room.name)))

    @invariant()
    def each_was_told_of_its_call_once(self) -> None:
        assert sorted(self.told, key=repr) == sorted(self.expected, key=repr)


TestLobby = LobbyMachine.TestCase


def test_a_bounded_number_is_told() -> None:
    told: list[ConnectionId] = []
    lobby = Lobby(lambda connection, _: told.append(connection))
    for number in range(MAX_WAITING_FOR_A_CALL + 10):
        lobby.wait(ConnectionId(str(number)), example_room(1))
    lobby.call_changed(example_room(1))
    lobby.call_changed(example_room(1))
    assert len(told) == MAX_WAITING_FOR_A_CALL
    for number in range(MAX_WAITING_FOR_A_CALL + 10):
        lobby.leave(ConnectionId(str(number)))
