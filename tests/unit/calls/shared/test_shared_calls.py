"""Calls over three nodes whose messages are late, are lost, or end with their node."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from parlour.accounts.identity import UserId
from parlour.calls.call_replica import CallLimits
from parlour.calls.decisions import (
    ClaimExpired,
    Left,
    Lost,
    Recorded,
    Renamed,
    Resumed,
)
from parlour.calls.shared.changed_routes import HANGS_SECONDS, HELD_SECONDS
from parlour.cluster.coordinator import Lease
from parlour.errors import Unavailable
from parlour.rooms.entities import RoomId
from parlour.wire.sdp import IceCandidate
from parlour.wire.signaling import (
    AddPeer,
    CandidateFromPeer,
    OfferIce,
    PeerId,
    RemovePeer,
)
from tests.unit.calls.shared.simulated_cluster import (
    AT,
    LATER,
    LIMITS,
    ROOMS,
    Client,
    Cluster,
    Node,
    link_between,
    new_calls,
    two_who_talk,
)

nodes = st.integers(0, 2)
WITH_LARGE_CALLS = CallLimits(
    people=6, participations=2, mesh=2, has_sfu=True, introduced=3, introduced_again=3
)


class SharedCallsMachine(RuleBasedStateMachine):
    limits = LIMITS

    def __init__(self) -> None:
        super().__init__()
        self.cluster = Cluster(self.limits)
        self.clients: list[Client] = []

    def active(self) -> list[Client]:
        return [client for client in self.clients if client.is_active]

    def alive(self) -> list[Node]:
        return [node for node in self.cluster.nodes if node.is_alive]

    def candidate(self) -> IceCandidate:
        """Return a candidate with a number that is higher than those of all before."""
        return IceCandidate(candidate=str(self.cluster.next_number()))

    def draw(self, data: st.DataObject, clients: list[Client]) -> Client:
        by_peer = {client.peer_id: client for client in clients}
        return by_peer[data.draw(st.sampled_from(sorted(by_peer)))]

    @rule(number=nodes, user=st.integers(1, 5), room=st.sampled_from(sorted(ROOMS)))
    def enter(self, number: int, user: int, room: RoomId) -> None:
        node = self.cluster.nodes[number]
        if node.is_alive:
            client = Client(PeerId(f"peer-{len(self.clients):03}"), UserId(user), ROOMS[room], node)
            self.clients.append(client)
            node.enter(client)

    @rule(data=st.data())
    def gives_up_while_arriving(self, data: st.DataObject) -> None:
        waiting = self.arriving()
        if waiting:
            client = self.draw(data, waiting)
            client.is_leaving = client.is_gone = True

    @rule(data=st.data())
    def a_return_is_given_up(self, data: st.DataObject) -> None:
        """Its client does not know whether it is back, and may come back at any node."""
        returning = {
            one.client.peer_id: node
            for node in self.alive()
            for one in (*node.questions.values(), *node.retries)
            if isinstance(one.change, Resumed) and not one.is_abandoned and one.client.is_inside
        }
        if returning:
            client = self.draw(data, [one for one in self.clients if one.peer_id in returning])
            returning[client.peer_id].give_up(client)
            client.is_away = client.has_to_return = True
            client.node = None

    @precondition(lambda self: self.active())
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        client = self.draw(data, self.active())
        client.is_leaving = True
        assert client.node is not None
        client.left_under = None if client.node.lease is None else client.node.lease_id
        client.node.calls.change(Left(client.peer_id))
        assert not client.is_inside

    @precondition(lambda self: self.active())
    @rule(data=st.data(), forgets=st.booleans())
    def lose_or_come_back(self, data: st.DataObject, forgets: bool) -> None:
        client = self.draw(data, self.active())
        assert client.node is not None
        if client in self.arriving():
            return
        if client.is_away:
            client.node.notice_loss(client)
            if forgets:
                client.offers.clear()
                client.met.clear()
                client.has_forgotten = True
            client.node.come_back(client, is_exact=not forgets)
        else:
            client.is_away = True
            client.node.calls.change(Lost(client.peer_id, AT))

    def arriving(self) -> list[Client]:
        return [
            one.client
            for node in self.alive()
            for one in (*node.questions.values(), *node.retries)
            if not one.is_abandoned
        ]

    @rule(data=st.data(), number=nodes, is_noticed=st.booleans(), is_exact=st.booleans())
    def come_back_elsewhere(self, data: st.DataObject, number: int, is_noticed: bool, is_exact: bool) -> None:
        """Its node may be alive, an island, or dead; it may not answer in time."""
        node, arriving = self.cluster.nodes[number], self.arriving()
        moving = [
            one
            for one in self.clients
            if one.is_inside and not one.is_leaving and one.node is not node and one not in arriving
        ]
        moving = [one for one in moving if one.node is not None or one.has_to_return]
        if moving and node.is_alive:
            client = self.draw(data, moving)
            former = client.node
            if former is not None and former.is_alive and not client.is_away:
                former.unnoticed.append(client)
                if is_noticed:
                    former.notice_loss(client)
            client.is_away, client.has_to_return, client.node = True, False, None
            node.come_back(client, is_exact=is_exact)

    @rule(data=st.data(), number=nodes, is_exact=st.booleans())
    def abandon_a_return_for_another_one(self, data: st.DataObject, number: int, is_exact: bool) -> None:
        """A client gives up the connection by which it comes back, and comes back by another one."""
        node = self.cluster.nodes[number]
        waiting = [
            one
            for former in self.alive()
            for one in (*former.questions.values(), *former.retries)
            if isinstance(one.change, Resumed) and not one.is_abandoned and not one.client.is_leaving
        ]
        if waiting and node.is_alive:
            client = self.draw(data, [one.client for one in waiting])
            for one in waiting:
                one.is_abandoned = one.is_abandoned or one.client is client
            if client.node is not node:
                client.node = None
            node.come_back(client, is_exact=is_exact)

    @precondition(lambda self: self.active())
    @rule(data=st.data(), name=st.sampled_from([None, "José"]), recording=st.booleans())
    def rename_and_record(self, data: st.DataObject, name: str | None, recording: bool) -> None:
        client = self.draw(data, self.active())
        client.display_name = name
        assert client.node is not None
        client.node.calls.change(Renamed(client.peer_id, name))
        client.node.calls.change(Recorded(client.peer_id, recording))

    @precondition(lambda self: self.active())
    @rule(data=st.data())
    def relay(self, data: st.DataObject) -> None:
        sender = self.draw(data, self.active())
        others = [one for one in self.active() if one.room == sender.room and one.node is not sender.node]
        if others and sender.offers and sender.node is not None:
            receiver = self.draw(data, others)
            message = CandidateFromPeer(
                sender.peer_id, IceCandidate(candidate=str(self.cluster.next_number()))
            )
            calls, room_id = sender.node.calls, sender.room.room_id
            try:
                calls.hold_back(room_id, receiver.peer_id, message, 1) or calls.relay(
                    room_id, receiver.peer_id, message
                )
            except Unavailable:
                assert receiver.node is not None

    @precondition(lambda self: self.active())
    @rule(data=st.data())
    def say_to_a_peer_at_the_same_node(self, data: st.DataObject) -> None:
        sender = self.draw(data, self.active())
        node = sender.node
        assert node is not None
        call, known = node.calls.replica(sender.room.room_id), sender.offers.keys() | sender.met
        others = [one for one in self.active() if one.node is node and one.peer_id in known]
        if call is not None and others and not sender.is_away:
            receiver = self.draw(data, others).peer_id
            message = call.mesh.relay(sender.peer_id, OfferIce(receiver, self.candidate()))
            if message and not node.calls.hold_back(sender.room.room_id, receiver, message, 1):
                node.deliver(receiver, message)

    @rule(number=nodes, room=st.sampled_from(sorted(ROOMS)), watches=st.booleans())
    def watch(self, number: int, room: RoomId, watches: bool) -> None:
        node = self.cluster.nodes[number]
        ownership = self.cluster.own(room, node) if node.is_alive else None
        if ownership is not None and watches:
            node.calls.watch(room, ownership)
        elif node.is_alive and not watches:
            node.calls.unwatch(room)

    @precondition(lambda self: self.active())
    @rule(data=st.data())
    def hears_whether_the_call_is_large(self, data: st.DataObject) -> None:
        self.draw(data, self.active()).hear_of_size()

    @rule(data=st.data(), count=st.integers(1, 6))
    def some_messages_arrive(self, data: st.DataObject, count: int) -> None:
        for _ in range(count):
            waiting = [link for link, messages in self.cluster.links.items() if messages]
            if waiting:
                self.cluster.deliver_next(data.draw(st.sampled_from(waiting)))

    @rule(number=nodes)
    def what_was_abandoned_is_given_up(self, number: int) -> None:
        node = self.cluster.nodes[number]
        coming = [*node.questions.values(), *node.retries] if node.is_alive else []
        kept = {one.client for one in coming if not one.is_abandoned}
        for one in coming:
            if one.is_abandoned and one.client not in kept:
                node.give_up(one.client)
        node.retries = [one for one in node.retries if one.client in kept or not one.is_abandoned]

    @rule(data=st.data())
    def a_message_is_lost(self, data: st.DataObject) -> None:
        waiting = [link for link, messages in self.cluster.links.items() if messages]
        if waiting:
            messages = self.cluster.links[data.draw(st.sampled_from(waiting))]
            messages[data.draw(st.integers(0, len(messages) - 1))] = None

    @rule(number=nodes)
    def a_node_does_what_waits(self, number: int) -> None:
        node = self.cluster.nodes[number]
        if node.is_alive:
            node.find_owners()
            node.ask_again()

    @rule(number=nodes)
    def it_gives_free_what_it_owns_for_nothing(self, number: int) -> None:
        node = self.cluster.nodes[number]
        if node.is_alive and node.is_seen:
            for room_id in node.calls.sweep():
                for client in self.clients:
                    client.is_forgotten |= client.room.room_id == room_id and client.node is node
                node.calls.disowned(room_id)
                self.cluster.free(room_id, node)

    @precondition(lambda self: sum(node.is_alive for node in self.cluster.nodes) > 1)
    @rule(number=nodes, sure=st.integers(0, 7))
    def a_node_dies(self, number: int, sure: int) -> None:
        node = self.cluster.nodes[number]
        if sure == 0 and node.is_alive:
            node.is_alive = False
            if node.is_seen:
                self.cluster.lose_sight_of(node)

    @rule(number=nodes, notices=st.booleans())
    def a_node_loses_redis(self, number: int, notices: bool) -> None:
        node = self.cluster.nodes[number]
        if node.is_alive and node.is_seen:
            self.cluster.lose_sight_of(node)
        if node.is_alive and notices:
            self.cluster.notice(node)

    @rule(number=nodes)
    def a_node_gets_redis_back(self, number: int) -> None:
        node = self.cluster.nodes[number]
        if node.is_alive and not node.is_seen:
            self.cluster.notice(node)
            self.cluster.register(node)

    @rule()
    def the_grace_is_over(self) -> None:
        """Who is away with a node that is out of sight ends."""
        for node in self.alive():
            if node.is_seen:
                for room_id in ROOMS:
                    node.calls.end_absent(room_id, lost_before=LATER)

    @rule()
    def it_gets_quiet(self) -> None:
        self.cluster.heal()
        self.cluster.settle()
        self.have_all_come_back_who_want_to()
        self.end_what_nobody_waits_for()
        for client in self.active():
            client.hear_of_size()
        self.check()
        self.cluster.now += 100.0

    def have_all_come_back_who_want_to(self) -> None:
        while returning := [one for one in self.clients if one.is_inside and one.node is None]:
            for client in returning:
                client.has_to_return = False
                self.alive()[0].come_back(client, is_exact=True)
                self.cluster.settle()

    def teardown(self) -> None:
        self.it_gets_quiet()

    def end_what_nobody_waits_for(self) -> None:
        """Have all timers end."""
        for _ in range(2):
            self.the_grace_is_over()
            for node in self.alive():
                for peer_id in list(node.given_up):
                    node.calls.end_given_up(peer_id)
                node.given_up.clear()
                for peer_id, client in list(node.clients.items()):
                    later = client.node  # it has told the others that the connection here is lost
                    is_told = not client.is_gone and later is not None and later.is_alive
                    is_told = is_told and client in node.unnoticed
                    if is_told and client.left_under is not None:
                        # A node that has lost its lease since, or gave the call free, has forgotten who left.
                        has_lease = later is not None and later.lease_id == client.left_under
                        is_told = has_lease and not client.is_forgotten
                    if client.node is not node and not is_told:
                        node.calls.change(Left(peer_id))
                for _, peer_id, absent in node.expected:
                    node.calls.change(ClaimExpired(peer_id, absent))
                node.expected.clear()
            self.cluster.settle()

    def check(self) -> None:
        for room_id in ROOMS:
            inside = {
                one.peer_id: one for one in self.clients if one.is_active and one.room.room_id == room_id
            }
            self._views_are_the_same(room_id, inside)
            views = {peer: client.view() for peer, client in inside.items()}
            for peer, view in views.items():
                if view is None:
                    continue
                if inside[peer].is_large:
                    told = inside[peer].met | view.keys()  # it has not heard that the call was small since
                    assert told == inside.keys() - {peer}, "everybody hears of all others"
                    continue
                assert view.keys() == inside.keys() - {peer}, "everybody knows all others"
                for other, offers in view.items():
                    of_other = views[other]
                    assert of_other is None or offers is not of_other[peer], "one of a pair offers"
        assert not any(node.questions for node in self.alive())

    def _views_are_the_same(self, room_id: RoomId, inside: dict[PeerId, Client]) -> None:
        owner = self.cluster.owner(room_id)
        for node in self.alive():
            if node.calls.knows(room_id):
                seen = node.calls.replica(room_id)
                assert (set() if seen is None else seen.seats.keys()) == inside.keys(), "no ghosts"
        if owner is None or not inside:
            assert not inside, "a call has an owner"
            return
        truth = owner.calls.replica(room_id)
        assert truth is not None
        for client in inside.values():
            assert client.node is not None
            seen = client.node.calls.replica(room_id)
            assert seen is not None
            assert (seen.mesh, seen.seats) == (truth.mesh, truth.seats)
            if client.node.lease is not None and not client.is_away:
                assert client.is_large is not truth.mesh.introduces
            people, limits = len(truth.seats), self.limits
            if limits.has_sfu:
                assert truth.mesh.introduces or people >= limits.introduced_again
                assert not truth.mesh.introduces or people <= limits.introduced
            assert (seen.epoch, seen.version) == (truth.epoch, truth.version)
            assert truth.mesh.members.display_names.get(client.peer_id) == client.display_name
            assert (truth.seats[client.peer_id].away_since is not None) == client.is_away


TestSharedCalls = SharedCallsMachine.TestCase


class LargeCallsMachine(SharedCallsMachine):
    """Above some people nobody is introduced any more; below, all are again, whatever is lost meanwhile."""

    limits = WITH_LARGE_CALLS


TestLargeCalls = LargeCallsMachine.TestCase


def test_who_comes_from_a_dead_node_before_that_is_known_notices_nothing() -> None:
    """The owner of the call takes that node for alive, and it has not said what it told its member."""
    cluster, ann, bob = two_who_talk()
    cluster.nodes[1].is_alive = False
    for client in (ann, bob):
        client.told.clear()
    bob.node, bob.is_away = None, True
    cluster.nodes[2].come_back(bob, is_exact=True)
    cluster.settle()
    assert cluster.nodes[2].clients[bob.peer_id] is bob
    assert ann.told == bob.told == []
    assert ann.offers == {bob.peer_id: False}
    assert bob.offers == {ann.peer_id: True}


@pytest.mark.parametrize("finds_owner_first", [0, 1, 2])
@pytest.mark.parametrize("is_island", [True, False])
def test_who_left_out_of_reach_is_not_let_in_again_by_a_node_that_missed_it(
    finds_owner_first: int, is_island: bool
) -> None:
    """His line to that node seems to be open. He leaves an island, or a node that has come back."""
    cluster, ann, bob = two_who_talk()
    for node in cluster.nodes:
        cluster.lose_sight_of(node)
        cluster.notice(node)
    bob.node, bob.is_away = None, True
    cluster.nodes[1].unnoticed.append(bob)
    third = cluster.nodes[2]
    third.come_back(bob, is_exact=False)
    if is_island:
        third.calls.change(Left(bob.peer_id))
    cluster.heal()
    if not is_island:
        third.calls.change(Left(bob.peer_id))
    cluster.nodes[finds_owner_first].find_owners()
    cluster.settle()
    assert ann.offers == {}
    assert not cluster.nodes[1].clients


def test_an_end_that_a_former_owner_has_decided_in_vain_is_an_end() -> None:
    """It has lost its lease, and does not know it yet: nobody hears of its decision."""
    cluster, ann, bob = two_who_talk()
    owner, second, third = cluster.nodes
    bob.node, bob.is_away = None, True
    second.unnoticed.append(bob)
    owner.come_back(bob, is_exact=False)
    for node in cluster.nodes:
        cluster.lose_sight_of(node)
    owner.calls.change(Left(bob.peer_id))
    for node in (second, third, owner):
        cluster.notice(node)
        cluster.register(node)
        node.find_owners()
    cluster.settle()
    assert ann.offers == {}
    assert not second.clients


def test_a_visit_that_went_on_elsewhere_has_not_ended_where_it_was_before() -> None:
    """His former node is out of reach, does not hear that he went on, and lets him end after the grace."""
    cluster, ann, bob = two_who_talk()
    _, second, third = cluster.nodes
    cluster.lose_sight_of(second)
    cluster.notice(second)
    bob.node, bob.is_away = None, True
    second.unnoticed.append(bob)
    third.come_back(bob, is_exact=False)
    cluster.settle()
    second.notice_loss(bob)
    second.calls.change(Left(bob.peer_id))
    assert list(third.clients) == [bob.peer_id]
    assert not second.clients
    bob.node, bob.is_away = None, True
    third.unnoticed.append(bob)
    second.come_back(bob, is_exact=False)
    assert second.clients[bob.peer_id] is bob
    cluster.heal()
    cluster.settle()
    assert list(second.clients) == [bob.peer_id]
    assert not third.clients
    assert ann.offers[bob.peer_id] is not bob.offers[ann.peer_id]


def test_a_member_that_the_owner_took_for_gone_is_of_its_node_all_the_time() -> None:
    """It gets the chat, and is removed where it may not be there, before the owner has it back."""
    cluster, _, bob = two_who_talk()
    owner, second, _ = cluster.nodes
    cluster.lose_sight_of(second)
    owner.find_owners()
    owner.calls.end_absent(bob.room.room_id, lost_before=LATER)
    cluster.notice(second)
    cluster.register(second)
    second.find_owners()
    is_known = []
    while waiting := [link for link, messages in cluster.links.items() if messages]:
        cluster.deliver_next(waiting[0])
        replica = second.calls.replica(bob.room.room_id)
        is_known.append(replica is not None and bob.peer_id in replica.seats)
        assert second.calls.own_peers_in(bob.room.room_id) == [bob.peer_id]
    assert False in is_known
    assert is_known[-1]


def test_who_came_back_is_not_away_although_the_question_was_lost() -> None:
    cluster, ann, bob = two_who_talk()
    other = cluster.nodes[1]
    bob.is_away = True
    other.calls.change(Lost(bob.peer_id, AT))
    other.come_back(bob, is_exact=True)
    link_between(cluster, 1, 0)[-1] = None
    cluster.settle()
    for node in cluster.nodes[:2]:
        call = node.calls.replica(ann.room.room_id)
        assert call is not None
        assert call.seats[bob.peer_id].away_since is None
    assert ann.offers == {bob.peer_id: False}
    assert bob.offers == {ann.peer_id: True}


def test_the_answer_to_an_earlier_census_does_not_stand_for_that_to_a_later_one() -> None:
    cluster, ann, bob = two_who_talk()
    owner = cluster.nodes[0]
    back = link_between(cluster, 0, 1)
    back += [None, None]
    links = [(cluster.nodes[a].lease, cluster.nodes[b].lease) for a, b in ((0, 1), (1, 0))]
    there_and_back = [(a.lease_id, b.lease_id) for a, b in links if a and b]
    cluster.deliver_next(there_and_back[0])
    cluster.deliver_next(there_and_back[0])
    assert len(link_between(cluster, 1, 0)) == 4, "two censuses, and two requests for the owner's"
    cluster.deliver_next(there_and_back[1])
    cluster.deliver_next(there_and_back[1])
    owner.calls.end(ann.room.room_id, bob.peer_id)
    while back:
        cluster.deliver_next(there_and_back[0])
    cluster.settle()
    call = owner.calls.replica(ann.room.room_id)
    assert call is not None
    assert (bob.peer_id in call.seats) == bob.is_inside, "bob is no ghost"
    assert ann.offers.keys() == call.seats.keys() - {ann.peer_id}


def test_nobody_is_told_anything_when_redis_was_away_for_all() -> None:
    cluster, ann, bob = two_who_talk()
    for client in (ann, bob):
        client.told.clear()
    for node in cluster.nodes:
        cluster.lose_sight_of(node)
        cluster.notice(node)
    cluster.heal()
    cluster.settle()
    assert ann.told == bob.told == []
    for node in cluster.nodes[:2]:
        call = node.calls.replica(ann.room.room_id)
        assert call is not None
        assert call.seats.keys() == {"ann", "bob"}
        assert all(seat.away_since is None for seat in call.seats.values())


def test_people_of_an_island_meet_each_other_at_once_and_the_others_later() -> None:
    cluster, ann, bob = two_who_talk()
    cluster.lose_sight_of(cluster.nodes[1])
    cluster.notice(cluster.nodes[1])
    bea = Client(PeerId("bea"), UserId(3), ann.room, cluster.nodes[1])
    cluster.nodes[1].enter(bea)
    assert bea.offers == {bob.peer_id: True}
    assert bob.offers == {ann.peer_id: True, bea.peer_id: False}, "its media with Ann go on"
    cluster.heal()
    cluster.settle()
    assert ann.offers.keys() == {bob.peer_id, bea.peer_id}
    assert bea.offers.keys() == {ann.peer_id, bob.peer_id}
    assert bob.offers == {ann.peer_id: True, bea.peer_id: False}, "nothing is said again"
    introduced = [message.peer_id for message in (*ann.told, *bea.told) if isinstance(message, AddPeer)]
    assert sorted(introduced) == sorted([ann.peer_id, bea.peer_id, bob.peer_id, bob.peer_id]), "once"


def test_people_of_an_island_are_not_introduced_again_where_it_reports_them_twice() -> None:
    """The owner asks for its census while that is on its way."""
    cluster, ann, bob = two_who_talk()
    first, second, _ = cluster.nodes
    for node in cluster.nodes:
        cluster.lose_sight_of(node)
        cluster.notice(node)
    cid = Client(PeerId("cid"), UserId(3), ann.room, first)
    first.enter(cid)
    cluster.register(second)
    second.find_owners()
    for client in (ann, cid):
        client.told.clear()
    cluster.register(first)
    first.find_owners()
    cluster.settle()
    assert ann.told == []
    assert cid.told == [AddPeer(bob.peer_id, "2", True)]
    assert bob.offers == {ann.peer_id: True, cid.peer_id: False}


@pytest.mark.parametrize("eve_is_first", [True, False])
@pytest.mark.parametrize("owner", [0, 2])
def test_one_of_a_pair_offers_where_one_came_to_the_others_island(eve_is_first: bool, owner: int) -> None:
    """All leases end at once. The owner takes him to be at his former node when it hears of the other one."""
    cluster, _ann, carl = two_who_talk()
    second, third = cluster.nodes[1:]
    eve = Client(PeerId("eve"), UserId(3), carl.room, third)
    if eve_is_first:
        third.enter(eve)
        cluster.settle()
    for node in cluster.nodes:
        cluster.lose_sight_of(node)
        cluster.notice(node)
    if not eve_is_first:
        third.enter(eve)
    second.unnoticed.append(carl)
    carl.is_away, carl.node = True, None
    third.come_back(carl, is_exact=False)
    for number in (owner, 1, 2, 0):
        if not cluster.nodes[number].is_seen:
            cluster.register(cluster.nodes[number])
            cluster.nodes[number].find_owners()
    cluster.settle()
    assert third.clients.keys() == {carl.peer_id, eve.peer_id}
    assert carl.offers[eve.peer_id] is not eve.offers[carl.peer_id]


def test_who_leaves_while_a_member_is_about_to_be_back_is_gone_once() -> None:
    """What its node has kept says so, and the owner takes the member to know him still."""
    cluster, ann, bob = two_who_talk()
    first, second, _ = cluster.nodes
    bob.is_away = True
    second.calls.change(Lost(bob.peer_id, AT))
    first.calls.change(Left(ann.peer_id))
    second.come_back(bob, is_exact=True)
    cluster.settle()
    assert bob.is_inside
    assert bob.told.count(RemovePeer(ann.peer_id, "1")) == 1
    assert bob.offers == {}


def test_a_relay_reaches_a_member_that_has_moved() -> None:
    cluster, ann, bob = two_who_talk()
    bob.is_away, bob.node = True, None
    cluster.nodes[1].calls.change(Lost(bob.peer_id, AT))
    cluster.settle()
    cluster.nodes[2].come_back(bob, is_exact=True)
    message = CandidateFromPeer(ann.peer_id, IceCandidate(candidate="1"))
    cluster.nodes[0].calls.relay(ann.room.room_id, bob.peer_id, message)
    cluster.settle()
    assert bob.heard == [message]
    assert cluster.nodes[2].clients.keys() == {bob.peer_id}
    assert ann.offers == {bob.peer_id: False}


def says(sender: Client, receiver: Client, text: str) -> CandidateFromPeer:
    """Have a member say something to a peer at any node, as `PeerDelivery.pass_on` does."""
    message = CandidateFromPeer(sender.peer_id, IceCandidate(candidate=text))
    node, room_id, to = sender.node, sender.room.room_id, receiver.peer_id
    assert node is not None
    if not node.calls.hold_back(room_id, to, message, 1):
        if to in node.clients:
            node.deliver(to, message)
        else:
            assert node.calls.relay(room_id, to, message)
    return message


def deliver_all(cluster: Cluster, *pairs: tuple[int, int]) -> None:
    """Deliver all that is under way by these links, from one node to another, and by no others."""
    for sender, receiver in pairs:
        while link_between(cluster, sender, receiver):
            cluster.deliver_next((cluster.nodes[sender].lease_id, cluster.nodes[receiver].lease_id))


def three_who_talk() -> tuple[Cluster, Client, Client, Client]:
    """Return a cluster where Ann is at the owner of the call, and Bob and Cid each at a node of their own."""
    cluster, ann, bob = two_who_talk()
    cid = Client(PeerId("cid"), UserId(3), ann.room, cluster.nodes[2])
    cluster.nodes[2].enter(cid)
    cluster.settle()
    return cluster, ann, bob, cid


def moves(client: Client, node: Node) -> None:
    """Have a member lose its connection, and come back at another node before anything else arrives."""
    client.is_away, client.node = True, None
    node.come_back(client, is_exact=True)


def test_a_relay_reaches_a_member_that_was_the_last_one_at_its_former_node() -> None:
    """That node has forgotten the call when a third one, which has not heard of the move, sends it."""
    cluster, ann, bob, cid = three_who_talk()
    bob.is_away, bob.node = True, None
    cluster.nodes[1].calls.change(Lost(bob.peer_id, AT))
    cluster.settle()
    cluster.nodes[0].come_back(bob, is_exact=True)
    deliver_all(cluster, (0, 1))
    assert cluster.nodes[1].calls.rooms() == []
    message = CandidateFromPeer(cid.peer_id, IceCandidate(candidate="1"))
    cluster.nodes[2].calls.relay(ann.room.room_id, bob.peer_id, message)
    cluster.settle()
    assert bob.heard == [message]


def test_no_relay_to_a_peer_that_has_moved_overtakes_one_by_its_former_node() -> None:
    cluster, _, bob, cid = three_who_talk()
    first = says(cid, bob, "1")
    moves(bob, cluster.nodes[0])
    deliver_all(cluster, (0, 2), (0, 1))
    rest = [says(cid, bob, "2"), says(cid, bob, "3")]
    deliver_all(cluster, (2, 0))
    assert bob.heard == [], "it waits for the first"
    cluster.settle()
    assert bob.heard == [first, *rest]
    last = says(cid, bob, "4")
    deliver_all(cluster, (2, 0))
    assert bob.heard[-1] == last, "nothing is waited for twice"


def test_what_is_said_at_the_new_node_waits_for_what_was_said_before() -> None:
    """The former node gives the member away before it hears the first, and before it knows of the move."""
    cluster, ann, bob, _ = three_who_talk()
    first = says(ann, bob, "1")
    moves(bob, cluster.nodes[0])
    second = says(ann, bob, "2")
    assert bob.heard == []
    cluster.settle()
    assert bob.heard == [first, second]


def test_the_former_node_hears_of_the_move_last() -> None:
    cluster, _, bob, cid = three_who_talk()
    first = says(cid, bob, "1")
    moves(bob, cluster.nodes[0])
    deliver_all(cluster, (0, 2))
    second = says(cid, bob, "2")
    deliver_all(cluster, (2, 1), (2, 0), (1, 2), (1, 0))
    assert bob.heard == [], "the first is kept where he was"
    cluster.settle()
    assert bob.heard == [first, second]


@pytest.mark.parametrize("dies", [True, False])
def test_the_end_of_a_route_is_not_waited_for_in_vain(dies: bool) -> None:
    cluster, _, bob, cid = three_who_talk()
    moves(bob, cluster.nodes[0])
    deliver_all(cluster, (0, 2), (0, 1), (2, 0), (1, 0))
    said = says(cid, bob, "1")
    if dies:
        cluster.lose_sight_of(cluster.nodes[1])
    else:
        link_between(cluster, 2, 1).clear()
        cluster.now += HANGS_SECONDS
        cluster.nodes[2].calls.tell_late()
        assert link_between(cluster, 2, 1), "it is sent again"
    cluster.settle()
    assert bob.heard == [said]


def test_a_former_node_that_hangs_is_not_waited_for_for_ever() -> None:
    cluster, _, bob, cid = three_who_talk()
    moves(bob, cluster.nodes[0])
    deliver_all(cluster, (0, 2))
    said = says(cid, bob, "1")
    cluster.now += HELD_SECONDS
    cluster.nodes[2].calls.tell_late()
    deliver_all(cluster, (2, 0))
    assert bob.heard == [said]


def test_a_peer_that_moves_back_at_once_hears_all_in_order() -> None:
    cluster, _, bob, cid = three_who_talk()
    said = [says(cid, bob, "1")]
    for number in (0, 1):
        moves(bob, cluster.nodes[number])
        deliver_all(cluster, (1, 0), (0, 1), (0, 2))
        said.append(says(cid, bob, str(number + 2)))
    cluster.settle()
    assert bob.heard == said


def test_a_peer_that_was_here_meanwhile_is_not_waited_for() -> None:
    """It came from the owner's node, and has gone back there: nothing makes a detour to it."""
    cluster, _, bob, cid = three_who_talk()
    for number in (2, 1):
        moves(bob, cluster.nodes[number])
        cluster.settle()
    said = says(cid, bob, "1")
    deliver_all(cluster, (2, 1))
    assert bob.heard == [said]


