from parlour.calls.shared.moved_members import MAX_MOVED, MOVED_SECONDS, MovedMembers
from parlour.node_id import NodeId
from parlour.wire.signaling import PeerId

ANN, ONE, TWO = PeerId("ann"), NodeId("one"), NodeId("two")


def test_a_move_is_remembered_for_a_while_and_the_latest_counts() -> None:
    moved = MovedMembers()
    moved.note(ANN, ONE, now=0)
    moved.note(ANN, TWO, now=1)
    assert moved.holder(ANN, now=MOVED_SECONDS) == TWO
    assert moved.holder(ANN, now=1 + MOVED_SECONDS) is None


def test_the_moves_that_are_remembered_are_bounded() -> None:
    moved = MovedMembers()
    for number in range(MAX_MOVED + 1):
        moved.note(PeerId(str(number)), ONE, now=0)
    assert moved.holder(PeerId("0"), now=0) is None
    assert moved.holder(PeerId("1"), now=0) == ONE
