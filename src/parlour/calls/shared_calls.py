"""The calls of a cluster, at one of its nodes: a state machine without I/O.

The owner of a call decides; the other nodes ask it for changes that concern their own members, follow its
decisions, and deliver what these have for their own members. Descriptions and candidates go from node to
node without the owner. A message that was lost is cured by a census: a node reports all members of a call
that it holds, with the peers that each was introduced to, and the owner introduces those again who do not
know each other. A new owner begins with the same.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, assert_never

import msgspec

from parlour.calls.call_replica import CallLimits, CallReplica
from parlour.calls.decisions import (
    Change,
    ClaimExpired,
    Decided,
    Entered,
    Left,
    Lost,
    MemberRecord,
    Notice,
    Recorded,
    Renamed,
    Resumed,
)
from parlour.calls.early_relays import EarlyRelays
from parlour.calls.mesh import Send
from parlour.calls.node_messages import (
    Census,
    CensusMember,
    CensusWanted,
    Decision,
    Fenced,
    NodeMessage,
    Question,
    Refusal,
    Relayed,
    Snapshot,
    Stamp,
    decided_of,
    decision_for,
    decode,
    encode,
    message_of,
    relayed,
)
from parlour.cluster.coordinator import Lease, LeaseId, Ownership
from parlour.errors import Refusal as RefusalError
from parlour.errors import Unavailable
from parlour.node_id import NodeId
from parlour.rooms.entities import Room, RoomId
from parlour.wire.signaling import AddPeer, Counted, FromPeer, PeerId, RemovePeer

_CALL = "call/"


def call_name(room_id: RoomId) -> str:
    """Return the name under which a room's call is owned (`Coordinator.own`)."""
    return f"{_CALL}{room_id}"


class NodeLink(Protocol):
    """Messages to other nodes."""

    def send(self, to: LeaseId, body: bytes, /) -> bool:
        """Queue a message. Return False if the node is not there or too much waits for it."""

    def report_loss(self, to: LeaseId, /) -> None:
        """Have that node hear that a message was lost."""


class OwnMembers(Protocol):
    """The members that this node holds."""

    def answered(self, number: int, refusal: str | None, /) -> bool:
        """Learn the answer to a question: None if the change was made, else the code of a refusal.

        Return False if the member that it made is not wanted any more.
        """

    def deliver(self, to: PeerId, message: Counted, /) -> None:
        """Send a member a numbered message."""

    def notify(self, room_id: RoomId, notice: Notice, /) -> None:
        """Tell this node's connections in a call, but not that of the peer that the notice is about."""

    def ended(self, peer_id: PeerId, /) -> None:
        """Learn that a member has ended, and that nothing more is delivered to it."""


@dataclass(slots=True)
class _Member:
    """A member that this node holds: what the owner has to know of it, and whom it was introduced to."""

    room_id: RoomId
    record: MemberRecord
    known: set[PeerId] = field(default_factory=set)
    is_leaving: bool = False


@dataclass(slots=True)
class _Pending:
    """A question that has not been answered."""

    room_id: RoomId
    owner: LeaseId
    change: Change


