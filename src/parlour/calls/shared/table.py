"""All that a node knows of calls: which there are, who owns them, and what it has asked. Pure."""

import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from parlour.calls.call_replica import CallLimits, CallReplica
from parlour.calls.decisions import Decided, Entered, Left, Lost, Resumed, Seat
from parlour.calls.mesh import Send
from parlour.calls.shared.changed_routes import ChangedRoutes
from parlour.calls.shared.decision_times import SILENT_SECONDS, DecisionTimes
from parlour.calls.shared.ended_peers import EndedPeers
from parlour.calls.shared.held_members import HeldMembers
from parlour.calls.shared.interfaces import Arrival, NodeLink, OwnMembers
from parlour.calls.shared.introductions import Introductions, Stamp
from parlour.calls.shared.messages import Fenced, NodeMessage, encode
from parlour.cluster.coordinator import LeaseId, Ownership
from parlour.node_id import NodeId
from parlour.rooms.entities import Room, RoomId
from parlour.wire.signaling import AddPeer, PeerId

MAX_LATEST_ENDS = 1_024


@dataclass(frozen=True, slots=True)
class PendingArrival:
    """An arrival that has not been answered; `is_exact` if nothing that was sent to its member is lost, and
    `is_here` if this node held that member when it asked.
    """

    room: Room
    change: Arrival
    is_exact: bool = False
    is_here: bool = False


