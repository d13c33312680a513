"""The rooms in use at other nodes: a union by node, without the part of a node that is gone."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from parlour.calls.rooms_elsewhere import RoomInUse, RoomsElsewhere
from parlour.cluster.coordinator import QueueBounds
from parlour.cluster.memory import MemoryCluster, MemoryCoordinator
from parlour.cluster.messages import ClusterMessages
from parlour.cluster.this_node import describe_this_node
from parlour.node_id import new_node_id
from parlour.rooms.entities import RoomId

PATIENCE = 10


def room(number: int, *, is_hidden: bool = False) -> RoomInUse:
    return RoomInUse(RoomId(number), f"room {number}", is_hidden)


class Node:
    def __init__(self, cluster: MemoryCluster) -> None:
        self.cluster = cluster
        self.coordinator = MemoryCoordinator(
            new_node_id(), cluster, bounds=QueueBounds(messages=8), description=describe_this_node()
        )
        self.rooms = RoomsElsewhere(ClusterMessages(self.coordinator))
        self.changed = asyncio.Event()
        self.rooms.listen(self.changed.set)
        self.running = asyncio.create_task(self.coordinator.run())

    def seen(self) -> set[RoomInUse]:
        return set(self.rooms.rooms())

    async def sees(self, *rooms: RoomInUse) -> None:
        """Wait until this node sees these rooms elsewhere, and no other ones."""
        await self.until(lambda: self.seen() == set(rooms))

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not is_so():
                self.changed.clear()
                await self.changed.wait()

    def dies(self) -> None:
        assert self.coordinator.lease is not None
        self.running.cancel()
        self.cluster.expire(self.coordinator.lease.lease_id)


@pytest.fixture
async def nodes() -> AsyncIterator[list[Node]]:
    cluster = MemoryCluster()
    made = [Node(cluster) for _ in range(3)]
    await asyncio.sleep(0)
    yield made
    for node in made:
        node.running.cancel()


async def test_what_begins_and_ends_is_told(nodes: list[Node]) -> None:
    one, two, three = nodes
    one.rooms.tell([room(1), room(2)])
    two.rooms.tell([room(2), room(3)])
    await three.sees(room(1), room(2), room(3))
    await one.sees(room(2), room(3))
    one.rooms.tell([room(1)])
    two.rooms.tell([room(3)])
    await three.sees(room(1), room(3))
    one.rooms.tell([room(1, is_hidden=True)])
    await three.sees(room(1, is_hidden=True), room(3))
    assert one.rooms.is_told(RoomId(1)) and not one.rooms.is_told(RoomId(2))


async def test_the_part_of_a_node_that_died_goes_with_it(nodes: list[Node]) -> None:
    one, two, three = nodes
    one.rooms.tell([room(1), room(2)])
    two.rooms.tell([room(2)])
    await three.sees(room(1), room(2))
    one.dies()
    await three.sees(room(2))


async def test_a_node_that_comes_learns_all(nodes: list[Node]) -> None:
    many = [room(number) for number in range(1, 1_200)]
    nodes[0].rooms.tell(many)
    late = Node(nodes[0].cluster)
    await late.sees(*many)
    late.running.cancel()


async def test_a_node_that_was_away_tells_all_once_more(nodes: list[Node]) -> None:
    one, two, _ = nodes
    one.rooms.tell([room(1)])
    await two.sees(room(1))
    assert one.coordinator.lease is not None
    one.cluster.expire(one.coordinator.lease.lease_id)
    assert two.seen() == set()
    one.rooms.tell([room(1), room(2)])
    await two.sees(room(1), room(2))


async def test_what_was_lost_on_the_way_is_asked_for(nodes: list[Node]) -> None:
    """More changes at once than may wait for a node: it hears that it has missed some, and asks for all."""
    one, two, _ = nodes
    for number in range(1, 30):
        one.rooms.tell([room(number)])
    await two.sees(room(29))


async def test_a_question_that_was_lost_is_answered(nodes: list[Node]) -> None:
    one, two, _ = nodes
    one.rooms.tell([room(1)])
    await two.sees(room(1))
    two.changed.clear()
    assert one.coordinator.lease is not None
    two.coordinator.report_loss(one.coordinator.lease.lease_id)  # of what, the other cannot know
    async with asyncio.timeout(PATIENCE):
        await two.changed.wait()
    assert two.seen() == {room(1)}
