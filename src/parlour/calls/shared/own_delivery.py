"""Answer the arrivals of this node, and deliver what decisions and other nodes have for its members. Pure."""

from collections.abc import Callable

from parlour.calls.call_replica import CallReplica
from parlour.calls.decisions import Decided, Entered, Left, Resumed
from parlour.calls.mesh import Send
from parlour.calls.shared.early_relays import EarlyRelays
from parlour.calls.shared.interfaces import Arrival
from parlour.calls.shared.messages import MOVED, Relayed, encode, message_of
from parlour.calls.shared.moved_members import MovedMembers
from parlour.calls.shared.table import CallTable
from parlour.node_id import NodeId
from parlour.rooms.entities import RoomId
from parlour.wire.signaling import AddPeer, PeerId, RemovePeer


class OwnDelivery:
    """The last step of a decision, at each node that follows it."""

    def __init__(self, table: CallTable, *, clock: Callable[[], float]) -> None:
        """`clock` counts seconds and is monotonic."""
        self._table = table
        self._clock = clock
        self._early = EarlyRelays()
        self._moved = MovedMembers()

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

    def deliver(self, call: CallReplica, decided: Decided, answers: int | None) -> bool:
        """Deliver what a decision has for this node's members. Return False if it brought one that is not
        wanted any more.
        """
        room_id, change = decided.room_id, decided.change
        is_wanted = True
        if isinstance(change, Entered | Resumed) and change.seat.holder == self._table.node_id:
            is_wanted = self._take(call, change, answers)
        for send in decided.sends:
            self._deliver_to_own(call, send)
        if decided.notice is not None:
            self._table.own.notify(room_id, decided.notice)
        if change.peer_id in self._table.members:
            if isinstance(change, Resumed) and change.seat.holder != self._table.node_id:
                self.let_go(change.peer_id, change.seat.holder)
            elif isinstance(change, Left):
                self._table.members.drop(change.peer_id)
                self._table.own.ended(change.peer_id, is_elsewhere=False)
        self._table.own.call_changed(call.room)
        return is_wanted

    def let_go(self, peer_id: PeerId, holder: NodeId) -> None:
        """Let go of a member that another node holds since."""
        self._table.members.drop(peer_id)
        self._moved.note(peer_id, holder, now=self._clock())
        self._table.own.ended(peer_id, is_elsewhere=True)

    def _take(self, call: CallReplica, change: Arrival, answers: int | None) -> bool:
        """Hold a member of this node whose arrival was decided. Return False if it is not wanted any more.

        An arrival without an open question was given up, unless the owner has settled what it is told of a
        member that is here.
        """
        if answers is not None and answers in self._table.pending:
            if not self.answer(answers, None):
                self._table.members.drop(change.peer_id)
                return False
            self._table.members.hold(call.room, change)
            self._table.members.note(change)
        elif change.peer_id not in self._table.members:
            return isinstance(change, Resumed) and self._table.may_return(change.peer_id)
        member = self._table.members.hold(call.room, change)
        if isinstance(change, Resumed):
            member.known = set(change.known)
        for sender in member.known:
            self._release(change.peer_id, sender)
        for claimed in call.mesh.claims.get(change.peer_id, ()):
            self._table.own.expects(call.room.room_id, change.peer_id, claimed)
        return True

    def _deliver_to_own(self, call: CallReplica, send: Send) -> None:
        member = self._table.members.get(send.to)
        if member is None:
            return
        message = send.message
        if isinstance(message, AddPeer):
            if self._table.lease is None and call.seats[message.peer_id].holder != self._table.node_id:
                return
            member.known.add(message.peer_id)
            if self._table.lease is not None:
                member.unsure.discard(message.peer_id)
            elif not self._table.is_alone:
                member.unsure.add(message.peer_id)
            self._table.own.deliver(send.to, message)
            self._release(send.to, message.peer_id)
            return
        if isinstance(message, RemovePeer):
            if message.peer_id not in member.known:
                return  # it was told so while this node was an island, or was never told of that peer
            member.known.discard(message.peer_id)
        self._table.own.deliver(send.to, message)

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
            if relay.sender in member.known:
                self._table.own.relayed(relay.to, message, len(relay.content))
            else:
                self._early.hold(relay.to, message, len(relay.content), now=self._clock())

    def _on_relay_to_other(self, relay: Relayed) -> None:
        """Keep what is for a member that is about to arrive, and pass on what is for one that has moved."""
        if relay.to in self._table.arriving:
            self._early.hold(relay.to, message_of(relay), len(relay.content), now=self._clock())
            return
        call = self._table.calls.get(relay.room_id)
        if call is None:  # nobody of it is left here
            node = self._moved.holder(relay.to, now=self._clock())
        else:
            seat = call.seats.get(relay.to)
            node = None if seat is None else seat.holder
        holder = None if node is None else self._table.others.get(node)
        if holder is not None and not relay.is_passed_on:
            passed_on = Relayed(
                relay.room_id, relay.to, relay.sender, relay.is_candidate, relay.content, is_passed_on=True
            )
            self._table.link.send(holder, encode(passed_on))
