"""An echo comes after all that its node has sent before."""

import asyncio

import pytest

from parlour.cluster.coordinator import LeaseId
from parlour.cluster.echoes import Echoes
from parlour.cluster.envelopes import MessageKind
from parlour.cluster.memory import MemoryCluster, MemoryCoordinator
from parlour.cluster.messages import ClusterMessages
from parlour.node_id import new_node_id

BOUND_SECONDS = 60
NEVER = 1_000.0


class Node:
    def __init__(self, cluster: MemoryCluster, *, echoes: bool = True) -> None:
        self.coordinator = MemoryCoordinator(new_node_id(), cluster)
        self.messages = ClusterMessages(self.coordinator)
        self.heard: list[bytes] = []
        self.messages.handle(MessageKind.CALLS, self._hear)
        self.echoes = Echoes(self.messages) if echoes else None

    def _hear(self, _sender: LeaseId, body: bytes) -> None:
        self.heard.append(body)

    @property
    def lease(self) -> LeaseId:
        assert self.coordinator.lease is not None
        return self.coordinator.lease.lease_id


@pytest.mark.parametrize("within", [NEVER, 0.1], ids=["all answer", "one knows no echoes"])
async def test_what_others_have_sent_is_there(within: float) -> None:
    cluster = MemoryCluster()
    nodes = [Node(cluster), Node(cluster), Node(cluster, echoes=within == NEVER)]
    running = [asyncio.create_task(node.coordinator.run()) for node in nodes]
    for node in nodes:
        await node.messages.wait_for_lease()
    here, *others = nodes
    assert here.echoes is not None
    for other in others:
        assert other.messages.send(here.lease, MessageKind.CALLS, b"1")
        assert other.messages.send(here.lease, MessageKind.CALLS, b"2")
    async with asyncio.timeout(BOUND_SECONDS):
        await here.echoes.heard_from_all(within=within)
    assert sorted(here.heard) == [b"1", b"1", b"2", b"2"]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
