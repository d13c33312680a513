"""The disasters that befall the nodes and Redis, alone or several at once."""

import asyncio
import random
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress

from tests.integration.cluster.storm.nodes import LEASE_ENDED, Node
from tests.servers import RedisServer

LEFT = "cluster.node_left"
LEASE_BEGUN = "cluster.lease_begun"
SLOW_SECONDS = 0.15
DROPOUT_SECONDS = 1.2
"""A lease goes on after so long: 4 s, of which 0.8 may have passed before."""
NOTICED_SECONDS = 10.0
"""More than it takes to see that a node is gone."""


class Disaster(ABC):
    """It strikes and ends while people go on; `is_noticed` waits until the nodes have drawn consequences."""

    is_calm = False
    """True where nothing may be lost, and no count of a visit begins anew."""
    outlasts_a_lease = False
    keeps_leases = False
    """True where no node may lose its lease."""

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
            if not other.reaches_redis:
                continue  # it has a disaster of its own, and begins anew
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
    keeps_leases = True

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


class CutOff(Disaster):
    """All packets between a node and Redis are lost, for longer than a lease."""

    outlasts_a_lease = True

    async def strikes(self) -> None:
        self.struck.cut_off()

    async def is_noticed(self) -> None:
        await self._is_missed()
        await self.struck.server.expect_log(LEASE_ENDED)

    async def ends(self) -> None:
        self.struck.reconnect()
        await self.struck.server.expect_log(LEASE_BEGUN)


class Refusal(CutOff):
    """A node does not reach Redis, whose port refuses it."""

    async def strikes(self) -> None:
        self.struck.line.cuts()

    async def ends(self) -> None:
        self.struck.line.heals()
        await self.struck.server.expect_log(LEASE_BEGUN)


class Dropout(Disaster):
    """All packets between a node and Redis are lost, for less time than a lease has."""

    keeps_leases = True

    async def strikes(self) -> None:
        self._is_over = asyncio.Event()
        self.struck.cut_off()
        asyncio.get_running_loop().call_later(DROPOUT_SECONDS, self._heals)

    def _heals(self) -> None:
        self.struck.reconnect()
        self._is_over.set()

    async def ends(self) -> None:
        await self._is_over.wait()


class Hiccup(Disaster):
    """A node's connections to Redis break, and can be made again at once."""

    keeps_leases = True

    async def strikes(self) -> None:
        self.struck.line.breaks()

    async def ends(self) -> None:
        self.struck.line.breaks()


class Slowness(Disaster):
    """A node is far from Redis."""

    is_calm = True
    keeps_leases = True

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
            if node.reaches_redis:
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


Kinds = tuple[type[Disaster], ...]
"""Disasters that overlap, in the order in which they strike."""

EVERY_RUN: Sequence[Kinds] = (
    (Calm,), (Slowness,), (Dropout,), (Hiccup,), (ShortFrost,), (Upgrade,), (CutOff,), (EmptyRedis,),
    (Frost, Death), (CutOff, EmptyRedis),
)  # fmt: skip
"""Each comes once in so many rounds."""
ONE_A_RUN: Sequence[Kinds] = (NoRedis,), (HungRedis,)
"""A short run has one of these, since each takes long."""
LONG_RUN: Sequence[Kinds] = (
    *EVERY_RUN, *ONE_A_RUN, (Death,), (Frost,), (Refusal,), (CutOff, Death), (Frost, CutOff),
    (Frost, EmptyRedis), (CutOff, Upgrade),
)  # fmt: skip


class Weather:
    """The disasters of one round, each at another node."""

    def __init__(
        self, kinds: Kinds, nodes: Sequence[Node], redis: RedisServer, chance: random.Random
    ) -> None:
        struck = chance.sample(nodes, len(kinds))
        self.disasters = [kind(nodes, node, redis) for kind, node in zip(kinds, struck, strict=True)]
        self.endings = chance.sample(self.disasters, len(kinds))
        """The disasters in the order in which they end."""
        self.name = name_of(kinds)
        self.is_calm = all(disaster.is_calm for disaster in self.disasters)
        self.keeps_leases = all(disaster.keeps_leases for disaster in self.disasters)
        self.outlasts_a_lease = any(disaster.outlasts_a_lease for disaster in self.disasters)
        self.concerned = [
            node for node in nodes if any(node in disaster.concerned for disaster in self.disasters)
        ]

    def __str__(self) -> str:
        return " and ".join(map(str, self.disasters))

    async def is_noticed(self) -> None:
        for disaster in self.disasters:
            await disaster.is_noticed()


def name_of(kinds: Kinds) -> str:
    return "+".join(kind.__name__ for kind in kinds)
