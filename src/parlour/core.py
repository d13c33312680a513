"""The services that all features share: clock, bus, database, tasks, outbox, limits."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import URL

from parlour.bus import Bus
from parlour.cluster.coordinator import Coordinator
from parlour.cluster.echoes import Echoes
from parlour.cluster.memory import MemoryCluster, MemoryCoordinator
from parlour.cluster.messages import ClusterMessages
from parlour.cluster.task_ownership import ClusterTasks
from parlour.cluster.this_node import describe_this_node
from parlour.db.database import Database
from parlour.limits.memory_counts import MemoryRateLimitStorage
from parlour.limits.quotas import Allowances
from parlour.limits.rate_limits import RateLimits
from parlour.mail.facts import MailQueued
from parlour.mail.outbox import Outbox
from parlour.node_id import NodeId, new_node_id
from parlour.tasks import Supervisor

if TYPE_CHECKING:
    from parlour.limits.redis_counts import RedisRateLimitStorage

CHECKPOINT_SECONDS = 60.0
FLUSH_SECONDS = 1.0
"""The most that a node that ends waits for Redis to take what it has sent."""

log = structlog.get_logger("parlour.core")

Clock = Callable[[], datetime]
"""Returns the current time in UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreOptions:
    """Options of the core. Without `redis_url`, limits are counted in memory, and the process is the
    only node.

    `counts_secret` hashes the keys in Redis; `cluster_secret` is known to the nodes of one cluster alone.
    """

    database_url: str | URL
    database_connections: int
    allow_readable_database: bool
    delivers_mail: bool
    redis_url: str | None
    counts_secret: str
    cluster_secret: str
    allowances: Allowances


class Core:
    """Builds the shared services; imports no feature."""

    def __init__(self, options: CoreOptions) -> None:
        self.node_id = new_node_id()
        self.is_clustered = options.redis_url is not None
        """True if there may be other nodes."""
        self.is_draining = False
        """True once this node is about to leave its cluster: balancers are to send nobody here."""
        self.clock: Clock = utc_now
        self.bus = Bus()
        self.coordinator = _coordinator(self.node_id, options)
        self.tasks = Supervisor(ClusterTasks(self.coordinator) if self.is_clustered else None)
        self.database = Database(
            options.database_url,
            bus=self.bus,
            allow_readable=options.allow_readable_database,
            connections=options.database_connections,
        )
        self.outbox = Outbox(self.database, clock=self.clock, delivers=options.delivers_mail)
        self.bus.subscribe(MailQueued, self.outbox.on_queued)
        self.redis_counts = _redis_counts(options)
        self.limits = RateLimits(
            storage=self.redis_counts or MemoryRateLimitStorage(),
            failures=self.redis_counts or MemoryRateLimitStorage(),
            allowances=options.allowances,
        )
        self.messages = ClusterMessages(self.coordinator)
        self.echoes = Echoes(self.messages)
        self.tasks.repeat("cluster", self.coordinator.run)
        if self.redis_counts is not None:
            self.tasks.repeat("redis", self.redis_counts.look_for_redis)
        if self.database.is_sqlite:
            self.tasks.every(CHECKPOINT_SECONDS, "checkpoints", self.database.checkpoint)

    @property
    def is_alone(self) -> bool:
        """Return True if there is certainly no other node to which clients and tasks could go."""
        return not self.is_clustered or (self.coordinator.lease is not None and not self.coordinator.others)

    async def stop(self) -> None:
        """Stop all tasks, and leave the cluster.

        What was sent to other nodes gets there, unless Redis is away for FLUSH_SECONDS.
        """
        try:
            async with asyncio.timeout(FLUSH_SECONDS):
                await self.coordinator.flush()
        except TimeoutError:
            log.warning("cluster.left_with_messages")
        await self.tasks.stop()
        await self.coordinator.leave()

    async def close(self) -> None:
        """Close Redis and the database. Call after closing the features, which may write as they close."""
        await self.coordinator.aclose()
        if self.redis_counts is not None:
            await self.redis_counts.aclose()
        await self.database.close()


def utc_now() -> datetime:
    return datetime.now(UTC)


def _coordinator(node_id: NodeId, options: CoreOptions) -> Coordinator:
    """Return this node's part in its cluster: without Redis, of itself alone."""
    description = describe_this_node()
    if options.redis_url is None:
        return MemoryCoordinator(node_id, MemoryCluster(), description=description)
    from parlour.cluster.redis.coordinator import RedisCoordinator

    return RedisCoordinator(
        node_id, options.redis_url, secret=options.cluster_secret, description=description
    )


def _redis_counts(options: CoreOptions) -> "RedisRateLimitStorage | None":
    if options.redis_url is None:
        return None
    from parlour.limits.redis_counts import (
        RedisRateLimitStorage,  # a tenth of the start, and few have a Redis
    )

    return RedisRateLimitStorage(options.redis_url, secret=options.counts_secret)
