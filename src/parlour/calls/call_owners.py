"""Find out who owns calls, and take over those whose owner is gone: what `SharedCalls` needs of a cluster."""

import asyncio
import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec
import structlog

from parlour.calls.shared.calls import SharedCalls
from parlour.calls.shared.interfaces import call_name
from parlour.cluster.coordinator import CoordinationUnavailable, Coordinator, Lease, LeaseId, Ownership
from parlour.cluster.envelopes import MessageKind
from parlour.cluster.messages import ClusterMessages
from parlour.rooms.entities import RoomId
from parlour.wire.signaling import PeerId

TAKEOVER_PAUSE_SECONDS = 0.2
"""Nodes ask for calls that have lost their owner after a random pause of at most this, unless most members
are theirs: the next owner is known then, and a call can go on at once.
"""
RETRY_SECONDS = 0.1
QUESTIONS_AT_ONCE = 32
ABSENT_SECONDS = 1.0
"""Seconds between two looks for people of dead nodes who did not come back within the grace."""
SILENT_SECONDS = 12.0
"""A client may notice so much later than this node that the node which held it is silent: it takes a ping and
its timeout, 25 s, and then it has to come back.
"""
SWEEP_SECONDS = 30.0

_dice = random.SystemRandom()
log = structlog.get_logger("parlour.calls")


class ClusterLink:
    """Sends the messages of calls."""

    def __init__(self, messages: ClusterMessages) -> None:
        self._messages = messages
        self.report_loss = messages.report_loss

    def send(self, to: LeaseId, body: bytes, /) -> bool:
        return self._messages.send(to, MessageKind.CALLS, body)