@pytest.mark.parametrize("hangs", [True, False])
def test_what_waits_of_a_sender_that_moves_too_comes_before_what_follows(hangs: bool) -> None:
    """If the receiver's former node hangs, which may have earlier words of the sender, it is lost instead."""
    cluster, _, bob, cid = three_who_talk()
    moves(bob, cluster.nodes[0])
    deliver_all(cluster, (0, 2))
    said = [says(cid, bob, "1")]
    cluster.now += 1.0 if hangs else 0.0
    moves(cid, cluster.nodes[0])
    cluster.settle()
    losses = [(bob.peer_id, [cid.peer_id])]
    assert cluster.nodes[0].losses_of_one == (losses if hangs else [])
    said = [*([] if hangs else said), says(cid, bob, "2")]
    cluster.settle()
    assert bob.heard == said


def test_what_waits_for_a_peer_that_moves_on_follows_it_at_once() -> None:
    cluster, _, bob, cid = three_who_talk()
    moves(bob, cluster.nodes[0])
    deliver_all(cluster, (0, 2))
    said = says(cid, bob, "1")
    moves(bob, cluster.nodes[1])
    cluster.settle()
    assert bob.heard == [said]


def test_a_node_of_the_version_before_is_not_waited_for() -> None:
    cluster, _, bob, cid = three_who_talk()
    lease = cluster.nodes[1].lease
    assert lease is not None
    cluster.nodes[2].calls.node_left(lease)
    cluster.nodes[2].calls.node_joined(Lease(lease.lease_id, lease.node_id))
    cluster.settle()
    moves(bob, cluster.nodes[0])
    deliver_all(cluster, (0, 2))
    said = says(cid, bob, "1")
    deliver_all(cluster, (2, 0))
    assert bob.heard == [said]


