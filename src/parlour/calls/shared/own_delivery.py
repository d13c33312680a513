"""Answer the arrivals of this node, and deliver what decisions and other nodes have for its members. Pure."""

from collections.abc import Callable, Iterable, Set

from msgspec.structs import replace

from parlour.calls.call_replica import CallReplica
from parlour.calls.decisions import Decided, Entered, Left, Resumed
from parlour.calls.mesh import Send
from parlour.calls.refusals import PeerBusy
from parlour.calls.shared.changed_routes import HANGS_SECONDS, Route
from parlour.calls.shared.early_relays import EarlyRelays
from parlour.calls.shared.held_introductions import Held, HeldIntroductions
from parlour.calls.shared.held_members import HeldMember
from parlour.calls.shared.interfaces import Arrival
from parlour.calls.shared.introductions import Stamp
from parlour.calls.shared.messages import (
    MOVED,
    Relayed,
    RelaysKept,
    RouteClear,
    RouteEnd,
    encode,
    encode_relay,
    message_of,
)
from parlour.calls.shared.moved_members import MovedMembers
from parlour.calls.shared.table import CallTable
from parlour.cluster.coordinator import LeaseId
from parlour.node_id import NodeId
from parlour.rooms.entities import RoomId
from parlour.wire.signaling import AddPeer, FromPeer, MemberJoined, PeerId, RemovePeer