class SharedCalls:
    """Takes what happens at this node and what other nodes send, one after the other."""

    def __init__(
        self,
        node_id: NodeId,
        link: NodeLink,
        members: OwnMembers,
        limits: CallLimits,
        *,
        clock: Callable[[], float],
    ) -> None:
        """`clock` counts seconds and is monotonic."""
        self._node_id = node_id
        self._link = link
        self._own = members
        self._limits = limits
        self._clock = clock
        self._lease: LeaseId | None = None
        self._others: dict[NodeId, LeaseId] = {}
        self._calls: dict[RoomId, CallReplica] = {}
        self._owners: dict[RoomId, Ownership] = {}
        self._followers: dict[RoomId, set[LeaseId]] = {}
        self._outdated: dict[RoomId, Stamp] = {}
        """The calls of which a decision was missed after this one: a snapshot is on its way."""
        self._censuses: dict[RoomId, int] = {}
        """The number of the last census of each call: answers to those before it are too old."""
        self._introduced: dict[RoomId, dict[PeerId, Stamp]] = {}
        """The decision by which each member was told of another one last."""
        self._bases: dict[RoomId, Stamp] = {}
        """The decision with which this node began to own a call."""
        self._members: dict[PeerId, _Member] = {}
        self._pending: dict[int, _Pending] = {}
        self._early = EarlyRelays()
        self.replica: Callable[[RoomId], CallReplica | None] = self._calls.get

    # What happens at this node

    def ask(self, number: int, room: Room, ownership: Ownership, change: Change) -> None:
        """Have the owner of a call make a change that concerns a member of this node. `number` is the
        caller's, and new for each question; `OwnMembers.answered` is called with it, once.
        """
        self.learn(ownership)
        self._note(room.room_id, change)
        self._pending[number] = _Pending(room.room_id, self._owners[room.room_id].owner, change)
        call = self._calls.get(room.room_id)
        if self._owns(room.room_id):
            self._decide_for(call or self._begin(room), number, self._lease, change)
        else:
            owner = self._owners[room.room_id]
            question = Question(room.room_id, owner.epoch, number, change)
            if not self._link.send(owner.owner, encode(question)):
                self._report(owner.owner)

    def learn(self, ownership: Ownership) -> None:
        """Take note of who owns a call; without effect if a later ownership is known."""
        room_id = RoomId(int(ownership.name.removeprefix(_CALL)))
        known = self._owners.get(room_id)
        if known is not None and (known.epoch, known.owner) >= (ownership.epoch, ownership.owner):
            return
        self._owners[room_id] = ownership
        if known is None:
            return
        if ownership.owner == self._lease:
            self._take_over(room_id, ownership)
        else:
            self._followers.pop(room_id, None)
            self._send_census(room_id)

    def relay(self, room_id: RoomId, to: PeerId, message: FromPeer) -> bool:
        """Pass a message of an own member on to a member of another node. Return False if too much waits
        for it, or if that node is not there.
        """
        call = self._calls.get(room_id)
        seat = None if call is None else call.seats.get(to)
        holder = None if seat is None else self._others.get(seat.holder)
        return holder is not None and self._link.send(holder, encode(relayed(room_id, to, message)))

    def end(self, room_id: RoomId, peer_id: PeerId) -> None:
        """End a member whose node is gone, at the call's owner: it was not resumed within the grace."""
        call = self._calls.get(room_id)
        if call is not None and self._owns(room_id) and peer_id in call.seats:
            self._decide(call, Left(peer_id))

    # What the coordinator says

    def lease_begun(self, lease: Lease) -> None:
        self._lease = lease.lease_id

    def node_joined(self, lease: Lease) -> None:
        self._others[lease.node_id] = lease.lease_id

    def node_left(self, lease: Lease, *, now: datetime) -> list[RoomId]:
        """Have the members of a node that is gone be away. Return the calls that have lost their owner."""
        if self._others.get(lease.node_id) == lease.lease_id:
            del self._others[lease.node_id]
        for followers in self._followers.values():
            followers.discard(lease.lease_id)
        for call in list(self._calls.values()):
            if self._owns(call.room.room_id):
                self._lose_members_of(call, lease.node_id, now)
        orphans = [room for room, owner in self._owners.items() if owner.owner == lease.lease_id]
        for room_id in orphans:
            self._fail(room_id)
        return [room_id for room_id in orphans if room_id in self._calls]

    def messages_lost(self, sender: LeaseId) -> None:
        self._report(sender)
        self._link.send(sender, encode(CensusWanted()))

    def received(self, sender: LeaseId, body: bytes, room_of: Callable[[RoomId], Room]) -> None:
        """Take a message. `room_of` says what this node knows of a room. Raises msgspec.MsgspecError."""
        message: NodeMessage = decode(body)
        match message:
            case Question():
                self._on_question(sender, message, room_of)
            case Refusal():
                self._answer(message.number, message.code)
                call = self._calls.get(message.room_id)
                if call is not None:
                    self._drop_unused(call)
            case Decision():
                self._on_decision(sender, message)
            case Snapshot():
                self._on_snapshot(sender, message, room_of)
            case Census():
                self._on_census(sender, message, room_of)
            case CensusWanted():
                self._on_census_wanted(sender, message)
            case Fenced():
                self.learn(Ownership(call_name(message.room_id), LeaseId(message.owner), message.epoch))
            case Relayed():
                self._on_relay(message)
            case _:
                assert_never(message)

    # At the owner

    def _owns(self, room_id: RoomId) -> bool:
        owner = self._owners.get(room_id)
        return owner is not None and owner.owner == self._lease

    def _begin(self, room: Room) -> CallReplica:
        call = self._calls[room.room_id] = CallReplica(room, epoch=self._owners[room.room_id].epoch)
        return call

    def _on_question(self, sender: LeaseId, question: Question, room_of: Callable[[RoomId], Room]) -> None:
        room_id = question.room_id
        if not self._owns(room_id) or self._owners[room_id].epoch != question.epoch:
            self._fence(sender, room_id)
            self._send(sender, Refusal(room_id, question.number, Unavailable.code))
            return
        call = self._calls.get(room_id) or self._begin(room_of(room_id))
        self._decide_for(call, question.number, sender, question.change)

    def _decide_for(self, call: CallReplica, number: int, asker: LeaseId | None, change: Change) -> None:
        """Decide what a node has asked for, and answer."""
        try:
            if isinstance(change, Entered):
                for peer in call.giving_way_to(change.seat.user_id, self._limits):
                    self._decide(call, Left(peer))
            elif not isinstance(change, Resumed) and change.peer_id not in call.seats:
                raise Unavailable
        except RefusalError as refusal:
            if asker == self._lease:
                self._answer(number, refusal.code)
            elif asker is not None:
                self._send(asker, Refusal(call.room.room_id, number, refusal.code))
            if not call.seats:
                self._calls.pop(call.room.room_id, None)
            return
        self._decide(call, change, asker=asker, number=number)

    def _decide(
        self, call: CallReplica, change: Change, *, asker: LeaseId | None = None, number: int | None = None
    ) -> None:
        """Decide a change. Every node with members in the call gets the decision as one message."""
        room_id = call.room.room_id
        before = call.seats.get(change.peer_id)
        holders = {seat.holder for seat in call.seats.values()}
        if isinstance(change, Entered | Resumed):
            holders.add(change.seat.holder)
        leases = {holder: self._others[holder] for holder in holders & self._others.keys()}
        followers = self._followers.setdefault(room_id, set())
        newcomers = set(leases.values()) - followers
        if newcomers:
            snapshot = self._snapshot(call)
            for lease in newcomers:
                self._send(lease, snapshot)
            followers |= newcomers
        decided = call.decide(change)
        self._note_introductions(call, decided.sends)
        for holder, lease in leases.items():
            peers = {peer for peer, seat in call.seats.items() if seat.holder == holder}
            if before is not None and before.holder == holder:
                peers.add(change.peer_id)
            self._send(lease, decision_for(decided, peers, answers=number if asker == lease else None))
            if all(seat.holder != holder for seat in call.seats.values()):
                followers.discard(lease)
        self._deliver(decided, number if asker == self._lease else None)
        if not call.seats:
            self._forget(room_id)
            self._followers.pop(room_id, None)

    def _note_introductions(self, call: CallReplica, sends: list[Send]) -> None:
        introduced = self._introduced.setdefault(call.room.room_id, {})
        for send in sends:
            if isinstance(send.message, AddPeer):
                introduced[send.to] = call.epoch, call.version
        for peer in introduced.keys() - call.seats.keys():
            del introduced[peer]

    def _forget(self, room_id: RoomId) -> None:
        self._calls.pop(room_id, None)
        self._introduced.pop(room_id, None)
        self._bases.pop(room_id, None)

    def _snapshot(self, call: CallReplica, *, answers_census: int | None = None) -> Snapshot:
        return Snapshot(
            call.room.room_id,
            call.epoch,
            call.version,
            call.records(),
            dict(call.mesh.claims),
            dict(self._introduced.get(call.room.room_id, {})),
            answers_census,
        )

    def _on_census(self, sender: LeaseId, census: Census, room_of: Callable[[RoomId], Room]) -> None:
        room_id = census.room_id
        if not self._owns(room_id) or self._owners[room_id].epoch != census.epoch:
            self._fence(sender, room_id)
            return
        node = next((node for node, lease in self._others.items() if lease == sender), None)
        call = self._calls.get(room_id)
        if call is None and census.members:
            call = self._begin(room_of(room_id))
        if node is None or call is None:
            self._send(sender, Snapshot(room_id, census.epoch, 0, [], {}, {}, answers_census=census.number))
            return
        self._followers.setdefault(room_id, set()).add(sender)
        self._send(sender, self._snapshot(call, answers_census=census.number))
        reported = {one.record.peer_id: one for one in census.members}
        for peer, seat in list(call.seats.items()):
            if seat.holder == node and peer not in reported:
                self._decide(call, Left(peer))
        for member in census.members:
            self._settle(call, member, census.followed)
        if all(seat.holder != node for seat in call.seats.values()):
            self._followers.get(room_id, set()).discard(sender)

    def _settle(self, call: CallReplica, member: CensusMember, followed: Stamp) -> None:
        """Make the call agree with what a node says of its member.

        A member whose node has missed an introduction, or has seen one that this owner has not, is introduced
        to all others again: else both of a pair could believe that they make the offer.
        """
        record, room_id = member.record, call.room.room_id
        peer, seat = record.peer_id, call.seats.get(record.peer_id)
        others = call.seats.keys() - {peer}
        introduced = self._introduced.get(room_id, {}).get(peer, (0, 0))
        base = self._bases.get(room_id, (call.epoch, 0))
        is_unsure = introduced > followed or base < followed < (call.epoch, 0)
        known = member.known - others if is_unsure else member.known
        is_back = record.seat.away_since is None and seat != record.seat
        if seat is None or seat.holder != record.seat.holder or is_back or others != known:
            if room_id not in self._calls:
                self._calls[room_id] = call
            self._decide(call, Resumed(peer, record.seat, record.name, record.display_name, known))
            for claimed in call.mesh.claims.get(peer, ()):
                self._decide(call, ClaimExpired(peer, claimed))
        if record.seat.away_since is not None and call.seats[peer] != record.seat:
            self._decide(call, Lost(peer, record.seat.away_since))
        if call.mesh.members.display_names.get(peer) != record.display_name:
            self._decide(call, Renamed(peer, record.display_name))
        if record.is_recording != (peer in call.mesh.members.recorders):
            self._decide(call, Recorded(peer, record.is_recording))

    def _take_over(self, room_id: RoomId, ownership: Ownership) -> None:
        """Own a call from now on: begin with the replica, and have the other nodes report their members."""
        call = self._calls.get(room_id)
        followed = self._outdated.pop(room_id, None)
        self._followers.pop(room_id, None)
        self._fail(room_id)
        if call is None:
            return
        base = self._bases[room_id] = call.epoch, call.version
        call.epoch = ownership.epoch
        for node, lease in self._others.items():
            if any(seat.holder == node for seat in call.seats.values()):
                self._send(lease, CensusWanted(room_id, ownership.epoch))
        own = [one for one in self._census(room_id) if one.record.peer_id in self._members]
        reported = {one.record.peer_id for one in own}
        for peer, seat in list(call.seats.items()):
            if seat.holder == self._node_id and peer not in reported:
                self._decide(call, Left(peer))
        for member in own:
            self._settle(call, member, followed or base)

    def lose_absent(self, room_id: RoomId, *, now: datetime) -> None:
        """Have the members of nodes that are gone be away, after a takeover."""
        call = self._calls.get(room_id)
        if call is not None and self._owns(room_id):
            alive = {self._node_id, *self._others}
            for node in {seat.holder for seat in call.seats.values()} - alive:
                self._lose_members_of(call, node, now)

    def _lose_members_of(self, call: CallReplica, node: NodeId, now: datetime) -> None:
        for peer, seat in list(call.seats.items()):
            if seat.holder == node and seat.away_since is None:
                self._decide(call, Lost(peer, now))

    # At a node that follows

    def _on_decision(self, sender: LeaseId, decision: Decision) -> None:
        room_id = decision.room_id
        if not self._accepts(sender, room_id, decision.epoch) or room_id in self._outdated:
            return
        call = self._calls.get(room_id)
        if call is None or call.version + 1 != decision.version or call.epoch != decision.epoch:
            self._send_census(room_id)
            return
        decided = decided_of(decision)
        self._note_introductions(call, call.follow(decided))
        self._deliver(decided, decision.answers)
        self._drop_unused(call)

    def _on_snapshot(self, sender: LeaseId, snapshot: Snapshot, room_of: Callable[[RoomId], Room]) -> None:
        room_id = snapshot.room_id
        if not self._accepts(sender, room_id, snapshot.epoch):
            return
        if room_id in self._censuses and snapshot.answers_census == self._censuses[room_id]:
            self._outdated.pop(room_id, None)
        elif room_id in self._outdated:
            return
        call = self._calls.get(room_id)
        if call is None:
            call = self._calls[room_id] = CallReplica(room_of(room_id))
        self._introduced[room_id] = snapshot.introduced
        call.restore(snapshot.members, snapshot.claims, epoch=snapshot.epoch, version=snapshot.version)
        if not snapshot.members:
            self._drop_unused(call)

    def _on_census_wanted(self, sender: LeaseId, wanted: CensusWanted) -> None:
        if wanted.room_id is None:
            self._report(sender)
            return
        is_current = self._accepts(sender, wanted.room_id, wanted.epoch)
        if is_current and wanted.room_id not in self._outdated:
            self._send_census(wanted.room_id)

    def _accepts(self, sender: LeaseId, room_id: RoomId, epoch: int) -> bool:
        """Return True if the sender owns the call, as far as is known here. Fence a former owner."""
        self.learn(Ownership(call_name(room_id), sender, epoch))
        owner = self._owners[room_id]
        if (owner.epoch, owner.owner) == (epoch, sender):
            return True
        self._fence(sender, room_id)
        return False

    def _drop_unused(self, call: CallReplica) -> None:
        """Forget a call in which this node has no members left."""
        room_id = call.room.room_id
        is_used = (
            self._owns(room_id)
            or any(seat.holder == self._node_id for seat in call.seats.values())
            or any(pending.room_id == room_id for pending in self._pending.values())
        )
        if not is_used:
            self._forget(room_id)

    def _report(self, owner: LeaseId) -> None:
        """Report the members of all calls of an owner: messages were lost."""
        rooms = {room for room, known in self._owners.items() if known.owner == owner}
        concerned = {member.room_id for member in self._members.values()}
        concerned |= {pending.room_id for pending in self._pending.values()} | self._calls.keys()
        concerned |= self._outdated.keys()
        for room_id in sorted(rooms & concerned):
            self._send_census(room_id)

    def _send_census(self, room_id: RoomId) -> None:
        owner = self._owners[room_id]
        self._fail(room_id)
        call = self._calls.get(room_id)
        now = (0, 0) if call is None else (call.epoch, call.version)
        followed = self._outdated.setdefault(room_id, now)
        number = self._censuses[room_id] = self._censuses.get(room_id, 0) + 1
        self._send(owner.owner, Census(room_id, owner.epoch, number, followed, self._census(room_id)))

    def _census(self, room_id: RoomId) -> list[CensusMember]:
        return [
            CensusMember(member.record, frozenset(member.known))
            for member in self._members.values()
            if member.room_id == room_id
        ]

    def _fail(self, room_id: RoomId) -> None:
        """Answer the open questions about a call: their answers are lost. What left is gone."""
        for number, pending in list(self._pending.items()):
            if pending.room_id == room_id:
                self._answer(number, Unavailable.code)
        for peer, member in list(self._members.items()):
            if member.room_id == room_id and member.is_leaving:
                del self._members[peer]
                self._own.ended(peer)

    # Both

    def _send(self, to: LeaseId, message: NodeMessage) -> None:
        if not self._link.send(to, encode(message)):
            self._link.report_loss(to)

    def _fence(self, sender: LeaseId, room_id: RoomId) -> None:
        owner = self._owners.get(room_id)
        if owner is not None and owner.owner != sender:
            self._send(sender, Fenced(room_id, owner.epoch, owner.owner))

    def _note(self, room_id: RoomId, change: Change) -> None:
        """Keep what a census has to say of an own member."""
        member = self._members.get(change.peer_id)
        if member is None:
            return
        record = member.record
        match change:
            case Lost(at=at):
                seat = msgspec.structs.replace(record.seat, away_since=at)
                member.record = msgspec.structs.replace(record, seat=seat)
            case Renamed(display_name=display_name):
                member.record = msgspec.structs.replace(record, display_name=display_name)
            case Recorded(recording=recording):
                member.record = msgspec.structs.replace(record, is_recording=recording)
            case Resumed(seat=seat, display_name=display_name, known=known):
                member.record = msgspec.structs.replace(record, seat=seat, display_name=display_name)
                member.known = set(known)
            case Left():
                member.is_leaving = True
            case Entered() | ClaimExpired():
                pass
            case _:
                assert_never(change)

    def _answer(self, number: int, refusal: str | None) -> bool:
        """Answer a question of this node. Return False if its member is not wanted any more."""
        if self._pending.pop(number, None) is None:
            return True
        return self._own.answered(number, refusal)

    def _deliver(self, decided: Decided, answers: int | None) -> None:
        """Deliver what a decision has for this node's members."""
        change = decided.change
        is_wanted = True
        if answers is not None and answers in self._pending:
            if isinstance(change, Entered | Resumed) and change.seat.holder == self._node_id:
                self._hold(decided.room_id, change)
            is_wanted = self._answer(answers, None)
            if not is_wanted:
                self._members.pop(change.peer_id, None)
        for send in decided.sends:
            self._deliver_to_own(send)
        if decided.notice is not None:
            self._own.notify(decided.room_id, decided.notice)
        is_elsewhere = isinstance(change, Resumed) and change.seat.holder != self._node_id
        if (isinstance(change, Left) or is_elsewhere) and change.peer_id in self._members:
            del self._members[change.peer_id]
            self._own.ended(change.peer_id)
        if not is_wanted:
            self._send_census_of_own(decided.room_id)

    def _hold(self, room_id: RoomId, change: Entered | Resumed) -> None:
        """Note a member of this node whose change was made."""
        if change.peer_id not in self._members:
            known = set(change.known) if isinstance(change, Resumed) else set[PeerId]()
            record = MemberRecord(change.peer_id, change.seat, change.name, change.display_name)
            self._members[change.peer_id] = _Member(room_id, record, known)

    def _send_census_of_own(self, room_id: RoomId) -> None:
        """Have a member that is not wanted any more end."""
        if self._owns(room_id):
            call, reported = self._calls[room_id], self._members.keys()
            for peer, seat in list(call.seats.items()):
                if seat.holder == self._node_id and peer not in reported:
                    self._decide(call, Left(peer))
        else:
            self._send_census(room_id)

    def _deliver_to_own(self, send: Send) -> None:
        member = self._members.get(send.to)
        if member is None:
            return
        message = send.message
        self._own.deliver(send.to, message)
        if isinstance(message, AddPeer):
            member.known.add(message.peer_id)
            for early in self._early.release(send.to, message.peer_id, now=self._clock()):
                self._own.deliver(send.to, early)
        elif isinstance(message, RemovePeer):
            member.known.discard(message.peer_id)

    def _on_relay(self, relay: Relayed) -> None:
        member = self._members.get(relay.to)
        if member is None or member.room_id != relay.room_id:
            return
        message = message_of(relay)
        if relay.sender in member.known:
            self._own.deliver(relay.to, message)
        else:
            self._early.hold(relay.to, message, len(relay.content), now=self._clock())
