"""Calls over three nodes whose messages are late, are lost, or end with their node."""

from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from parlour.accounts.identity import UserId
from parlour.calls.call_replica import CallLimits
from parlour.calls.decisions import (
    ClaimExpired,
    Entered,
    Left,
    Lost,
    Notice,
    Recorded,
    Renamed,
    Resumed,
    Seat,
)
from parlour.calls.shared.calls import SharedCalls
from parlour.calls.shared.interfaces import Arrival, call_name
from parlour.calls.shared.introductions import Stamp
from parlour.calls.shared.messages import ELSEWHERE, ENDED, MOVED
from parlour.cluster.coordinator import Lease, LeaseId, Ownership
from parlour.errors import Unavailable
from parlour.node_id import NodeId
from parlour.rooms.entities import Room, RoomId
from parlour.wire.sdp import IceCandidate
from parlour.wire.signaling import (
    AddPeer,
    CandidateFromPeer,
    Counted,
    FromPeer,
    MemberJoined,
    PeerId,
    RemovePeer,
)
from tests.unit.calls.example_rooms import example_room

AT = datetime(2026, 1, 1, tzinfo=UTC)
LATER = AT + timedelta(hours=1)
ROOMS = {room.room_id: room for room in (example_room(1), example_room(2))}
NODES = [NodeId(name) for name in ("one", "two", "three")]
nodes = st.integers(0, 2)


@dataclass(eq=False)
class Client:
    """A peer as its client knows it: what was sent to it, in order.

    `node` holds its connection or its lost one; None while it comes back at another node. `visited` is the
    node of its resume token.
    """

    peer_id: PeerId
    user_id: UserId
    room: Room
    node: "Node | None"
    offers: dict[PeerId, bool] = field(default_factory=dict)
    heard: list[FromPeer] = field(default_factory=list)
    told: list[Counted] = field(default_factory=list)
    is_inside: bool = False
    is_leaving: bool = False
    is_gone: bool = False
    """It has gone without a word to any node, or has been refused."""
    is_away: bool = False
    has_forgotten: bool = False
    has_to_return: bool = False
    """Its connection was closed, since its participation went on elsewhere."""
    visited: "Node | None" = None
    display_name: str | None = None

    @property
    def is_active(self) -> bool:
        return self.is_inside and not self.is_leaving and self.node is not None and self.node.is_alive

    def view(self) -> dict[PeerId, bool] | None:
        """Return the peers that it knows once it has come back, and whether it makes the offers; None if it
        will be introduced to all again.
        """
        offers = dict(self.offers)
        if self.is_away and self.node is not None:
            if self.peer_id in self.node.has_lost:
                return None
            for message in self.node.kept.get(self.peer_id, ()):
                if isinstance(message, AddPeer):
                    offers[message.peer_id] = message.create_offer
                elif isinstance(message, RemovePeer):
                    offers.pop(message.peer_id, None)
        return offers

    def receive(self, message: Counted) -> None:
        self.told.append(message)
        match message:
            case AddPeer(peer_id, _, create_offer):
                assert peer_id != self.peer_id
                self.offers[peer_id] = create_offer
            case RemovePeer(peer_id):
                assert peer_id in self.offers or self.has_forgotten, (
                    "nobody is told twice that a peer is gone"
                )
                self.offers.pop(peer_id, None)
            case MemberJoined():
                raise AssertionError("everybody is introduced")
            case _:
                if self.has_forgotten and message.peer_id not in self.offers:
                    return  # it is about to be told again
                assert message.peer_id in self.offers, "nobody hears of a peer that it was not told of"
                self.heard.append(message)


@dataclass(eq=False)
class Coming:
    """A client that arrives at a node, which has `missed` for it; None if that is lost. Once it is
    `abandoned`, its client is gone.
    """

    client: Client
    change: Arrival
    missed: list[Counted] | None = None
    known_at: Stamp | None = None
    is_here: bool = False
    is_abandoned: bool = False
    is_asked_again: bool = False
    is_given_up: bool = False


