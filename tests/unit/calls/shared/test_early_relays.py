"""Messages that overtook the introduction of their sender."""

from parlour.calls.shared.early_relays import HELD_SECONDS, MAX_BYTES, MAX_MESSAGES, MAX_SENDERS, EarlyRelays
from parlour.wire.sdp import IceCandidate
from parlour.wire.signaling import CandidateFromPeer, PeerId

ANN, BOB, CARL = PeerId("ann"), PeerId("bob"), PeerId("carl")


def candidate(sender: PeerId, number: int = 0) -> CandidateFromPeer:
    return CandidateFromPeer(sender, IceCandidate(candidate=f"candidate:{number}"))


def test_they_come_in_their_order_to_whom_they_are_for() -> None:
    early = EarlyRelays()
    for number in range(3):
        assert early.hold(BOB, candidate(ANN, number), 10, now=0.0)
    assert early.hold(CARL, candidate(ANN, 9), 10, now=0.0)
    assert early.release(BOB, CARL, now=1.0) == []
    assert early.release(BOB, ANN, now=1.0) == [(candidate(ANN, number), 10) for number in range(3)]
    assert early.release(BOB, ANN, now=1.0) == []
    assert early.release(CARL, ANN, now=1.0) == [(candidate(ANN, 9), 10)]
    assert len(early) == 0


def test_they_are_dropped_when_the_introduction_does_not_come() -> None:
    early = EarlyRelays()
    early.hold(BOB, candidate(ANN, 0), 10, now=0.0)
    early.hold(BOB, candidate(ANN, 1), 10, now=1.0)
    assert early.release(BOB, ANN, now=HELD_SECONDS) == [(candidate(ANN, 1), 10)]


def test_each_sender_has_its_bounds_and_all_have_one() -> None:
    early = EarlyRelays()
    held = [early.hold(BOB, candidate(ANN, number), 1, now=0.0) for number in range(MAX_MESSAGES + 1)]
    assert held == [True] * MAX_MESSAGES + [False]
    assert early.hold(BOB, candidate(CARL), MAX_BYTES, now=0.0)
    assert not early.hold(BOB, candidate(CARL), 1, now=0.0)
    others = [
        early.hold(BOB, candidate(PeerId(f"peer-{number}")), 1, now=0.0) for number in range(MAX_SENDERS)
    ]
    assert others == [True] * (MAX_SENDERS - 2) + [False] * 2
    assert early.hold(BOB, candidate(ANN), 1, now=HELD_SECONDS), "what is outdated takes no place"
