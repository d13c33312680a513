"""Calls over three nodes whose messages are late, are lost, or end with their node."""

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from parlour.accounts.identity import UserId
from parlour.calls.call_replica import CallLimits
from parlour.calls.decisions import Change, Entered, Left, Lost, Notice, Recorded, Renamed, Resumed, Seat
from parlour.calls.shared_calls import SharedCalls, call_name
from parlour.cluster.coordinator import Lease, LeaseId, Ownership
from parlour.node_id import NodeId
from parlour.rooms.entities import Room, RoomId
from parlour.wire.sdp import IceCandidate
from parlour.wire.signaling import AddPeer, CandidateFromPeer, Counted, FromPeer, PeerId, RemovePeer
from tests.unit.calls.example_rooms import example_room

AT = datetime(2026, 1, 1, tzinfo=UTC)
ROOMS = {room.room_id: room for room in (example_room(1), example_room(2))}
NODES = [NodeId(name) for name in ("one", "two", "three")]
nodes = st.integers(0, 2)


@dataclass(eq=False)
class Client:
    """A peer as its client knows it: what was sent to it, in order."""

    peer_id: PeerId
    user_id: UserId
    room: Room
    node: "Node"
    offers: dict[PeerId, bool] = field(default_factory=dict)
    heard: list[FromPeer] = field(default_factory=list)
    is_inside: bool = False
    is_leaving: bool = False
    is_away: bool = False
    display_name: str | None = None

    @property
    def is_active(self) -> bool:
        return self.is_inside and not self.is_leaving and self.node.is_alive

    def seat(self) -> Seat:
        return Seat(self.user_id, f"{self.user_id}@example.org", self.node.lease.node_id)

    def receive(self, message: Counted) -> None:
        match message:
            case AddPeer(peer_id, _, create_offer):
                assert peer_id != self.peer_id
                self.offers[peer_id] = create_offer
            case RemovePeer(peer_id):
                self.offers.pop(peer_id, None)
            case _:
                assert message.peer_id in self.offers, "nobody hears of a peer that it was not told of"
                self.heard.append(message)


class Node:
    """A node with its members; it is what SharedCalls sends by, and what it tells."""

    def __init__(self, number: int, cluster: "Cluster") -> None:
        self.lease = Lease(LeaseId(f"lease-{number}"), NODES[number])
        self.cluster = cluster
        self.is_alive = True
        self.clients: dict[PeerId, Client] = {}
        self.questions: dict[int, tuple[Client, Change]] = {}
        self.calls = SharedCalls(
            NODES[number], self, self, CallLimits(people=6, participations=2), clock=lambda: 0.0
        )

    def ask(self, client: Client, change: Change) -> None:
        number = self.cluster.next_number()
        self.questions[number] = client, change
        self.calls.ask(number, client.room, self.cluster.own(client.room.room_id, self), change)

    # NodeLink

    def send(self, to: LeaseId, body: bytes, /) -> bool:
        receiver = self.cluster.node(to)
        if not receiver.is_alive:
            return False
        self.cluster.links[self.lease.lease_id, to].append(body)
        return True

    def report_loss(self, to: LeaseId, /) -> None:
        self.cluster.links[self.lease.lease_id, to].append(None)

    # OwnMembers

    def answered(self, number: int, refusal: str | None, /) -> bool:
        client, change = self.questions.pop(number)
        if isinstance(change, Entered) and refusal is None:
            if client.is_leaving:
                return False
            client.is_inside = True
            self.clients[client.peer_id] = client
        return refusal is not None or not isinstance(change, Resumed) or client.is_inside

    def deliver(self, to: PeerId, message: Counted, /) -> None:
        self.clients[to].receive(message)

    def notify(self, room_id: RoomId, notice: Notice, /) -> None:
        """The names are looked for in the replicas."""

    def ended(self, peer_id: PeerId, /) -> None:
        client = self.clients.pop(peer_id)
        client.is_inside = False