class OwnDelivery:
    """The last step of a decision, at each node that follows it."""

    def __init__(self, table: CallTable, *, clock: Callable[[], float]) -> None:
        """`clock` counts seconds and is monotonic."""
        self._table = table
        self._routes = table.routes
        self._clock = clock
        self._early = EarlyRelays()
        self._moved = MovedMembers()
        self._held = HeldIntroductions()
        self._route_ends: dict[PeerId, dict[NodeId, RouteEnd]] = {}
        """The ends of routes that have to follow members of this node once they move, by their senders."""

    def answer(self, number: int, refusal: str | None) -> bool:
        """Answer an arrival of this node. Return False if its member is not wanted any more."""
        pending = self._table.pending.pop(number, None)
        if pending is None:
            return True
        if refusal != MOVED:
            self._table.arriving.pop(pending.change.peer_id, None)
            self._table.given_up.pop(pending.change.peer_id, None)
        return self._table.own.answered(number, refusal)

    def fail(self, room_id: RoomId) -> None:
        """Have open questions about a call asked again: their answers are lost."""
        for number, pending in list(self._table.pending.items()):
            if pending.room.room_id == room_id:
                self.answer(number, MOVED)

    def deliver(
        self,
        call: CallReplica,
        decided: Decided,
        answers: int | None,
        *,
        was_here: bool = False,
        unconfirmed: Set[LeaseId] = frozenset(),
    ) -> bool:
        """Deliver what a decision has for this node's members. Return False if it brought one that is not
        wanted any more. Introductions are held until the `unconfirmed` nodes have followed the decision.
        `was_here` is True for an arrival of a member that this node held before it.
        """
        room_id, change = decided.room_id, decided.change
        is_wanted = True
        former = self._former_view(change.peer_id, answers) if unconfirmed else None
        if isinstance(change, Entered | Resumed) and change.seat.holder == self._table.node_id:
            is_wanted = self._take(call, change, answers, was_here=was_here)
        if isinstance(change, Resumed):
            self.has_moved(change.peer_id)
        for send in decided.sends:
            self._deliver_to_own(call, send, unconfirmed)
        if former:
            self._keep_known(room_id, change.peer_id, former)
        if decided.notice is not None:
            self._table.own.notify(room_id, decided.notice)
        if change.peer_id in self._table.members:
            if isinstance(change, Resumed) and change.seat.holder != self._table.node_id:
                self._held.forget(room_id, change.peer_id)
                self.let_go(change.peer_id, change.seat.holder)
            elif isinstance(change, Left):
                self._table.members.drop(change.peer_id)
                self._held.forget(room_id, change.peer_id)
                self._table.own.ended(change.peer_id, is_elsewhere=False)
        if isinstance(change, Left):
            self._route_ends.pop(change.peer_id, None)
        self._table.own.call_changed(call.room)
        return is_wanted

    def let_go(self, peer_id: PeerId, holder: NodeId) -> None:
        """Let go of a member that another node holds since."""
        self._table.members.drop(peer_id)
        self._moved.note(peer_id, holder, now=self._clock())
        self._table.own.ended(peer_id, is_elsewhere=True)
        for end in self._route_ends.pop(peer_id, {}).values():
            self._pass_on_end(end)
        route = self._routes.drop(peer_id)
        if route is not None:
            self._follow_route(route)
        self.sender_moves(peer_id)

    def _take(self, call: CallReplica, change: Arrival, answers: int | None, *, was_here: bool) -> bool:
        """Hold a member of this node whose arrival was decided. Return False if it is not wanted any more.

        An arrival without an open question was given up, unless the owner has settled what it is told of a
        member that is here.
        """
        gone: Set[PeerId] = frozenset()
        if answers is not None and answers in self._table.pending:
            held = self._table.members.get(change.peer_id)
            if was_here and held is not None and isinstance(change, Resumed):
                # What was kept for it tells it of those that have left since it asked. In a large call it is
                # told of all that are there.
                asked = self._table.pending[answers]
                is_exact = asked.is_here and asked.is_exact and call.mesh.introduces
                gone = change.known - held.known if is_exact else gone
            if not self.answer(answers, None):
                self._table.members.drop(change.peer_id)
                return False
            self._table.members.hold(call.room, change)
            self._table.members.note(change)
        elif change.peer_id not in self._table.members:
            return isinstance(change, Resumed) and self._table.may_return(change.peer_id)
        member = self._table.members.hold(call.room, change)
        if isinstance(change, Resumed):
            member.known = set(change.known - gone)
        elif not call.mesh.introduces:
            member.known = self._table.in_reach(call) - {change.peer_id}  # the answer to its join names them
        for sender in member.known:
            self._release(change.peer_id, sender)
        for claimed in call.mesh.claims.get(change.peer_id, ()):
            self._table.own.expects(call.room.room_id, change.peer_id, claimed)
        return True

    def _deliver_to_own(self, call: CallReplica, send: Send, unconfirmed: Set[LeaseId]) -> None:
        member = self._table.members.get(send.to)
        if member is None:
            return
        room_id, message = call.room.room_id, send.message
        if isinstance(message, AddPeer | MemberJoined):
            if self._table.lease is None and call.seats[message.peer_id].holder != self._table.node_id:
                return
            is_held = isinstance(message, AddPeer) and self._hold(call, send.to, message, unconfirmed)
            if not is_held:
                self._introduce(member, message)
            return
        if isinstance(message, RemovePeer):
            self._held.drop(room_id, send.to, message.peer_id)
            if message.peer_id not in member.known:
                return  # it was told so while this node was an island, or was never told of that peer
            member.known.discard(message.peer_id)
        self._table.own.deliver(send.to, message)

    def _introduce(self, member: HeldMember, message: AddPeer | MemberJoined) -> None:
        peer_id = member.record.peer_id
        self._held.drop(member.room.room_id, peer_id, message.peer_id)
        member.known.add(message.peer_id)
        if self._table.lease is not None:
            member.unsure.discard(message.peer_id)
        elif not self._table.is_alone:
            member.unsure.add(message.peer_id)
        self._table.own.deliver(peer_id, message)
        self._release(peer_id, message.peer_id)

    # Introductions that wait until other nodes have heard of them

    def _hold(self, call: CallReplica, to: PeerId, message: AddPeer, unconfirmed: Set[LeaseId]) -> bool:
        """Hold an introduction until these nodes have followed. Return False if there is none to wait for."""
        return bool(unconfirmed) and self._held.hold(
            call.room.room_id, to, message, stamp=call.stamp, unconfirmed=unconfirmed, now=self._clock()
        )

    def _former_view(self, peer_id: PeerId, answers: int | None) -> Set[PeerId]:
        """Return the peers that an arriving member knows as yet, though perhaps not for certain."""
        pending = None if answers is None else self._table.pending.get(answers)
        if pending is not None:
            return pending.change.known if isinstance(pending.change, Resumed) else frozenset()
        member = self._table.members.get(peer_id)
        return frozenset() if member is None else frozenset(member.known)

    def _keep_known(self, room_id: RoomId, peer_id: PeerId, former: Iterable[PeerId]) -> None:
        """Have a member still hear of the end of a peer of whom it knows, and whose introduction is held."""
        member = self._table.members.get(peer_id)
        if member is not None:
            member.known.update(other for other in former if self._held.has(room_id, peer_id, other))

    def told(self, room_id: RoomId, followed: Stamp | None) -> Stamp | None:
        """Return the decision up to which members of this node were told all, if the node was."""
        held = self._held.earliest(room_id)
        return followed if held is None else (held[0], held[1] - 1)

    def awaits(self, room_id: RoomId, lease: LeaseId) -> bool:
        """Return True if something is held until a node has followed a call."""
        return any(lease in held.unconfirmed for held in self._held.rooms.get(room_id, {}).values())

    def confirmed(self, room_id: RoomId, lease: LeaseId, stamp: Stamp) -> None:
        """Take note that a node has followed a call as far as a decision."""
        for held in self._held.confirm(room_id, lease, stamp):
            self._tell(held)

    def node_left(self, lease: LeaseId, node: NodeId) -> None:
        """Wait for a node no longer: its members are introduced to all when they come back."""
        for held in self._held.confirm_for(lease):
            self._tell(held)
        for route in self._routes.take_by(node):
            self._follow_route(route)

    def tell_late(self) -> None:
        """Tell members what was held for too long. A census says that it is not certain."""
        for held in self._held.take_late(self._clock()):
            self._tell(held, is_sure=False)
        for route in self._routes.take_late(self._clock()):
            self._follow_route(route)
        for route in self._routes.hanging(self._clock()):
            self._send_end(route)

    def doubt(self, room_id: RoomId) -> None:
        """Hold nothing of a call any longer that this node no longer decides about: the next owner hears of
        it by a census, and introduces again. Until then media go on with peers of other nodes.
        """
        call = self._table.calls.get(room_id)
        for held in self._held.take(room_id):
            peer, member = held.message.peer_id, self._table.members.get(held.to)
            seat = None if call is None else call.seats.get(peer)
            if seat is not None and seat.holder == self._table.node_id:
                self._tell(held, is_sure=False)
            elif member is not None and peer in member.known:
                member.unsure.add(peer)

    def doubt_all(self) -> None:
        for room_id in list(self._held.rooms):
            self.doubt(room_id)

    def _tell(self, held: Held, *, is_sure: bool = True) -> None:
        """Introduce a member to a peer by the name that the peer has by now."""
        call, member = self._table.calls.get(held.room_id), self._table.members.get(held.to)
        peer = held.message.peer_id
        if call is None or member is None or peer not in call.seats:
            return
        self._introduce(member, replace(held.message, peer_display_name=call.mesh.members.display_name(peer)))
        if not is_sure:
            member.unsure.add(peer)

    def _release(self, to: PeerId, sender: PeerId) -> None:
        """Deliver what overtook the introduction of its sender."""
        for early, size in self._early.release(to, sender, now=self._clock()):
            self._table.own.relayed(to, early, size)

    def on_relay(self, relay: Relayed) -> None:
        member = self._table.members.get(relay.to)
        if member is None:
            self._on_relay_to_other(relay)
        elif member.room.room_id == relay.room_id:
            message = message_of(relay)
            held = self._held.rooms  # empty, but for moments
            if relay.sender in member.known and not (
                held and self._held.has(relay.room_id, relay.to, relay.sender)
            ):
                self._table.own.relayed(relay.to, message, len(relay.content))
            else:
                self._early.hold(relay.to, message, len(relay.content), now=self._clock())

    def hold_back(self, room_id: RoomId, to: PeerId, message: FromPeer, size: int) -> bool:
        """Keep what a member of this node says to a peer that has moved just now, or to another member whose
        introduction to it is held. Return False, with nothing kept, if it may go out. Hot path: each relay
        asks. Raises PeerBusy if too much is kept already.
        """
        if self._routes.routes and self._waits_for_route(to, message, size):
            return True
        held = self._held.rooms
        if not held or not self._held.has(room_id, to, message.peer_id):
            return False
        self._early.hold(to, message, size, now=self._clock())
        return True

    # Peers that have moved

    def _waits_for_route(self, to: PeerId, message: FromPeer, size: int) -> bool:
        """Keep a message for a peer that has moved until none that was sent before can arrive after it."""
        route = self._routes.routes.get(to)
        if route is None or (route.number is None and not self._ask(route)):
            return False
        if not self._routes.hold(route, message, size, now=self._clock()):
            raise PeerBusy
        return True

    def _ask(self, route: Route) -> bool:
        """Send the end of a route after all that went by it. Return False, with the route followed, if its
        former node is gone or too much waits for it.
        """
        self._routes.ask(route)
        if self._send_end(route):
            return True
        self._routes.drop(route.to)
        self._follow_route(route)
        return False

    def _send_end(self, route: Route) -> bool:
        former, number = self._table.others.get(route.former), route.number
        if former is None or number is None:
            return False
        end = RouteEnd(route.room_id, route.to, self._table.node_id, number)
        return self._table.link.send(former, encode(end))

    def has_moved(self, peer_id: PeerId) -> None:
        """Have what waits for a peer that has moved once more follow it."""
        route = self._routes.routes.get(peer_id)
        if route is not None and route.held and route.number is None:
            self._ask(route)

    def on_route(self, message: RouteEnd | RouteClear) -> None:
        """Pass the end of a route on, behind all relays that came by it, and answer it where it leads to.
        What has waited for the answer is sent.
        """
        if isinstance(message, RouteClear):
            route = self._routes.clear(message.to, message.number)
            if route is not None:
                self._follow_route(route)
        elif not message.is_passed_on and message.to in self._table.members:
            # What was kept for it leaves with it.
            self._route_ends.setdefault(message.to, {})[message.sender] = message
        else:
            self._pass_on_end(message)

    def _pass_on_end(self, end: RouteEnd) -> None:
        holder = None if end.is_passed_on else self._holder_elsewhere(end.room_id, end.to)
        if holder is not None:
            self._table.send(holder, replace(end, is_passed_on=True))
        elif end.sender == self._table.node_id:
            self.on_route(RouteClear(end.to, end.number))
        elif (sender := self._table.others.get(end.sender)) is not None:
            self._table.send(sender, RouteClear(end.to, end.number))

    def sender_moves(self, sender: PeerId) -> None:
        """Send what waits of a member that goes on at another node, since what it says there may be heard at
        once. Where the former node of the receiver hangs, and what it has to pass on would come later, have
        the receiver be told of the loss instead.
        """
        hangs_since = self._clock() - HANGS_SECONDS
        for route, waiting in self._routes.take_of(sender):
            if route.held_since > hangs_since:
                self._send(route, waiting)
            else:
                self.tell_of_loss(route.room_id, route.to, [sender])

    def tell_of_loss(self, room_id: RoomId, to: PeerId, peers: list[PeerId]) -> None:
        """Have a member, whichever node holds it, be told that messages of these peers to it are lost."""
        holder = self._holder_elsewhere(room_id, to)
        if to in self._table.members:
            self._table.own.signals_lost(room_id, peers, to=to)
        elif holder is not None:
            self._table.send(holder, RelaysKept(room_id, to, peers))

    def forget_routes(self) -> None:
        """Wait for no other node, since the lease has ended: it leads to members of this node alone."""
        for route in self._routes.take_all():
            self._follow_route(route)
        self._route_ends.clear()

    def _follow_route(self, route: Route) -> None:
        """Send what has waited for the end of a former route."""
        self._send(route, route.held)

    def _send(self, route: Route, waiting: Iterable[tuple[FromPeer, int]]) -> None:
        table, room_id, to = self._table, route.room_id, route.to
        for message, size in waiting:
            if to in table.members:
                if not self.hold_back(room_id, to, message, size):
                    table.own.relayed(to, message, size)
                continue
            holder = self._holder_elsewhere(room_id, to)
            if holder is not None and not table.link.send(holder, encode_relay(room_id, to, message)):
                table.link.report_loss(holder)

    def _on_relay_to_other(self, relay: Relayed) -> None:
        """Keep what is for a member that is about to arrive, and pass on what is for one that has moved."""
        if relay.to in self._table.arriving:
            self._early.hold(relay.to, message_of(relay), len(relay.content), now=self._clock())
            return
        holder = self._holder_elsewhere(relay.room_id, relay.to)
        if holder is not None and not relay.is_passed_on:
            passed_on = replace(relay, is_passed_on=True)
            self._table.link.send(holder, encode(passed_on))

    def _holder_elsewhere(self, room_id: RoomId, peer_id: PeerId) -> LeaseId | None:
        """Return the lease of the other node that holds a peer, as far as this one knows."""
        call = self._table.calls.get(room_id)
        if call is None:  # nobody of it is left here
            node = self._moved.holder(peer_id, now=self._clock())
        else:
            seat = call.seats.get(peer_id)
            node = None if seat is None else seat.holder
        return None if node is None else self._table.others.get(node)
