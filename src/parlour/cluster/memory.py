"""A cluster within one process: for a server without Redis, and for simulations of several nodes."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from parlour.cluster.coordinator import (
    ClusterListener,
    CoordinationUnavailable,
    CountClaim,
    Lease,
    LeaseId,
    NodeDescription,
    Ownership,
    QueueBounds,
)
from parlour.cluster.listeners import tell
from parlour.cluster.numbering import InboundNumbers, OutboundQueue
from parlour.node_id import NodeId

_TURN_BYTES = 256 * 1024
"""The bytes that a pair's messages may take of one turn of the event loop."""


class MemoryCluster:
    """The nodes with a lease, and who owns what. A lease has no time: it lasts until `expire` or `leave`."""

    def __init__(self) -> None:
        self.nodes: dict[LeaseId, MemoryCoordinator] = {}
        self._ownerships: dict[str, Ownership] = {}
        self._counts: dict[str, dict[LeaseId, int]] = {}
        self._epoch = 0

    def expire(self, lease_id: LeaseId) -> None:
        """End a lease, as the end of its time would."""
        ended = self.nodes.pop(lease_id, None)
        if ended is None or ended.lease is None:
            return
        former = ended.lease
        for name in [name for name, owned in self._ownerships.items() if owned.owner == lease_id]:
            del self._ownerships[name]
        for name in list(self._counts):
            self.write_counts(lease_id, {name: 0})
        ended.end_lease()
        for coordinator in self.nodes.values():
            coordinator.forget(former)

    def owned_by(self, lease_id: LeaseId, name: str) -> Ownership:
        """Return the ownership of a name; without one, give it to that lease."""
        found = self._ownerships.get(name)
        if found is None:
            self._epoch += 1
            found = self._ownerships[name] = Ownership(name, lease_id, self._epoch)
        return found

    def find(self, name: str) -> Ownership | None:
        return self._ownerships.get(name)

    def free(self, name: str) -> None:
        self._ownerships.pop(name, None)

    def claim(self, lease_id: LeaseId, claims: Sequence[CountClaim]) -> int | None:
        """Write the counts of that lease if all fit; else return the index of the first that does not."""
        for index, claim in enumerate(claims):
            by_lease = self._counts.get(claim.name, {})
            others = sum(count for lease, count in by_lease.items() if lease != lease_id)
            if others + claim.own > claim.limit:
                return index
        self.write_counts(lease_id, {claim.name: claim.own for claim in claims})
        return None

    def write_counts(self, lease_id: LeaseId, counts: Mapping[str, int]) -> None:
        for name, count in counts.items():
            by_lease = self._counts.setdefault(name, {})
            by_lease[lease_id] = count
            if not count:
                del by_lease[lease_id]
            if not by_lease:
                del self._counts[name]


