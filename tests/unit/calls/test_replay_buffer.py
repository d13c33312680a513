"""What was sent to a visit, by number."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from parlour.calls.replay_buffer import MAX_MESSAGES, MAX_SIZE, ROUNDS, ReplayBuffer
from parlour.wire.sdp import IceCandidate, SessionDescription
from parlour.wire.signaling import (
    AddPeer,
    CandidateFromPeer,
    DescriptionFromPeer,
    PeerId,
)

ANN = PeerId("ann")


def candidate(number: int) -> CandidateFromPeer:
    return CandidateFromPeer(ANN, IceCandidate(candidate=str(number)))


def test_nothing_flows_before_it_may() -> None:
    replay_buffer = ReplayBuffer()
    assert replay_buffer.put(AddPeer(ANN, "ann", create_offer=True)) is False
    assert replay_buffer.flow() == [AddPeer(ANN, "ann", create_offer=True)]
    assert replay_buffer.put(candidate(1)) is True
    assert replay_buffer.flow() == [], "it flows already"


@given(sent=st.integers(0, 50), received=st.integers(0, 60), later=st.integers(0, 20))
def test_it_goes_on_where_the_client_stopped_hearing(sent: int, received: int, later: int) -> None:
    replay_buffer = ReplayBuffer()
    replay_buffer.flow()
    replay_buffer.taken = 7
    for number in range(sent):
        replay_buffer.put(candidate(number))
    replay_buffer.hold()
    missed = replay_buffer.continue_from(received, resets=0)
    for number in range(sent, sent + later):
        assert replay_buffer.put(candidate(number)) is False
    if received <= sent:
        assert missed == [candidate(number) for number in range(received, sent)]
        assert replay_buffer.flow() == [candidate(number) for number in range(received, sent + later)]
        assert (replay_buffer.taken, replay_buffer.sent) == (7, sent + later)
    else:
        assert missed is None
        assert replay_buffer.flow() == [candidate(number) for number in range(sent, sent + later)]
        assert (replay_buffer.taken, replay_buffer.sent) == (0, later), "both begin anew"


def test_what_is_old_is_forgotten_but_not_while_the_line_is_held() -> None:
    replay_buffer = ReplayBuffer()
    replay_buffer.flow()
    replay_buffer.put(candidate(0))
    for _ in range(ROUNDS):
        replay_buffer.forget()
    replay_buffer.put(candidate(1))
    replay_buffer.hold()
    for _ in range(ROUNDS * 2):
        replay_buffer.forget()
    assert replay_buffer.continue_from(0, resets=0) == [candidate(0), candidate(1)]
    replay_buffer.flow()
    for _ in range(ROUNDS * 2):
        replay_buffer.forget()
    replay_buffer.hold()
    assert replay_buffer.continue_from(2, resets=0) == []
    assert replay_buffer.continue_from(1, resets=0) is None


def test_it_is_bounded() -> None:
    replay_buffer = ReplayBuffer()
    for number in range(MAX_MESSAGES * 2):
        replay_buffer.put(candidate(number))
    assert replay_buffer.continue_from(0, resets=0) is None
    large = DescriptionFromPeer(ANN, "ann", SessionDescription("offer", Raw(b"x" * 200_000)))
    for _ in range(10):
        replay_buffer.put(large, 200_000)
    assert len(replay_buffer.flow()) * 200_000 <= MAX_SIZE


def test_a_count_from_before_the_counts_began_anew_says_nothing() -> None:
    """The client has not received the acknowledgement that says so, and may have missed any message since."""
    replay_buffer = ReplayBuffer()
    assert replay_buffer.continue_from(1, resets=0) is None
    replay_buffer.flow()
    for number in range(3):
        replay_buffer.put(candidate(number))
    assert replay_buffer.resets == 1
    assert replay_buffer.continue_from(1, resets=1) == [candidate(1), candidate(2)]
    assert replay_buffer.continue_from(1, resets=None) == [candidate(1), candidate(2)]
    assert replay_buffer.continue_from(1, resets=0) is None
    assert (replay_buffer.resets, replay_buffer.sent) == (2, 0)
