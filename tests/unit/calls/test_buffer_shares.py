"""Each sender's share of the buffer of a peer that reads slowly."""

from hypothesis import given
from hypothesis import strategies as st

from parlour.accounts.identity import UserId
from parlour.calls.buffer_shares import BACKLOG_BYTES, MAX_BACKLOG_BYTES, SHARE_BYTES, BufferShares
from parlour.wire.signaling import PeerId

ANN, BOB, MALLORY = UserId(1), UserId(2), UserId(3)
VICTIM, OTHER = PeerId("victim"), PeerId("other")


@given(st.lists(st.tuples(st.sampled_from([ANN, BOB, MALLORY]), st.integers(1, 200_000)), max_size=200))
def test_no_sender_gets_more_than_a_share(sent: list[tuple[UserId, int]]) -> None:
    shares, backlog, by = BufferShares(), BACKLOG_BYTES, dict.fromkeys([ANN, BOB, MALLORY], 0)
    for sender, size in sent:
        if shares.take(VICTIM, sender, size, backlog):
            backlog += size
            by[sender] += size
    assert max(by.values()) <= SHARE_BYTES
    assert backlog <= MAX_BACKLOG_BYTES


def test_one_who_floods_leaves_room_for_others() -> None:
    shares = BufferShares()
    while shares.take(VICTIM, MALLORY, 10_000, BACKLOG_BYTES):
        pass
    assert shares.take(VICTIM, BOB, 10_000, BACKLOG_BYTES + SHARE_BYTES)
    assert shares.take(OTHER, MALLORY, 10_000, BACKLOG_BYTES)
    shares.forget(VICTIM)
    assert shares.take(VICTIM, MALLORY, 10_000, BACKLOG_BYTES)
    shares.forget(VICTIM)
    shares.forget(OTHER)
    assert not shares.taken
