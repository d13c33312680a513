"""Several Parlour servers that are one cluster: on one Redis and one database."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from redis.asyncio import Redis

from bench.machine import ProcessClock
from bench.seed import Seed
from bench.servers import Parlour
from tests.servers import RedisServer

MET_WITHIN_SECONDS = 30
_JOINED = b"cluster.node_joined"


@dataclass(slots=True)
class ClusterNode(Parlour):
    """One of the servers."""

    number: int = 1
    redis_url: str = ""

    def __post_init__(self) -> None:
        self.name = f"Parlour {self.number}"

    def settings(self) -> dict[str, str]:
        own = {"PARLOUR_DATA_DIR": str(self.seed.folder / self.name), "PARLOUR_REDIS_URL": self.redis_url}
        return {**Parlour.settings(self), **own}

    @property
    def log(self) -> Path:
        return self.seed.folder / f"{self.name}.log"


@dataclass(frozen=True, slots=True)
class Cluster:
    """Servers that know of each other."""

    nodes: list[ClusterNode]
    redis: RedisServer
    redis_clock: ProcessClock


@asynccontextmanager
async def running_cluster(seed: Seed, count: int) -> AsyncIterator[Cluster]:
    """Start so many servers and a Redis; each server has seen the others."""
    async with RedisServer() as redis:
        with ExitStack() as stack:
            nodes = [
                ClusterNode(core=None, seed=seed, number=number, redis_url=redis.url)
                for number in range(1, count + 1)
            ]
            for node in nodes:
                stack.enter_context(node)
            await _met(nodes)
            yield Cluster(nodes, redis, ProcessClock(redis.pid))


async def requests_of(url: str, names: Iterable[str]) -> float:
    """Return how many commands of these names a Redis has had."""
    async with Redis.from_url(url) as client:
        stats = await client.info("commandstats")
    return float(sum(stats.get(f"cmdstat_{name}", {}).get("calls", 0) for name in names))


async def _met(nodes: list[ClusterNode]) -> None:
    async with asyncio.timeout(MET_WITHIN_SECONDS):
        for node in nodes:
            while node.log.read_bytes().count(_JOINED) < len(nodes) - 1:  # noqa: ASYNC110
                await asyncio.sleep(0.05)  # a file announces no growth