class MemoryCoordinator:
    """A node of a MemoryCluster. Messages are received in a later turn of the event loop."""

    def __init__(
        self,
        node_id: NodeId,
        cluster: MemoryCluster,
        *,
        description: NodeDescription | None = None,
        bounds: QueueBounds | None = None,
    ) -> None:
        self.node_id = node_id
        self._description = description or NodeDescription()
        self.lease: Lease | None = None
        self._cluster = cluster
        self._bounds = bounds or QueueBounds()
        self._listener: ClusterListener | None = None
        self._others: dict[LeaseId, Lease] = {}
        self._queues: dict[LeaseId, OutboundQueue] = {}
        self._numbers: dict[LeaseId, InboundNumbers] = {}
        self._leases = 0
        self._has_ended = asyncio.Event()

    @property
    def others(self) -> Mapping[LeaseId, Lease]:
        return self._others

    def listen(self, listener: ClusterListener) -> None:
        self._listener = listener

    def count(self, name: str, counter: Callable[[], int]) -> None:
        """Nobody looks at a cluster within one process."""

    async def run(self) -> None:
        while True:
            self._has_ended.clear()
            if self.lease is None:
                self._register()
            await self._has_ended.wait()

    async def leave(self) -> None:
        if self.lease is not None:
            self._cluster.expire(self.lease.lease_id)

    async def aclose(self) -> None:
        """Nothing is held open."""

    def send(self, to: LeaseId, message: bytes) -> bool:
        queue = self._queues.get(to)
        if queue is None or not queue.put(message):
            return False
        if len(queue) == 1:
            asyncio.get_running_loop().call_soon(self._pass_on, to, queue)
        return True

    def report_loss(self, to: LeaseId) -> None:
        queue = self._queues.get(to)
        if queue is not None:
            queue.skip()
            asyncio.get_running_loop().call_soon(self._pass_on, to, queue)

    def backlog(self, to: LeaseId) -> int:
        queue = self._queues.get(to)
        return 0 if queue is None else queue.size

    async def flush(self) -> None:
        while any(self._queues.values()):  # noqa: ASYNC110 - a turn of the event loop passes on what waits
            await asyncio.sleep(0)

    async def own(self, name: str) -> Ownership:
        if self.lease is None:
            raise CoordinationUnavailable
        return self._cluster.owned_by(self.lease.lease_id, name)

    def epoch_of(self, name: str) -> int | None:
        found = self._cluster.find(name)
        is_own = found is not None and self.lease is not None and found.owner == self.lease.lease_id
        return found.epoch if found is not None and is_own else None

    async def disown(self, name: str) -> None:
        if self.epoch_of(name) is not None:
            self._cluster.free(name)

    async def claim(self, claims: Sequence[CountClaim]) -> int | None:
        if self.lease is None:
            raise CoordinationUnavailable
        return self._cluster.claim(self.lease.lease_id, claims)

    async def write_counts(self, counts: Mapping[str, int]) -> None:
        if self.lease is None:
            raise CoordinationUnavailable
        self._cluster.write_counts(self.lease.lease_id, counts)

    # Called by the cluster and by other nodes

    def end_lease(self) -> None:
        self.lease = None
        self._others, self._queues, self._numbers = {}, {}, {}
        tell(self._hearing.lease_lost)
        self._has_ended.set()

    def meet(self, lease: Lease) -> None:
        """Get to know another node."""
        self._others[lease.lease_id] = lease
        self._queues[lease.lease_id] = OutboundQueue(
            max_messages=self._bounds.messages, max_bytes=self._bounds.size
        )
        self._numbers[lease.lease_id] = InboundNumbers()
        tell(self._hearing.node_joined, lease)

    def forget(self, lease: Lease) -> None:
        """Lose sight of another node."""
        if self._others.pop(lease.lease_id, None) is not None:
            del self._queues[lease.lease_id], self._numbers[lease.lease_id]
            tell(self._hearing.node_left, lease)

    def take(self, sender: LeaseId, first: int, messages: list[bytes]) -> None:
        """Receive a batch."""
        numbers = self._numbers.get(sender)
        if numbers is None:
            return
        repeated, is_gap = numbers.accept(first, len(messages))
        if is_gap:
            tell(self._hearing.messages_lost, sender)
        for message in messages[repeated:]:
            tell(self._hearing.received, sender, message)

    @property
    def _hearing(self) -> ClusterListener:
        if self._listener is None:
            raise RuntimeError("`listen` comes before `run`")
        return self._listener

    def _register(self) -> None:
        self._leases += 1
        lease = self.lease = Lease(LeaseId(f"{self.node_id}.{self._leases}"), self.node_id, self._description)
        tell(self._hearing.lease_begun, lease)
        known = list(self._cluster.nodes.values())
        self._cluster.nodes[lease.lease_id] = self
        for other in known:
            if other.lease is not None:
                self.meet(other.lease)
                other.meet(lease)

    def _pass_on(self, to: LeaseId, queue: OutboundQueue) -> None:
        """Have the receiver take a batch, and go on in the next turn if more waits."""
        receiver = self._cluster.nodes.get(to)
        if self.lease is None or receiver is None or self._queues.get(to) is not queue:
            return
        found = queue.batch(_TURN_BYTES)
        if found is not None:
            first, messages = found
            queue.confirm(first + len(messages))
            if queue:
                asyncio.get_running_loop().call_soon(self._pass_on, to, queue)
            receiver.take(self.lease.lease_id, first, messages)
        elif (mark := queue.take_mark()) is not None:
            receiver.take(self.lease.lease_id, mark, [])
