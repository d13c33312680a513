"""The contract of a cluster, kept within one process. That in Redis: tests/integration/cluster."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from parlour.cluster.coordinator import LeaseId, QueueBounds
from parlour.cluster.memory import MemoryCluster, MemoryCoordinator
from parlour.node_id import new_node_id
from tests.contract.coordination import Cluster, CoordinatorContract, Node, started


class WithinOneProcess:
    """Nodes of a MemoryCluster."""

    def __init__(self) -> None:
        self._cluster = MemoryCluster()
        self.nodes: list[Node] = []

    async def node(self, *, bounds: QueueBounds | None = None) -> Node:
        self.nodes.append(await started(MemoryCoordinator(new_node_id(), self._cluster, bounds=bounds)))
        return self.nodes[-1]

    async def expire(self, lease_id: LeaseId) -> None:
        self._cluster.expire(lease_id)


class TestWithinOneProcess(CoordinatorContract):
    @pytest.fixture
    async def cluster(self) -> AsyncIterator[Cluster]:
        cluster = WithinOneProcess()
        yield cluster
        await asyncio.gather(*(node.crash() for node in cluster.nodes))
