"""The disasters that befall the nodes and Redis."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress

from tests.integration.cluster.storm.nodes import LEASE_ENDED, Node
from tests.servers import RedisServer

LEFT = "cluster.node_left"
LEASE_BEGUN = "cluster.lease_begun"
SLOW_SECONDS = 0.15
NOTICED_SECONDS = 10.0
"""More than it takes to see that a node is gone."""


class Disaster(ABC):
    """It strikes and ends while people go on; `is_noticed` waits until the nodes have drawn consequences."""

    is_calm = False
    """True where nothing may be lost, and no count of a visit begins anew."""
    outlasts_a_lease = False

    def __init__(self, nodes: Sequence[Node], struck: Node, redis: RedisServer) -> None:
        self.nodes = nodes
        self.struck = struck
        self.others = [node for node in nodes if node is not struck]
        self.redis = redis

    def __str__(self) -> str:
        return f"{type(self).__name__} at node {self.struck.number}"

    @property
    def concerned(self) -> Sequence[Node]:
        return [self.struck]

    @abstractmethod
    async def strikes(self) -> None: ...

    async def is_noticed(self) -> None:
        return  # there is nothing to notice

    async def ends(self) -> None:
        return  # it is over already

    async def _is_missed(self) -> None:
        await self._is_process_missed(self.struck.server.pid)

    async def _is_process_missed(self, pid: int) -> None:
        """Wait until the other nodes take a process for gone, or were cut off meanwhile themselves: they
        begin anew without it then.
        """
        for other in self.others:
            while not other.has_lost_a_lease():
                with suppress(TimeoutError):
                    left = f'"pid": {pid}, "event": "{LEFT}"'
                    await other.server.expect_log(left, timeout=NOTICED_SECONDS)
                    break
            else:
                await other.server.expect_log(LEASE_BEGUN)


class Calm(Disaster):
    """Only people's own lines break."""

    is_calm = True

    @property
    def concerned(self) -> Sequence[Node]:
        return []

    async def strikes(self) -> None:
        pass


class Death(Disaster):
    """A node is killed, and another process takes its place."""

    outlasts_a_lease = True

    async def strikes(self) -> None:
        self._pid = self.struck.server.pid
        self.struck.is_dead = True
        await self.struck.server.kill()

    async def is_noticed(self) -> None:
        await self._is_process_missed(self._pid)

    async def ends(self) -> None:
        await self.struck.server.start()
        self.struck.is_dead = False


class Upgrade(Disaster):
    """A node is told to end, and another process takes its place."""

    async def strikes(self) -> None:
        self.struck.is_dead = True
        await self.struck.server.terminate()

    async def ends(self) -> None:
        await self.struck.server.start()
        self.struck.is_dead = False


class Frost(Disaster):
    """A node is suspended for longer than its lease."""

    outlasts_a_lease = True

    async def strikes(self) -> None:
        self.struck.freeze()

    async def is_noticed(self) -> None:
        await self._is_missed()

    async def ends(self) -> None:
        self.struck.thaw()
        await self.struck.server.expect_log(LEASE_ENDED)
        await self.struck.server.expect_log(LEASE_BEGUN)


class ShortFrost(Disaster):
    """A node is suspended while people go on, for less than its lease."""

    async def strikes(self) -> None:
        self.struck.freeze()

    async def ends(self) -> None:
        self.struck.thaw()


class Cut(Disaster):
    """A node does not reach Redis, whose port refuses it."""

    outlasts_a_lease = True

    async def strikes(self) -> None:
        self.struck.line.cuts()

    async def is_noticed(self) -> None:
        await self._is_missed()
        await self.struck.server.expect_log(LEASE_ENDED)

    async def ends(self) -> None:
        self.struck.line.heals()
        await self.struck.server.expect_log(LEASE_BEGUN)


class Silence(Cut):
    """A node hears nothing of Redis, and what it says arrives when the silence is over."""

    async def strikes(self) -> None:
        self.struck.line.holds()


class Hiccup(Disaster):
    """A node's connections to Redis break, and can be made again at once."""

    async def strikes(self) -> None:
        self.struck.line.breaks()

    async def ends(self) -> None:
        self.struck.line.breaks()


class Slowness(Disaster):
    """A node is far from Redis."""

    is_calm = True

    async def strikes(self) -> None:
        self.struck.line.slows(SLOW_SECONDS)

    async def ends(self) -> None:
        self.struck.line.heals()


class _OfRedis(Disaster):
    def __str__(self) -> str:
        return type(self).__name__

    @property
    def concerned(self) -> Sequence[Node]:
        return self.nodes

    async def _have_leases(self) -> None:
        for node in self.nodes:
            await node.server.expect_log(LEASE_BEGUN)


class EmptyRedis(_OfRedis):
    """Redis is restarted at once, without what it had."""

    async def strikes(self) -> None:
        await self.redis.stop()
        await self.redis.start()

    async def is_noticed(self) -> None:
        await self._have_leases()


class NoRedis(_OfRedis):
    """Redis is away for longer than a lease, and comes back empty."""

    outlasts_a_lease = True

    async def strikes(self) -> None:
        await self.redis.stop()

    async def is_noticed(self) -> None:
        for node in self.nodes:
            await node.server.expect_log(LEASE_ENDED)

    async def ends(self) -> None:
        await self.redis.start()
        await self._have_leases()


class HungRedis(NoRedis):
    """Redis is suspended for longer than a lease."""

    async def strikes(self) -> None:
        self.redis.freeze()

    async def ends(self) -> None:
        self.redis.thaw()
        await self._have_leases()


DISASTERS: Sequence[type[Disaster]] = (
    Calm, Death, Frost, Cut, Silence, EmptyRedis, NoRedis, Hiccup, ShortFrost, Slowness, HungRedis, Upgrade,
)  # fmt: skip
"""Each comes once in so many rounds."""
