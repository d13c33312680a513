"""An owner tells its own members of repeated introductions once the other nodes have heard of them."""

import pytest

from parlour.accounts.identity import UserId
from parlour.calls.decisions import Left, Lost, Renamed
from parlour.calls.shared.held_introductions import HELD_SECONDS, MAX_HELD, HeldIntroductions
from parlour.cluster.coordinator import LeaseId
from parlour.rooms.entities import RoomId
from parlour.wire.sdp import IceCandidate
from parlour.wire.signaling import AddPeer, CandidateFromPeer, PeerId, RemovePeer
from tests.unit.calls.shared.simulated_cluster import AT, Client, Cluster, link_between, two_who_talk


def _ann_is_back(cluster: Cluster, ann: Client, *, forgets: bool = True) -> None:
    """Have Ann return to the owner, which has lost messages to her: she is to be introduced to Bob again."""
    owner = cluster.nodes[0]
    owner.has_lost.add(ann.peer_id)
    ann.is_away = True
    owner.calls.change(Lost(ann.peer_id, AT))
    cluster.settle()
    if forgets:
        ann.offers.clear()
        ann.has_forgotten = True
    ann.told.clear()
    owner.come_back(ann, is_exact=False)


def _introduced_again() -> tuple[Cluster, Client, Client]:
    """Return two who talk, once the owner has introduced them again, of which only its node has heard."""
    cluster, ann, bob = two_who_talk()
    bob.told.clear()
    _ann_is_back(cluster, ann)
    assert (ann.told, bob.told) == ([], [])
    return cluster, ann, bob


def _dies(cluster: Cluster, number: int) -> None:
    cluster.nodes[number].is_alive = False
    cluster.lose_sight_of(cluster.nodes[number])


def _one_offers(ann: Client, bob: Client) -> bool:
    return ann.offers[bob.peer_id] is not bob.offers[ann.peer_id]


def _said_by(client: Client) -> CandidateFromPeer:
    return CandidateFromPeer(client.peer_id, IceCandidate(candidate="1"))


def test_one_of_a_pair_offers_though_the_owner_dies_with_a_decision_unsent() -> None:
    cluster, ann, bob = _introduced_again()
    ann.is_away, ann.node = True, None
    _dies(cluster, 0)
    cluster.settle()
    cluster.nodes[2].come_back(ann, is_exact=True)
    cluster.settle()
    assert _one_offers(ann, bob)


def test_one_of_a_pair_offers_though_the_owner_dies_before_it_hears_that_its_decision_was_followed() -> None:
    cluster, ann, bob = _introduced_again()
    while link_between(cluster, 0, 1):
        cluster.deliver_next((cluster.nodes[0].lease_id, cluster.nodes[1].lease_id))
    assert bob.offers == {ann.peer_id: False}
    assert ann.told == []
    ann.is_away, ann.node = True, None
    _dies(cluster, 0)
    cluster.settle()
    cluster.nodes[2].come_back(ann, is_exact=True)
    cluster.settle()
    assert _one_offers(ann, bob)


def test_both_are_told_once() -> None:
    cluster, ann, bob = _introduced_again()
    cluster.settle()
    assert ann.told == [AddPeer(bob.peer_id, "2", True)]
    assert bob.told == [AddPeer(ann.peer_id, "1", False)]


def test_what_a_peer_says_waits_for_its_introduction() -> None:
    cluster, ann, bob = _introduced_again()
    message = _said_by(bob)
    cluster.nodes[1].calls.relay(ann.room.room_id, ann.peer_id, message)
    cluster.deliver_next((cluster.nodes[1].lease_id, cluster.nodes[0].lease_id))
    assert ann.told == []
    cluster.settle()
    assert ann.told == [AddPeer(bob.peer_id, "2", True), message]


