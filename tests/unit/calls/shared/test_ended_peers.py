"""Participations that have ended, of which a bounded number is remembered."""

from parlour.calls.shared.ended_peers import MAX_OF_A_ROOM, MAX_ROOMS, EndedPeers
from parlour.rooms.entities import RoomId
from parlour.wire.signaling import PeerId

GARDEN = RoomId(0)


def test_the_latest_of_a_room_are_known_and_come_in_their_order() -> None:
    ended = EndedPeers()
    peers = [PeerId(f"peer-{number}") for number in range(MAX_OF_A_ROOM + 1)]
    ended.add_all(GARDEN, dict.fromkeys(peers, 1.0))
    assert list(ended.of(GARDEN)) == peers[1:]
    assert not ended.has(GARDEN, peers[0])
    assert not ended.has(RoomId(1), peers[1])
    ended.discard(GARDEN, peers[1])
    ended.discard(RoomId(1), peers[2])
    assert list(ended.of(GARDEN)) == peers[2:]
    assert ended.held_since(GARDEN, peers[2]) == 1.0
    assert ended.held_since(GARDEN, peers[1]) is None


def test_rooms_are_forgotten_by_their_last_end() -> None:
    ended, peer = EndedPeers(), PeerId("peer")
    for number in range(MAX_ROOMS):
        ended.add(RoomId(number), peer)
    ended.add(GARDEN, PeerId("later"))
    ended.add(RoomId(MAX_ROOMS), peer)
    assert ended.has(GARDEN, peer)
    assert not ended.has(RoomId(1), peer)