class CallTable:
    """The state on which the parts of `SharedCalls` work."""

    def __init__(
        self,
        node_id: NodeId,
        link: NodeLink,
        members: OwnMembers,
        limits: CallLimits,
        *,
        clock: Callable[[], float],
        is_alone: bool,
    ) -> None:
        """`clock` counts seconds and is monotonic."""
        self._clock = clock
        self.node_id = node_id
        self.link = link
        self.own = members
        self.limits = limits
        self.is_alone = is_alone
        self.lease: LeaseId | None = None
        self.others: dict[NodeId, LeaseId] = {}
        self.calls: dict[RoomId, CallReplica] = {}
        self.owners: dict[RoomId, Ownership] = {}
        """The owners of the calls that this node owns, has members in, or follows."""
        self.followers: dict[RoomId, set[LeaseId]] = {}
        self.watchers: dict[RoomId, set[LeaseId]] = {}
        """The nodes that follow calls of this node without having members there."""
        self.askers: dict[RoomId, set[LeaseId]] = {}
        """The nodes that took this one for the owner of a call before it knew whether it is."""
        self.watched: dict[RoomId, bool] = {}
        """The calls that this node follows without having members there: True once it knows them."""
        self.outdated: dict[RoomId, Stamp] = {}
        """The calls of which a decision was missed after this one: a snapshot is on its way."""
        self.censuses: dict[RoomId, int] = {}
        """The number of the census that each outdated call waits for: answers to earlier ones are too old."""
        self.decisions = 0
        """The greatest version of a decision that was made here."""
        self.introductions: dict[RoomId, Introductions] = {}
        self.bases: dict[RoomId, Stamp] = {}
        """The decision with which this node began to own a call."""
        self.lost_at: dict[PeerId, Stamp] = {}
        """The decision up to which each member was told all that had a connection at a node which is gone."""
        self.times: dict[RoomId, DecisionTimes] = {}
        self.awaited: dict[RoomId, set[NodeId]] = {}
        """The nodes whose censuses this owner still waits for after a takeover."""
        self.unmet: dict[RoomId, dict[PeerId, set[PeerId]]] = {}
        """The members that are to be introduced to each one who is out of reach, once that one is back."""
        self.vouched: dict[RoomId, dict[LeaseId | None, dict[tuple[PeerId, PeerId], Stamp]]] = {}
        """The decisions after which a node has reported that it has introduced two of its own members, out of
        reach, by the lease of that node.
        """
        self.routes = ChangedRoutes()
        self._begin_own()

    def _begin_own(self) -> None:
        """Begin with what concerns the members of this node."""
        self.members = HeldMembers()
        self.pending: dict[int, PendingArrival] = {}
        self.arriving: dict[PeerId, tuple[RoomId, bool]] = {}
        """The arrivals at this node that are not answered for good: whether each is a return."""
        self.given_up: dict[PeerId, RoomId] = {}
        """The returns to this node that nobody waits for any more, but that their owner may have decided."""
        self.ended = EndedPeers()
        self.ended_alone = EndedPeers()
        """Those that have ended here without the owner's decision, as yet."""
        self.latest_ends: deque[tuple[float, RoomId, PeerId, float]] = deque(maxlen=MAX_LATEST_ENDS)
        """The latest others, and when that was: before a lease is lost, decisions may reach nobody."""

    def owns(self, room_id: RoomId) -> bool:
        owner = self.owners.get(room_id)
        return owner is not None and owner.owner == self.lease

    def owns_at(self, room_id: RoomId, epoch: int) -> bool:
        """Return True if this node owns a call in that epoch."""
        return self.owns(room_id) and self.owners[room_id].epoch == epoch

    def decides(self, room_id: RoomId) -> bool:
        """Return True if this node decides about a call, in its own name or as an island."""
        return self.lease is None or self.owns(room_id)

    def reached(self) -> set[NodeId]:
        """Return the nodes that live, as far as this one knows, and itself."""
        return {self.node_id, *self.others}

    def reported(self, room_id: RoomId) -> set[NodeId]:
        """Return the nodes that live and that this owner does not wait for after a takeover, and itself."""
        return self.reached() - self.awaited.get(room_id, set())

    def in_reach(self, call: CallReplica) -> set[PeerId]:
        """Return the members of a call of whom this node tells its own: an island those that it holds."""
        if self.lease is not None or self.is_alone:
            return set(call.seats)
        return {peer for peer, seat in call.seats.items() if seat.holder == self.node_id}

    def put_off(self, room_id: RoomId, absent: PeerId, others: Iterable[PeerId]) -> None:
        """Have a member who is out of reach be introduced to others once it is back."""
        self.unmet.setdefault(room_id, {}).setdefault(absent, set()).update(others)

    def begin(self, room: Room) -> CallReplica:
        owner = self.owners.get(room.room_id)
        call = CallReplica(room, epoch=0 if owner is None else owner.epoch, version=self.decisions)
        self.calls[room.room_id] = call
        return call

    def call_of_members(self, room_id: RoomId) -> CallReplica:
        """Return a call in which this node has members."""
        return self.calls.get(room_id) or self.begin(next(self.members.in_room(room_id)).room)

    def forget(self, room_id: RoomId) -> None:
        """Forget a call which is over, or which this node has nothing to do with any more."""
        call = self.calls.get(room_id)
        for peer in () if call is None else call.seats:
            self.lost_at.pop(peer, None)
        for table in (self.calls, self.introductions, self.followers, self.outdated, self.times):
            table.pop(room_id, None)
        self.forget_takeover(room_id)
        self.censuses.pop(room_id, None)
        if room_id not in self.watched:
            self.forget_owner(room_id)

    def forget_others(self) -> None:
        """Forget all that other nodes have said, since the lease has ended."""
        self.lease = None
        since = self._clock() - SILENT_SECONDS
        for at, room_id, peer_id, held_since in self.latest_ends:
            if at >= since and self.ended.has(room_id, peer_id):
                self.ended_alone.add(room_id, peer_id, held_since)
        self.latest_ends.clear()
        ownership = (self.owners, self.followers, self.watchers, self.askers, self.censuses)
        self.routes.answering.clear()
        for table in (self.others, *ownership, self.bases, self.awaited, self.unmet, self.vouched):
            table.clear()
        self.watched = dict.fromkeys(self.watched, False)

    def forget_takeover(self, room_id: RoomId) -> None:
        for table in (self.bases, self.awaited, self.unmet, self.vouched):
            table.pop(room_id, None)

    def forget_owner(self, room_id: RoomId) -> None:
        """Forget who owns a call, unless it is this node: then `SharedCalls.sweep` says so."""
        if not self.owns(room_id):
            self.owners.pop(room_id, None)

    def note(self, call: CallReplica, decided: Decided, sends: list[Send], before: Seat | None) -> None:
        """Remember what a decision ended and who was introduced by it. `before` is the seat before it,
        and `sends` are all that it causes.
        """
        room_id = call.room.room_id
        if isinstance(decided.change, Left | Lost | Resumed):
            self.lost_at.pop(decided.change.peer_id, None)
        if isinstance(decided.change, Left):
            self.note_end(room_id, decided.change.peer_id, math.inf if before is None else before.held_since)
            self.routes.drop(decided.change.peer_id)
        elif isinstance(decided.change, Entered | Resumed):
            self.ended.discard(room_id, decided.change.peer_id)
            self.ended_alone.discard(room_id, decided.change.peer_id)
            self.note_holder(room_id, decided.change.peer_id, before, decided.change.seat)
        if self.lease is None:
            return
        # A client that reports a peer was told of its entry: it can only have missed a later introduction.
        newcomer = decided.change.peer_id if isinstance(decided.change, Entered) else None
        again = [
            (send.to, send.message.peer_id)
            for send in sends
            if isinstance(send.message, AddPeer) and newcomer not in (send.to, send.message.peer_id)
        ]
        if again:
            self.times_of(room_id).note((call.epoch, call.version - 1), self._clock())
        introductions = self.introductions.setdefault(room_id, Introductions())
        for to, of in again:
            introductions.note(to, of, call.stamp)
        if isinstance(decided.change, Left):
            introductions.forget(decided.change.peer_id)

    def note_holder(self, room_id: RoomId, peer_id: PeerId, before: Seat | None, now: Seat) -> None:
        """Remember that a member has moved, if it has. What this node has for a member that was here follows
        it without a detour.
        """
        if before is None or before.holder == now.holder:
            return
        if before.holder in self.routes.answering:
            self.routes.change(room_id, peer_id, before.holder, now=self._clock())
        elif peer_id not in self.members:  # else `OwnDelivery.let_go` sends what waits
            self.routes.drop(peer_id)

    def times_of(self, room_id: RoomId) -> DecisionTimes:
        return self.times.setdefault(room_id, DecisionTimes())

    def note_snapshot(self, call: CallReplica, before: Stamp) -> None:
        """Remember that a snapshot stood for all decisions after one."""
        if before < call.stamp:
            self.times_of(call.room.room_id).note(before, self._clock())

    def before_silence(self, call: CallReplica) -> Stamp:
        """Return the decision up to which a node that is gone has surely followed a call until its end."""
        times = self.times.get(call.room.room_id)
        return call.stamp if times is None else times.before_silence(call.stamp, self._clock())

    def note_end(self, room_id: RoomId, peer_id: PeerId, held_since: float = math.inf) -> None:
        """Remember that a participation has ended; `held_since` as in `EndedPeers.add`."""
        self.ended.add(room_id, peer_id, held_since)
        if self.is_alone:
            return
        if self.lease is None:
            self.ended_alone.add(room_id, peer_id, held_since)
        else:
            self.latest_ends.append((self._clock(), room_id, peer_id, held_since))

    def send(self, to: LeaseId, message: NodeMessage) -> None:
        if not self.link.send(to, encode(message)):
            self.link.report_loss(to)

    def fence(self, sender: LeaseId, room_id: RoomId, epoch: int) -> None:
        """Tell a node that is wrong about the owner of a call, unless it knows of a later one."""
        owner = self.owners.get(room_id)
        if owner is None or owner.epoch < epoch:
            self.askers.setdefault(room_id, set()).add(sender)
            self.own.owner_wanted(room_id)
        elif owner.owner != sender:
            self.send(sender, Fenced(room_id, owner.epoch, owner.owner))

    def may_return(self, peer_id: PeerId) -> bool:
        """Return True if the owner may take this node for that of a member which it does not hold yet."""
        return self.arriving.get(peer_id, (None, False))[1] or peer_id in self.given_up

    def is_awaited(self, room_id: RoomId) -> bool:
        return any(pending.room.room_id == room_id for pending in self.pending.values())