def test_what_a_peer_at_the_owner_says_waits_for_its_introduction_too() -> None:
    """Ann comes back to the owner, where Cid is. She has not heard of him, and another node has to follow."""
    cluster, ann, _ = two_who_talk()
    owner = cluster.nodes[0]
    cid = Client(PeerId("cid"), UserId(3), ann.room, owner)
    owner.enter(cid)
    cluster.settle()
    assert not owner.calls.hold_back(ann.room.room_id, ann.peer_id, _said_by(cid), 1)
    _ann_is_back(cluster, ann)
    assert owner.calls.hold_back(ann.room.room_id, ann.peer_id, _said_by(cid), 1)
    assert not owner.calls.hold_back(ann.room.room_id, ann.peer_id, _said_by(ann), 1)
    assert ann.told == []
    cluster.settle()
    assert [one for one in ann.told if one.peer_id == cid.peer_id] == [
        AddPeer(cid.peer_id, "3", True),
        _said_by(cid),
    ]


def test_a_node_whose_word_is_lost_says_it_by_its_census() -> None:
    cluster, ann, bob = _introduced_again()
    cluster.deliver_next((cluster.nodes[0].lease_id, cluster.nodes[1].lease_id))
    link_between(cluster, 1, 0)[-1] = None
    cluster.settle()
    assert [type(one) for one in ann.told] == [AddPeer]
    assert _one_offers(ann, bob)


def test_a_decision_that_is_lost_is_made_again() -> None:
    cluster, ann, bob = _introduced_again()
    link_between(cluster, 0, 1)[-1] = None
    cluster.settle()
    assert [type(one) for one in ann.told] == [AddPeer]
    assert _one_offers(ann, bob)


def test_nobody_waits_long_for_a_node_that_says_nothing() -> None:
    cluster, ann, bob = _introduced_again()
    cluster.now += HELD_SECONDS - 0.1
    cluster.nodes[0].calls.tell_late()
    assert ann.told == []
    cluster.now += 0.1
    cluster.nodes[0].calls.tell_late()
    assert ann.told == [AddPeer(bob.peer_id, "2", True)]
    cluster.settle()
    assert len(ann.told) == 1


def test_nobody_waits_for_a_node_that_is_gone() -> None:
    cluster, ann, bob = _introduced_again()
    _dies(cluster, 1)
    assert ann.told == [AddPeer(bob.peer_id, "2", True)]


def test_all_nodes_are_waited_for() -> None:
    """Any of them may own the call next."""
    cluster, ann, bob = two_who_talk()
    first, second, third = (node.lease_id for node in cluster.nodes)
    cid = Client(PeerId("cid"), UserId(3), ann.room, cluster.nodes[2])
    cluster.nodes[2].enter(cid)
    cluster.settle()
    _ann_is_back(cluster, ann)
    cluster.deliver_next((first, second))
    cluster.deliver_next((second, first))
    assert ann.told == []
    cluster.deliver_next((first, third))
    cluster.deliver_next((third, first))
    assert {one.peer_id for one in ann.told if isinstance(one, AddPeer)} == {bob.peer_id, cid.peer_id}


def test_nobody_waits_for_a_node_that_follows_the_call_no_longer() -> None:
    cluster, ann, bob = two_who_talk()
    watcher = cluster.nodes[2]
    ownership = cluster.own(ann.room.room_id, watcher)
    assert ownership is not None
    watcher.calls.watch(ann.room.room_id, ownership)
    cluster.settle()
    _ann_is_back(cluster, ann)
    assert link_between(cluster, 0, 2)
    watcher.calls.unwatch(ann.room.room_id)
    cluster.settle()
    assert ann.told == [AddPeer(bob.peer_id, "2", True)]


def test_who_is_back_before_that_is_introduced_by_the_next_decision() -> None:
    """What the owner has kept for her is complete, but for what it holds."""
    cluster, ann, bob = _introduced_again()
    owner = cluster.nodes[0]
    ann.is_away = True
    owner.calls.change(Lost(ann.peer_id, AT))
    owner.come_back(ann, is_exact=True)
    assert ann.told == []
    cluster.settle()
    assert [type(one) for one in ann.told] == [AddPeer]
    assert _one_offers(ann, bob)


