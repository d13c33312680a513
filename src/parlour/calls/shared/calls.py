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

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import assert_never

from parlour.calls.call_replica import CallLimits, CallReplica
from parlour.calls.decisions import Left, Lost, Renamed, Resumed
from parlour.calls.refusals import PeerBusy
from parlour.calls.shared.follower import FollowerPart
from parlour.calls.shared.interfaces import (
    Arrival,
    MemberChange,
    NodeLink,
    OwnMembers,
    call_name,
    room_of,
)
from parlour.calls.shared.introductions import Stamp
from parlour.calls.shared.messages import (
    ROUTES_FORMAT,
    Census,
    CensusWanted,
    Decision,
    Fenced,
    Followed,
    NodeMessage,
    Question,
    Refusal,
    Relayed,
    RelaysKept,
    RouteClear,
    RouteEnd,
    Snapshot,
    decode,
    encode,
    encode_relay,
)
from parlour.calls.shared.own_delivery import OwnDelivery
from parlour.calls.shared.owner import OwnerPart
from parlour.calls.shared.table import CallTable, PendingArrival
from parlour.cluster.coordinator import Lease, LeaseId, Ownership
from parlour.errors import Unavailable
from parlour.node_id import NodeId
from parlour.rooms.descriptions import RoomDescription
from parlour.rooms.entities import Room, RoomId
from parlour.wire.signaling import FromPeer, PeerId


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
        self._table = CallTable(node_id, link, members, limits, clock=clock, is_alone=is_alone)
        self._delivery = OwnDelivery(self._table, clock=clock)
        self._owner = OwnerPart(self._table, self._delivery)
        self._follower = FollowerPart(self._table, self._delivery)
        self.replica: Callable[[RoomId], CallReplica | None] = self._table.calls.get
        self.decides, self.knows = self._table.decides, self._follower.knows
        self.tell_late, self.hold_back = self._delivery.tell_late, self._delivery.hold_back
        self.sender_moves, self.tell_of_loss = self._delivery.sender_moves, self._delivery.tell_of_loss
        self.lose_absent, self.end_absent = self._owner.lose_absent, self._owner.end_absent

    @property
    def is_island(self) -> bool:
        return self._table.lease is None

    def owner(self, room_id: RoomId) -> Ownership | None:
        """Return who owns a call, if that is known and the owner lives."""
        found = self._table.owners.get(room_id)
        if found is None or (
            found.owner != self._table.lease and found.owner not in self._table.others.values()
        ):
            return None
        return found

    def is_next_owner(self, room_id: RoomId) -> bool:
        """Return True if this node is to own a call that has lost its owner.

        More of the members are here than at any other node, as far as this one knows. Another node may
        believe the same; the cluster lets one of them own it.
        """
        call = self._table.calls.get(room_id)
        if call is None or self.owner(room_id) is not None:
            return False
        alive = {self._table.node_id, *self._table.others}
        held = Counter(seat.holder for seat in call.seats.values() if seat.holder in alive)
        return max(held, key=lambda node: (held[node], node), default=None) == self._table.node_id

    def rooms(self) -> list[Room]:
        """Return the rooms with a call that this node knows."""
        return [call.room for call in self._table.calls.values() if call.seats]

    def own_peers_in(self, room_id: RoomId) -> list[PeerId]:
        """Return the members that this node holds. The replica may lack some of them for a while: a snapshot
        of an owner that took them for gone comes before the decision that has them back.
        """
        return self._table.members.peers_in(room_id)

    def renew(self, room: Room) -> None:
        """Replace what this node knows of a room."""
        call = self._table.calls.get(room.room_id)
        if call is not None:
            call.room = room
        self._table.members.renew(room)

    def stamp(self, room_id: RoomId) -> Stamp | None:
        """Return the latest decision about a call up to which this node has missed none, and its members have
        been told all. None without any.
        """
        call = self._table.calls.get(room_id)
        followed = self._table.outdated.get(room_id) or (None if call is None else call.stamp)
        return self._delivery.told(room_id, followed)

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
        self._table.arriving[change.peer_id] = room_id, isinstance(change, Resumed)
        self._table.given_up.pop(change.peer_id, None)
        is_exact = known_at is not None and known_at > (0, 0)
        is_here = change.peer_id in self._table.members
        self._table.pending[number] = PendingArrival(room, change, is_exact, is_here)
        if isinstance(change, Resumed):
            self._table.members.note(Renamed(change.peer_id, change.display_name))
        if self._table.decides(room_id):
            call = self._table.calls.get(room_id)
            if call is not None and call.seats:
                room = room.with_media_of(call.room)  # facts may have come since the room was read
            self.renew(room)
            call = call or self._table.begin(room)
            self._owner.decide_for(
                call, number, self._table.lease, self._owner.as_known(call, change, known_at)
            )
        else:
            owner = self._table.owners[room_id]
            description = RoomDescription.of(room)
            question = Question(room_id, owner.epoch, change, number, description, known_at)
            if not self._table.link.send(owner.owner, encode(question)):
                self._follower.report(owner.owner)

    def went_on_elsewhere(self, room_id: RoomId, peer_id: PeerId, *, at: float) -> None:
        """Take note that another node held a participation at that time, in seconds since 1970. If this node
        began to hold it before, and has let it end out of reach of the others, it has not ended.
        """
        held_since = self._table.ended.held_since(room_id, peer_id)
        if self._table.lease is None and held_since is not None and held_since < at:
            self._table.ended.discard(room_id, peer_id)

    def give_up(self, peer_id: PeerId, *, now: datetime) -> bool:
        """Do not wait for an arrival any longer; without effect if it was answered for good.

        Return True for a return that the owner may have decided all the same. Its person may come back once
        more, here or elsewhere; `end_given_up` ends it if that has not happened within the grace.
        """
        room_id, is_return = self._table.arriving.pop(peer_id, (None, False))
        if room_id is None or not is_return or peer_id in self._table.members:
            return False
        self._table.given_up[peer_id] = room_id
        if not self._table.decides(room_id):
            self._follower.tell_owner(room_id, Lost(peer_id, now))
        return True

    def end_given_up(self, peer_id: PeerId) -> None:
        """End a return that was given up, if the owner has decided that its member is at this node."""
        room_id = self._table.given_up.pop(peer_id, None)
        if room_id is None or peer_id in self._table.members:
            return
        call = self._table.calls.get(room_id)
        if self._table.decides(room_id):
            if call is not None:
                self._owner.end_unheld(call)
        elif room_id in self._table.owners:
            self._follower.send_census(room_id)

    def change(self, change: MemberChange) -> None:
        """Change something about a member of this node. It takes effect once the owner knows of it, but a
        member that leaves has left at once.
        """
        member = self._table.members.get(change.peer_id)
        if member is None:
            return
        room_id = member.room.room_id
        self._table.members.note(change)
        if self._table.decides(room_id):
            self._owner.decide(self._table.call_of_members(room_id), change)
            return
        if isinstance(change, Left):
            self._follower.leave(change.peer_id, member)
        self._follower.tell_owner(room_id, change)

    def end(self, room_id: RoomId, peer_id: PeerId) -> None:
        """End a participation, wherever its member is held, if at all."""
        if peer_id in self._table.members:
            self.change(Left(peer_id))
        elif self._table.decides(room_id):
            self._owner.end(room_id, peer_id)
        else:
            self._follower.tell_owner(room_id, Left(peer_id), ends_anywhere=True)

    def relay(self, room_id: RoomId, to: PeerId, message: FromPeer) -> bool:
        """Pass a message on to a member of another node. Return False if there is no such member.

        Raises Unavailable if that node is out of reach, or PeerBusy if too much waits for it.
        """
        call = self._table.calls.get(room_id)
        seat = None if call is None else call.seats.get(to)
        if seat is None or seat.holder == self._table.node_id:
            return False
        holder = self._table.others.get(seat.holder)
        if holder is None:
            raise Unavailable
        if not self._table.link.send(holder, encode_relay(room_id, to, message)):
            raise PeerBusy
        return True

    def watch(self, room_id: RoomId, ownership: Ownership) -> None:
        """Follow a call without members of this node, until `unwatch`. Once its members are known, `knows`
        is True, and `OwnMembers.call_known` was called.
        """
        self.learn(ownership)
        if not self._table.decides(room_id) and room_id not in self._table.watched:
            self._table.watched[room_id] = False
            self._follower.send_census(room_id)

    def unwatch(self, room_id: RoomId) -> bool:
        """Follow a call no longer. Return False, with nothing done, while a member is about to enter it: the
        owner would take it for one that has left.
        """
        if self._table.is_awaited(room_id):
            return False
        if self._table.watched.pop(room_id, None) is None or self._table.decides(room_id):
            return True
        owner = self._table.owners.get(room_id)
        if owner is not None and not self._table.members.has_any_in(room_id):
            self._table.send(owner.owner, self._follower.census(room_id, owner, (0, 0), number=0))
        call = self._table.calls.get(room_id)
        if call is not None:
            self._follower.drop_unused(call)
        else:
            self._table.forget(room_id)
        return True

    def lease_begun(self, lease: Lease) -> list[RoomId]:
        """Be part of the cluster. Return the calls whose owners have to be found."""
        self._table.lease = lease.lease_id
        return sorted({*self._table.members.rooms(), *self._table.watched, *self._table.ended_alone.rooms()})

    def lease_lost(self) -> None:
        """Be an island: whatever was asked is asked again, and calls without own members are forgotten."""
        self._delivery.doubt_all()
        self._table.forget_others()
        self._delivery.forget_routes()
        for room_id in {pending.room.room_id for pending in self._table.pending.values()}:
            self._delivery.fail(room_id)
        for room_id in [room for room in self._table.calls if not self._table.members.has_any_in(room)]:
            self._table.forget(room_id)
        for room_id in self._table.members.rooms():
            call = self._table.call_of_members(room_id)
            self._owner.end_unheld(call)
            for member in self._table.members.in_room(room_id):
                self._owner.settle_details(call, member.record)

    def node_joined(self, lease: Lease) -> None:
        """Reach a node. Whatever was under way between the two is lost if their members have met under other
        leases: that of the one or of the other has ended.
        """
        self._table.others[lease.node_id] = lease.lease_id
        if lease.description.formats[1] >= ROUTES_FORMAT:
            self._table.routes.answering.add(lease.node_id)
        self._signals_lost(lease.node_id)
        if any(owner.owner == lease.lease_id for owner in self._table.owners.values()):
            self._follower.report(lease.lease_id)
        for room_id, call in self._table.calls.items():
            if self._table.owns(room_id) and any(
                seat.holder == lease.node_id for seat in call.seats.values()
            ):
                self._table.send(lease.lease_id, CensusWanted(room_id, call.epoch))

    def node_left(self, lease: Lease) -> list[RoomId]:
        """Return the calls that a node which is gone owned or had members in: they need `learn` and
        `lose_absent`.
        """
        if self._table.others.get(lease.node_id) == lease.lease_id:
            del self._table.others[lease.node_id]
            self._table.routes.answering.discard(lease.node_id)
        for concerned in (*self._table.followers.values(), *self._table.watchers.values()):
            concerned.discard(lease.lease_id)
        self._delivery.node_left(lease.lease_id, lease.node_id)
        rooms = {room for room, owner in self._table.owners.items() if owner.owner == lease.lease_id}
        for room_id in rooms:
            self._delivery.fail(room_id)
        for room_id, call in self._table.calls.items():
            gone = {peer: seat for peer, seat in call.seats.items() if seat.holder == lease.node_id}
            if gone:
                rooms.add(room_id)
            for peer, seat in gone.items():
                if seat.away_since is None:
                    self._table.lost_at[peer] = self._table.before_silence(call)
        for room_id in list(rooms):
            if room_id not in self._table.calls and room_id not in self._table.watched:
                rooms.discard(room_id)
                self._table.forget(room_id)
        return sorted(rooms)

    def messages_lost(self, sender: LeaseId) -> None:
        """Have censuses make up for decisions and questions. Nobody has what peers said to each other: the
        receivers are told, and negotiate again.
        """
        self._follower.report(sender)
        self._table.link.send(sender, encode(CensusWanted()))
        node = next((node for node, lease in self._table.others.items() if lease == sender), None)
        if node is not None:
            self._signals_lost(node)

    def _signals_lost(self, node: NodeId) -> None:
        """Have members of this node be told that words of those of another one may be lost."""
        for room_id in self._table.members.rooms():
            call = self._table.calls.get(room_id)
            seats = {} if call is None else call.seats
            peers = [peer for peer, seat in seats.items() if seat.holder == node]
            if peers:
                self._table.own.signals_lost(room_id, peers)

    def learn(self, ownership: Ownership) -> None:
        """Take note of who owns a call; without effect if a later ownership is known."""
        if self._table.lease is None:
            return
        room_id = room_of(ownership.name)
        known = self._table.owners.get(room_id)
        if known is not None and (known.epoch, known.owner) >= (ownership.epoch, ownership.owner):
            return
        self._delivery.doubt(room_id)
        self._table.owners[room_id] = ownership
        self._table.followers.pop(room_id, None)
        self._table.watchers.pop(room_id, None)
        self._table.forget_takeover(room_id)
        askers = self._table.askers.pop(room_id, set())
        if ownership.owner == self._table.lease:
            self._owner.take_over(room_id, ownership)
            for asker in askers:
                self._table.send(asker, CensusWanted(room_id, ownership.epoch))
        elif known is not None or any(
            room_id in concerned
            for concerned in (
                self._table.calls,
                self._table.watched,
                self._table.outdated,
                self._table.ended_alone.rooms(),
            )
        ):
            self._follower.send_census(room_id)

    def sweep(self) -> list[RoomId]:
        """Forget the owners of calls that do not concern this node. Return the rooms that this node owns for
        nothing: no call is there, and nobody waits for one.
        """
        used = self._table.calls.keys() | self._table.watched.keys() | set(self._table.members.rooms())
        used |= {pending.room.room_id for pending in self._table.pending.values()}
        used |= {room for room, watchers in self._table.watchers.items() if watchers}
        unused = [room for room in self._table.owners if room not in used]
        owned = [room for room in unused if self._table.owns(room)]
        for room_id in unused:
            self._table.forget_owner(room_id)
        return owned

    def disowned(self, room_id: RoomId) -> None:
        """Take note that this node gives a call free."""
        self._table.owners.pop(room_id, None)

    def received(self, sender: LeaseId, body: bytes) -> None:
        """Take a message. Raises msgspec.MsgspecError."""
        message: NodeMessage = decode(body)
        match message:
            case Relayed():  # the first, since it is the hot path
                self._delivery.on_relay(message)
            case Question() | Census() | Followed():
                self._owner.received(sender, message)
            case Refusal():
                self._follower.on_refusal(sender, message)
            case Decision() | Snapshot():
                self._follow(sender, message)
            case CensusWanted():
                self._on_census_wanted(sender, message)
            case RelaysKept():
                if message.to in self._table.members:
                    self._table.own.signals_lost(message.room_id, message.peers, to=message.to)
            case RouteEnd() | RouteClear():
                self._delivery.on_route(message)
            case Fenced():
                self.learn(Ownership(call_name(message.room_id), LeaseId(message.owner), message.epoch))
            case _:
                assert_never(message)

    def _follow(self, sender: LeaseId, message: Decision | Snapshot) -> None:
        if not self._accepts(sender, message.room_id, message.epoch):
            return
        if isinstance(message, Decision):
            self._follower.on_decision(message)
        else:
            self._follower.on_snapshot(message)

    def _on_census_wanted(self, sender: LeaseId, wanted: CensusWanted) -> None:
        if wanted.room_id is None:
            self._follower.report(sender)
            return
        last = self._follower.census_number
        if self._accepts(sender, wanted.room_id, wanted.epoch) and last == self._follower.census_number:
            self._follower.send_census(wanted.room_id)

    def _accepts(self, sender: LeaseId, room_id: RoomId, epoch: int) -> bool:
        """Return True if the sender owns the call, as far as is known here. Fence a former owner."""
        self.learn(Ownership(call_name(room_id), sender, epoch))
        owner = self._table.owners.get(room_id)
        if owner is not None and (owner.epoch, owner.owner) == (epoch, sender):
            return True
        self._table.fence(sender, room_id, epoch)
        return False
