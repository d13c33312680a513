"""A question ends with its answer, or with the node that was asked."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from parlour.cluster.envelopes import MessageKind
from parlour.cluster.memory import MemoryCluster, MemoryCoordinator
from parlour.cluster.messages import ClusterMessages
from parlour.cluster.questions import NodeQuestions
from parlour.node_id import new_node_id

BOUND_SECONDS = 60
NEVER = 1_000.0


class Node:
    def __init__(self, cluster: MemoryCluster) -> None:
        self.coordinator = MemoryCoordinator(new_node_id(), cluster)
        self.messages = ClusterMessages(self.coordinator)
        self.questions = NodeQuestions(
            self.messages, MessageKind.VISIT_WANTED, MessageKind.VISIT, lambda _, question: question.upper()
        )


@pytest.fixture
async def two() -> AsyncIterator[tuple[Node, Node]]:
    cluster = MemoryCluster()
    nodes = Node(cluster), Node(cluster)
    running = [asyncio.create_task(node.coordinator.run()) for node in nodes]
    for node in nodes:
        await node.messages.wait_for_lease()
    yield nodes
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


@pytest.mark.parametrize("who_is_gone", [0, 1])
async def test_a_question_ends_with_the_node_that_was_asked(two: tuple[Node, Node], who_is_gone: int) -> None:
    """It ends as well when the node that has asked loses its lease."""
    here, there = two
    assert there.coordinator.lease is not None
    asked = there.coordinator.lease.lease_id
    async with asyncio.timeout(BOUND_SECONDS):
        assert await here.questions.ask(asked, b"who", within=NEVER) == b"WHO"
        asking = asyncio.create_task(here.questions.ask(asked, b"who", within=NEVER))
        await asyncio.sleep(0)
        await two[who_is_gone].coordinator.leave()
        assert await asking is None
