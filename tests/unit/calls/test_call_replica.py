"""A call that is decided, and one that follows: both hold the same after each decision."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from parlour.accounts.identity import UserId
from parlour.calls.call_replica import CallLimits, CallReplica
from parlour.calls.decisions import (
    Change,
    ClaimExpired,
    Entered,
    Left,
    Lost,
    Recorded,
    Renamed,
    Resumed,
    Seat,
)
from parlour.calls.refusals import RoomFull, TooManyParticipations
from parlour.node_id import NodeId
from parlour.wire.signaling import PeerId, PeerRecording, PeerRenamed
from tests.unit.calls.example_rooms import example_room

AT = datetime(2026, 1, 1, tzinfo=UTC)
PEERS = [PeerId(f"peer-{number}") for number in range(5)]
peers = st.sampled_from(PEERS)
ANN, BOB = UserId(1), UserId(2)


def seat(user_id: UserId = ANN, holder: str = "here", away_since: datetime | None = None) -> Seat:
    return Seat(user_id, f"{user_id}@example.org", NodeId(holder), away_since)


class FollowingMachine(RuleBasedStateMachine):
    """The change arrives as it does from another node: encoded and decoded."""

    def __init__(self) -> None:
        super().__init__()
        self.owner = CallReplica(example_room(1), epoch=7)
        self.follower = CallReplica(example_room(1))

    def decide(self, change: Change) -> None:
        decided = self.owner.decide(change)
        arrived: Change = msgspec.msgpack.decode(msgspec.msgpack.encode(decided.change), type=Change)
        assert arrived == change
        self.follower.follow(msgspec.structs.replace(decided, change=arrived))
        assert {send.to for send in decided.sends} <= set(PEERS)

    @rule(peer=peers, user=st.sampled_from([ANN, BOB]), name=st.sampled_from([None, "José"]))
    def enter(self, peer: PeerId, user: UserId, name: str | None) -> None:
        self.decide(Entered(peer, seat(user), str(user), name))

    @rule(peer=peers, known=st.frozensets(peers), holder=st.sampled_from(["here", "there"]))
    def resume(self, peer: PeerId, known: frozenset[PeerId], holder: str) -> None:
        self.decide(Resumed(peer, seat(holder=holder), "ann", None, known - {peer}))

    @rule(peer=peers)
    def lose(self, peer: PeerId) -> None:
        if peer in self.owner.seats:
            self.decide(Lost(peer, AT))

    @rule(peer=peers)
    def leave(self, peer: PeerId) -> None:
        self.decide(Left(peer))

    @rule(peer=peers, name=st.sampled_from([None, "José"]))
    def rename(self, peer: PeerId, name: str | None) -> None:
        self.decide(Renamed(peer, name))

    @rule(peer=peers, recording=st.booleans())
    def record(self, peer: PeerId, recording: bool) -> None:
        self.decide(Recorded(peer, recording))

    @rule(peer=peers, claimed=peers)
    def expire_claim(self, peer: PeerId, claimed: PeerId) -> None:
        self.decide(ClaimExpired(peer, claimed))

    @invariant()
    def both_hold_the_same(self) -> None:
        owner, follower = self.owner, self.follower
        assert (owner.mesh, owner.seats, owner.version) == (follower.mesh, follower.seats, follower.version)
        assert follower.epoch == (owner.epoch if owner.version else 0)

    @invariant()
    def each_member_has_a_seat(self) -> None:
        assert list(self.owner.seats) == list(self.owner.mesh.members.names)


TestFollowing = FollowingMachine.TestCase


def test_a_change_of_names_and_of_recording_is_noticed_by_all_others() -> None:
    call = CallReplica(example_room(1))
    call.decide(Entered(PEERS[0], seat(), "ann"))
    assert call.decide(Recorded(PEERS[0], True)).notice == PeerRecording(PEERS[0], True)
    assert call.decide(Recorded(PEERS[0], True)).notice is None
    assert call.decide(Renamed(PEERS[0], "José")).notice == PeerRenamed(PEERS[0], "ann", "José")
    assert call.decide(Renamed(PEERS[0], "José")).notice is None


def test_the_longest_away_give_way_and_nobody_who_is_connected() -> None:
    call = CallReplica(example_room(1))
    call.decide(Entered(PEERS[0], seat(), "ann"))
    call.decide(Entered(PEERS[1], seat(), "ann"))
    call.decide(Entered(PEERS[2], seat(BOB), "bob"))
    limits = CallLimits(people=9, participations=2)
    with pytest.raises(TooManyParticipations):
        call.giving_way_to(ANN, limits, knows_sfu=False)
    call.decide(Lost(PEERS[1], AT))
    call.decide(Lost(PEERS[0], AT + timedelta(seconds=1)))
    assert call.giving_way_to(ANN, limits, knows_sfu=False) == [PEERS[1]]
    assert call.giving_way_to(BOB, limits, knows_sfu=False) == []
    full = CallLimits(people=3, participations=9)
    assert call.giving_way_to(ANN, full, knows_sfu=False) == [PEERS[1]]
    with pytest.raises(RoomFull):
        call.giving_way_to(BOB, full, knows_sfu=False)
    assert (call.count_of(ANN), call.count_of(BOB)) == (2, 1)


def test_a_join_that_is_repeated_began_a_member_of_the_same_person_alone() -> None:
    """A join that names no attempt repeats none."""
    call = CallReplica(example_room(1))
    first, other = [msgspec.structs.replace(seat(user), attempt="a key") for user in (ANN, BOB)]
    call.decide(Entered(PEERS[0], first, "ann"))
    call.decide(Entered(PEERS[1], other, "bob"))
    call.decide(Entered(PEERS[2], seat(), "ann"))
    assert call.begun_before(Entered(PEERS[3], first, "ann")) == [PEERS[0]]
    assert call.begun_before(Entered(PEERS[3], seat(), "ann")) == []
    assert call.begun_before(Entered(PEERS[0], first, "ann")) == [], "it is asked for again"
