"""A call that is decided, and one that follows: both hold the same after each decision."""

from dataclasses import replace
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
from parlour.calls.mesh import Send
from parlour.calls.refusals import BrowserCannotEncrypt, ClientTooOld, RoomFull, TooManyParticipations
from parlour.node_id import NodeId
from parlour.wire.base import RoomEncryption, RoomTopology
from parlour.wire.signaling import AddPeer, MemberJoined, PeerId, PeerRecording, PeerRenamed, RemovePeer
from tests.unit.calls.example_rooms import example_room

AT = datetime(2026, 1, 1, tzinfo=UTC)
PEERS = [PeerId(f"peer-{number}") for number in range(5)]
peers = st.sampled_from(PEERS)
ANN, BOB = UserId(1), UserId(2)


def seat(user_id: UserId = ANN, holder: str = "here", away_since: datetime | None = None) -> Seat:
    return Seat(user_id, f"{user_id}@example.org", NodeId(holder), away_since, knows_sfu=True)


class FollowingMachine(RuleBasedStateMachine):
    """The change arrives as it does from another node: encoded and decoded."""

    limits = CallLimits(people=9, participations=9, has_sfu=True, introduced=3, introduced_again=3)

    def __init__(self) -> None:
        super().__init__()
        self.owner = CallReplica(example_room(1), epoch=7)
        self.follower = CallReplica(example_room(1))

    def decide(self, change: Change) -> None:
        decided = self.owner.decide(change, limits=self.limits)
        arrived: Change = msgspec.msgpack.decode(msgspec.msgpack.encode(decided.change), type=Change)
        assert arrived == change
        assert self.follower.follow(msgspec.structs.replace(decided, change=arrived)) == decided.sends
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


@pytest.mark.parametrize(
    ("of_server", "of_room", "expected"),
    [
        ("auto", "auto", "auto"),
        ("auto", "mesh", "mesh"),
        ("auto", "sfu", "sfu"),
        ("sfu", "auto", "sfu"),
        ("sfu", "mesh", "mesh"),
        ("mesh", "auto", "mesh"),
        ("mesh", "sfu", "mesh"),
    ],
)
def test_a_room_says_which_way_media_take_unless_the_server_has_meshes_alone(
    of_server: RoomTopology, of_room: RoomTopology, expected: RoomTopology
) -> None:
    room = replace(example_room(1), topology=of_room)
    assert CallLimits(people=9, participations=2, topology=of_server).topology_of(room) == expected


@pytest.mark.parametrize(
    ("of_server", "of_room", "expected"),
    [
        ("auto", "auto", "auto"),
        ("auto", "on", "on"),
        ("auto", "off", "off"),
        ("off", "auto", "off"),
        ("off", "on", "on"),
    ],
)
def test_a_room_says_whether_its_calls_are_encrypted_and_the_server_where_it_does_not(
    of_server: RoomEncryption, of_room: RoomEncryption, expected: RoomEncryption
) -> None:
    room = replace(example_room(1), encryption=of_room)
    assert CallLimits(people=9, participations=2, encryption=of_server).encryption_of(room) == expected


def test_a_call_through_the_sfu_that_has_to_be_encrypted_is_none_for_clients_without_a_key() -> None:
    call = CallReplica(replace(example_room(1), topology="sfu", encryption="on"))
    limits = CallLimits(people=64, participations=2, has_sfu=True)
    assert call.giving_way_to(UserId(1), limits, knows_sfu=True, has_key=True) == []
    with pytest.raises(BrowserCannotEncrypt):
        call.giving_way_to(UserId(1), limits, knows_sfu=True, has_key=False)
    with pytest.raises(ClientTooOld):
        call.giving_way_to(UserId(1), limits, knows_sfu=False, has_key=False)


def test_a_call_that_is_to_stay_a_mesh_has_place_for_few() -> None:
    call = CallReplica(replace(example_room(1), topology="mesh"))
    for number in range(8):
        call.decide(Entered(PeerId(f"{number}"), seat(UserId(number)), "ann"))
    limits = CallLimits(people=64, participations=2, has_sfu=True)
    with pytest.raises(RoomFull):
        call.giving_way_to(UserId(8), limits, knows_sfu=True)
    assert call.giving_way_to(UserId(8), replace(limits, has_sfu=False), knows_sfu=True) == []
    call.decide(Left(PeerId("0")))
    assert call.giving_way_to(UserId(8), limits, knows_sfu=False) == []