def test_a_participation_that_has_ended_does_not_come_back_at_another_node() -> None:
    cluster, ann, bob = two_who_talk()
    cluster.nodes[1].calls.change(Left(bob.peer_id))
    bob.is_inside = True
    cluster.settle()
    cluster.nodes[2].come_back(bob, is_exact=True)
    cluster.settle()
    assert not bob.is_inside
    assert ann.offers == {}


def test_a_node_without_members_follows_a_call_that_it_watches() -> None:
    cluster, ann, bob = two_who_talk()
    watcher = cluster.nodes[2].calls
    ownership = cluster.own(ann.room.room_id, cluster.nodes[2])
    assert ownership is not None
    watcher.watch(ann.room.room_id, ownership)
    assert not watcher.knows(ann.room.room_id)
    cluster.settle()
    assert watcher.knows(ann.room.room_id)
    cluster.nodes[1].calls.change(Left(bob.peer_id))
    cluster.settle()
    call = watcher.replica(ann.room.room_id)
    assert call is not None
    assert call.seats.keys() == {ann.peer_id}
    watcher.unwatch(ann.room.room_id)
    cluster.settle()
    assert watcher.replica(ann.room.room_id) is None
    assert watcher.owner(ann.room.room_id) is None, "nothing is kept of it"


def test_who_left_elsewhere_is_not_let_in_again_by_a_node_that_was_away() -> None:
    """Its line to that node still seems to be open."""
    cluster, ann, bob = two_who_talk()
    cluster.lose_sight_of(cluster.nodes[1])
    cluster.settle()
    bob.node, bob.is_away = None, True
    cluster.nodes[2].come_back(bob, is_exact=True)
    cluster.settle()
    cluster.nodes[2].calls.change(Left(bob.peer_id))
    cluster.settle()
    assert ann.offers == {}
    cluster.heal()
    cluster.settle()
    assert ann.offers == {}
    assert bob.peer_id not in cluster.nodes[1].clients


