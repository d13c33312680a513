"""Facts reach every node once, and who may have missed some hears so."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from parlour.accounts.facts import GuestTimeEnded
from parlour.accounts.identity import UserId
from parlour.bus import FactsMissed
from parlour.cluster.coordinator import QueueBounds
from parlour.cluster.envelopes import MessageKind
from parlour.cluster.memory import MemoryCluster, MemoryCoordinator
from parlour.mail.facts import MailQueued
from parlour.node_id import new_node_id
from tests.contract.facts import SharingNode


class Node(SharingNode):
    """Writes down what arrives on its bus."""

    def __init__(self, cluster: MemoryCluster) -> None:
        self.memory = MemoryCoordinator(new_node_id(), cluster, bounds=QueueBounds(messages=5, size=10_000))
        super().__init__(self.memory)
        self.heard: list[object] = []
        for kind in (GuestTimeEnded, FactsMissed, MailQueued):
            self.bus.subscribe(kind, self.heard.append)

    def takes_note(self) -> list[object]:
        """Return what was heard since the last time."""
        heard, self.heard[:] = list(self.heard), []
        return heard


Start = Callable[[], Awaitable[Node]]


async def turns() -> None:
    """Let what is queued arrive, and marks with it."""
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
async def cluster() -> MemoryCluster:
    return MemoryCluster()


@pytest.fixture
async def start(cluster: MemoryCluster) -> AsyncIterator[Start]:
    running: list[asyncio.Task[None]] = []

    async def started() -> Node:
        node = Node(cluster)
        running.append(asyncio.create_task(node.memory.run()))
        await node.messages.wait_for_lease()
        await turns()
        return node

    yield started
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


def ended(number: int) -> GuestTimeEnded:
    return GuestTimeEnded(user_id=UserId(number))


async def test_a_fact_reaches_each_node_once(start: Start) -> None:
    """Nobody passes on what another node told, and what is delivered here alone stays here."""
    nodes = [await start() for _ in range(3)]
    for node in nodes:
        node.takes_note()
    nodes[0].bus.publish(ended(1))
    nodes[1].bus.publish(ended(2))
    nodes[2].bus.publish(MailQueued())
    nodes[2].bus.deliver(ended(3))
    await turns()
    assert nodes[0].takes_note() == [ended(1), ended(2)]
    assert nodes[1].takes_note() == [ended(2), ended(1)]
    assert nodes[2].takes_note() == [MailQueued(), ended(3), ended(1), ended(2)]


async def test_a_node_that_joins_hears_that_it_has_missed_what_was_before(start: Start) -> None:
    ann = await start()
    ann.bus.publish(ended(1))
    bob = await start()
    assert bob.takes_note() == [FactsMissed()]
    ann.bus.publish(ended(2))
    await turns()
    assert bob.takes_note() == [ended(2)]


async def test_a_node_that_was_away_has_missed_facts(start: Start, cluster: MemoryCluster) -> None:
    """It alone, or with others that are dead when it is back."""
    ann, bob = await start(), await start()
    for node in (ann, bob):
        node.takes_note()
    assert bob.memory.lease is not None
    cluster.expire(bob.memory.lease.lease_id)
    ann.bus.publish(ended(1))
    await turns()
    assert bob.takes_note()[0] == FactsMissed()
    assert set(ann.takes_note()) == {FactsMissed(), ended(1)}, "what bob could not tell any more"


async def test_a_gap_is_told(start: Start) -> None:
    ann, bob = await start(), await start()
    bob.takes_note()
    for number in range(8):
        ann.bus.publish(ended(number))
    await turns()
    assert bob.takes_note() == [*map(ended, range(5)), FactsMissed()], "five may wait"
    ann.bus.publish(ended(9))
    await turns()
    assert bob.takes_note() == [ended(9)]


async def test_what_another_version_says_is_skipped_and_counted(start: Start) -> None:
    ann, bob = await start(), await start()
    bob.takes_note()
    for body in (b'{"kind":"moon-landed","fact":1}', b'{"kind":"moon-landed","fact":1}', b"boo"):
        ann.messages.broadcast(MessageKind.FACT, body)
    ann.bus.publish(ended(1))
    await turns()
    assert bob.takes_note() == [ended(1)]
    assert bob.exchange.skipped == {"moon-landed": 2, "": 1}
