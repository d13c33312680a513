"""The part of the owner of a call: it decides, and makes the call agree with what other nodes report. Pure.

An island decides about its own members in the same way, and nobody follows.
"""

from collections.abc import Iterable, Mapping, Set
from datetime import datetime
from typing import assert_never

from msgspec.structs import replace

from parlour.calls.call_replica import CallReplica
from parlour.calls.decisions import (
    Change,
    ClaimExpired,
    Decided,
    Entered,
    Left,
    Lost,
    MemberRecord,
    Recorded,
    Renamed,
    Resumed,
)
from parlour.calls.shared.interfaces import Arrival
from parlour.calls.shared.introductions import Introductions, Stamp
from parlour.calls.shared.messages import (
    ELSEWHERE,
    ENDED,
    MOVED,
    Census,
    CensusMember,
    CensusWanted,
    Followed,
    Question,
    Refusal,
    Snapshot,
    decision_for,
    is_elsewhere,
)
from parlour.calls.shared.own_delivery import OwnDelivery
from parlour.calls.shared.table import CallTable
from parlour.cluster.coordinator import LeaseId, Ownership
from parlour.errors import Refusal as RefusalError
from parlour.node_id import NodeId
from parlour.rooms.descriptions import RoomDescription
from parlour.rooms.entities import RoomId
from parlour.wire.signaling import AddPeer, PeerId