class Node:
    """A node with its members; it is what SharedCalls sends by, and what it tells."""

    def __init__(self, number: int, cluster: "Cluster") -> None:
        self.node_id = NODES[number]
        self.cluster = cluster
        self.lease: Lease | None = None
        self.is_alive = True
        self.is_seen = False
        """False once the others take its lease for ended, which it may not know yet."""
        self.clients: dict[PeerId, Client] = {}
        self.questions: dict[int, Coming] = {}
        self.expected: set[tuple[RoomId, PeerId, PeerId]] = set()
        self.retries: list[Coming] = []
        self.unowned: set[RoomId] = set()
        self.kept: dict[PeerId, list[Counted]] = {}
        """Messages to members that are away."""
        self.unnoticed: list[Client] = []
        """The clients whose connections are lost, which this node has not noticed."""
        self.handed_over: dict[PeerId, int] = {}
        """How many of these another node was given."""
        self.has_lost: set[PeerId] = set()
        """The members of whose messages some were lost."""
        self.given_up: set[PeerId] = set()
        self.to_lose: list[PeerId] = []
        """The members that came back, and whose connections were lost meanwhile."""
        self.losses: list[tuple[RoomId, list[PeerId]]] = []
        self.calls = new_calls(self, cluster)

    @property
    def lease_id(self) -> LeaseId:
        assert self.lease is not None
        return self.lease.lease_id

    @property
    def is_busy(self) -> bool:
        return bool(self.retries or self.unowned or self.to_lose)

    def seat_of(self, client: Client) -> Seat:
        since = float(self.cluster.next_number())
        return Seat(client.user_id, f"{client.user_id}@example.org", self.node_id, held_since=since)

    def arrive(self, coming: Coming) -> None:
        number, client = self.cluster.next_number(), coming.client
        self.questions[number] = coming
        ownership = self.cluster.own(client.room.room_id, self)
        if self.lease is not None and ownership is None:  # its lease has ended, which it does not know yet
            del self.questions[number]
            self.retries.append(coming)
            return
        self.calls.arrive(number, client.room, coming.change, ownership, known_at=coming.known_at)
        self.lose()

    def enter(self, client: Client) -> None:
        self.arrive(Coming(client, Entered(client.peer_id, self.seat_of(client), str(client.user_id))))

    def come_back(self, client: Client, *, is_exact: bool) -> None:
        """`is_exact`: nothing of what was sent to it is lost, if its node lives."""
        peer, room_id, visited = client.peer_id, client.room.room_id, client.visited
        missed, known_at = None, None
        self.notice_loss(client)
        is_here = visited is self and peer in self.clients
        if is_here:
            is_exact = is_exact and peer not in self.has_lost
            missed = list(self.kept.get(peer, ())) if is_exact else None
            known_at = (0, 0) if missed is None else self.calls.stamp(room_id)
        elif visited is not None and visited is not self and is_exact and visited.is_reached_by(self):
            given = visited.hand_over(client)
            if given is not None:
                missed, known_at = given
        known = set(client.offers)
        for message in missed or ():
            if isinstance(message, AddPeer):
                known.add(message.peer_id)
            elif isinstance(message, RemovePeer):
                known.discard(message.peer_id)
        seat, name = self.seat_of(client), str(client.user_id)
        change = Resumed(peer, seat, name, client.display_name, frozenset(known))
        self.arrive(Coming(client, change, missed, known_at, is_here))

    def is_reached_by(self, other: "Node") -> bool:
        return self.is_alive and self.is_seen and other.is_seen and other.lease is not None

    def hand_over(self, client: Client) -> tuple[list[Counted] | None, Stamp | None] | None:
        """Return what another node is given of a visit that it may resume."""
        peer = client.peer_id
        if peer not in self.clients:
            return None
        self.notice_loss(client)
        kept = self.kept.get(peer, [])
        self.handed_over[peer] = len(kept)
        if peer in self.has_lost:
            return None, (0, 0)
        return list(kept), self.calls.stamp(client.room.room_id)

    def notice_loss(self, client: Client) -> None:
        """Notice that the connection of a client is lost."""
        if client in self.unnoticed:
            self.unnoticed.remove(client)
            if client.peer_id in self.clients:
                self.calls.change(Lost(client.peer_id, AT))

    def lose(self) -> None:
        """Take note of lost connections as soon as the decisions that brought them back are done with."""
        peers, self.to_lose = self.to_lose, []
        for peer in peers:
            client = self.clients.get(peer)
            if client is not None and (client.node is not self or client.is_away):
                self.calls.change(Lost(peer, AT))

    def give_up(self, client: Client) -> None:
        """Wait no longer for a return: its client may come back at any node."""
        for coming in (*self.questions.values(), *self.retries):
            if coming.client is client:
                coming.is_abandoned = coming.is_given_up = True
        self.retries = [one for one in self.retries if one.client is not client]
        self.leave_to_owner(client)

    def leave_to_owner(self, client: Client) -> None:
        if self.calls.give_up(client.peer_id, now=AT):
            self.given_up.add(client.peer_id)

    def ask_again(self) -> None:
        retries, self.retries = self.retries, []
        for coming in retries:
            coming.is_given_up = coming.is_abandoned and coming.is_asked_again
            if coming.is_given_up:
                self.leave_to_owner(coming.client)
            else:
                coming.is_asked_again = True
                self.arrive(coming)

    def find_owners(self) -> None:
        """Do what a server does about calls that have lost their owner, or members."""
        rooms, self.unowned = self.unowned, set()
        for room_id in rooms:
            if self.calls.owner(room_id) is None:
                ownership = self.cluster.own(room_id, self)
                if ownership is None:
                    self.unowned.add(room_id)
                    continue
                self.calls.learn(ownership)
            self.calls.lose_absent(room_id, now=AT)

    # NodeLink

    def send(self, to: LeaseId, body: bytes, /) -> bool:
        return self.cluster.send(self, to, body)

    def report_loss(self, to: LeaseId, /) -> None:
        self.cluster.send(self, to, None)

    # OwnMembers

    def answered(self, number: int, refusal: str | None, /) -> bool:
        coming = self.questions.pop(number)
        client, peer = coming.client, coming.client.peer_id
        if refusal == MOVED:
            self.retries += [] if coming.is_given_up else [coming]
            return True
        if refusal is not None:
            assert refusal in (ENDED, ELSEWHERE) or isinstance(coming.change, Entered)
            if not coming.is_abandoned and refusal != ELSEWHERE:
                client.is_inside, client.is_gone = False, True
            return True
        if client.is_leaving:
            return False
        has_gone_on = coming.is_here and peer not in self.clients
        """It was here, and has been told more elsewhere since."""
        if coming.is_abandoned or has_gone_on:
            if isinstance(coming.change, Entered):
                return False
            self.clients[peer] = client
            if has_gone_on:
                self.has_lost.add(peer)
            self.to_lose.append(peer)
            return True
        self.seat(coming)
        return True

    def seat(self, coming: Coming) -> None:
        """Put a client into its place, and send it what it has missed."""
        client, peer, missed = coming.client, coming.client.peer_id, coming.missed
        if coming.is_here and missed is not None:
            missed = self.kept.get(peer, [])
        client.is_inside, client.is_away, client.node, client.visited = True, False, self, self
        self.clients[peer] = client
        for message in missed or ():
            client.receive(message)
        client.has_forgotten = False
        self.kept.pop(peer, None)
        self.handed_over.pop(peer, None)
        self.has_lost.discard(peer)

    def deliver(self, to: PeerId, message: Counted, /) -> None:
        client = self.clients[to]
        if client.node is self and not client.is_away:
            client.receive(message)
        else:
            self.kept.setdefault(to, []).append(message)

    def relayed(self, to: PeerId, message: FromPeer, size: int, /) -> None:
        assert size > 0
        self.deliver(to, message)

    def signals_lost(self, room_id: RoomId, peers: list[PeerId], /) -> None:
        self.losses.append((room_id, peers))

    def notify(self, room_id: RoomId, notice: Notice, /) -> None:
        """The names are looked for in the replicas."""

    def ended(self, peer_id: PeerId, /, *, is_elsewhere: bool) -> None:
        client = self.clients.pop(peer_id)
        kept, handed_over = self.kept.pop(peer_id, []), self.handed_over.pop(peer_id, None)
        self.has_lost.discard(peer_id)
        if is_elsewhere and self.lease is not None and handed_over is not None:
            for message in kept[handed_over:]:
                if isinstance(message, FromPeer):
                    with suppress(Unavailable):
                        self.calls.relay(client.room.room_id, peer_id, message)
        elif is_elsewhere:
            senders = sorted({message.peer_id for message in kept if isinstance(message, FromPeer)})
            if senders:
                self.calls.kept_in_vain(client.room.room_id, peer_id, senders)
        if client.node is self:
            if not is_elsewhere:
                client.is_inside = False
            elif not client.is_away:
                client.is_away = client.has_to_return = True
            client.node = None if is_elsewhere else client.node

    def expects(self, room_id: RoomId, peer_id: PeerId, absent: PeerId, /) -> None:
        self.expected.add((room_id, peer_id, absent))

    def call_changed(self, room: Room, /) -> None:
        """The replicas are looked at."""

    def owner_wanted(self, room_id: RoomId, /) -> None:
        self.unowned.add(room_id)

    def call_known(self, room_id: RoomId, /) -> None:
        assert self.calls.knows(room_id)


