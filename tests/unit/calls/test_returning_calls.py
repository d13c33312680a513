"""Calls are found at SFUs by the names of their rooms."""

from parlour.calls.returning_calls import ReturningCalls
from parlour.calls.topology_rules import Topology
from parlour.rooms.entities import RoomId
from parlour.sfu_link import SfuNumber
from parlour.wire.signaling import PeerId

ONE, OTHER = SfuNumber(1), SfuNumber(2)
ROOM, MARK = RoomId(7), "0123456789abcdef"


def opened(
    number: int, *, owner_epoch: int = 3, sfu: SfuNumber = ONE, is_encrypted: bool = False
) -> Topology:
    topology = Topology(owner_epoch, number, is_settled=False, is_encrypted=is_encrypted)
    return topology.opened(ROOM, sfu, MARK)


def test_a_rooms_name_says_the_topology() -> None:
    topology = opened(4)
    for one in (topology, opened(4, is_encrypted=True)):
        assert Topology.in_room(ONE, one.sfu_room) == (ROOM, one)
    assert topology.epoch == f"3-4-{MARK}"
    for other in (
        "",
        "7-1",
        "7-3-4",
        f"7-3-4-{MARK}0",
        f"7-3-4-{MARK[1:]}",
        f"-7-3-4-{MARK}",
        f"7-3-٤-{MARK}",
    ):
        assert Topology.in_room(ONE, other) is None


def test_the_latest_room_is_found() -> None:
    calls = ReturningCalls(grace=10.0)
    calls.see(ONE, [opened(4).sfu_room, opened(2).sfu_room], known=())
    calls.see(OTHER, [opened(5, sfu=OTHER).sfu_room, opened(9, owner_epoch=2).sfu_room], known=())
    assert calls.find(ROOM) == opened(5, sfu=OTHER)
    calls.lose(OTHER)
    assert calls.find(ROOM) == opened(4)
    calls.see(ONE, [opened(4).sfu_room], known={opened(4).sfu_room})
    assert calls.find(ROOM) is None and calls.find(RoomId(8)) is None


def test_people_are_awaited_for_a_while() -> None:
    calls = ReturningCalls(grace=10.0)
    ann, bob, cyd = (PeerId(name) for name in ("ann", "bob", "cyd"))
    assert calls.awaited(ROOM, {ann}, now=0.0) == frozenset()
    calls.begin(ROOM, opened(4), frozenset({ann, bob}), now=5.0)
    assert [calls.awaited(ROOM, {ann, cyd}, now) for now in (5.0, 14.9, 15.0)] == [{bob}, {bob}, frozenset()]
    calls.end(ROOM)
    assert calls.of(ROOM) is None and calls.awaited(ROOM, {ann}, now=6.0) == frozenset()
