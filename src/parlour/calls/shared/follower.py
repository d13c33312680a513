"""The part of a node that does not own a call: it tells the owner of its members, and follows it. Pure."""

from msgspec.structs import replace

from parlour.calls.call_replica import CallReplica
from parlour.calls.decisions import Change, Left, Lost
from parlour.calls.shared.held_members import HeldMember
from parlour.calls.shared.introductions import Stamp
from parlour.calls.shared.messages import (
    MOVED,
    Census,
    Decision,
    Followed,
    Question,
    Refusal,
    Snapshot,
    decided_of,
    encode,
    is_elsewhere,
)
from parlour.calls.shared.own_delivery import OwnDelivery
from parlour.calls.shared.table import CallTable
from parlour.cluster.coordinator import LeaseId, Ownership
from parlour.rooms.descriptions import RoomDescription
from parlour.rooms.entities import RoomId
from parlour.wire.signaling import MemberJoined, PeerId, RemovePeer


class FollowerPart:
    """Follows the calls of other nodes in which this one has members, or that it watches."""

    def __init__(self, table: CallTable, delivery: OwnDelivery) -> None:
        self._table = table
        self._delivery = delivery
        self.census_number = 0
        """The number of censuses that were sent."""

    def knows(self, room_id: RoomId) -> bool:
        """Return True if this node knows who is in a call, as far as it has heard."""
        if self._table.decides(room_id):
            return True
        return room_id not in self._table.outdated and (
            room_id in self._table.calls or self._table.watched.get(room_id, False)
        )

    def tell_owner(self, room_id: RoomId, change: Change, *, ends_anywhere: bool = False) -> None:
        """Send the owner a change that needs no answer. One that is not known yet learns it by a census."""
        owner = self._table.owners.get(room_id)
        if owner is None:
            return
        question = Question(room_id, owner.epoch, change, ends_anywhere=ends_anywhere)
        if not self._table.link.send(owner.owner, encode(question)):
            self.report(owner.owner)

    def leave(self, peer_id: PeerId, member: HeldMember) -> None:
        """Have a member leave before the owner knows: it hears of no peer any more."""
        self._table.ended_alone.add(member.room.room_id, peer_id, member.record.seat.held_since)
        call = self._table.calls.get(member.room.room_id)
        names = {} if call is None else call.mesh.members.names
        self._table.members.drop(peer_id)
        for peer in list(member.known):
            known = None if call is None else call.mesh.members
            if known is not None and peer in names:
                self._table.own.deliver(peer_id, RemovePeer(peer, names[peer], known.display_name(peer)))
            else:
                self._table.own.deliver(peer_id, RemovePeer(peer, ""))
        self._table.own.ended(peer_id, is_elsewhere=False)

    def on_refusal(self, sender: LeaseId, refusal: Refusal) -> None:
        owner = self._table.owners.get(refusal.room_id)
        if refusal.code == MOVED and owner is not None and owner.owner == sender:
            del self._table.owners[refusal.room_id]  # it owns the call no longer, or never has
        self._delivery.answer(refusal.number, refusal.code)
        call = self._table.calls.get(refusal.room_id)
        if call is not None:
            self.drop_unused(call)

    def on_decision(self, decision: Decision) -> None:
        room_id = decision.room_id
        if room_id in self._table.outdated:
            return
        call = self._table.calls.get(room_id)
        if call is None or call.version + 1 != decision.version or call.epoch != decision.epoch:
            self.send_census(room_id)
            return
        owner, decided = self._table.owners[room_id].owner, decided_of(decision)
        before = call.seats.get(decided.change.peer_id)
        caused = call.follow(decided)
        self._table.note(call, decided, caused, before)
        arrivals = [send for send in caused if isinstance(send.message, MemberJoined)]
        if arrivals:
            decided = replace(decided, sends=arrivals + decided.sends)
        was_here = before is not None and before.holder == self._table.node_id
        if not self._delivery.deliver(call, decided, decision.answers, was_here=was_here):
            self.tell_owner(room_id, Left(decided.change.peer_id), ends_anywhere=True)
        if decision.is_awaited:
            self._table.send(owner, Followed(room_id, decision.epoch, decision.version))
        self._contradict(room_id, decided.change)
        self.drop_unused(call)

    def _contradict(self, room_id: RoomId, change: Change) -> None:
        """Report a member who is taken for lost, and has come back: the news of both have crossed."""
        member = self._table.members.get(change.peer_id)
        if isinstance(change, Lost) and member is not None and member.record.seat.away_since is None:
            self.send_census(room_id)

    def on_snapshot(self, snapshot: Snapshot) -> None:
        room_id = snapshot.room_id
        is_answer = (
            room_id in self._table.censuses and snapshot.answers_census == self._table.censuses[room_id]
        )
        if is_answer:
            self._table.outdated.pop(room_id, None)
            del self._table.censuses[room_id]
            self._table.members.make_sure(room_id)
            self._table.ended_alone.forget(room_id)
        elif room_id in self._table.outdated:
            return
        if room_id in self._table.watched:
            self._table.watched[room_id] = True
        if snapshot.is_awaited:
            owner = self._table.owners[room_id].owner
            self._table.send(owner, Followed(room_id, snapshot.epoch, snapshot.version))
        call = self._restore(snapshot)
        if call is None:
            self._forget_unused(room_id)
        else:
            self._compare_with(call)
            self._table.own.call_changed(call.room)
            self.drop_unused(call)
        if self.knows(room_id):
            self._table.own.call_known(room_id)

    def _restore(self, snapshot: Snapshot) -> CallReplica | None:
        """Take over what the owner knows of a call; None if there is no call."""
        room_id = snapshot.room_id
        self._table.ended.add_all(room_id, snapshot.ended)
        if snapshot.room is None:
            self._table.calls.pop(room_id, None)
            return None
        call = self._table.calls.get(room_id)
        if call is None:
            call = self._table.calls[room_id] = CallReplica(snapshot.room.room())
        self._table.introductions[room_id] = snapshot.introductions
        before, seats = call.stamp if call.seats else (0, 0), call.seats
        call.restore(
            snapshot.members,
            snapshot.claims,
            epoch=snapshot.epoch,
            version=snapshot.version,
            introduces=snapshot.introduces,
        )
        self._table.note_snapshot(call, before)
        for peer, seat in call.seats.items():
            self._table.note_holder(room_id, peer, seats.get(peer), seat)
            self._delivery.has_moved(peer)
        return call

    def _compare_with(self, call: CallReplica) -> None:
        """Let go of members that are held elsewhere since, and wait for peers that own members expect."""
        room_id = call.room.room_id
        for member in self._table.members.in_room(room_id):
            peer = member.record.peer_id
            seat = call.seats.get(peer)
            if seat is not None and is_elsewhere(seat, member.record.seat):
                self._delivery.let_go(peer, seat.holder)
            else:
                for claimed in call.mesh.claims.get(peer, ()):
                    self._table.own.expects(room_id, peer, claimed)

    def drop_unused(self, call: CallReplica) -> None:
        """Forget a call in which this node has no members left."""
        room_id = call.room.room_id
        is_used = (
            self._table.decides(room_id)
            or (room_id in self._table.watched and call.seats)
            or self._table.members.has_any_in(room_id)
            or any(seat.holder == self._table.node_id for seat in call.seats.values())
            or self._table.is_awaited(room_id)
        )
        if not is_used:
            self._table.forget(room_id)

    def _forget_unused(self, room_id: RoomId) -> None:
        """Forget all about a room without a call, unless a member is about to enter it."""
        if not self._table.is_awaited(room_id):
            self._table.forget(room_id)

    def report(self, owner: LeaseId) -> None:
        """Report the members of all calls of an owner: messages were lost."""
        rooms = {room for room, known in self._table.owners.items() if known.owner == owner}
        for room_id in sorted(rooms):
            self.send_census(room_id)

    def send_census(self, room_id: RoomId) -> None:
        owner = self._table.owners[room_id]
        if owner.owner == self._table.lease:
            return
        call = self._table.calls.get(room_id)
        now = (0, 0) if call is None else call.stamp
        followed = self._table.outdated.setdefault(room_id, now)
        self.census_number += 1
        self._table.censuses[room_id] = self.census_number
        census = self.census(room_id, owner, followed, number=self.census_number)
        self._delivery.fail(room_id)
        self._table.send(owner.owner, census)

    def census(self, room_id: RoomId, owner: Ownership, followed: Stamp, *, number: int) -> Census:
        room = next((member.room for member in self._table.members.in_room(room_id)), None)
        call = self._table.calls.get(room_id)
        return Census(
            room_id,
            owner.epoch,
            number,
            followed,
            self._table.members.census(room_id, self._table.introductions.get(room_id)),
            self._returning(room_id),
            None if room is None else RoomDescription.of(room),
            watches=room_id in self._table.watched,
            ended=self._table.ended_alone.of(room_id),
            introduces=call is None or call.mesh.introduces,
        )

    def _returning(self, room_id: RoomId) -> list[PeerId]:
        arriving = self._table.arriving.items()
        returning = {peer for peer, (room, is_return) in arriving if room == room_id and is_return}
        return sorted(returning | {peer for peer, room in self._table.given_up.items() if room == room_id})