class Cluster:
    """Links keep the order. A lost message is None: the receiver hears of the loss in its place."""

    def __init__(self) -> None:
        self.links: dict[tuple[LeaseId, LeaseId], deque[bytes | None]] = {}
        self.nodes = [Node(number, self) for number in range(3)]
        self._owners: dict[RoomId, Ownership] = {}
        self._epoch = self._number = 0
        for one in self.nodes:
            one.calls.lease_begun(one.lease)
            for other in self.nodes:
                if one is not other:
                    self.links[one.lease.lease_id, other.lease.lease_id] = deque()
                    one.calls.node_joined(other.lease)

    def next_number(self) -> int:
        self._number += 1
        return self._number

    def node(self, lease: LeaseId) -> Node:
        return next(node for node in self.nodes if node.lease.lease_id == lease)

    def own(self, room_id: RoomId, node: Node) -> Ownership:
        found = self._owners.get(room_id)
        if found is None or not self.node(found.owner).is_alive:
            self._epoch += 1
            found = Ownership(call_name(room_id), node.lease.lease_id, self._epoch)
            self._owners[room_id] = found
        return found

    def owner(self, room_id: RoomId) -> Node | None:
        found = self._owners.get(room_id)
        return None if found is None else self.node(found.owner)

    def deliver_next(self, link: tuple[LeaseId, LeaseId]) -> None:
        sender, to = link
        receiver = self.node(to)
        message = self.links[link].popleft()
        if not receiver.is_alive:
            return
        if message is None:
            receiver.calls.messages_lost(sender)
        else:
            receiver.calls.received(sender, message, ROOMS.__getitem__)

    def kill(self, node: Node) -> None:
        node.is_alive = False
        for (sender, to), waiting in self.links.items():
            if node.lease.lease_id in (sender, to):
                waiting.clear()
        for survivor in self.nodes:
            if survivor.is_alive:
                for room_id in survivor.calls.node_left(node.lease, now=AT):
                    survivor.calls.learn(self.own(room_id, survivor))
                    survivor.calls.lose_absent(room_id, now=AT)

    def settle(self) -> None:
        """Deliver all that is on its way, and end who is away with a dead node."""
        for _ in range(10_000):
            waiting = [link for link, messages in self.links.items() if messages]
            if not waiting:
                break
            self.deliver_next(waiting[0])
        assert not any(self.links.values()), "the nodes never come to rest"


class SharedCallsMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.cluster = Cluster()
        self.clients: list[Client] = []

    def active(self) -> list[Client]:
        return [client for client in self.clients if client.is_active]

    def draw(self, data: st.DataObject, clients: list[Client]) -> Client:
        by_peer = {client.peer_id: client for client in clients}
        return by_peer[data.draw(st.sampled_from(sorted(by_peer)))]

    @rule(number=nodes, user=st.integers(1, 5), room=st.sampled_from(sorted(ROOMS)))
    def enter(self, number: int, user: int, room: RoomId) -> None:
        node = self.cluster.nodes[number]
        if node.is_alive:
            client = Client(PeerId(f"peer-{len(self.clients)}"), UserId(user), ROOMS[room], node)
            self.clients.append(client)
            node.ask(client, Entered(client.peer_id, client.seat(), str(user)))

    @rule(data=st.data())
    def gives_up_while_entering(self, data: st.DataObject) -> None:
        waiting = [client for node in self.cluster.nodes for client, _ in node.questions.values()]
        waiting = [client for client in waiting if not client.is_inside]
        if waiting:
            self.draw(data, waiting).is_leaving = True

    @precondition(lambda self: self.active())
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        client = self.draw(data, self.active())
        client.is_leaving = True
        client.node.ask(client, Left(client.peer_id))

    @precondition(lambda self: self.active())
    @rule(data=st.data(), forgets=st.booleans())
    def lose_or_resume(self, data: st.DataObject, forgets: bool) -> None:
        client = self.draw(data, self.active())
        if client.is_away:
            if forgets:
                client.offers.clear()
            known = frozenset(client.offers)
            change: Change = Resumed(
                client.peer_id, client.seat(), str(client.user_id), client.display_name, known
            )
        else:
            change = Lost(client.peer_id, AT)
        client.is_away = not client.is_away
        client.node.ask(client, change)

    @precondition(lambda self: self.active())
    @rule(data=st.data(), name=st.sampled_from([None, "José"]), recording=st.booleans())
    def rename_and_record(self, data: st.DataObject, name: str | None, recording: bool) -> None:
        client = self.draw(data, self.active())
        client.display_name = name
        client.node.ask(client, Renamed(client.peer_id, name))
        client.node.ask(client, Recorded(client.peer_id, recording))

    @precondition(lambda self: self.active())
    @rule(data=st.data())
    def relay(self, data: st.DataObject) -> None:
        sender = self.draw(data, self.active())
        others = [one for one in self.active() if one.room == sender.room and one.node is not sender.node]
        if others and sender.offers:
            receiver = self.draw(data, others)
            message = CandidateFromPeer(sender.peer_id, IceCandidate(candidate=str(len(self.clients))))
            sender.node.calls.relay(sender.room.room_id, receiver.peer_id, message)

    @rule(data=st.data(), count=st.integers(1, 6))
    def some_messages_arrive(self, data: st.DataObject, count: int) -> None:
        for _ in range(count):
            waiting = [link for link, messages in self.cluster.links.items() if messages]
            if waiting:
                self.cluster.deliver_next(data.draw(st.sampled_from(waiting)))

    @rule(data=st.data())
    def a_message_is_lost(self, data: st.DataObject) -> None:
        waiting = [link for link, messages in self.cluster.links.items() if messages]
        if waiting:
            messages = self.cluster.links[data.draw(st.sampled_from(waiting))]
            messages[data.draw(st.integers(0, len(messages) - 1))] = None

    @precondition(lambda self: sum(node.is_alive for node in self.cluster.nodes) > 1)
    @rule(number=nodes, sure=st.integers(0, 7))
    def a_node_dies(self, number: int, sure: int) -> None:
        node = self.cluster.nodes[number]
        if sure == 0 and node.is_alive:
            self.cluster.kill(node)

    @rule()
    def it_gets_quiet(self) -> None:
        self.cluster.settle()
        self.end_members_of_the_dead()
        self.check()

    def teardown(self) -> None:
        self.it_gets_quiet()

    def end_members_of_the_dead(self) -> None:
        alive = {node.lease.node_id for node in self.cluster.nodes if node.is_alive}
        for room_id in ROOMS:
            owner = self.cluster.owner(room_id)
            call = None if owner is None else owner.calls.replica(room_id)
            if owner is not None and call is not None and owner.is_alive:
                for peer, seat in list(call.seats.items()):
                    if seat.holder not in alive:
                        assert seat.away_since is not None
                        owner.calls.end(room_id, peer)
        self.cluster.settle()

    def check(self) -> None:
        for room_id in ROOMS:
            inside = {
                one.peer_id: one for one in self.clients if one.is_active and one.room.room_id == room_id
            }
            self._views_are_the_same(room_id, inside)
            for peer, client in inside.items():
                assert client.offers.keys() == inside.keys() - {peer}, "everybody knows all others"
                for other in client.offers:
                    assert client.offers[other] is not inside[other].offers[peer], "one of a pair offers"
        assert not any(node.questions for node in self.cluster.nodes if node.is_alive)

    def _views_are_the_same(self, room_id: RoomId, inside: dict[PeerId, Client]) -> None:
        owner = self.cluster.owner(room_id)
        if owner is None or not inside:
            return
        truth = owner.calls.replica(room_id)
        assert truth is not None
        assert truth.seats.keys() == inside.keys(), "nobody is missing, and nobody is a ghost"
        for client in inside.values():
            seen = client.node.calls.replica(room_id)
            assert seen is not None
            assert (seen.mesh, seen.seats) == (truth.mesh, truth.seats)
            assert (seen.epoch, seen.version) == (truth.epoch, truth.version)
            assert truth.mesh.members.display_names.get(client.peer_id) == client.display_name
            assert (truth.seats[client.peer_id].away_since is not None) == client.is_away


TestSharedCalls = SharedCallsMachine.TestCase


def test_who_came_back_is_not_away_although_the_question_was_lost() -> None:
    cluster = Cluster()
    owner, other = cluster.nodes[:2]
    ann = Client(PeerId("ann"), UserId(1), ROOMS[RoomId(1)], owner)
    bob = Client(PeerId("bob"), UserId(2), ann.room, other)
    for client in (ann, bob):
        client.node.ask(client, Entered(client.peer_id, client.seat(), client.peer_id))
    cluster.settle()
    other.ask(bob, Lost(bob.peer_id, AT))
    other.ask(bob, Resumed(bob.peer_id, bob.seat(), bob.peer_id, None, frozenset(bob.offers)))
    cluster.links[other.lease.lease_id, owner.lease.lease_id][-1] = None
    cluster.settle()
    for node in (owner, other):
        call = node.calls.replica(ann.room.room_id)
        assert call is not None
        assert call.seats[bob.peer_id] == bob.seat()
    assert ann.offers == {bob.peer_id: False}
    assert bob.offers == {ann.peer_id: True}


