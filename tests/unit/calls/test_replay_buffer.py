"""What was sent to a visit, by number."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from parlour.calls.replay_buffer import MAX_MESSAGES, MAX_SIZE, ROUNDS, Line
from parlour.wire.signaling import (
    AddPeer,
    CandidateFromPeer,
    DescriptionFromPeer,
    IceCandidate,
    PeerId,
    SessionDescription,
)

ANN = PeerId("ann")


def candidate(number: int) -> CandidateFromPeer:
    return CandidateFromPeer(ANN, IceCandidate(candidate=str(number)))


def test_nothing_flows_before_it_may() -> None:
    line = Line()
    assert line.put(AddPeer(ANN, "ann", create_offer=True)) is False
    assert line.flow() == [AddPeer(ANN, "ann", create_offer=True)]
    assert line.put(candidate(1)) is True
    assert line.flow() == [], "it flows already"


@given(sent=st.integers(0, 50), received=st.integers(0, 60), later=st.integers(0, 20))
def test_it_goes_on_where_the_client_stopped_hearing(sent: int, received: int, later: int) -> None:
    line = Line()
    line.flow()
    line.taken = 7
    for number in range(sent):
        line.put(candidate(number))
    line.hold()
    missed = line.continue_from(received)
    for number in range(sent, sent + later):
        assert line.put(candidate(number)) is False
    if received <= sent:
        assert missed == [candidate(number) for number in range(received, sent)]
        assert line.flow() == [candidate(number) for number in range(received, sent + later)]
        assert (line.taken, line.sent) == (7, sent + later)
    else:
        assert missed is None
        assert line.flow() == [candidate(number) for number in range(sent, sent + later)]
        assert (line.taken, line.sent) == (0, later), "both begin anew"


def test_what_is_old_is_forgotten_but_not_while_the_line_is_held() -> None:
    line = Line()
    line.flow()
    line.put(candidate(0))
    for _ in range(ROUNDS):
        line.forget()
    line.put(candidate(1))
    line.hold()
    for _ in range(ROUNDS * 2):
        line.forget()
    assert line.continue_from(0) == [candidate(0), candidate(1)]
    line.flow()
    for _ in range(ROUNDS * 2):
        line.forget()
    line.hold()
    assert line.continue_from(2) == []
    assert line.continue_from(1) is None


def test_it_is_bounded() -> None:
    line = Line()
    for number in range(MAX_MESSAGES * 2):
        line.put(candidate(number))
    assert line.continue_from(0) is None
    large = DescriptionFromPeer(ANN, "ann", SessionDescription("offer", Raw(b"x" * 200_000)))
    for _ in range(10):
        line.put(large)
    assert len(line.flow()) * 200_000 <= MAX_SIZE