class CallOwners:
    """Tells the calls of this node what happens in the cluster."""

    def __init__(
        self,
        shared: SharedCalls,
        coordinator: Coordinator,
        messages: ClusterMessages,
        *,
        clock: Callable[[], datetime],
        grace: float,
    ) -> None:
        """`grace` counts the seconds for which a participation outlives its connection."""
        self._shared = shared
        self._coordinator = coordinator
        self._clock = clock
        self._grace = timedelta(seconds=grace + SILENT_SECONDS)
        self._unowned: set[RoomId] = set()
        self._ends: dict[RoomId, set[PeerId]] = {}
        """Participations that are to end, in calls whose owner has to be found first."""
        self._given_up: dict[PeerId, datetime] = {}
        """The times at which returns were given up that the owners of their calls may have decided."""
        self._with_absent: set[RoomId] = set()
        self._is_wanted = asyncio.Event()
        self._freeing: dict[RoomId, asyncio.Future[None]] = {}
        messages.handle(MessageKind.CALLS, self._receive)
        messages.watch(self)

    def owned_now(self, room_id: RoomId) -> Ownership | None:
        """Return this node's ownership of a call, None unless it is certain."""
        name, lease = call_name(room_id), self._coordinator.lease
        epoch = self._coordinator.epoch_of(name)
        return None if lease is None or epoch is None else Ownership(name, lease.lease_id, epoch)

    async def owner_of(self, room_id: RoomId) -> Ownership | None:
        """Return who owns a call, this node if nobody did; None if this node is an island. Waits for as long
        as nobody can tell: the caller has to have a limit.
        """
        while not self._shared.is_island:
            freeing = self._freeing.get(room_id)
            if freeing is not None:
                await asyncio.wait([freeing])
            known = self.owned_now(room_id) or self._shared.owner(room_id)
            if known is not None and (known.owner in self._coordinator.others or self.owned_now(room_id)):
                return known
            try:
                return await self._coordinator.own(call_name(room_id))
            except CoordinationUnavailable:
                await asyncio.sleep(RETRY_SECONDS)
        return None

    def end(self, room_id: RoomId, peer_id: PeerId) -> None:
        """End a participation of a call whose owner is not known."""
        self._ends.setdefault(room_id, set()).add(peer_id)
        self.want_owner(room_id)

    def give_up(self, peer_id: PeerId) -> None:
        """Wait for an arrival no longer. A return is not over: its person may come back within the grace."""
        now = self._clock()
        if self._shared.give_up(peer_id, now=now):
            self._given_up[peer_id] = now

    def want_owner(self, room_id: RoomId) -> None:
        self._unowned.add(room_id)
        self._is_wanted.set()

    # Tasks

    async def find_owners(self) -> None:
        """Find the owners of calls that have none, and take note of people whose node is gone. Repeated by
        the supervisor.
        """
        await self._is_wanted.wait()
        self._is_wanted.clear()
        own = {room_id for room_id in self._unowned if self._shared.is_next_owner(room_id)}
        self._unowned -= own
        await self._find_owners_of(sorted(own))
        if self._unowned:
            await asyncio.sleep(_dice.uniform(0, TAKEOVER_PAUSE_SECONDS))
        rooms, self._unowned = sorted(self._unowned), set()
        await self._find_owners_of(rooms)

    async def _find_owners_of(self, rooms: Sequence[RoomId]) -> None:
        for start in range(0, len(rooms), QUESTIONS_AT_ONCE):
            chunk = rooms[start : start + QUESTIONS_AT_ONCE]
            await asyncio.gather(*(self._find_owner(room_id) for room_id in chunk))
        if rooms:
            log.info("calls.owners_found", calls=len(rooms), again=len(self._unowned))

    async def _find_owner(self, room_id: RoomId) -> None:
        if self._shared.is_island:
            return
        if self._shared.owner(room_id) is None:
            try:
                self._shared.learn(await self._coordinator.own(call_name(room_id)))
            except CoordinationUnavailable:
                self.want_owner(room_id)
                await asyncio.sleep(RETRY_SECONDS)
                return
        for peer_id in self._ends.pop(room_id, ()):
            self._shared.end(room_id, peer_id)
        if self._shared.lose_absent(room_id, now=self._clock()):
            self._with_absent.add(room_id)

    async def end_absent(self) -> None:
        """End people of dead nodes who did not come back, and returns that were given up. Tell members what
        was held for too long. Repeated every ABSENT_SECONDS.
        """
        self._shared.tell_late()
        lost_before = self._clock() - self._grace
        for peer_id in [peer for peer, at in self._given_up.items() if at <= lost_before]:
            del self._given_up[peer_id]
            self._shared.end_given_up(peer_id)
        for room_id in list(self._with_absent):
            if not self._shared.end_absent(room_id, lost_before=lost_before):
                self._with_absent.discard(room_id)
            await asyncio.sleep(0)

    async def give_free(self) -> None:
        """Give calls free that are over, so that they begin where their next member is; repeated every
        SWEEP_SECONDS.
        """
        for room_id in self._shared.sweep():
            if self._shared.owner(room_id) is None:
                continue
            freed = self._freeing[room_id] = asyncio.get_running_loop().create_future()
            self._shared.disowned(room_id)
            try:
                await self._coordinator.disown(call_name(room_id))
            except CoordinationUnavailable:
                return
            finally:
                del self._freeing[room_id]
                freed.set_result(None)

    # Called by the cluster

    def lease_begun(self, lease: Lease) -> None:
        for room_id in self._shared.lease_begun(lease):
            self.want_owner(room_id)

    def lease_lost(self) -> None:
        self._unowned.clear()
        self._with_absent.clear()
        ends, self._ends = self._ends, {}
        self._shared.lease_lost()
        for room_id, peers in ends.items():
            for peer_id in peers:
                self._shared.end(room_id, peer_id)

    def node_joined(self, lease: Lease) -> None:
        self._shared.node_joined(lease)

    def node_left(self, lease: Lease) -> None:
        for room_id in self._shared.node_left(lease):
            self.want_owner(room_id)

    def messages_lost(self, sender: LeaseId) -> None:
        self._shared.messages_lost(sender)

    def _receive(self, sender: LeaseId, body: bytes) -> None:
        try:
            self._shared.received(sender, body)
        except msgspec.MsgspecError as error:
            log.warning("calls.unreadable_message", sender=sender, error=type(error).__name__)
