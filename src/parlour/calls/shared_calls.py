"""The calls of a cluster, at one of its nodes: a state machine without I/O.

The owner of a call decides; the other nodes ask it for changes that concern their own members, follow its
decisions, and deliver what these have for their own members. Descriptions and candidates go from node to
node without the owner. A message that was lost is cured by a census: a node reports all members of a call
that it holds, with the peers that each was introduced to, and the owner introduces those again who do not
know each other. A new owner begins with the same.

A node without a lease is an island: it decides about its own members alone, and introduces them to nobody
of other nodes. The censuses after its return merge what was decided meanwhile. A node without others is an
island for good.
"""

from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, assert_never

from msgspec.structs import replace

from parlour.calls.call_replica import CallLimits, CallReplica
from parlour.calls.decisions import (
    Change,
    ClaimExpired,
    Decided,
    Entered,
    Left,
    Lost,
    Notice,
    Recorded,
    Renamed,
    Resumed,
)
from parlour.calls.early_relays import EarlyRelays
from parlour.calls.ended_peers import EndedPeers
from parlour.calls.held_members import HeldMember, HeldMembers
from parlour.calls.introductions import Introductions, Stamp
from parlour.calls.mesh import Send
from parlour.calls.node_messages import (
    ENDED,
    MOVED,
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
    decided_of,
    decision_for,
    decode,
    encode,
    message_of,
    relayed,
)
from parlour.calls.refusals import PeerBusy
from parlour.cluster.coordinator import Lease, LeaseId, Ownership
from parlour.errors import Refusal as RefusalError
from parlour.errors import Unavailable
from parlour.node_id import NodeId
from parlour.rooms.descriptions import RoomDescription
from parlour.rooms.entities import Room, RoomId
from parlour.wire.signaling import AddPeer, Counted, FromPeer, PeerId, RemovePeer

_CALL = "call/"
MemberChange = Lost | Left | Renamed | Recorded | ClaimExpired
Arrival = Entered | Resumed


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
    """The members that this node holds, as seen by what serves their connections."""

    def answered(self, number: int, refusal: str | None, /) -> bool:
        """Learn the answer to an arrival: None if the member is in the call, else the code of a refusal,
        MOVED or ENDED.

        Return False if the member is not wanted any more.
        """

    def deliver(self, to: PeerId, message: Counted, /) -> None:
        """Send a member a numbered message of the call."""

    def relayed(self, to: PeerId, message: FromPeer, size: int, /) -> None:
        """Send a member what a peer at another node has for it."""

    def notify(self, room_id: RoomId, notice: Notice, /) -> None:
        """Tell this node's connections in a call, but not that of the peer that the notice is about."""

    def ended(self, peer_id: PeerId, /, *, is_elsewhere: bool) -> None:
        """Learn that a member has ended here, and that nothing more is delivered to it. With `is_elsewhere`,
        its participation goes on at another node.
        """

    def expects(self, room_id: RoomId, peer_id: PeerId, absent: PeerId, /) -> None:
        """Learn that a member reports a connection with a peer that has not come back. After the grace, the
        claim expires.
        """

    def call_changed(self, room: Room, /) -> None:
        """Learn that the members of a call have changed, or what this node knows of them."""

    def owner_wanted(self, room_id: RoomId, /) -> None:
        """Learn that another node takes this one for the owner of a call, and that this one does not know who
        owns it: the answer to its question for that may have been lost.
        """

    def call_known(self, room_id: RoomId, /) -> None:
        """Learn that this node knows who is in a call, if anybody is."""