def new_calls(node: Node, cluster: "Cluster") -> SharedCalls:
    """Return the calls of a node that knows of none."""
    limits = CallLimits(people=6, participations=2)
    return SharedCalls(node.node_id, node, node, limits, clock=lambda: cluster.now)


class Cluster:
    """Links keep the order. A lost message is None: the receiver hears of the loss in its place."""

    def __init__(self) -> None:
        self.links: dict[tuple[LeaseId, LeaseId], deque[bytes | None]] = {}
        self._owners: dict[RoomId, Ownership] = {}
        self._epoch = self._number = 0
        self.now = 0.0
        """It does not go on while messages are on their way."""
        self.nodes = [Node(number, self) for number in range(3)]
        for one in self.nodes:
            self.register(one)

    def next_number(self) -> int:
        self._number += 1
        return self._number

    def node(self, lease: LeaseId) -> Node | None:
        """Return the node that has a lease and is seen by the others."""
        for node in self.nodes:
            if node.is_alive and node.is_seen and node.lease is not None and node.lease.lease_id == lease:
                return node
        return None

    def send(self, sender: Node, to: LeaseId, body: bytes | None) -> bool:
        assert sender.lease is not None
        if not sender.is_seen:
            return True
        if self.node(to) is None:
            return False
        self.links.setdefault((sender.lease.lease_id, to), deque()).append(body)
        return True

    def own(self, room_id: RoomId, node: Node) -> Ownership | None:
        if node.lease is None or not node.is_seen:
            return None
        found = self._owners.get(room_id)
        if found is None or self.node(found.owner) is None:
            self._epoch += 1
            found = Ownership(call_name(room_id), node.lease.lease_id, self._epoch)
            self._owners[room_id] = found
        return found

    def owner(self, room_id: RoomId) -> Node | None:
        found = self._owners.get(room_id)
        return None if found is None else self.node(found.owner)

    def free(self, room_id: RoomId, node: Node) -> None:
        found = self._owners.get(room_id)
        if found is not None and self.node(found.owner) is node:
            del self._owners[room_id]

    def register(self, node: Node) -> None:
        lease = node.lease = Lease(LeaseId(f"lease-{self.next_number():03}"), node.node_id)
        node.is_seen = True
        node.unowned |= set(node.calls.lease_begun(lease))
        for other in self.nodes:
            if other is not node and other.is_alive and other.is_seen and other.lease is not None:
                other.calls.node_joined(lease)
                node.calls.node_joined(other.lease)

    def deliver_next(self, link: tuple[LeaseId, LeaseId]) -> None:
        sender, to = link
        message = self.links[link].popleft()
        receiver = self.node(to)
        if receiver is None:
            return
        if message is None:
            receiver.calls.messages_lost(sender)
        else:
            receiver.calls.received(sender, message)
        receiver.lose()

    def lose_sight_of(self, node: Node) -> None:
        """Have the others take a node's lease for ended."""
        assert node.lease is not None
        lease, node.is_seen = node.lease, False
        for ends, waiting in self.links.items():
            if lease.lease_id in ends:
                waiting.clear()
        for other in self.nodes:
            if other is not node and other.is_alive and other.is_seen and other.lease is not None:
                other.unowned |= set(other.calls.node_left(lease))

    def notice(self, node: Node) -> None:
        """Have a node notice that its lease has ended."""
        if node.lease is not None and not node.is_seen:
            node.lease = None
            node.calls.lease_lost()
            node.unowned.clear()

    def heal(self) -> None:
        for node in self.nodes:
            if node.is_alive and not node.is_seen:
                self.notice(node)
                self.register(node)

    def settle(self) -> None:
        """Deliver all that is on its way, and ask what has to be asked again."""
        for _ in range(2_000):
            waiting = [link for link, messages in self.links.items() if messages]
            if waiting:
                self.deliver_next(waiting[0])
                continue
            busy = [node for node in self.nodes if node.is_alive and node.is_busy]
            busy = [node for node in busy if node.is_seen or node.lease is None]
            if not busy:
                return
            for node in busy:
                node.find_owners()
                node.ask_again()
        raise AssertionError("the nodes never come to rest")


class SharedCallsMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.cluster = Cluster()
        self.clients: list[Client] = []

    def active(self) -> list[Client]:
        return [client for client in self.clients if client.is_active]

    def alive(self) -> list[Node]:
        return [node for node in self.cluster.nodes if node.is_alive]

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
            message = CandidateFromPeer(sender.peer_id, IceCandidate(candidate=str(len(self.clients))))
            try:
                sender.node.calls.relay(sender.room.room_id, receiver.peer_id, message)
            except Unavailable:
                assert receiver.node is not None

    @rule(number=nodes, room=st.sampled_from(sorted(ROOMS)), watches=st.booleans())
    def watch(self, number: int, room: RoomId, watches: bool) -> None:
        node = self.cluster.nodes[number]
        ownership = self.cluster.own(room, node) if node.is_alive else None
        if ownership is not None and watches:
            node.calls.watch(room, ownership)
        elif node.is_alive and not watches:
            node.calls.unwatch(room)

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
            assert (seen.epoch, seen.version) == (truth.epoch, truth.version)
            assert truth.mesh.members.display_names.get(client.peer_id) == client.display_name
            assert (truth.seats[client.peer_id].away_since is not None) == client.is_away


TestSharedCalls = SharedCallsMachine.TestCase


def _two_who_talk() -> tuple[Cluster, Client, Client]:
    """Return a cluster where Ann, at the owner of the call, and Bob, at another node, have met."""
    cluster = Cluster()
    ann = Client(PeerId("ann"), UserId(1), ROOMS[RoomId(1)], cluster.nodes[0])
    bob = Client(PeerId("bob"), UserId(2), ann.room, cluster.nodes[1])
    cluster.nodes[0].enter(ann)
    cluster.settle()
    cluster.nodes[1].enter(bob)
    cluster.settle()
    assert ann.offers == {bob.peer_id: False}
    assert bob.offers == {ann.peer_id: True}
    return cluster, ann, bob