def test_a_room_that_asks_for_the_sfu_is_none_for_clients_that_know_a_mesh_alone() -> None:
    call = CallReplica(replace(example_room(1), topology="sfu"))
    for most in (64, 5):
        limits = CallLimits(people=most, participations=2, has_sfu=True)
        with pytest.raises(ClientTooOld):
            call.giving_way_to(ANN, limits, knows_sfu=False)
        assert call.giving_way_to(ANN, limits, knows_sfu=True) == []
        assert call.giving_way_to(ANN, replace(limits, has_sfu=False), knows_sfu=False) == []
        assert call.giving_way_to(ANN, replace(limits, topology="mesh"), knows_sfu=False) == []
    as_the_server = CallReplica(example_room(1))
    limits = CallLimits(people=64, participations=2, has_sfu=True, topology="sfu")
    assert as_the_server.giving_way_to(ANN, limits, knows_sfu=False) == []


class Crowd:
    """A call with an SFU, and what each member was sent of the others."""

    def __init__(self) -> None:
        self.call = CallReplica(example_room(1))
        self.limits = CallLimits(people=300, participations=300, has_sfu=True)
        self.offers: dict[PeerId, dict[PeerId, bool]] = {}
        self.met: dict[PeerId, set[PeerId]] = {}

    def enters(self, number: int, *, knows_sfu: bool = True) -> list[Send]:
        peer = PeerId(f"peer-{number:03}")
        self.met[peer] = set(self.call.seats)  # as the answer to its join says
        self.offers[peer] = {}
        change = Entered(peer, msgspec.structs.replace(seat(UserId(number)), knows_sfu=knows_sfu), "ann")
        return self._decide(change)

    def leaves(self, peer: PeerId) -> list[Send]:
        sends = self._decide(Left(peer))
        del self.met[peer], self.offers[peer]
        return sends

    def _decide(self, change: Change) -> list[Send]:
        decided = self.call.decide(change, limits=self.limits)
        for to, message in ((send.to, send.message) for send in decided.sends):
            match message:
                case AddPeer(peer_id=peer_id, create_offer=create_offer):
                    self.met[to].add(peer_id)
                    self.offers[to][peer_id] = create_offer
                case MemberJoined(peer_id=peer_id):
                    self.met[to].add(peer_id)
                case RemovePeer(peer_id=peer_id):
                    self.met[to].remove(peer_id)
                    self.offers[to].pop(peer_id, None)
        if not decided.introduces:
            for known in self.offers.values():
                known.clear()
        return decided.sends


def test_a_call_of_three_hundred_makes_no_introductions_until_it_is_small_again() -> None:
    crowd = Crowd()
    for number in range(300):
        sends = crowd.enters(number)
        if number >= 25:
            assert [type(send.message) for send in sends] == [MemberJoined] * number
        else:
            assert [type(send.message) for send in sends] == [AddPeer] * 2 * number
    while len(crowd.call.seats) > 20:
        leaver = next(iter(crowd.call.seats))
        sends = crowd.leaves(leaver)
        assert [type(send.message) for send in sends] == [RemovePeer] * 2 * len(crowd.call.seats)
        assert all(met == crowd.call.seats.keys() - {peer} for peer, met in crowd.met.items())
    crowd.leaves(next(iter(crowd.call.seats)))
    inside = crowd.call.seats.keys()
    assert len(inside) == 19
    for peer in inside:
        assert crowd.offers[peer].keys() == inside - {peer}
        assert all(offers is not crowd.offers[other][peer] for other, offers in crowd.offers[peer].items())
    for number in range(300, 306):
        crowd.enters(number)
        assert all(known.keys() == inside - {peer} for peer, known in crowd.offers.items())
    crowd.enters(306)
    assert not any(crowd.offers.values())


def test_members_of_a_large_call_are_told_the_member_key_of_a_newcomer() -> None:
    crowd = Crowd()
    for number in range(25):
        crowd.enters(number)
    newcomer = Entered(PeerId("zoe"), msgspec.structs.replace(seat(), member_key="a key"), "zoe")
    decided = crowd.call.decide(newcomer, limits=crowd.limits)
    assert {send.message for send in decided.sends} == {
        MemberJoined(newcomer.peer_id, "zoe", member_key="a key")
    }


def test_members_are_introduced_where_one_of_them_knows_a_mesh_alone_or_there_is_no_sfu() -> None:
    crowd = Crowd()
    for number in range(26):
        crowd.enters(number, knows_sfu=number != 3)
    assert len(crowd.offers[PeerId("peer-000")]) == 25
    crowd = Crowd()
    crowd.limits = CallLimits(people=300, participations=300)
    for number in range(26):
        crowd.enters(number)
    assert len(crowd.offers[PeerId("peer-000")]) == 25