def test_who_left_in_silence_is_gone_once() -> None:
    """Carl has heard of it from his own node, or hears of it by the decision."""
    for notices_nothing in (False, True):
        cluster, ann, bob = two_who_talk()
        node = cluster.nodes[1]
        carl = Client(PeerId("carl"), UserId(3), ann.room, node)
        node.enter(carl)
        cluster.settle()
        if notices_nothing:
            node.calls.change(Left(bob.peer_id))
            cluster.lose_sight_of(node)
        else:
            node.calls.change(Left(bob.peer_id))
            link_between(cluster, 1, 0)[-1] = None
        cluster.heal()
        cluster.settle()
        for client in (ann, carl):
            assert [type(one) for one in client.told].count(RemovePeer) == 1
        assert ann.offers.keys() == {carl.peer_id}
        assert carl.offers.keys() == {ann.peer_id}


def test_a_return_that_was_given_up_is_no_end_of_a_participation() -> None:
    """Its owner has decided it, and the decision was lost. It ends if nobody comes back within the grace."""
    for comes_back in (True, False):
        cluster, ann, bob = two_who_talk()
        third = cluster.nodes[2]
        cluster.nodes[1].calls.change(Lost(bob.peer_id, AT))
        bob.node, bob.is_away = None, True
        cluster.settle()
        third.come_back(bob, is_exact=True)
        cluster.deliver_next((third.lease_id, cluster.nodes[0].lease_id))
        link_between(cluster, 0, 2)[-1] = None
        third.give_up(bob)
        cluster.settle()
        call = cluster.nodes[0].calls.replica(ann.room.room_id)
        assert call is not None
        seat = call.seats[bob.peer_id]
        assert (seat.holder, seat.away_since) == (third.node_id, AT)
        if comes_back:
            third.come_back(bob, is_exact=True)
            cluster.settle()
            assert bob.is_inside
            assert bob.node is third
        third.calls.end_given_up(bob.peer_id)
        cluster.settle()
        assert (bob.peer_id in ann.offers) == comes_back