@pytest.mark.parametrize("forgets", [True, False])
def test_a_peer_that_leaves_meanwhile_is_gone(forgets: bool) -> None:
    """Ann is told of it if she still knows him."""
    cluster, ann, bob = two_who_talk()
    cluster.nodes[1].calls.change(Lost(bob.peer_id, AT))
    bob.is_away = True
    cluster.settle()
    cluster.nodes[1].come_back(bob, is_exact=False)
    cluster.settle()
    _ann_is_back(cluster, ann, forgets=forgets)
    cluster.nodes[0].calls.end(ann.room.room_id, bob.peer_id)
    assert ann.told == ([] if forgets else [RemovePeer(bob.peer_id, "2")])
    cluster.settle()
    assert ann.offers == {}


def test_a_peer_that_is_renamed_meanwhile_has_its_new_name() -> None:
    cluster, ann, bob = _introduced_again()
    cluster.nodes[1].calls.change(Renamed(bob.peer_id, "José"))
    cluster.settle()
    assert ann.told == [AddPeer(bob.peer_id, "2", True, "José")]


def test_one_of_a_pair_offers_though_the_owner_loses_its_lease() -> None:
    """Until it is back, its member keeps the connection that she has."""
    cluster, ann, bob = two_who_talk()
    cluster.nodes[1].calls.change(Lost(bob.peer_id, AT))
    bob.is_away = True
    cluster.settle()
    bob.offers.clear()
    bob.has_forgotten = True
    ann.told.clear()
    cluster.nodes[1].come_back(bob, is_exact=False)
    cluster.deliver_next((cluster.nodes[1].lease_id, cluster.nodes[0].lease_id))
    cluster.lose_sight_of(cluster.nodes[0])
    cluster.notice(cluster.nodes[0])
    assert ann.told == []
    cluster.heal()
    cluster.settle()
    assert _one_offers(ann, bob)


@pytest.mark.parametrize("is_heard", [True, False])
@pytest.mark.parametrize("forgets", [True, False])
@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0)])
def test_one_of_a_pair_offers_though_all_leases_end(
    order: tuple[int, ...], forgets: bool, is_heard: bool
) -> None:
    """Redis comes back empty while something is held, of which the other node has heard or has not."""
    cluster, ann, bob = two_who_talk()
    _ann_is_back(cluster, ann)
    cluster.settle()
    _ann_is_back(cluster, ann, forgets=forgets)
    if is_heard:
        cluster.deliver_next((cluster.nodes[0].lease_id, cluster.nodes[1].lease_id))
    assert ann.told == []
    for node in cluster.nodes:
        cluster.lose_sight_of(node)
        cluster.notice(node)
    assert ann.told == []
    for number in order:
        cluster.register(cluster.nodes[number])
        cluster.nodes[number].find_owners()
    cluster.settle()
    assert _one_offers(ann, bob)


def test_a_member_that_has_left_is_told_nothing() -> None:
    cluster, ann, bob = _introduced_again()
    ann.is_leaving = True
    cluster.nodes[0].calls.change(Left(ann.peer_id))
    cluster.settle()
    assert not any(isinstance(one, AddPeer) for one in ann.told)
    assert bob.offers == {}


def test_no_more_is_held_than_the_bound() -> None:
    held, room, lease = HeldIntroductions(), RoomId(1), LeaseId("lease")

    def hold(number: int) -> bool:
        message = AddPeer(PeerId(str(number)), "2", True)
        return held.hold(room, PeerId("ann"), message, stamp=(1, 1), unconfirmed={lease}, now=0.0)

    assert all(hold(number) for number in range(MAX_HELD))
    assert not hold(MAX_HELD)
    assert hold(0), "in the place of the former one"
    assert len(held.confirm(room, lease, (1, 1))) == MAX_HELD
    assert held.rooms == {}
    assert hold(MAX_HELD)
