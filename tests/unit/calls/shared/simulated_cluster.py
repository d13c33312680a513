"""Three nodes with calls, in memory: messages between them are late, are lost, or end with their node."""

from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from parlour.accounts.identity import UserId
from parlour.calls.call_replica import CallLimits
from parlour.calls.decisions import (
    Entered,
    Lost,
    Notice,
    Renamed,
    Resumed,
    Seat,
)
from parlour.calls.shared.calls import SharedCalls
from parlour.calls.shared.interfaces import Arrival, call_name
from parlour.calls.shared.introductions import Stamp
from parlour.calls.shared.messages import ELSEWHERE, ENDED, MOVED, ROUTES_FORMAT
from parlour.cluster.coordinator import Lease, LeaseId, NodeDescription, Ownership
from parlour.errors import Unavailable
from parlour.node_id import NodeId
from parlour.rooms.entities import Room, RoomId
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
LIMITS = CallLimits(people=6, participations=2)


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
    """The peers that it was introduced to, and whether it makes the offer."""
    met: set[PeerId] = field(default_factory=set)
    """The peers that it was told of, and not introduced to, in a large call."""
    is_large: bool = False
    """It was told that its call is large: it has closed its connections."""
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
    held_since: float = 0.0
    """The time since which that node has held it."""
    display_name: str | None = None
    attempt: str | None = None
    heard_to: dict[PeerId, int] = field(default_factory=dict)
    """The number of the last candidate of each peer."""
    left_under: LeaseId | None = None
    """The lease of its node when it left, None on an island."""
    is_forgotten: bool = False
    """Its node has given its call free since."""

    @property
    def is_active(self) -> bool:
        return self.is_inside and not self.is_leaving and self.node is not None and self.node.is_alive

    def view(self) -> dict[PeerId, bool] | None:
        """Return the peers that it knows once it has come back, and whether it makes the offers; None if it
        will be introduced to all again.
        """
        call = None if self.node is None else self.node.calls.replica(self.room.room_id)
        if self.is_away and (self.is_large or (call is not None and not call.mesh.introduces)):
            return None  # the answer to its join names all
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
                is_known = peer_id in self.offers or peer_id in self.met
                assert is_known or self.has_forgotten or self.is_large, (
                    "nobody is told twice that a peer is gone"
                )
                self.offers.pop(peer_id, None)
                self.met.discard(peer_id)
            case MemberJoined(peer_id):
                assert peer_id != self.peer_id
                self.met.add(peer_id)
            case _:
                if self.has_forgotten and message.peer_id not in self.offers:
                    return  # it is about to be told again
                if isinstance(message, CandidateFromPeer):
                    number = int(message.ice_candidate.candidate)
                    assert number > self.heard_to.get(message.peer_id, -1), "each sender's order is kept"
                    self.heard_to[message.peer_id] = number
                was_told = message.peer_id in self.offers or message.peer_id in self.met
                assert was_told, "nobody hears of a peer that it was not told of"
                self.heard.append(message)

    def hear_of_size(self) -> None:
        """Hear from its node whether the call is large, as it is now."""
        call = None if self.node is None else self.node.calls.replica(self.room.room_id)
        if call is None or self.is_away:
            return
        if not call.mesh.introduces and not self.is_large:
            self.met |= self.offers.keys()
            self.offers.clear()
        self.is_large = not call.mesh.introduces


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
        self.latest: dict[PeerId, Coming] = {}
        """The latest arrival of each client: an earlier one is not asked for again."""
        self.unowned: set[RoomId] = set()
        self.kept: dict[PeerId, list[Counted]] = {}
        """Messages to members that are away."""
        self.unnoticed: list[Client] = []
        """The clients whose connections are lost, which this node has not noticed."""
        self.handed_over: dict[PeerId, tuple[Node, int]] = {}
        """The number of these that another node was given."""
        self.has_lost: set[PeerId] = set()
        """The members of whose messages some were lost."""
        self.given_up: set[PeerId] = set()
        self.to_lose: list[PeerId] = []
        """The members that came back, and whose connections were lost meanwhile."""
        self.seated: list[Client] = []
        """The members that got another name while they arrived."""
        self.losses: list[tuple[RoomId, list[PeerId]]] = []
        self.losses_of_one: list[tuple[PeerId, list[PeerId]]] = []
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
        email = f"{client.user_id}@example.org"
        return Seat(
            client.user_id,
            email,
            self.node_id,
            held_since=since,
            knows_sfu=True,
            attempt=client.attempt,
        )

    def begin(self, coming: Coming) -> None:
        self.latest[coming.client.peer_id] = coming
        self.arrive(coming)

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
        self.begin(Coming(client, Entered(client.peer_id, self.seat_of(client), str(client.user_id))))

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
            given = visited.hand_over(client, to=self)
            if given is not None:
                missed, known_at = given
        if visited is not self:
            self.calls.went_on_elsewhere(room_id, peer, at=client.held_since)
        known = set() if client.is_large else set(client.offers)
        for message in missed or ():
            if isinstance(message, AddPeer):
                known.add(message.peer_id)
            elif isinstance(message, RemovePeer):
                known.discard(message.peer_id)
        seat, name = self.seat_of(client), str(client.user_id)
        change = Resumed(peer, seat, name, client.display_name, frozenset(known))
        self.begin(Coming(client, change, missed, known_at, is_here))

    def is_reached_by(self, other: "Node") -> bool:
        return self.is_alive and self.is_seen and other.is_seen and other.lease is not None

    def hand_over(self, client: Client, *, to: "Node") -> tuple[list[Counted] | None, Stamp | None] | None:
        """Return what another node is given of a visit that it may resume."""
        peer = client.peer_id
        if peer not in self.clients:
            return None
        self.notice_loss(client)
        self.calls.sender_moves(peer)
        kept = self.kept.get(peer, [])
        self.handed_over[peer] = to, len(kept)
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
        """Take note of lost connections, and of new names, once the decisions that brought their members are
        done with.
        """
        peers, self.to_lose = self.to_lose, []
        for peer in peers:
            client = self.clients.get(peer)
            if client is not None and (client.node is not self or client.is_away):
                self.calls.change(Lost(peer, AT))
        seated, self.seated = self.seated, []
        for client in seated:
            if client.node is self:  # it may have got another name while it waited
                self.calls.change(Renamed(client.peer_id, client.display_name))

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
            if self.latest[coming.client.peer_id] is not coming:
                continue  # its client has come back by another connection
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
        client.held_since = coming.change.seat.held_since
        self.clients[peer] = client
        call = self.calls.replica(client.room.room_id)
        assert call is not None
        if not call.mesh.introduces:
            client.offers.clear()
        if not call.mesh.introduces or client.is_large:  # the answer to its join names all
            client.met = {
                other
                for other, seat in call.seats.items()
                if other != peer and (self.lease is not None or seat.holder == self.node_id)
            }
        client.hear_of_size()
        if client.display_name != coming.change.display_name:
            self.seated.append(client)
        for message in missed or ():
            is_told = call.mesh.introduces or not isinstance(message, RemovePeer)
            if is_told or message.peer_id in client.met | client.offers.keys():  # else the answer told it
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

    def signals_lost(self, room_id: RoomId, peers: list[PeerId], /, *, to: PeerId | None = None) -> None:
        if to is None:
            self.losses.append((room_id, peers))
        else:
            self.losses_of_one.append((to, peers))

    def notify(self, room_id: RoomId, notice: Notice, /) -> None:
        """The names are looked for in the replicas."""

    def ended(self, peer_id: PeerId, /, *, is_elsewhere: bool) -> None:
        client = self.clients.pop(peer_id)
        kept, (to, given) = self.kept.pop(peer_id, []), self.handed_over.pop(peer_id, (None, 0))
        self.has_lost.discard(peer_id)
        call = self.calls.replica(client.room.room_id)
        seat = None if call is None else call.seats.get(peer_id)
        is_used = to is not None and seat is not None and seat.holder == to.node_id
        if is_elsewhere and self.lease is not None and is_used:
            for message in kept[given:]:
                if isinstance(message, FromPeer):
                    with suppress(Unavailable):
                        self.calls.relay(client.room.room_id, peer_id, message)
        elif is_elsewhere:
            senders = sorted({message.peer_id for message in kept if isinstance(message, FromPeer)})
            if senders:
                self.calls.tell_of_loss(client.room.room_id, peer_id, senders)
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
    return SharedCalls(node.node_id, node, node, cluster.limits, clock=lambda: cluster.now)


class Cluster:
    """Links keep the order. A lost message is None: the receiver hears of the loss in its place."""

    def __init__(self, limits: CallLimits = LIMITS) -> None:
        self.limits = limits
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
        description = NodeDescription(formats=(1, ROUTES_FORMAT))
        lease = node.lease = Lease(LeaseId(f"lease-{self.next_number():03}"), node.node_id, description)
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


def two_who_talk() -> tuple[Cluster, Client, Client]:
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


def link_between(cluster: Cluster, sender: int, receiver: int) -> deque[bytes | None]:
    return cluster.links.setdefault(
        (cluster.nodes[sender].lease_id, cluster.nodes[receiver].lease_id), deque()
    )