def test_the_loss_of_what_a_peer_said_is_told_at_the_node_of_the_receiver() -> None:
    cluster, ann, bob = two_who_talk()
    message = CandidateFromPeer(ann.peer_id, IceCandidate(candidate="1"))
    cluster.nodes[0].calls.relay(ann.room.room_id, bob.peer_id, message)
    link_between(cluster, 0, 1)[-1] = None
    cluster.settle()
    assert [node.losses for node in cluster.nodes] == [[], [(ann.room.room_id, [ann.peer_id])], []]
    assert (ann.offers, bob.offers) == ({bob.peer_id: False}, {ann.peer_id: True}), "nobody is told else"


@pytest.mark.parametrize("is_noticed", [True, False])
def test_what_was_under_way_when_a_lease_ended_is_told_to_be_lost(is_noticed: bool) -> None:
    """At both nodes, once they reach each other again. The third one has no members in the call."""
    cluster, ann, bob = two_who_talk()
    first, second, third = cluster.nodes
    room_id = ann.room.room_id
    for node, sender, to in ((first, ann, bob), (second, bob, ann)):
        message = CandidateFromPeer(sender.peer_id, IceCandidate(candidate="1"))
        assert node.calls.relay(room_id, to.peer_id, message)
    cluster.lose_sight_of(second)
    if is_noticed:
        cluster.notice(second)
    cluster.settle()
    assert [node.losses for node in cluster.nodes] == [[], [], []], "they could not negotiate now"
    cluster.heal()
    assert first.losses == [(room_id, [bob.peer_id])]
    assert second.losses == [(room_id, [ann.peer_id])]
    assert third.losses == []
    cluster.settle()
    assert (ann.offers, bob.offers) == ({bob.peer_id: False}, {ann.peer_id: True}), "nobody is told else"
    assert (ann.heard, bob.heard) == ([], [])


