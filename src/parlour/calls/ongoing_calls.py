"""The ongoing calls that this node knows, by room. In memory."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from parlour.accounts.identity import UserId
from parlour.calls.call_owners import CallOwners
from parlour.calls.call_replica import CallLimits, CallReplica
from parlour.calls.decisions import Notice
from parlour.calls.mesh import Mesh
from parlour.calls.refusals import (
    BrowserCannotEncrypt,
    ClientTooOld,
    MeshFull,
    RoomFull,
    TooManyParticipations,
)
from parlour.calls.shared.calls import SharedCalls
from parlour.calls.shared.interfaces import Arrival, CallMembers, NodeLink
from parlour.calls.shared.introductions import Stamp
from parlour.calls.shared.messages import ENDED, MOVED
from parlour.cluster.coordinator import Coordinator, LeaseId, Ownership
from parlour.cluster.messages import ClusterMessages
from parlour.errors import Refusal, Unavailable
from parlour.node_id import NodeId
from parlour.rooms.entities import Room, RoomId
from parlour.wire.signaling import Counted, FromPeer, PeerEntry, PeerId

ARRIVAL_SECONDS = 5.0
"""Longer than the lease of a node that is gone."""
KNOWN_WITHIN_SECONDS = 2.0
AGAIN_SECONDS = 0.02
WATCHED_SECONDS = 60.0
"""The time for which a call is followed after a question who is in it."""

_REFUSALS: dict[str, type[Refusal]] = {
    kind.code: kind
    for kind in (RoomFull, MeshFull, ClientTooOld, BrowserCannotEncrypt, TooManyParticipations)
}


@dataclass(frozen=True, slots=True)
class Unseated:
    """A member that has not come to its place. With `is_held`, it is in the call without a connection."""

    error: Exception
    is_held: bool = False


Seated = Callable[[bool], Unseated | None]
"""Puts a member into its place when that is decided; with False, its arrival is not awaited any more."""


class ParticipationEnded(Exception):
    """A participation that was to be resumed has ended."""


class _Question:
    """An arrival whose answer is awaited, or came at once."""

    __slots__ = ("answer", "is_given_up", "seated", "unseated", "waiter")

    def __init__(self, seated: Seated) -> None:
        self.seated = seated
        self.answer: str | None = MOVED
        self.unseated: Unseated | None = None
        self.is_given_up = False
        self.waiter: asyncio.Event | None = None

    def take(self, refusal: str | None) -> bool:
        """Take the answer. Return False if the member is not wanted any more."""
        self.answer = refusal
        if refusal is None:
            self.unseated = self.seated(not self.is_given_up)
        if self.waiter is not None:
            self.waiter.set()
        return self.unseated is None or self.unseated.is_held

    def finish(self) -> bool:
        """Return True if the member has its place, and False if the question has to be asked again. Raises
        what the arrival is refused with.
        """
        if self.unseated is not None:
            raise self.unseated.error
        if self.answer == ENDED:
            raise ParticipationEnded
        if self.answer is not None and self.answer != MOVED:
            raise _REFUSALS.get(self.answer, Unavailable)
        return self.answer is None


class OngoingCalls:
    """A call begins with its first member and ends with its last.

    Where this node decides, changes are atomic on the event loop, so no two joins miss each other. Where
    another node does, a member is in the call once the answer is here.
    """

    def __init__(self, node_id: NodeId, limits: CallLimits, *, link: NodeLink | None = None) -> None:
        """`link` is None for a node without others."""
        self.limits = limits
        self._node_id = node_id
        self._members: CallMembers | None = None
        self._owners: CallOwners | None = None
        self._numbers = itertools.count()
        self._questions: dict[int, _Question] = {}
        self._waiting: dict[PeerId, Seated] = {}
        """The latest arrival of each member that waits for an owner: earlier ones are not asked for again."""
        self._followed: dict[RoomId, float] = {}
        self._known: dict[RoomId, asyncio.Event] = {}
        self._shared = SharedCalls(
            node_id, link or _NoLink(), self, limits, clock=time.monotonic, is_alone=link is None
        )
        # Hot path: an attribute, since this lookup is made for each relayed message.
        self.replica: Callable[[RoomId], CallReplica | None] = self._shared.replica
        self.hold_back, self.relay = self._shared.hold_back, self._shared.relay
        self.sender_moves, self.tell_of_loss = self._shared.sender_moves, self._shared.tell_of_loss
        self.change = self._shared.change
        self.renew, self.rooms, self.stamp = self._shared.renew, self._shared.rooms, self._shared.stamp
        self.decides, self.owner = self._shared.decides, self._shared.owner
        self.own_peers_in, self.went_on_elsewhere = self._shared.own_peers_in, self._shared.went_on_elsewhere

    def serve(self, members: CallMembers) -> None:
        """Have `members` hear of all that concerns the members of this node. Comes before any arrival."""
        self._members = members

    def join_cluster(
        self,
        coordinator: Coordinator,
        messages: ClusterMessages,
        *,
        clock: Callable[[], datetime],
        grace: float,
    ) -> CallOwners:
        """Share the calls with other nodes, by the same messages as the link."""
        self._owners = CallOwners(self._shared, coordinator, messages, clock=clock, grace=grace)
        return self._owners

    def is_over(self, room_id: RoomId) -> bool:
        """Return True if nobody is in a call, as far as the node knows that decides about it for all."""
        call = self.replica(room_id)
        if call is not None and call.seats:
            return False
        return self._owners is None or (self.decides(room_id) and not self._shared.is_island)

    def mesh(self, room_id: RoomId) -> Mesh:
        """Return who is in a room's call: nobody if there is none."""
        call = self.replica(room_id)
        return Mesh() if call is None else call.mesh

    def entries(self, room_id: RoomId, *, besides: PeerId | None = None) -> list[PeerEntry]:
        """Describe the members of a call with whom a connection can be negotiated now."""
        entries = self.mesh(room_id).members.entries(besides=besides)
        call = self.replica(room_id)
        if self._owners is None or call is None or not self._shared.is_island:
            return entries
        return [entry for entry in entries if call.seats[entry.peer_id].holder == self._node_id]

    def giving_way_to(self, user_id: UserId, room: Room, *, knows_sfu: bool) -> list[PeerId]:
        """Do as the same method of CallReplica."""
        call = self.replica(room.room_id) or CallReplica(room)
        return call.giving_way_to(user_id, self.limits, knows_sfu=knows_sfu)

    def end(self, room_id: RoomId, peer_id: PeerId) -> None:
        """End a participation, whichever node holds it, if it is not over."""
        is_known = self._shared.decides(room_id) or self._shared.owner(room_id) is not None
        if is_known or self._owners is None:
            self._shared.end(room_id, peer_id)
        else:
            self._owners.end(room_id, peer_id)

    def arrive(
        self, room: Room, change: Arrival, seated: Seated, *, known_at: Stamp | None = None
    ) -> Awaitable[None] | None:
        """Have a member enter or return. Call `seated` at the moment at which it does, before it is sent
        anything. Return None if that is done, else what to await.

        Both raise RoomFull, TooManyParticipations, Unavailable, ParticipationEnded, or the error of `seated`.
        """
        owned = None if self._owners is None else self._owners.owned_now(room.room_id)
        if owned is None and not self._shared.is_island:
            self._waiting[change.peer_id] = seated
            return self._arrive_by_owner(room, change, seated, known_at)
        self._waiting.pop(change.peer_id, None)  # an earlier one comes too late
        question = self._ask(room, change, seated, owned, known_at)
        if question.finish():
            return None
        self._waiting[change.peer_id] = seated
        return self._arrive_by_owner(room, change, seated, known_at)

    async def follow(self, room_id: RoomId) -> None:
        """Know who is in a call, and hear of changes for a while. Raises Unavailable."""
        if self._owners is None or self._shared.knows(room_id):
            return
        known = self._known.setdefault(room_id, asyncio.Event())
        try:
            async with asyncio.timeout(KNOWN_WITHIN_SECONDS):
                ownership = await self._owners.owner_of(room_id)
                self._followed[room_id] = time.monotonic()
                if ownership is not None:
                    self._shared.watch(room_id, ownership)
                while not self._shared.knows(room_id):
                    known.clear()
                    await known.wait()
        except TimeoutError:
            raise Unavailable from None
        finally:
            self._known.pop(room_id, None)

    def stop_following(self, is_waited: Callable[[RoomId], bool]) -> None:
        """Follow no longer what nobody has asked for lately, and for which nobody waits."""
        now = time.monotonic()
        for room_id, asked_at in list(self._followed.items()):
            is_over = now - asked_at >= WATCHED_SECONDS and not is_waited(room_id)
            if is_over and self._shared.unwatch(room_id):
                del self._followed[room_id]

    async def _arrive_by_owner(
        self, room: Room, change: Arrival, seated: Seated, known_at: Stamp | None
    ) -> None:
        question: _Question | None = None
        try:
            async with asyncio.timeout(ARRIVAL_SECONDS):
                while True:
                    owner = await self._owner_of(room.room_id)
                    if self._waiting.get(change.peer_id) is not seated:
                        raise Unavailable
                    question = self._ask(room, change, seated, owner, known_at)
                    if question.waiter is not None:
                        await question.waiter.wait()
                    if question.finish():
                        return
                    await asyncio.sleep(AGAIN_SECONDS)
        except TimeoutError:
            raise Unavailable from None
        finally:
            if question is not None:
                question.is_given_up = True
            if self._waiting.get(change.peer_id) is seated:
                del self._waiting[change.peer_id]
                if self._owners is not None:
                    self._owners.give_up(change.peer_id)

    async def _owner_of(self, room_id: RoomId) -> Ownership | None:
        return None if self._owners is None else await self._owners.owner_of(room_id)

    def _ask(
        self, room: Room, change: Arrival, seated: Seated, owner: Ownership | None, known_at: Stamp | None
    ) -> _Question:
        """Ask the owner; `waiter` of the question is set if its answer did not come at once."""
        number, question = next(self._numbers), _Question(seated)
        self._questions[number] = question
        self._shared.arrive(number, room, change, owner, known_at=known_at)
        if number in self._questions:
            question.waiter = asyncio.Event()
        return question

    # Called by SharedCalls

    def answered(self, number: int, refusal: str | None, /) -> bool:
        return self._questions.pop(number).take(refusal)

    def deliver(self, to: PeerId, message: Counted, /) -> None:
        self._served.deliver(to, message)

    def relayed(self, to: PeerId, message: FromPeer, size: int, /) -> None:
        if self._members is not None:  # hot path: `_served`, inlined
            self._members.relayed(to, message, size)

    def signals_lost(self, room_id: RoomId, peers: list[PeerId], /, *, to: PeerId | None = None) -> None:
        self._served.signals_lost(room_id, peers, to=to)

    def notify(self, room_id: RoomId, notice: Notice, /) -> None:
        self._served.notify(room_id, notice)

    def ended(self, peer_id: PeerId, /, *, is_elsewhere: bool) -> None:
        self._served.ended(peer_id, is_elsewhere=is_elsewhere)

    def expects(self, room_id: RoomId, peer_id: PeerId, absent: PeerId, /) -> None:
        self._served.expects(room_id, peer_id, absent)

    def call_changed(self, room: Room, /) -> None:
        self._served.call_changed(room)

    def call_known(self, room_id: RoomId, /) -> None:
        known = self._known.get(room_id)
        if known is not None:
            known.set()

    def owner_wanted(self, room_id: RoomId, /) -> None:
        if self._owners is not None:
            self._owners.want_owner(room_id)

    @property
    def _served(self) -> CallMembers:
        if self._members is None:
            raise RuntimeError("`serve` comes before any arrival")
        return self._members


class _NoLink:
    """There are no other nodes."""

    def send(self, _to: LeaseId, _body: bytes, /) -> bool:
        return False

    def report_loss(self, _to: LeaseId, /) -> None:
        """There is nobody to hear of it."""