def _cluster_with_a_lost_census() -> tuple[Cluster, Client, Client]:
    """Return a cluster where Bob's node gave his question up, and the census that says so is lost."""
    cluster = Cluster()
    owner, other = cluster.nodes[:2]
    ann = Client(PeerId("ann"), UserId(1), ROOMS[RoomId(1)], owner)
    owner.ask(ann, Entered(ann.peer_id, ann.seat(), ann.peer_id))
    there, back = (other.lease.lease_id, owner.lease.lease_id), (owner.lease.lease_id, other.lease.lease_id)
    cluster.links[there].append(None)
    cluster.deliver_next(there)
    bob = Client(PeerId("bob"), UserId(2), ann.room, other)
    other.ask(bob, Entered(bob.peer_id, bob.seat(), bob.peer_id))
    cluster.deliver_next(back)
    assert len(cluster.links[there]) == 2, "the question, and the census that gave it up"
    cluster.links[there][1] = None
    return cluster, ann, bob


def test_a_lost_census_is_sent_again_although_the_node_has_nobody_in_the_call() -> None:
    cluster, ann, bob = _cluster_with_a_lost_census()
    cluster.settle()
    call = ann.node.calls.replica(ann.room.room_id)
    assert call is not None
    assert call.seats.keys() == {ann.peer_id}, "nobody is a ghost"
    assert not bob.is_inside
    assert not bob.node.questions
    assert ann.offers == {}


def test_a_question_after_a_lost_census_is_answered() -> None:
    cluster, ann, bob = _cluster_with_a_lost_census()
    cluster.settle()
    bea = Client(PeerId("bea"), UserId(3), ann.room, bob.node)
    bea.node.ask(bea, Entered(bea.peer_id, bea.seat(), bea.peer_id))
    cluster.settle()
    assert not bea.node.questions
    assert bea.is_inside
    assert ann.offers == {bea.peer_id: False}
    assert bea.offers == {ann.peer_id: True}


def test_a_question_after_a_lost_census_is_answered_when_the_call_was_empty_meanwhile() -> None:
    cluster, ann, bob = _cluster_with_a_lost_census()
    cluster.settle()
    ann.node.ask(ann, Left(ann.peer_id))
    bea = Client(PeerId("bea"), UserId(3), ann.room, bob.node)
    bea.node.ask(bea, Entered(bea.peer_id, bea.seat(), bea.peer_id))
    cluster.settle()
    assert not bea.node.questions
    assert bea.is_inside
    assert bea.offers == {}


def test_the_answer_to_an_earlier_census_does_not_stand_for_that_to_a_later_one() -> None:
    cluster = Cluster()
    owner, other = cluster.nodes[:2]
    ann = Client(PeerId("ann"), UserId(1), ROOMS[RoomId(1)], owner)
    bob = Client(PeerId("bob"), UserId(2), ann.room, other)
    for client in (ann, bob):
        client.node.ask(client, Entered(client.peer_id, client.seat(), client.peer_id))
    cluster.settle()
    there, back = (other.lease.lease_id, owner.lease.lease_id), (owner.lease.lease_id, other.lease.lease_id)
    cluster.links[back] += [None, None]
    cluster.deliver_next(back)
    cluster.deliver_next(back)
    assert len(cluster.links[there]) == 4, "two censuses, and two requests for the owner's"
    cluster.deliver_next(there)
    cluster.deliver_next(there)
    owner.calls.end(ann.room.room_id, bob.peer_id)
    while cluster.links[back]:
        cluster.deliver_next(back)
    cluster.settle()
    call = owner.calls.replica(ann.room.room_id)
    assert call is not None
    assert (bob.peer_id in call.seats) == bob.is_inside, "bob is no ghost"
    assert ann.offers.keys() == call.seats.keys() - {ann.peer_id}