def test_the_next_owner_of_a_call_is_where_most_of_its_members_are() -> None:
    cluster, _, bob = two_who_talk()
    first, second, third = cluster.nodes
    for name in ("cem", "dan", "eve"):
        third.enter(Client(PeerId(name), UserId(3), bob.room, third))
        cluster.settle()
        assert not any(node.calls.is_next_owner(bob.room.room_id) for node in cluster.nodes), "it has one"
    first.is_alive = False
    cluster.lose_sight_of(first)
    assert third.calls.is_next_owner(bob.room.room_id)
    assert not second.calls.is_next_owner(bob.room.room_id)
    third.find_owners()
    cluster.settle()
    assert cluster.owner(bob.room.room_id) is third
    assert not third.calls.is_next_owner(bob.room.room_id)


def test_who_comes_back_to_a_new_owner_is_told_once_who_has_left() -> None:
    """A peer leaves while the member is under way, at the node that is to own the call."""
    cluster = Cluster()
    node, other, _ = cluster.nodes
    ann = Client(PeerId("ann"), UserId(1), ROOMS[RoomId(1)], node)
    bob = Client(PeerId("bob"), UserId(2), ann.room, node)
    node.enter(ann)
    node.enter(bob)
    ann.is_away, ann.node = True, None
    other.come_back(ann, is_exact=False)
    cluster.lose_sight_of(node)
    cluster.notice(node)
    cluster.register(node)
    bob.is_leaving = True
    node.calls.change(Left(bob.peer_id))
    for coming in other.questions.values():
        coming.is_abandoned = True
    node.come_back(ann, is_exact=True)
    assert ann.told[-1] == RemovePeer(bob.peer_id, "2")
    assert ann.told.count(ann.told[-1]) == 1