def test_who_comes_from_a_dead_node_before_that_is_known_notices_nothing() -> None:
    """The owner of the call takes that node for alive, and it has not said what it told its member."""
    cluster, ann, bob = _two_who_talk()
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
    cluster, ann, bob = _two_who_talk()
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
    cluster, ann, bob = _two_who_talk()
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


def test_a_member_that_the_owner_took_for_gone_is_of_its_node_all_the_time() -> None:
    """It gets the chat, and is removed where it may not be there, before the owner has it back."""
    cluster, _, bob = _two_who_talk()
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


def _link(cluster: Cluster, sender: int, receiver: int) -> deque[bytes | None]:
    return cluster.links.setdefault(
        (cluster.nodes[sender].lease_id, cluster.nodes[receiver].lease_id), deque()
    )


def test_who_came_back_is_not_away_although_the_question_was_lost() -> None:
    cluster, ann, bob = _two_who_talk()
    other = cluster.nodes[1]
    bob.is_away = True
    other.calls.change(Lost(bob.peer_id, AT))
    other.come_back(bob, is_exact=True)
    _link(cluster, 1, 0)[-1] = None
    cluster.settle()
    for node in cluster.nodes[:2]:
        call = node.calls.replica(ann.room.room_id)
        assert call is not None
        assert call.seats[bob.peer_id].away_since is None
    assert ann.offers == {bob.peer_id: False}
    assert bob.offers == {ann.peer_id: True}


def test_the_answer_to_an_earlier_census_does_not_stand_for_that_to_a_later_one() -> None:
    cluster, ann, bob = _two_who_talk()
    owner = cluster.nodes[0]
    back = _link(cluster, 0, 1)
    back += [None, None]
    links = [(cluster.nodes[a].lease, cluster.nodes[b].lease) for a, b in ((0, 1), (1, 0))]
    there_and_back = [(a.lease_id, b.lease_id) for a, b in links if a and b]
    cluster.deliver_next(there_and_back[0])
    cluster.deliver_next(there_and_back[0])
    assert len(_link(cluster, 1, 0)) == 4, "two censuses, and two requests for the owner's"
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
    cluster, ann, bob = _two_who_talk()
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
    cluster, ann, bob = _two_who_talk()
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


def test_a_relay_reaches_a_member_that_has_moved() -> None:
    cluster, ann, bob = _two_who_talk()
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


