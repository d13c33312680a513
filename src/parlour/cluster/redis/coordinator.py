"""A node whose cluster meets in Redis: one lease after the other."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

import structlog

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
from parlour.cluster.redis.connections import REDIS_UNAVAILABLE, LeaseTimes, RedisLink
from parlour.cluster.redis.held_lease import HeldLease
from parlour.cluster.redis.lines import RETRY_SECONDS
from parlour.cluster.redis.registry import Registry
from parlour.cluster.redis.shared_counts import SharedCounts
from parlour.node_id import NodeId

log = structlog.get_logger("parlour.cluster")


class RedisCoordinator:
    """See `Coordinator`. Without a lease, every question is answered at once: nothing is owned or sent."""

    def __init__(
        self,
        node_id: NodeId,
        url: str,
        *,
        secret: str,
        description: NodeDescription | None = None,
        times: LeaseTimes | None = None,
        bounds: QueueBounds | None = None,
    ) -> None:
        """`url` has been validated by the settings; `secret` is what only nodes of the same cluster know. No
        connection is opened before `run`.
        """
        self.node_id = node_id
        self._description = description or NodeDescription()
        self._counters: dict[str, Callable[[], int]] = {}
        self._link = RedisLink.to(url, secret=secret, times=times or LeaseTimes())
        self._shared_counts = SharedCounts(self._link, secret)
        self._bounds = bounds or QueueBounds()
        self._listener: ClusterListener | None = None
        self._held: HeldLease | None = None
        self._leases = 0
        self._former: LeaseId | None = None
        self._met: tuple[LeaseId, ...] = ()
        """The other nodes that were there when the former lease ended."""

    @property
    def lease(self) -> Lease | None:
        return None if self._held is None else self._held.lease

    @property
    def others(self) -> Mapping[LeaseId, Lease]:
        return {} if self._held is None else self._held.others

    def listen(self, listener: ClusterListener) -> None:
        self._listener = listener

    def count(self, name: str, counter: Callable[[], int]) -> None:
        self._counters[name] = counter

    async def run(self) -> None:
        if self._listener is None:
            raise RuntimeError("`listen` comes before `run`")
        while True:
            held, tell_of_it = await self._registered(self._listener)
            self._held = held
            try:
                tell_of_it()
                await held.run()
            finally:
                self._held, self._met = None, tuple(held.others)
                held.end()
                log.info("cluster.lease_ended", lease=held.lease.lease_id)

    async def leave(self) -> None:
        """End the lease; a Redis that does not answer lets it end by itself."""
        if self._former is None:
            return
        try:
            await Registry(self._link).leave(self._former, others=self._met)
        except REDIS_UNAVAILABLE as error:
            log.warning("cluster.left_without_redis", error=type(error).__name__)

    async def aclose(self) -> None:
        await self._link.aclose()

    def send(self, to: LeaseId, message: bytes) -> bool:
        return self._held is not None and self._held.send(to, message)

    def report_loss(self, to: LeaseId) -> None:
        if self._held is not None:
            self._held.report_loss(to)

    def backlog(self, to: LeaseId) -> int:
        return 0 if self._held is None else self._held.backlog(to)

    async def flush(self) -> None:
        if self._held is not None:
            await self._held.flush()

    async def own(self, name: str) -> Ownership:
        held = self._held
        if held is None:
            raise CoordinationUnavailable
        return await held.own(name)

    def epoch_of(self, name: str) -> int | None:
        return None if self._held is None else self._held.epoch_of(name)

    async def disown(self, name: str) -> None:
        if self._held is not None:
            await self._held.disown(name)

    async def claim(self, claims: Sequence[CountClaim]) -> int | None:
        try:
            return await self._shared_counts.claim(self._lease_now(), claims)
        except REDIS_UNAVAILABLE as error:
            raise CoordinationUnavailable from error

    async def write_counts(self, counts: Mapping[str, int]) -> None:
        try:
            await self._shared_counts.write(self._lease_now(), counts)
        except REDIS_UNAVAILABLE as error:
            raise CoordinationUnavailable from error

    def _lease_now(self) -> LeaseId:
        if self._held is None or not self._held.holds_lease():
            raise CoordinationUnavailable
        return self._held.lease.lease_id

    async def _registered(self, listener: ClusterListener) -> tuple[HeldLease, Callable[[], None]]:
        """Register a new lease, as often as it takes. This node's former one ends first: Redis may believe
        that it goes on.
        """
        is_away = False
        while True:
            try:
                if self._former is not None:
                    await Registry(self._link).leave(self._former)
                return await self._register(listener)
            except REDIS_UNAVAILABLE as error:
                if not is_away:
                    is_away = True
                    log.warning("cluster.redis_away", error=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)

    async def _register(self, listener: ClusterListener) -> tuple[HeldLease, Callable[[], None]]:
        self._leases += 1
        self._former = LeaseId(f"{self.node_id}.{self._leases}")
        lease = Lease(self._former, self.node_id, self._description)
        held = HeldLease(lease, listener, self._link, self._bounds, self._counters)
        return held, await held.register()