def test_an_owner_that_knows_no_call_yet_is_told_who_has_left() -> None:
    """An island, where a member has left, comes back before the node where the member was until then."""
    cluster = Cluster()
    owner, island, former = cluster.nodes
    ann = Client(PeerId("ann"), UserId(1), ROOMS[RoomId(1)], former)
    former.enter(ann)
    cluster.lose_sight_of(island)
    cluster.notice(island)
    ann.is_away, ann.node = True, None
    island.come_back(ann, is_exact=False)
    ann.is_leaving = True
    island.calls.change(Left(ann.peer_id))
    cluster.lose_sight_of(former)
    cluster.notice(former)
    cluster.own(ann.room.room_id, owner)
    for node in (island, former):
        cluster.register(node)
        cluster.settle()
    assert former.clients == {}


def test_what_a_former_node_kept_in_vain_is_told_to_be_lost() -> None:
    """A member comes back at a node that is out of reach, and its peers speak to the former one meanwhile."""
    cluster, ann, bob = two_who_talk()
    _, former, third = cluster.nodes
    cluster.lose_sight_of(third)
    cluster.notice(third)
    bob.is_away, bob.node = True, None
    former.calls.change(Lost(bob.peer_id, AT))
    cluster.settle()
    third.come_back(bob, is_exact=False)
    cluster.settle()
    message = CandidateFromPeer(ann.peer_id, IceCandidate(candidate="1"))
    assert cluster.nodes[0].calls.relay(ann.room.room_id, bob.peer_id, message)
    cluster.settle()
    assert third.clients.keys() == {bob.peer_id}
    cluster.heal()
    third.losses.clear()
    cluster.settle()
    assert not former.clients
    assert bob.heard == []
    assert (third.losses, third.losses_of_one) == ([], [(bob.peer_id, [ann.peer_id])]), "others lost nothing"
    assert (ann.offers, bob.offers) == ({bob.peer_id: False}, {ann.peer_id: True}), "nobody is told else"