@dataclass(frozen=True, slots=True)
class _Pending:
    """An arrival that has not been answered."""

    room: Room
    change: Arrival


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
        is_alone: bool = False,
    ) -> None:
        """`clock` counts seconds and is monotonic. A node that `is_alone` never gets a lease."""
        self._is_alone = is_alone
        self._node_id = node_id
        self._link = link
        self._own = members
        self._limits = limits
        self._clock = clock
        self._lease: LeaseId | None = None
        self._others: dict[NodeId, LeaseId] = {}
        self._calls: dict[RoomId, CallReplica] = {}
        self._owners: dict[RoomId, Ownership] = {}
        """The owners of the calls that this node owns, has members in, or follows."""
        self._followers: dict[RoomId, set[LeaseId]] = {}
        self._watchers: dict[RoomId, set[LeaseId]] = {}
        """The nodes that follow calls of this node without having members there."""
        self._askers: dict[RoomId, set[LeaseId]] = {}
        """The nodes that took this one for the owner of a call before it knew whether it is."""
        self._watched: dict[RoomId, bool] = {}
        """The calls that this node follows without having members there: True once it knows them."""
        self._outdated: dict[RoomId, Stamp] = {}
        """The calls of which a decision was missed after this one: a snapshot is on its way."""
        self._censuses: dict[RoomId, int] = {}
        """The number of the census that each outdated call waits for: answers to earlier ones are too old."""
        self._census_number = self._decisions = 0
        self._introductions: dict[RoomId, Introductions] = {}
        self._bases: dict[RoomId, Stamp] = {}
        """The decision with which this node began to own a call."""
        self._members = HeldMembers()
        self._pending: dict[int, _Pending] = {}
        self._arriving: dict[PeerId, tuple[RoomId, bool]] = {}
        """The arrivals at this node that are not answered for good: whether each is a return."""
        self._early = EarlyRelays()
        self._ended = EndedPeers()
        self.replica: Callable[[RoomId], CallReplica | None] = self._calls.get

    @property
    def is_island(self) -> bool:
        return self._lease is None

    def decides(self, room_id: RoomId) -> bool:
        """Return True if this node decides about a call, in its own name or as an island."""
        return self._lease is None or self._owns(room_id)

    def owner(self, room_id: RoomId) -> Ownership | None:
        """Return who owns a call, if that is known and the owner lives."""
        found = self._owners.get(room_id)
        if found is None or (found.owner != self._lease and found.owner not in self._others.values()):
            return None
        return found

    def knows(self, room_id: RoomId) -> bool:
        """Return True if this node knows who is in a call, as far as it has heard."""
        if self.decides(room_id):
            return True
        return room_id not in self._outdated and (room_id in self._calls or self._watched.get(room_id, False))

    def rooms(self) -> list[Room]:
        """Return the rooms with a call that this node knows."""
        return [call.room for call in self._calls.values() if call.seats]

    def renew(self, room: Room) -> None:
        """Replace what this node knows of a room."""
        call = self._calls.get(room.room_id)
        if call is not None:
            call.room = room
        self._members.renew(room)

    def has_ended(self, room_id: RoomId, peer_id: PeerId) -> bool:
        return self._ended.has(room_id, peer_id)

    # What happens at this node

    def stamp(self, room_id: RoomId) -> Stamp | None:
        """Return the latest decision about a call up to which this node has missed none, None without any."""
        call = self._calls.get(room_id)
        return self._outdated.get(room_id) or (None if call is None else (call.epoch, call.version))

    def arrive(
        self,
        number: int,
        room: Room,
        change: Arrival,
        ownership: Ownership | None,
        *,
        known_at: Stamp | None = None,
    ) -> None:
        """Have a member enter or come back. `number` is the caller's, and new for each arrival;
        `OwnMembers.answered` is called with it, once. After MOVED, the arrival is repeated or given up.

        `ownership` says who owns the call; it does not matter to an island. `known_at` is the `stamp` of the
        node that held a returning member, when it was told the last that it knows.
        """
        if ownership is not None:
            self.learn(ownership)
        room_id = room.room_id
        self._arriving[change.peer_id] = room_id, isinstance(change, Resumed)
        self._pending[number] = _Pending(room, change)
        if self.decides(room_id):
            self.renew(room)
            call = self._calls.get(room_id) or self._begin(room)
            self._decide_for(call, number, self._lease, self._as_known(call, change, known_at))
        else:
            owner = self._owners[room_id]
            description = RoomDescription.of(room)
            question = Question(room_id, owner.epoch, change, number, description, known_at)
            if not self._link.send(owner.owner, encode(question)):
                self._report(owner.owner)

    def give_up(self, peer_id: PeerId) -> None:
        """Do not wait for an arrival any longer; without effect if it was answered for good."""
        found = self._arriving.pop(peer_id, None)
        if found is None or not found[1] or peer_id in self._members:
            return
        room_id = found[0]
        if not self.decides(room_id) and room_id in self._owners:
            self._send_census(room_id)  # the owner may have decided the return that was given up

    def change(self, change: MemberChange) -> None:
        """Change something about a member of this node. It takes effect once the owner knows of it, but a
        member that leaves has left at once.
        """
        member = self._members.get(change.peer_id)
        if member is None:
            return
        room_id = member.room.room_id
        self._members.note(change)
        if self.decides(room_id):
            self._decide(self._call_of_members(room_id), change)
            return
        if isinstance(change, Left):
            self._leave(change.peer_id, member)
        self._tell_owner(room_id, change)

    def end(self, room_id: RoomId, peer_id: PeerId) -> None:
        """End a participation, wherever its member is held, if at all."""
        if peer_id in self._members:
            self.change(Left(peer_id))
        elif self.decides(room_id):
            self._end(room_id, peer_id)
        else:
            self._tell_owner(room_id, Left(peer_id), ends_anywhere=True)

    def relay(self, room_id: RoomId, to: PeerId, message: FromPeer) -> bool:
        """Pass a message on to a member of another node. Return False if there is no such member.

        Raises Unavailable if that node is out of reach, or PeerBusy if too much waits for it.
        """
        call = self._calls.get(room_id)
        seat = None if call is None else call.seats.get(to)
        if seat is None or seat.holder == self._node_id:
            return False
        holder = self._others.get(seat.holder)
        if holder is None:
            raise Unavailable
        if not self._link.send(holder, encode(relayed(room_id, to, message))):
            raise PeerBusy
        return True

    def watch(self, room_id: RoomId, ownership: Ownership) -> None:
        """Follow a call without members of this node, until `unwatch`. Once its members are known, `knows`
        is True, and `OwnMembers.call_known` was called.
        """
        self.learn(ownership)
        if not self.decides(room_id) and room_id not in self._watched:
            self._watched[room_id] = False
            self._send_census(room_id)

    def unwatch(self, room_id: RoomId) -> None:
        if self._watched.pop(room_id, None) is None or self.decides(room_id):
            return
        owner = self._owners.get(room_id)
        if owner is not None and not self._members.has_any_in(room_id):
            self._send(owner.owner, self._census(room_id, owner, (0, 0), number=0))
        call = self._calls.get(room_id)
        if call is not None:
            self._drop_unused(call)
        else:
            self._forget_owner(room_id)

    # What the coordinator says

    def lease_begun(self, lease: Lease) -> list[RoomId]:
        """Be part of the cluster. Return the calls whose owners have to be found."""
        self._lease = lease.lease_id
        return sorted({*self._members.rooms(), *self._watched})

    def lease_lost(self) -> None:
        """Be an island: whatever was asked is asked again, and calls without own members are forgotten."""
        self._lease = None
        tables = (self._others, self._owners, self._followers, self._watchers, self._askers, self._bases)
        for table in tables:
            table.clear()
        self._watched = dict.fromkeys(self._watched, False)
        self._censuses.clear()
        for room_id in {pending.room.room_id for pending in self._pending.values()}:
            self._fail(room_id)
        for room_id in [room for room in self._calls if not self._members.has_any_in(room)]:
            self._forget(room_id)
        for room_id in self._members.rooms():
            call = self._call_of_members(room_id)
            self._end_unheld(call)
            for member in self._members.in_room(room_id):
                self._settle_details(call, member.record.peer_id, CensusMember(member.record, frozenset()))

    def node_joined(self, lease: Lease) -> None:
        self._others[lease.node_id] = lease.lease_id
        if any(owner.owner == lease.lease_id for owner in self._owners.values()):
            self._report(lease.lease_id)
        for room_id, call in self._calls.items():
            if self._owns(room_id) and any(seat.holder == lease.node_id for seat in call.seats.values()):
                self._send(lease.lease_id, CensusWanted(room_id, call.epoch))

    def node_left(self, lease: Lease) -> list[RoomId]:
        """Return the calls that a node which is gone owned or had members in: they need `learn` and
        `lose_absent`.
        """
        if self._others.get(lease.node_id) == lease.lease_id:
            del self._others[lease.node_id]
        for concerned in (*self._followers.values(), *self._watchers.values()):
            concerned.discard(lease.lease_id)
        rooms = {room for room, owner in self._owners.items() if owner.owner == lease.lease_id}
        for room_id in rooms:
            self._fail(room_id)
        for room_id, call in self._calls.items():
            if any(seat.holder == lease.node_id for seat in call.seats.values()):
                rooms.add(room_id)
        for room_id in list(rooms):
            if room_id not in self._calls and room_id not in self._watched:
                rooms.discard(room_id)
                self._forget(room_id)
        return sorted(rooms)

    def messages_lost(self, sender: LeaseId) -> None:
        self._report(sender)
        self._link.send(sender, encode(CensusWanted()))

    def learn(self, ownership: Ownership) -> None:
        """Take note of who owns a call; without effect if a later ownership is known."""
        if self._lease is None:
            return
        room_id = RoomId(int(ownership.name.removeprefix(_CALL)))
        known = self._owners.get(room_id)
        if known is not None and (known.epoch, known.owner) >= (ownership.epoch, ownership.owner):
            return
        self._owners[room_id] = ownership
        self._followers.pop(room_id, None)
        self._watchers.pop(room_id, None)
        askers = self._askers.pop(room_id, set())
        if ownership.owner == self._lease:
            self._take_over(room_id, ownership)
            for asker in askers:
                self._send(asker, CensusWanted(room_id, ownership.epoch))
        elif known is not None or any(
            room_id in concerned for concerned in (self._calls, self._watched, self._outdated)
        ):
            self._send_census(room_id)

    def lose_absent(self, room_id: RoomId, *, now: datetime) -> bool:
        """Have the members of nodes that are gone be away. Return True if any member is of such a node."""
        call = self._calls.get(room_id)
        if call is None or not self._owns(room_id):
            return False
        alive = {self._node_id, *self._others}
        absent = [(peer, seat) for peer, seat in call.seats.items() if seat.holder not in alive]
        for peer, seat in absent:
            if seat.away_since is None:
                self._decide(call, Lost(peer, now))
        return bool(absent)

    def end_absent(self, room_id: RoomId, *, lost_before: datetime) -> bool:
        """End members of nodes that are gone who were not back in time. Return True if some may still be."""
        call = self._calls.get(room_id)
        if call is None or not self._owns(room_id):
            return False
        alive = {self._node_id, *self._others}
        is_any_left = False
        for peer, seat in list(call.seats.items()):
            if seat.holder not in alive and seat.away_since is not None:
                if seat.away_since <= lost_before:
                    self._end(room_id, peer)
                else:
                    is_any_left = True
        return is_any_left

    def sweep(self) -> list[RoomId]:
        """Forget the owners of calls that do not concern this node. Return the rooms that this node owns for
        nothing: no call is there, and nobody waits for one.
        """
        used = self._calls.keys() | self._watched.keys() | set(self._members.rooms())
        used |= {pending.room.room_id for pending in self._pending.values()}
        used |= {room for room, watchers in self._watchers.items() if watchers}
        unused = [room for room in self._owners if room not in used]
        owned = [room for room in unused if self._owns(room)]
        for room_id in unused:
            self._forget_owner(room_id)
        return owned

    def disowned(self, room_id: RoomId) -> None:
        """Take note that this node gives a call free."""
        self._owners.pop(room_id, None)

    def received(self, sender: LeaseId, body: bytes) -> None:
        """Take a message. Raises msgspec.MsgspecError."""
        message: NodeMessage = decode(body)
        match message:
            case Question():
                self._on_question(sender, message)
            case Refusal():
                self._on_refusal(sender, message)
            case Decision():
                self._on_decision(sender, message)
            case Snapshot():
                self._on_snapshot(sender, message)
            case Census():
                self._on_census(sender, message)
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
        owner = self._owners.get(room.room_id)
        call = CallReplica(room, epoch=0 if owner is None else owner.epoch, version=self._decisions)
        self._calls[room.room_id] = call
        return call

    def _call_of_members(self, room_id: RoomId) -> CallReplica:
        """Return a call in which this node has members."""
        return self._calls.get(room_id) or self._begin(next(self._members.in_room(room_id)).room)

    def _on_question(self, sender: LeaseId, question: Question) -> None:
        room_id = question.room_id
        owner = self._owners.get(room_id)
        if owner is None or not self._owns(room_id) or owner.epoch != question.epoch:
            self._fence(sender, room_id, question.epoch)
            if question.number is not None:
                self._send(sender, Refusal(room_id, question.number, MOVED))
            return
        call = self._calls.get(room_id)
        if question.number is not None and isinstance(question.change, Entered | Resumed):
            if call is None and question.room is not None:
                call = self._begin(question.room.room())
            if call is not None:
                change = self._as_known(call, question.change, question.known_at)
                self._decide_for(call, question.number, sender, change)
        elif question.ends_anywhere:
            self._end(room_id, question.change.peer_id)
        elif call is not None:
            seat = call.seats.get(question.change.peer_id)
            if seat is not None and self._others.get(seat.holder) == sender:
                self._decide(call, question.change)

    def _decide_for(self, call: CallReplica, number: int, asker: LeaseId | None, change: Arrival) -> None:
        """Decide about an arrival, and answer."""
        room_id = call.room.room_id
        refusal = self._refusal_of(call, change)
        if refusal is None:
            self._decide(call, change, asker=asker, number=number)
            return
        if not call.seats:
            self._calls.pop(room_id, None)
        if asker == self._lease:
            self._answer(number, refusal)
        elif asker is not None:
            self._send(asker, Refusal(room_id, number, refusal))

    def _refusal_of(self, call: CallReplica, change: Arrival) -> str | None:
        """Return the code of the refusal of an arrival. Else make room for it: others may give way."""
        if isinstance(change, Resumed):
            is_unknown = change.peer_id not in call.seats
            has_no_place = call.count_of(change.seat.user_id) >= self._limits.participations
            is_over = self._ended.has(call.room.room_id, change.peer_id)
            return ENDED if is_unknown and (is_over or has_no_place) else None
        try:
            giving_way = call.giving_way_to(change.seat.user_id, self._limits)
        except RefusalError as refusal:
            return refusal.code
        for peer in giving_way:
            self._decide(call, Left(peer))
        self._calls.setdefault(call.room.room_id, call)
        return None

    def _decide(
        self, call: CallReplica, change: Change, *, asker: LeaseId | None = None, number: int | None = None
    ) -> None:
        """Decide a change. Every node with members in the call gets the decision as one message."""
        room_id = call.room.room_id
        holders = {seat.holder for seat in call.seats.values()}
        if isinstance(change, Entered | Resumed):
            holders.add(change.seat.holder)
        leases = self._leases_of(room_id, holders)
        leases |= {lease: node for node, lease in self._others.items() if lease == asker}
        self._have_follow(call, leases)
        before = call.seats.get(change.peer_id)
        decided = call.decide(change, is_numbered=self._lease is not None)
        self._decisions = max(self._decisions, call.version)
        self._note(call, decided, decided.sends)
        for lease, holder in leases.items():
            peers = {peer for peer, seat in call.seats.items() if seat.holder == holder}
            if before is not None and before.holder == holder:
                peers.add(change.peer_id)
            self._send(lease, decision_for(decided, peers, answers=number if asker == lease else None))
            if not self._is_follower(call, lease, holder):
                self._followers[room_id].discard(lease)
        if not call.seats:
            self._forget(room_id)
        self._deliver(call, decided, number if asker == self._lease else None)
        if self._lease is None and not self._members.has_any_in(room_id):
            self._forget(room_id)  # nobody of this island is left in it
        self._settle_claims(call, change)

    def _leases_of(self, room_id: RoomId, holders: Iterable[NodeId]) -> dict[LeaseId, NodeId]:
        """Return the other nodes that follow a call, by their leases."""
        leases = {self._others[holder]: holder for holder in holders if holder in self._others}
        watchers = self._watchers.get(room_id)
        if watchers:
            leases |= {lease: node for node, lease in self._others.items() if lease in watchers}
        return leases

    def _have_follow(self, call: CallReplica, leases: Iterable[LeaseId]) -> None:
        """Send the call as it is to nodes that have not followed it so far."""
        followers = self._followers.setdefault(call.room.room_id, set()) if leases else set()
        newcomers = set(leases) - followers
        if newcomers:
            snapshot = self._snapshot(call)
            for lease in newcomers:
                self._send(lease, snapshot)
            followers |= newcomers

    def _is_follower(self, call: CallReplica, lease: LeaseId, holder: NodeId) -> bool:
        if lease in self._watchers.get(call.room.room_id, ()):
            return bool(call.seats)
        return any(seat.holder == holder for seat in call.seats.values())

    def _settle_claims(self, call: CallReplica, change: Change) -> None:
        """Have no member expect a peer that will not come back."""
        room_id = call.room.room_id
        if isinstance(change, Left):
            for claimant in call.waiting_for(change.peer_id):
                self._decide(call, ClaimExpired(claimant, change.peer_id))
        elif isinstance(change, Resumed):
            for claimed in call.mesh.claims.get(change.peer_id, ()):
                if self._ended.has(room_id, claimed):
                    self._decide(call, ClaimExpired(change.peer_id, claimed))

    def _end(self, room_id: RoomId, peer_id: PeerId) -> None:
        """End a participation, known here or not."""
        call = self._calls.get(room_id)
        if call is None:
            self._ended.add(room_id, peer_id)
        else:
            self._decide(call, Left(peer_id))

    def _note(self, call: CallReplica, decided: Decided, sends: list[Send]) -> None:
        """Remember what a decision ended, and who was introduced by it (`sends` are all that it causes)."""
        room_id = call.room.room_id
        if isinstance(decided.change, Left):
            self._ended.add(room_id, decided.change.peer_id)
        elif isinstance(decided.change, Entered | Resumed):
            self._ended.discard(room_id, decided.change.peer_id)
        if self._lease is None:
            return
        introductions = self._introductions.setdefault(room_id, Introductions())
        for send in sends:
            if isinstance(send.message, AddPeer):
                introductions.note(send.to, send.message.peer_id, (call.epoch, call.version))
        if isinstance(decided.change, Left):
            introductions.forget(decided.change.peer_id)

    def _forget(self, room_id: RoomId) -> None:
        """Forget a call which is over, or which this node has nothing to do with any more."""
        for table in (self._calls, self._introductions, self._bases, self._followers, self._outdated):
            table.pop(room_id, None)
        self._censuses.pop(room_id, None)
        if room_id not in self._watched:
            self._forget_owner(room_id)

    def _forget_owner(self, room_id: RoomId) -> None:
        """Forget who owns a call, unless it is this node: then `unused` says so."""
        if not self._owns(room_id):
            self._owners.pop(room_id, None)

    def _snapshot(self, call: CallReplica, *, answers_census: int | None = None) -> Snapshot:
        room_id = call.room.room_id
        return Snapshot(
            room_id,
            call.epoch,
            call.version,
            RoomDescription.of(call.room),
            call.records(),
            dict(call.mesh.claims),
            self._introductions.get(room_id, Introductions()),
            self._ended.of(room_id),
            answers_census,
        )

    def _on_census(self, sender: LeaseId, census: Census) -> None:
        room_id = census.room_id
        owner = self._owners.get(room_id)
        if owner is None or not self._owns(room_id) or owner.epoch != census.epoch:
            self._fence(sender, room_id, census.epoch)
            return
        watchers = self._watchers.setdefault(room_id, set())
        if census.watches:
            watchers.add(sender)
        else:
            watchers.discard(sender)
        call = self._calls.get(room_id)
        if call is None and census.members and census.room is not None:
            call = self._begin(census.room.room())
        node = next((node for node, lease in self._others.items() if lease == sender), None)
        if call is None or node is None:
            number, introductions = census.number, Introductions()
            nobody = Snapshot(room_id, census.epoch, 0, None, [], {}, introductions, [], number)
            self._send(sender, nobody)
            return
        self._followers.setdefault(room_id, set()).add(sender)
        self._send(sender, self._snapshot(call, answers_census=census.number))
        self._settle_all(call, sender, node, census)
        if not self._is_follower(call, sender, node):
            self._followers.get(room_id, set()).discard(sender)
        if not call.seats:
            self._forget(room_id)

    def _settle_all(self, call: CallReplica, sender: LeaseId, node: NodeId, census: Census) -> None:
        """Make the call agree with all that a node says of its members."""
        reported = {one.record.peer_id for one in census.members} | set(census.returning)
        for peer, seat in list(call.seats.items()):
            if seat.holder == node and peer not in reported:
                self._decide(call, Left(peer))
        for member in census.members:
            self._calls.setdefault(call.room.room_id, call)
            self._settle(call, member, census.followed, sender)

    def _settle(
        self, call: CallReplica, member: CensusMember, followed: Stamp, sender: LeaseId | None
    ) -> None:
        """Make the call agree with what a node says of its member.

        Where its node has missed an introduction, or has seen one that this owner has not, it is introduced
        again: else both of a pair could believe that they make the offer.
        """
        record, room_id = member.record, call.room.room_id
        peer, seat = record.peer_id, call.seats.get(record.peer_id)
        if seat is None and record.seat.away_since is not None and self._ended.has(room_id, peer):
            self._decide(call, Left(peer), asker=sender)  # its node has not heard of it
            return
        if seat is not None and _is_elsewhere(seat.holder, seat.held_since, member):
            return  # the snapshot says so
        others = call.seats.keys() - {peer}
        known = member.known - self._unsure(call, peer, followed)
        for other in member.unsure & others:
            if call.seats[other].holder != record.seat.holder:
                known -= {other}
        is_back = record.seat.away_since is None and seat != record.seat
        expected = others | call.mesh.claims.get(peer, frozenset())
        if seat is None or seat.holder != record.seat.holder or is_back or expected != known:
            self._decide(call, Resumed(peer, record.seat, record.name, record.display_name, known))
        self._settle_details(call, peer, member)

    def _unsure(self, call: CallReplica, peer: PeerId, followed: Stamp) -> Set[PeerId]:
        """Return those to whom a member was introduced, or may have been, by a decision that either its node
        or this owner does not know, where it was told all up to a decision.
        """
        room_id, others = call.room.room_id, call.seats.keys()
        base = self._bases.get(room_id, (call.epoch, 0))
        if base < followed < (call.epoch, 0):
            return others
        return self._introductions.get(room_id, Introductions()).after(peer, followed, others)

    def _as_known(self, call: CallReplica, change: Arrival, known_at: Stamp | None) -> Arrival:
        """Return an arrival with the peers that the member knows for certain."""
        if self._lease is None or isinstance(change, Entered) or known_at is None:
            return change
        return replace(change, known=change.known - self._unsure(call, change.peer_id, known_at))

    def _settle_details(self, call: CallReplica, peer: PeerId, member: CensusMember) -> None:
        record, seat = member.record, call.seats.get(peer)
        if seat is None:
            return
        if record.seat.away_since is not None and seat != record.seat:
            self._decide(call, Lost(peer, record.seat.away_since))
        if call.mesh.members.display_names.get(peer) != record.display_name:
            self._decide(call, Renamed(peer, record.display_name))
        if record.is_recording != (peer in call.mesh.members.recorders):
            self._decide(call, Recorded(peer, record.is_recording))

    def _take_over(self, room_id: RoomId, ownership: Ownership) -> None:
        """Own a call from now on: begin with the replica, and have the other nodes report their members."""
        call = self._calls.get(room_id)
        followed = self._outdated.pop(room_id, None)
        self._censuses.pop(room_id, None)
        self._watched.pop(room_id, None)
        self._fail(room_id)
        if call is None and not self._members.has_any_in(room_id):
            self._own.call_known(room_id)
            return
        call = call or self._call_of_members(room_id)
        base = self._bases[room_id] = call.epoch, call.version
        call.epoch = ownership.epoch
        self._decisions = call.version = max(self._decisions, call.version)
        for node, lease in self._others.items():
            if any(seat.holder == node for seat in call.seats.values()):
                self._send(lease, CensusWanted(room_id, ownership.epoch))
        self._end_unheld(call)
        for member in self._members.in_room(room_id):
            self._calls.setdefault(room_id, call)
            self._settle(call, member.report(), followed or base, self._lease)
        self._members.make_sure(room_id)
        self._own.call_known(room_id)

    def _end_unheld(self, call: CallReplica) -> None:
        """End the members of this node that it does not hold any more."""
        for peer, seat in list(call.seats.items()):
            is_returning = self._arriving.get(peer, (None, False))[1]
            if seat.holder == self._node_id and peer not in self._members and not is_returning:
                self._decide(call, Left(peer))

    # At a node that follows

    def _tell_owner(self, room_id: RoomId, change: Change, *, ends_anywhere: bool = False) -> None:
        """Send the owner a change that needs no answer. One that is not known yet learns it by a census."""
        owner = self._owners.get(room_id)
        if owner is None:
            return
        question = Question(room_id, owner.epoch, change, ends_anywhere=ends_anywhere)
        if not self._link.send(owner.owner, encode(question)):
            self._report(owner.owner)

    def _leave(self, peer_id: PeerId, member: HeldMember) -> None:
        """Have a member leave before the owner knows: it hears of no peer any more."""
        call = self._calls.get(member.room.room_id)
        names = {} if call is None else call.mesh.members.names
        self._members.drop(peer_id)
        for peer in list(member.known):
            known = None if call is None else call.mesh.members
            if known is not None and peer in names:
                self._own.deliver(peer_id, RemovePeer(peer, names[peer], known.display_name(peer)))
            else:
                self._own.deliver(peer_id, RemovePeer(peer, ""))
        self._own.ended(peer_id, is_elsewhere=False)

    def _on_refusal(self, sender: LeaseId, refusal: Refusal) -> None:
        owner = self._owners.get(refusal.room_id)
        if refusal.code == MOVED and owner is not None and owner.owner == sender:
            del self._owners[refusal.room_id]  # it owns the call no longer, or never has
        self._answer(refusal.number, refusal.code)
        call = self._calls.get(refusal.room_id)
        if call is not None:
            self._drop_unused(call)

    def _on_decision(self, sender: LeaseId, decision: Decision) -> None:
        room_id = decision.room_id
        if not self._accepts(sender, room_id, decision.epoch) or room_id in self._outdated:
            return
        call = self._calls.get(room_id)
        if call is None or call.version + 1 != decision.version or call.epoch != decision.epoch:
            self._send_census(room_id)
            return
        decided = decided_of(decision)
        self._note(call, decided, call.follow(decided))
        self._deliver(call, decided, decision.answers)
        self._drop_unused(call)

    def _on_snapshot(self, sender: LeaseId, snapshot: Snapshot) -> None:
        room_id = snapshot.room_id
        if not self._accepts(sender, room_id, snapshot.epoch):
            return
        is_answer = room_id in self._censuses and snapshot.answers_census == self._censuses[room_id]
        if is_answer:
            self._outdated.pop(room_id, None)
            del self._censuses[room_id]
            self._members.make_sure(room_id)
        elif room_id in self._outdated:
            return
        if room_id in self._watched:
            self._watched[room_id] = True
        call = self._restore(snapshot)
        if call is None:
            self._forget_unused(room_id)
        else:
            self._compare_with(call)
            self._own.call_changed(call.room)
            self._drop_unused(call)
        if self.knows(room_id):
            self._own.call_known(room_id)

    def _restore(self, snapshot: Snapshot) -> CallReplica | None:
        """Take over what the owner knows of a call; None if there is no call."""
        room_id = snapshot.room_id
        self._ended.add_all(room_id, snapshot.ended)
        if snapshot.room is None:
            self._calls.pop(room_id, None)
            return None
        call = self._calls.get(room_id)
        if call is None:
            call = self._calls[room_id] = CallReplica(snapshot.room.room())
        self._introductions[room_id] = snapshot.introductions
        call.restore(snapshot.members, snapshot.claims, epoch=snapshot.epoch, version=snapshot.version)
        return call

    def _compare_with(self, call: CallReplica) -> None:
        """Let go of members that are held elsewhere since, and wait for peers that own members expect."""
        room_id = call.room.room_id
        for member in self._members.in_room(room_id):
            peer = member.record.peer_id
            seat = call.seats.get(peer)
            reported = CensusMember(member.record, frozenset())
            if seat is not None and _is_elsewhere(seat.holder, seat.held_since, reported):
                self._members.drop(peer)
                self._own.ended(peer, is_elsewhere=True)
            else:
                for claimed in call.mesh.claims.get(peer, ()):
                    self._own.expects(room_id, peer, claimed)

    def _on_census_wanted(self, sender: LeaseId, wanted: CensusWanted) -> None:
        if wanted.room_id is None:
            self._report(sender)
            return
        last = self._census_number
        if self._accepts(sender, wanted.room_id, wanted.epoch) and last == self._census_number:
            self._send_census(wanted.room_id)

    def _accepts(self, sender: LeaseId, room_id: RoomId, epoch: int) -> bool:
        """Return True if the sender owns the call, as far as is known here. Fence a former owner."""
        self.learn(Ownership(call_name(room_id), sender, epoch))
        owner = self._owners.get(room_id)
        if owner is not None and (owner.epoch, owner.owner) == (epoch, sender):
            return True
        self._fence(sender, room_id, epoch)
        return False

    def _drop_unused(self, call: CallReplica) -> None:
        """Forget a call in which this node has no members left."""
        room_id = call.room.room_id
        is_used = (
            self.decides(room_id)
            or (room_id in self._watched and call.seats)
            or self._members.has_any_in(room_id)
            or any(seat.holder == self._node_id for seat in call.seats.values())
            or self._is_awaited(room_id)
        )
        if not is_used:
            self._forget(room_id)

    def _forget_unused(self, room_id: RoomId) -> None:
        """Forget all about a room without a call, unless a member is about to enter it."""
        if not self._is_awaited(room_id):
            self._forget(room_id)

    def _is_awaited(self, room_id: RoomId) -> bool:
        return any(pending.room.room_id == room_id for pending in self._pending.values())

    def _report(self, owner: LeaseId) -> None:
        """Report the members of all calls of an owner: messages were lost."""
        rooms = {room for room, known in self._owners.items() if known.owner == owner}
        for room_id in sorted(rooms):
            self._send_census(room_id)

    def _send_census(self, room_id: RoomId) -> None:
        owner = self._owners[room_id]
        if owner.owner == self._lease:
            return
        call = self._calls.get(room_id)
        now = (0, 0) if call is None else (call.epoch, call.version)
        followed = self._outdated.setdefault(room_id, now)
        self._census_number += 1
        self._censuses[room_id] = self._census_number
        census = self._census(room_id, owner, followed, number=self._census_number)
        self._fail(room_id)
        self._send(owner.owner, census)

    def _census(self, room_id: RoomId, owner: Ownership, followed: Stamp, *, number: int) -> Census:
        room = next((member.room for member in self._members.in_room(room_id)), None)
        return Census(
            room_id,
            owner.epoch,
            number,
            followed,
            self._members.census(room_id),
            [peer for peer, (room, is_return) in self._arriving.items() if room == room_id and is_return],
            None if room is None else RoomDescription.of(room),
            watches=room_id in self._watched,
        )

    def _fail(self, room_id: RoomId) -> None:
        """Have open questions about a call asked again: their answers are lost."""
        for number, pending in list(self._pending.items()):
            if pending.room.room_id == room_id:
                self._answer(number, MOVED)

    # Both

    def _send(self, to: LeaseId, message: NodeMessage) -> None:
        if not self._link.send(to, encode(message)):
            self._link.report_loss(to)

    def _fence(self, sender: LeaseId, room_id: RoomId, epoch: int) -> None:
        """Tell a node that is wrong about the owner of a call, unless it knows of a later one."""
        owner = self._owners.get(room_id)
        if owner is None or owner.epoch < epoch:
            self._askers.setdefault(room_id, set()).add(sender)
            self._own.owner_wanted(room_id)
        elif owner.owner != sender:
            self._send(sender, Fenced(room_id, owner.epoch, owner.owner))

    def _answer(self, number: int, refusal: str | None) -> bool:
        """Answer an arrival of this node. Return False if its member is not wanted any more."""
        pending = self._pending.pop(number, None)
        if pending is None:
            return True
        if refusal != MOVED:
            self._arriving.pop(pending.change.peer_id, None)
        return self._own.answered(number, refusal)

    def _deliver(self, call: CallReplica, decided: Decided, answers: int | None) -> None:
        """Deliver what a decision has for this node's members."""
        room_id, change = decided.room_id, decided.change
        is_wanted = True
        if isinstance(change, Entered | Resumed) and change.seat.holder == self._node_id:
            is_wanted = self._take(call, change, answers)
        for send in decided.sends:
            self._deliver_to_own(call, send)
        if decided.notice is not None:
            self._own.notify(room_id, decided.notice)
        is_elsewhere = isinstance(change, Resumed) and change.seat.holder != self._node_id
        if (isinstance(change, Left) or is_elsewhere) and change.peer_id in self._members:
            self._members.drop(change.peer_id)
            self._own.ended(change.peer_id, is_elsewhere=is_elsewhere)
        self._own.call_changed(call.room)
        if not is_wanted:
            self.end(room_id, change.peer_id)

    def _take(self, call: CallReplica, change: Arrival, answers: int | None) -> bool:
        """Hold a member of this node whose arrival was decided. Return False if it is not wanted any more.

        An arrival without an open question was given up, unless the owner has settled what it is told of a
        member that is here.
        """
        if answers is not None and answers in self._pending:
            if not self._answer(answers, None):
                self._members.drop(change.peer_id)
                return False
        elif change.peer_id not in self._members:
            return isinstance(change, Resumed) and change.peer_id in self._arriving
        member = self._members.hold(call.room, change)
        self._members.note(change)
        for sender in member.known:
            for early, size in self._early.release(change.peer_id, sender, now=self._clock()):
                self._own.relayed(change.peer_id, early, size)
        for claimed in call.mesh.claims.get(change.peer_id, ()):
            self._own.expects(call.room.room_id, change.peer_id, claimed)
        return True

    def _deliver_to_own(self, call: CallReplica, send: Send) -> None:
        member = self._members.get(send.to)
        if member is None:
            return
        message = send.message
        if isinstance(message, AddPeer):
            if self._lease is None and call.seats[message.peer_id].holder != self._node_id:
                return
            member.known.add(message.peer_id)
            if self._lease is not None:
                member.unsure.discard(message.peer_id)
            elif not self._is_alone:
                member.unsure.add(message.peer_id)
            self._own.deliver(send.to, message)
            for early, size in self._early.release(send.to, message.peer_id, now=self._clock()):
                self._own.relayed(send.to, early, size)
            return
        if isinstance(message, RemovePeer):
            member.known.discard(message.peer_id)
        self._own.deliver(send.to, message)

    def _on_relay(self, relay: Relayed) -> None:
        member = self._members.get(relay.to)
        if member is None:
            self._on_relay_to_other(relay)
        elif member.room.room_id == relay.room_id:
            message = message_of(relay)
            if relay.sender in member.known:
                self._own.relayed(relay.to, message, len(relay.content))
            else:
                self._early.hold(relay.to, message, len(relay.content), now=self._clock())

    def _on_relay_to_other(self, relay: Relayed) -> None:
        """Keep what is for a member that is about to arrive, and pass on what is for one that has moved."""
        if relay.to in self._arriving:
            self._early.hold(relay.to, message_of(relay), len(relay.content), now=self._clock())
            return
        call = self._calls.get(relay.room_id)
        seat = None if call is None else call.seats.get(relay.to)
        holder = None if seat is None else self._others.get(seat.holder)
        if holder is not None and not relay.is_passed_on:
            passed_on = Relayed(
                relay.room_id, relay.to, relay.sender, relay.is_candidate, relay.content, is_passed_on=True
            )
            self._link.send(holder, encode(passed_on))


def _is_elsewhere(holder: NodeId, held_since: float, member: CensusMember) -> bool:
    """Return True if another node holds a member, and began to later than the one that reports it."""
    reported = member.record.seat
    return holder != reported.holder and held_since > reported.held_since