class OwnerPart:
    """Decides about the calls that this node owns, or about all that it knows while it is an island."""

    def __init__(self, table: CallTable, delivery: OwnDelivery) -> None:
        self._table = table
        self._delivery = delivery

    def received(self, sender: LeaseId, message: Question | Census | Followed) -> None:
        match message:
            case Question():
                self._on_question(sender, message)
            case Census():
                self._on_census(sender, message)
            case Followed(room_id, epoch, version):
                if self._table.owns_at(room_id, epoch):
                    self._delivery.confirmed(room_id, sender, (epoch, version))
            case _:
                assert_never(message)

    def _on_question(self, sender: LeaseId, question: Question) -> None:
        room_id = question.room_id
        if not self._table.owns_at(room_id, question.epoch):
            self._table.fence(sender, room_id, question.epoch)
            if question.number is not None:
                self._table.send(sender, Refusal(room_id, question.number, MOVED))
            return
        call = self._table.calls.get(room_id)
        if question.number is not None and isinstance(question.change, Entered | Resumed):
            if call is None and question.room is not None:
                call = self._table.begin(question.room.room())
            if call is not None:
                change = self.as_known(call, question.change, question.known_at)
                self.decide_for(call, question.number, sender, change)
        elif question.ends_anywhere:
            self.end(room_id, question.change.peer_id)
        elif call is not None:
            seat = call.seats.get(question.change.peer_id)
            if seat is not None and self._table.others.get(seat.holder) == sender:
                self.decide(call, question.change)

    def decide_for(self, call: CallReplica, number: int, asker: LeaseId | None, change: Arrival) -> None:
        """Decide about an arrival, and answer."""
        room_id = call.room.room_id
        refusal = self._refusal_of(call, change)
        if refusal is None:
            self.decide(call, change, asker=asker, number=number)
            return
        if not call.seats:
            self._table.calls.pop(room_id, None)
        if asker == self._table.lease:
            self._delivery.answer(number, refusal)
        elif asker is not None:
            self._table.send(asker, Refusal(room_id, number, refusal))

    def _refusal_of(self, call: CallReplica, change: Arrival) -> str | None:
        """Return the code of the refusal of an arrival. Else make room for it: others may give way."""
        if isinstance(change, Resumed):
            seat = call.seats.get(change.peer_id)
            if seat is not None and seat.away_since is None and is_elsewhere(seat, change.seat):
                return ELSEWHERE if seat.holder in self._table.reached() else None
            is_unknown = seat is None
            has_no_place = call.count_of(change.seat.user_id) >= self._table.limits.participations
            is_over = self._table.ended.has(call.room.room_id, change.peer_id)
            return ENDED if is_unknown and (is_over or has_no_place) else None
        begun_before = call.begun_before(change)
        if any(call.seats[peer].held_since > change.seat.held_since for peer in begun_before):
            return ELSEWHERE
        for peer in begun_before:
            self.decide(call, Left(peer))
        try:
            seat = change.seat
            giving_way = call.giving_way_to(
                seat.user_id,
                self._table.limits,
                knows_sfu=seat.knows_sfu,
                has_key=seat.member_key is not None,
            )
        except RefusalError as refusal:
            return refusal.code
        for peer in giving_way:
            self.decide(call, Left(peer))
        self._table.calls.setdefault(call.room.room_id, call)
        return None

    def decide(
        self, call: CallReplica, change: Change, *, asker: LeaseId | None = None, number: int | None = None
    ) -> None:
        """Decide a change. Every node with members in the call gets the decision as one message."""
        room_id = call.room.room_id
        holders = {seat.holder for seat in call.seats.values()}
        if isinstance(change, Entered | Resumed):
            holders.add(change.seat.holder)
        leases = self._leases_of(room_id, holders)
        leases |= {lease: node for node, lease in self._table.others.items() if lease == asker}
        self._have_follow(call, leases)
        before = call.seats.get(change.peer_id)
        decided = call.decide(change, limits=self._table.limits, is_numbered=self._table.lease is not None)
        self._table.decisions = max(self._table.decisions, call.version)
        self._table.note(call, decided, decided.sends, before)
        unconfirmed = self._unconfirmed(decided, leases)
        for lease, holder in leases.items():
            peers = {peer for peer, seat in call.seats.items() if seat.holder == holder}
            if before is not None and before.holder == holder:
                peers.add(change.peer_id)
            answers = number if asker == lease else None
            decision = decision_for(decided, peers, answers=answers, is_awaited=lease in unconfirmed)
            self._table.send(lease, decision)
            if not self._is_follower(call, lease, holder):
                self._table.followers[room_id].discard(lease)
        if not call.seats:
            self._table.forget(room_id)
        answers = number if asker == self._table.lease else None
        was_here = before is not None and before.holder == self._table.node_id
        is_wanted = self._delivery.deliver(call, decided, answers, was_here=was_here, unconfirmed=unconfirmed)
        if self._table.lease is None and not self._table.members.has_any_in(room_id):
            self._table.forget(room_id)  # nobody of this island is left in it
        self._settle_claims(call, change)
        if not is_wanted:
            self.end(room_id, change.peer_id)

    def _unconfirmed(self, decided: Decided, leases: Mapping[LeaseId, NodeId]) -> Set[LeaseId]:
        """Return the nodes that have to follow a decision before this one tells its own members: all, if it
        introduces one of these again. A newcomer needs no such care: who reports one has heard of it. A call
        that is large no longer introduces all again when a member leaves.
        """
        change = decided.change
        if not leases or isinstance(change, Entered):
            return frozenset()
        is_here = isinstance(change, Resumed) and change.seat.holder == self._table.node_id
        for send in decided.sends:
            if isinstance(send.message, AddPeer) and (
                send.to in self._table.members or (is_here and send.to == change.peer_id)
            ):
                return leases.keys()
        return frozenset()

    def _leases_of(self, room_id: RoomId, holders: Iterable[NodeId]) -> dict[LeaseId, NodeId]:
        """Return the other nodes that follow a call, by their leases."""
        leases = {self._table.others[holder]: holder for holder in holders if holder in self._table.others}
        watchers = self._table.watchers.get(room_id)
        if watchers:
            leases |= {lease: node for node, lease in self._table.others.items() if lease in watchers}
        return leases

    def _have_follow(self, call: CallReplica, leases: Iterable[LeaseId]) -> None:
        """Send the call as it is to nodes that have not followed it so far."""
        followers = self._table.followers.setdefault(call.room.room_id, set()) if leases else set()
        newcomers = set(leases) - followers
        if newcomers:
            snapshot = self._snapshot(call)
            for lease in newcomers:
                self._table.send(lease, snapshot)
            followers |= newcomers

    def _is_follower(self, call: CallReplica, lease: LeaseId, holder: NodeId) -> bool:
        if lease in self._table.watchers.get(call.room.room_id, ()):
            return bool(call.seats)
        return any(seat.holder == holder for seat in call.seats.values())

    def _settle_claims(self, call: CallReplica, change: Change) -> None:
        """Have no member expect a peer that will not come back."""
        room_id = call.room.room_id
        if isinstance(change, Left):
            self._expect_no_more(call, change.peer_id)
        elif isinstance(change, Resumed):
            for claimed in call.mesh.claims.get(change.peer_id, ()):
                if self._table.ended.has(room_id, claimed):
                    self.decide(call, ClaimExpired(change.peer_id, claimed))

    def _expect_no_more(self, call: CallReplica, peer: PeerId) -> None:
        for claimant in call.waiting_for(peer):
            self.decide(call, ClaimExpired(claimant, peer))

    def end(self, room_id: RoomId, peer_id: PeerId) -> None:
        """End a participation for good, known here or not, whichever node holds it since when."""
        call = self._table.calls.get(room_id)
        if call is not None:
            self.decide(call, Left(peer_id))
        self._table.note_end(room_id, peer_id)

    def _snapshot(
        self, call: CallReplica, *, answers_census: int | None = None, is_awaited: bool = False
    ) -> Snapshot:
        room_id = call.room.room_id
        return Snapshot(
            room_id,
            call.epoch,
            call.version,
            RoomDescription.of(call.room),
            call.records(),
            dict(call.mesh.claims),
            self._table.introductions.get(room_id, Introductions()),
            self._table.ended.of(room_id),
            answers_census,
            is_awaited,
            call.mesh.introduces,
        )

    def _on_census(self, sender: LeaseId, census: Census) -> None:
        room_id = census.room_id
        if not self._table.owns_at(room_id, census.epoch):
            self._table.fence(sender, room_id, census.epoch)
            return
        watchers = self._table.watchers.setdefault(room_id, set())
        if census.watches:
            watchers.add(sender)
        else:
            watchers.discard(sender)
        call = self._table.calls.get(room_id)
        if call is None and census.members and census.room is not None:
            call = self._table.begin(census.room.room())
        node = next((node for node, lease in self._table.others.items() if lease == sender), None)
        if call is None or node is None:
            self._table.ended.add_all(room_id, census.ended)  # another node may report them yet
            number, introductions = census.number, Introductions()
            nobody = Snapshot(room_id, census.epoch, 0, None, [], {}, introductions, {}, number)
            self._table.send(sender, nobody)
            return
        self._table.awaited.get(room_id, set()).discard(node)
        self._table.followers.setdefault(room_id, set()).add(sender)
        self._delivery.confirmed(room_id, sender, census.followed)
        is_awaited = self._delivery.awaits(room_id, sender)
        self._table.send(sender, self._snapshot(call, answers_census=census.number, is_awaited=is_awaited))
        self._settle_all(call, sender, node, census)
        self._review_introductions(call)
        if not self._is_follower(call, sender, node):
            self._table.followers.get(room_id, set()).discard(sender)
        if not call.seats:
            self._table.forget(room_id)

    def _settle_all(self, call: CallReplica, sender: LeaseId, node: NodeId, census: Census) -> None:
        """Make the call agree with all that a node says of its members. Those that were known to be there
        hear of each one that leaves by the decision, and need not hear of it again though they were still
        introduced to it.
        """
        reported = {one.record.peer_id for one in census.members} | set(census.returning)
        there = {peer for peer, seat in call.seats.items() if seat.holder == node}
        left = there - reported
        vouched = self._table.vouched.setdefault(call.room.room_id, {})
        vouched[sender] = {
            pair: at for pair, at in vouched.get(sender, {}).items() if reported.issuperset(pair)
        }
        for peer in left:
            self.decide(call, Left(peer))
        self._settle_ended(call, census.ended)
        for member in census.members:
            self._table.calls.setdefault(call.room.room_id, call)
            known = member.known - left if member.record.peer_id in there else member.known
            if call.mesh.introduces and not census.introduces:
                known -= call.seats.keys()  # it was told of them, while they were too many to be introduced
            self._settle(call, replace(member, known=known), census.followed, sender)

    def _settle_ended(self, call: CallReplica, ended: Mapping[PeerId, float]) -> None:
        """End participations that have ended out of reach, and that a node that had not heard of it reported
        before. Who came back after that is held later.
        """
        room_id = call.room.room_id
        for peer, held_since in ended.items():
            seat = call.seats.get(peer)
            if seat is None or seat.held_since < held_since:
                if seat is not None:
                    self.decide(call, Left(peer))
                self._table.ended.add(room_id, peer, held_since)
                self._expect_no_more(call, peer)

    def _settle(
        self, call: CallReplica, member: CensusMember, followed: Stamp, sender: LeaseId | None
    ) -> None:
        """Make the call agree with what a node says of its member.

        Where its node has missed an introduction, or has seen one that this owner has not, it is introduced
        again: else both of a pair could believe that they make the offer.
        """
        record, room_id = member.record, call.room.room_id
        peer, seat = record.peer_id, call.seats.get(record.peer_id)
        ended = None if seat is not None else self._table.ended.held_since(room_id, peer)
        if ended is not None and (record.seat.away_since is not None or record.seat.held_since < ended):
            self.decide(call, Left(peer), asker=sender)  # its node has not heard of it
            return
        if seat is not None and is_elsewhere(seat, record.seat):
            self._introduce_again(call, peer, member.unsure & (call.seats.keys() - {peer}))
            return  # the snapshot says so
        others = call.seats.keys() - {peer}
        introductions = self._table.introductions.setdefault(room_id, Introductions())
        here = {one for one in member.unsure & others if call.seats[one].holder == record.seat.holder}
        vouched = self._table.vouched.setdefault(room_id, {}).setdefault(sender, {})
        told = {
            one
            for one in here
            if (latest := introductions.latest(peer, one)) is not None and latest == vouched.get((peer, one))
        }
        missed = self._missed(call, peer, followed, besides=told)
        known = member.known - missed - self._unheard(call, member) - (member.unsure & others - here)
        for other in here:  # one of them may be on the way to another node, and have missed it
            introductions.note(peer, other, call.stamp)
            vouched[peer, other] = call.stamp
        known |= self._put_off(call, peer, others - known)
        is_back = record.seat.away_since is None and seat != record.seat
        expected = others | call.mesh.claims.get(peer, frozenset())
        if seat is None or seat.holder != record.seat.holder or is_back or expected != known:
            self.decide(call, Resumed(peer, record.seat, record.name, record.display_name, known))
        self.settle_details(call, record)

    def _introduce_again(self, call: CallReplica, peer: PeerId, others: Set[PeerId]) -> None:
        """Introduce a member again to those whom a node introduced it to while both were out of reach: it has
        moved on since, and nobody else knows of that.
        """
        if not others:
            return
        room_id, seat = call.room.room_id, call.seats[peer]
        if seat.holder not in self._table.reported(room_id):
            self._table.put_off(room_id, peer, others)
            return
        self._resume_as_known(call, peer, others)

    def _resume_as_known(self, call: CallReplica, peer: PeerId, others: Set[PeerId]) -> None:
        """Decide that a member is where it is, and knows all but some others."""
        known = (call.seats.keys() - {peer} - others) | call.mesh.claims.get(peer, frozenset())
        members = call.mesh.members
        name, display_name = members.names[peer], members.display_names.get(peer)
        self.decide(call, Resumed(peer, call.seats[peer], name, display_name, frozenset(known)))

    def _put_off(self, call: CallReplica, peer: PeerId, others: Set[PeerId]) -> Set[PeerId]:
        """Put introductions off to members who are out of reach, or whose node has not reported them yet:
        they would miss it. Return these members.
        """
        room_id = call.room.room_id
        reported = self._table.reported(room_id)
        absent = {other for other in others if call.seats[other].holder not in reported}
        for other in absent:
            self._table.put_off(room_id, other, [peer])
        return absent

    def _missed(
        self, call: CallReplica, peer: PeerId, followed: Stamp, *, besides: Set[PeerId] = frozenset()
    ) -> Set[PeerId]:
        """Return those to whom a member was introduced after the decision up to which it was told all: it
        may have missed them. Who has left meanwhile is not among them: the member has to hear of that.
        `besides` are those of whom a census of its node has said before that it was told by that node: this
        one was sent before the answer to that.
        """
        room_id = call.room.room_id
        unmet = self._table.unmet.get(room_id, {}).pop(peer, set()) & call.seats.keys()
        introductions = self._table.introductions.get(room_id, Introductions())
        return unmet | (introductions.after(peer, followed, call.seats.keys()) - besides)

    def _unheard(self, call: CallReplica, member: CensusMember) -> Set[PeerId]:
        """Return those to whom a former owner introduced a member, by decisions that are not known here."""
        base = self._table.bases.get(call.room.room_id)
        if base is None or member.introduced is None:
            return frozenset()
        own = (call.epoch, 0)
        latest = {other for other, at in member.introduced.recent.items() if at > own}
        return member.introduced.after(base, call.seats.keys()) - latest

    def as_known(self, call: CallReplica, change: Arrival, known_at: Stamp | None) -> Arrival:
        """Return an arrival with the peers that the member knows for certain.

        An island can't know whom a member that comes from another node was introduced to meanwhile. In a
        large call the answer to its join names all; members of an island may not have been told of it. What
        was kept for it may introduce it to those that have left, of whom it hears once more.
        """
        if isinstance(change, Resumed) and not call.mesh.introduces:
            known = self._table.in_reach(call) - {change.peer_id}
            if self._table.lease is None:
                members = self._table.members.in_room(call.room.room_id)
                known -= {one.record.peer_id for one in members if change.peer_id not in one.known}
            return replace(change, known=frozenset(known) | (change.known - call.seats.keys()))
        if isinstance(change, Entered) or self._table.is_alone:
            return change
        if self._table.lease is None:
            here = {peer for peer, seat in call.seats.items() if seat.holder == self._table.node_id}
            return change if known_at is not None else replace(change, known=change.known - here)
        if known_at is None:
            known_at = self._known_at(call, change)
        base = self._table.bases.get(call.room.room_id, (call.epoch, 0))
        if base < known_at < (call.epoch, 0):
            return replace(change, known=change.known - call.seats.keys())
        return replace(change, known=change.known - self._missed(call, change.peer_id, known_at))

    def _known_at(self, call: CallReplica, change: Resumed) -> Stamp:
        """Return the decision up to which a member surely was told all, where its node did not say so.

        Whatever was sent to a connection that is lost may be lost with it, whenever that was noticed; but a
        member that comes from a node that is gone is to notice nothing, as far as its node had heard.
        """
        seat = call.seats.get(change.peer_id)
        if seat is None:
            return call.stamp
        is_gone = seat.holder not in self._table.reached()
        return self._table.lost_at.get(change.peer_id, (0, 0)) if is_gone else (0, 0)

    def settle_details(self, call: CallReplica, record: MemberRecord) -> None:
        """Make the call agree with what a node says of a member that is there."""
        peer, seat = record.peer_id, call.seats.get(record.peer_id)
        if seat is None:
            return
        if record.seat.away_since is not None and seat != record.seat:
            self.decide(call, Lost(peer, record.seat.away_since))
        if call.mesh.members.display_names.get(peer) != record.display_name:
            self.decide(call, Renamed(peer, record.display_name))
        if record.is_recording != (peer in call.mesh.members.recorders):
            self.decide(call, Recorded(peer, record.is_recording))

    def take_over(self, room_id: RoomId, ownership: Ownership) -> None:
        """Own a call from now on: begin with the replica, and have the other nodes report their members."""
        call = self._table.calls.get(room_id)
        followed = self._table.outdated.pop(room_id, None)
        self._table.censuses.pop(room_id, None)
        self._table.watched.pop(room_id, None)
        self._delivery.fail(room_id)
        if call is None and not self._table.members.has_any_in(room_id):
            self._table.own.call_known(room_id)
            return
        call = call or self._table.call_of_members(room_id)
        base = self._table.bases[room_id] = call.stamp
        call.epoch = ownership.epoch
        self._table.decisions = call.version = max(self._table.decisions, call.version)
        awaited = {seat.holder for seat in call.seats.values()} - {self._table.node_id}
        self._table.awaited[room_id] = awaited
        for node, lease in self._table.others.items():
            if node in awaited:
                self._table.send(lease, CensusWanted(room_id, ownership.epoch))
        self.end_unheld(call)
        for member in self._table.members.in_room(room_id):
            self._table.calls.setdefault(room_id, call)
            self._settle(
                call,
                member.report(self._table.introductions.get(room_id)),
                followed or base,
                self._table.lease,
            )
        self._review_introductions(call)
        self._table.members.make_sure(room_id)
        self._table.ended_alone.forget(room_id)
        self._table.own.call_known(room_id)

    def _review_introductions(self, call: CallReplica) -> None:
        """Have members be introduced to each other where the former owner has not come to that."""
        if call.seats and not call.mesh.introduces and call.introduces_after(None, self._table.limits):
            self._resume_as_known(call, next(iter(call.seats)), set())

    def end_unheld(self, call: CallReplica) -> None:
        """End the members of this node that it does not hold any more."""
        for peer, seat in list(call.seats.items()):
            is_held = peer in self._table.members or self._table.may_return(peer)
            if seat.holder == self._table.node_id and not is_held:
                self.decide(call, Left(peer))

    def lose_absent(self, room_id: RoomId, *, now: datetime) -> bool:
        """Have the members of nodes that are gone be away. Return True if any member is of such a node."""
        call = self._table.calls.get(room_id)
        if call is None or not self._table.owns(room_id):
            return False
        alive = {self._table.node_id, *self._table.others}
        absent = [(peer, seat) for peer, seat in call.seats.items() if seat.holder not in alive]
        for peer, seat in absent:
            if seat.away_since is None:
                lost_at = self._table.lost_at.get(peer)
                self.decide(call, Lost(peer, now))
                if lost_at is not None:
                    self._table.lost_at[peer] = lost_at
        return bool(absent)

    def end_absent(self, room_id: RoomId, *, lost_before: datetime) -> bool:
        """End members of nodes that are gone who were not back in time. Return True if some may still be."""
        call = self._table.calls.get(room_id)
        if call is None or not self._table.owns(room_id):
            return False
        alive = {self._table.node_id, *self._table.others}
        is_any_left = False
        for peer, seat in list(call.seats.items()):
            if seat.holder not in alive and seat.away_since is not None:
                if seat.away_since <= lost_before:
                    self.decide(call, Left(peer))
                else:
                    is_any_left = True
        return is_any_left