def test_who_came_to_a_node_out_of_reach_hears_who_had_left_there() -> None:
    """The owner learns of both at once, and takes that member to be at its former node still."""
    cluster, ann, bob = two_who_talk()
    _, former, third = cluster.nodes
    cid = Client(PeerId("cid"), UserId(3), ann.room, third)
    third.enter(cid)
    cluster.settle()
    cluster.lose_sight_of(third)
    cid.is_leaving = True
    third.calls.change(Left(cid.peer_id))
    cluster.notice(third)
    bob.is_away, bob.node = True, None
    former.calls.change(Lost(bob.peer_id, AT))
    cluster.settle()
    third.come_back(bob, is_exact=False)
    cluster.heal()
    cluster.settle()
    assert third.clients.keys() == {bob.peer_id}
    assert (ann.offers, bob.offers) == ({bob.peer_id: False}, {ann.peer_id: True})


def test_who_has_left_before_a_node_was_back_is_gone_there() -> None:
    """A member of that node was to be introduced to him again, as soon as it was back."""
    cluster, ann, bob = two_who_talk()
    owner, second, third = cluster.nodes
    cid = Client(PeerId("cid"), UserId(3), ann.room, third)
    third.enter(cid)
    cluster.deliver_next((third.lease_id, owner.lease_id))
    while link_between(cluster, 0, 1):
        cluster.deliver_next((owner.lease_id, second.lease_id))
    assert cid.peer_id in bob.offers
    assert not cid.is_inside, "its node has not heard of the decision"
    for node in cluster.nodes:
        cluster.lose_sight_of(node)
        cluster.notice(node)
    for node in (owner, third):
        cluster.register(node)
        cluster.settle()
    cid.is_leaving = cid.has_forgotten = True
    third.calls.change(Left(cid.peer_id))
    cluster.settle()
    cluster.heal()
    cluster.settle()
    assert (ann.offers, bob.offers) == ({bob.peer_id: False}, {ann.peer_id: True})


def test_nobody_is_waited_for_once_a_node_says_that_he_has_ended() -> None:
    """The owner never had him, but a member that reported a connection with him."""
    cluster, ann, bob = two_who_talk()
    _, second, third = cluster.nodes
    cid = Client(PeerId("cid"), UserId(3), ann.room, third)
    third.enter(cid)
    cluster.settle()
    for node in cluster.nodes:
        cluster.lose_sight_of(node)
        cluster.notice(node)
    third.calls.change(Left(cid.peer_id))
    second.clients.clear()
    second.calls = new_calls(second, cluster)
    bob.node, bob.is_away = None, True
    second.come_back(bob, is_exact=False)
    assert cid.peer_id in bob.offers
    for node in (second, third):
        cluster.register(node)
        cluster.settle()
    assert bob.offers == {ann.peer_id: True}


def _tries_to_join(cluster: Cluster, ann: Client, number: int, name: str) -> Client:
    """Have Bob's client join at a node, with the same key each time, and have the question be on its way."""
    node = cluster.nodes[number]
    bob = Client(PeerId(name), UserId(2), ann.room, node, attempt="bob joins")
    node.enter(bob)
    return bob


def test_a_join_that_is_repeated_at_another_node_leaves_one_member() -> None:
    """Its answer was lost with the connection, and the first node does not know that yet."""
    cluster, ann, bob = two_who_talk()
    cluster.nodes[1].calls.change(Left(bob.peer_id))
    cluster.settle()
    first = _tries_to_join(cluster, ann, 1, "first")
    cluster.settle()
    second = _tries_to_join(cluster, ann, 2, "second")
    cluster.settle()
    assert not first.is_inside
    assert second.is_inside
    assert (ann.offers, second.offers) == ({second.peer_id: False}, {ann.peer_id: True})
    assert not cluster.nodes[1].clients


def test_a_try_of_a_join_that_arrives_after_a_later_one_is_refused() -> None:
    cluster, ann, bob = two_who_talk()
    cluster.nodes[1].calls.change(Left(bob.peer_id))
    cluster.settle()
    first, second = _tries_to_join(cluster, ann, 1, "first"), _tries_to_join(cluster, ann, 2, "second")
    while link_between(cluster, 2, 0):
        cluster.deliver_next((cluster.nodes[2].lease_id, cluster.nodes[0].lease_id))
    cluster.settle()
    assert not first.is_inside
    assert second.is_inside
    assert (ann.offers, second.offers) == ({second.peer_id: False}, {ann.peer_id: True})