def test_a_relay_reaches_a_member_that_was_the_last_one_at_its_former_node() -> None:
    """That node has forgotten the call when a third one, which has not heard of the move, sends it."""
    cluster, ann, bob = _two_who_talk()
    cid = Client(PeerId("cid"), UserId(3), ann.room, cluster.nodes[2])
    cluster.nodes[2].enter(cid)
    cluster.settle()
    bob.is_away, bob.node = True, None
    cluster.nodes[1].calls.change(Lost(bob.peer_id, AT))
    cluster.settle()
    cluster.nodes[0].come_back(bob, is_exact=True)
    link = cluster.nodes[0].lease_id, cluster.nodes[1].lease_id
    while cluster.links[link]:
        cluster.deliver_next(link)
    assert cluster.nodes[1].calls.rooms() == []
    message = CandidateFromPeer(cid.peer_id, IceCandidate(candidate="1"))
    cluster.nodes[2].calls.relay(ann.room.room_id, bob.peer_id, message)
    cluster.settle()
    assert bob.heard == [message]


def test_a_participation_that_has_ended_does_not_come_back_at_another_node() -> None:
    cluster, ann, bob = _two_who_talk()
    cluster.nodes[1].calls.change(Left(bob.peer_id))
    bob.is_inside = True
    cluster.settle()
    cluster.nodes[2].come_back(bob, is_exact=True)
    cluster.settle()
    assert not bob.is_inside
    assert ann.offers == {}


def test_a_node_without_members_follows_a_call_that_it_watches() -> None:
    cluster, ann, bob = _two_who_talk()
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
    cluster, ann, bob = _two_who_talk()
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
        cluster, ann, bob = _two_who_talk()
        node = cluster.nodes[1]
        carl = Client(PeerId("carl"), UserId(3), ann.room, node)
        node.enter(carl)
        cluster.settle()
        if notices_nothing:
            node.calls.change(Left(bob.peer_id))
            cluster.lose_sight_of(node)
        else:
            node.calls.change(Left(bob.peer_id))
            _link(cluster, 1, 0)[-1] = None
        cluster.heal()
        cluster.settle()
        for client in (ann, carl):
            assert [type(one) for one in client.told].count(RemovePeer) == 1
        assert ann.offers.keys() == {carl.peer_id}
        assert carl.offers.keys() == {ann.peer_id}


def test_a_return_that_was_given_up_is_no_end_of_a_participation() -> None:
    """Its owner has decided it, and the decision was lost. It ends if nobody comes back within the grace."""
    for comes_back in (True, False):
        cluster, ann, bob = _two_who_talk()
        third = cluster.nodes[2]
        cluster.nodes[1].calls.change(Lost(bob.peer_id, AT))
        bob.node, bob.is_away = None, True
        cluster.settle()
        third.come_back(bob, is_exact=True)
        cluster.deliver_next((third.lease_id, cluster.nodes[0].lease_id))
        _link(cluster, 0, 2)[-1] = None
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
    cluster, ann, bob = _two_who_talk()
    message = CandidateFromPeer(ann.peer_id, IceCandidate(candidate="1"))
    cluster.nodes[0].calls.relay(ann.room.room_id, bob.peer_id, message)
    _link(cluster, 0, 1)[-1] = None
    cluster.settle()
    assert [node.losses for node in cluster.nodes] == [[], [(ann.room.room_id, [ann.peer_id])], []]
    assert (ann.offers, bob.offers) == ({bob.peer_id: False}, {ann.peer_id: True}), "nobody is told else"


def test_the_next_owner_of_a_call_is_where_most_of_its_members_are() -> None:
    cluster, _, bob = _two_who_talk()
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


def test_what_a_former_node_kept_in_vain_is_told_to_be_lost() -> None:
    """A member comes back at a node that is out of reach, and its peers speak to the former one meanwhile."""
    cluster, ann, bob = _two_who_talk()
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
    cluster.settle()
    assert not former.clients
    assert bob.heard == []
    assert third.losses == [(ann.room.room_id, [ann.peer_id])]
    assert (ann.offers, bob.offers) == ({bob.peer_id: False}, {ann.peer_id: True}), "nobody is told else"


def test_who_came_to_a_node_out_of_reach_hears_who_had_left_there() -> None:
    """The owner learns of both at once, and takes that member to be at its former node still."""
    cluster, ann, bob = _two_who_talk()
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
    cluster, ann, bob = _two_who_talk()
    owner, second, third = cluster.nodes
    cid = Client(PeerId("cid"), UserId(3), ann.room, third)
    third.enter(cid)
    cluster.deliver_next((third.lease_id, owner.lease_id))
    while _link(cluster, 0, 1):
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
    cluster, ann, bob = _two_who_talk()
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
