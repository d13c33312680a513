"""The time of one lease, from its registration to its end, with all that is void afterwards."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping

import structlog

from parlour.cluster.batches import FAREWELL, Batch
from parlour.cluster.coordinator import (
    ClusterListener,
    CoordinationUnavailable,
    Lease,
    LeaseId,
    Ownership,
    QueueBounds,
)
from parlour.cluster.listeners import log_failure, tell
from parlour.cluster.numbering import InboundNumbers, OutboundQueue
from parlour.cluster.redis.connections import REDIS_UNAVAILABLE, RedisLink
from parlour.cluster.redis.descriptions import UnreadableDescription, decode_description, encode_state
from parlour.cluster.redis.inboxes import InboxReader, InboxSender
from parlour.cluster.redis.lines import RETRY_SECONDS
from parlour.cluster.redis.registry import Registry, Renewed

MAX_STRANGERS = 1_000
MESSAGES_A_TURN = 64
"""The most messages that are received in one turn of the event loop."""
_BOOT_CLOCK: int | None = getattr(time, "CLOCK_BOOTTIME", None)

log = structlog.get_logger("parlour.cluster")


class HeldLease:
    """A lease of this node. `run` returns when it has ended."""

    def __init__(
        self,
        lease: Lease,
        listener: ClusterListener,
        link: RedisLink,
        bounds: QueueBounds,
        counters: Mapping[str, Callable[[], int]],
    ) -> None:
        self.lease = lease
        self._counters = counters
        self._unreadable: set[LeaseId] = set()
        self.others: dict[LeaseId, Lease] = {}
        self._listener = listener
        self._bounds = bounds
        self._times = link.times
        self._registry = Registry(link)
        self._sender = InboxSender(link, lease.lease_id)
        self._reader = InboxReader(link, lease.lease_id, take=self._take, take_slowly=self._take_slowly)
        self.send, self.flush = self._sender.put, self._sender.flush
        self._numbers: dict[LeaseId, InboundNumbers] = {}
        self._strangers: OrderedDict[LeaseId, None] = OrderedDict()
        """Senders that were dead when something of them was read: their ids never come back."""
        self._epochs: dict[str, int] = {}
        self._valid_until = 0.0
        self._renewing = asyncio.Lock()
        self._is_away = False

    async def register(self) -> Callable[[], None]:
        """Begin the lease; return what tells the listener of it and of the nodes that are there.

        Call that once this lease is the coordinator's: the listener may send to those nodes at once. Raises
        one of REDIS_UNAVAILABLE.
        """
        asked_at = lease_clock()
        renewed = await self._registry.register(self.lease, state=encode_state(self._counters))

        def tell_of_it() -> None:
            log.info("cluster.lease_begun", lease=self.lease.lease_id)
            tell(self._listener.lease_begun, self.lease)
            self._take_note(renewed, asked_at)

        return tell_of_it

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            work = [
                tasks.create_task(self._sender.run(), name="cluster sender"),
                tasks.create_task(self._reader.run(), name="cluster reader"),
            ]
            try:
                await self._keep_lease()
            finally:
                for task in work:
                    task.cancel()

    def end(self) -> None:
        """Forget everything, since the lease has ended."""
        self._valid_until = 0.0
        self._epochs.clear()
        self.others.clear()
        self._sender.clear()
        tell(self._listener.lease_lost)

    def holds_lease(self) -> bool:
        return lease_clock() < self._valid_until

    def report_loss(self, to: LeaseId) -> None:
        queue = self._sender.queue(to)
        if queue is not None:
            queue.skip()
            self._sender.mark()

    def backlog(self, to: LeaseId) -> int:
        queue = self._sender.queue(to)
        return 0 if queue is None else queue.size

    async def own(self, name: str) -> Ownership:
        try:
            ownership = await self._registry.own(self.lease.lease_id, name)
        except REDIS_UNAVAILABLE as error:
            raise CoordinationUnavailable from error
        if ownership is None or not self.holds_lease():
            raise CoordinationUnavailable
        if ownership.owner == self.lease.lease_id:
            self._epochs[name] = ownership.epoch
        return ownership

    def epoch_of(self, name: str) -> int | None:
        epoch = self._epochs.get(name)
        return epoch if epoch is not None and self.holds_lease() else None

    async def disown(self, name: str) -> None:
        if self._epochs.pop(name, None) is None:
            return
        try:
            await self._registry.disown(self.lease.lease_id, name)
        except REDIS_UNAVAILABLE as error:
            raise CoordinationUnavailable from error

    async def _keep_lease(self) -> None:
        pause = self._times.beat
        while True:
            await asyncio.sleep(pause)
            began = lease_clock()
            if not await self._renew():
                return
            if not self._is_away:  # a mark that is lost with Redis would prove nothing
                self._sender.mark()
            pause = RETRY_SECONDS if self._is_away else max(0.0, self._times.beat - (lease_clock() - began))

    async def _renew(self) -> bool:
        """Renew the lease, and learn who is there. Return False once the lease has ended."""
        async with self._renewing:
            asked_at = lease_clock()
            try:
                renewed = await self._registry.renew(
                    self.lease, state=encode_state(self._counters), read_to=self._reader.read_to
                )
            except REDIS_UNAVAILABLE as error:
                self._note_away(error)
                return self.holds_lease()
            self._note_back()
            if renewed is None:
                return False
            self._take_note(renewed, asked_at)
            return True

    def _take_note(self, renewed: Renewed, asked_at: float) -> None:
        """The lease counts from before the request: Redis counts from a moment after that."""
        self._valid_until = asked_at + self._times.ttl - self._times.margin
        for gone in self.others.keys() - renewed.leases.keys():
            self._sender.drop(gone)
            del self._numbers[gone]
            tell(self._listener.node_left, self.others.pop(gone))
        self._unreadable &= renewed.leases.keys()
        for new in renewed.leases.keys() - self.others.keys() - self._unreadable - {self.lease.lease_id}:
            lease = self._described(new, renewed.leases[new])
            if lease is not None and lease.node_id != self.lease.node_id:
                self._meet(lease)

    def _meet(self, lease: Lease) -> None:
        queue = OutboundQueue(max_messages=self._bounds.messages, max_bytes=self._bounds.size)
        self._sender.meet(lease.lease_id, queue)
        self._numbers[lease.lease_id] = InboundNumbers()
        self.others[lease.lease_id] = lease
        tell(self._listener.node_joined, lease)

    def _described(self, lease_id: LeaseId, description: bytes) -> Lease | None:
        try:
            return decode_description(lease_id, description)
        except UnreadableDescription as error:
            self._unreadable.add(lease_id)
            log.warning("cluster.unreadable_node", lease=lease_id, error=str(error))
            return None

    def _take(self, batch: Batch) -> bool:
        """Receive a batch. Return False for one whose sender may have registered after the last renewal."""
        numbers = self._numbers.get(batch.sender)
        if numbers is None:
            return batch.sender in self._strangers  # it is dead, and nothing of it is received
        if len(batch.messages) > MESSAGES_A_TURN or batch.first == FAREWELL:
            return False
        self._receive(batch.sender, self._accepted(batch, numbers))
        return True

    async def _take_slowly(self, batch: Batch) -> None:
        """Receive a batch of an unknown sender, one that is too large for one turn of the event loop, or a
        farewell.
        """
        if batch.first == FAREWELL:
            await self._renew()
            return
        numbers = await self._numbers_of(batch.sender)
        messages = [] if numbers is None else self._accepted(batch, numbers)
        for start in range(0, len(messages), MESSAGES_A_TURN):
            if self._numbers.get(batch.sender) is not numbers:
                return  # it has left meanwhile
            self._receive(batch.sender, messages[start : start + MESSAGES_A_TURN])
            await asyncio.sleep(0)

    def _accepted(self, batch: Batch, numbers: InboundNumbers) -> list[bytes]:
        """Return the messages of a batch that were not received before; tell if some before it are lost."""
        repeated, is_gap = numbers.accept(batch.first, len(batch.messages))
        if is_gap:
            tell(self._listener.messages_lost, batch.sender)
        return batch.messages[repeated:] if repeated else batch.messages

    def _receive(self, sender: LeaseId, messages: list[bytes]) -> None:
        received = self._listener.received
        for message in messages:
            try:  # hot path: `tell`, inlined
                received(sender, message)
            except Exception as error:
                log_failure(received, error)

    async def _numbers_of(self, sender: LeaseId) -> InboundNumbers | None:
        """Return None for a sender that is dead; Redis is asked about it once."""
        if sender not in self._numbers and sender not in self._strangers:
            await self._renew()
        numbers = self._numbers.get(sender)
        if numbers is None and not self._is_away:
            self._strangers[sender] = None
            if len(self._strangers) > MAX_STRANGERS:
                self._strangers.popitem(last=False)
        return numbers

    def _note_away(self, error: Exception) -> None:
        if not self._is_away:
            self._is_away = True
            log.warning("cluster.redis_away", error=type(error).__name__)

    def _note_back(self) -> None:
        if self._is_away:
            self._is_away = False
            log.info("cluster.redis_back")


def lease_clock() -> float:
    """Return seconds of a clock that goes on while the machine sleeps, where there is one: a lease does."""
    return time.monotonic() if _BOOT_CLOCK is None else time.clock_gettime(_BOOT_CLOCK)
