"""Messages between nodes by their kinds, over nodes of one process."""

import asyncio
from dataclasses import dataclass, field

import pytest

from parlour.cluster.coordinator import Lease, LeaseId, NodeDescription, QueueBounds
from parlour.cluster.envelopes import NEWEST_FORMAT, MessageKind
from parlour.cluster.memory import MemoryCluster, MemoryCoordinator
from parlour.cluster.messages import ClusterMessages
from parlour.node_id import new_node_id


@dataclass
class Watcher:
    """Writes down who comes, who goes and what is lost."""

    heard: list[str] = field(default_factory=list)

    def lease_begun(self, lease: Lease) -> None:
        self.heard.append("begun")

    def lease_lost(self) -> None:
        self.heard.append("lost")

    def node_joined(self, lease: Lease) -> None:
        self.heard.append(f"joined {lease.lease_id}")

    def node_left(self, lease: Lease) -> None:
        self.heard.append(f"left {lease.lease_id}")

    def messages_lost(self, sender: LeaseId) -> None:
        self.heard.append(f"missed {sender}")


@dataclass
class Node:
    """A node of a cluster within this process."""

    coordinator: MemoryCoordinator
    messages: ClusterMessages
    facts: list[tuple[LeaseId, bytes]] = field(default_factory=list)

    @property
    def id(self) -> LeaseId:
        assert self.coordinator.lease is not None
        return self.coordinator.lease.lease_id


@pytest.fixture
async def cluster() -> MemoryCluster:
    return MemoryCluster()


async def started(cluster: MemoryCluster, *watchers: Watcher, newest: int = NEWEST_FORMAT) -> Node:
    coordinator = MemoryCoordinator(
        new_node_id(),
        cluster,
        description=NodeDescription(formats=(1, newest)),
        bounds=QueueBounds(messages=2, size=1_000),
    )
    node = Node(coordinator, ClusterMessages(coordinator))
    node.messages.handle(MessageKind.FACT, lambda sender, body: node.facts.append((sender, body)))
    for watcher in watchers:
        node.messages.watch(watcher)
    task = asyncio.create_task(coordinator.run())
    await node.messages.wait_for_lease()
    task.cancel()
    return node


async def turns() -> None:
    """Let what is queued arrive, and marks with it."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_kind_has_one_handler_which_gets_the_body(cluster: MemoryCluster) -> None:
    ann, bob, cem = [await started(cluster) for _ in range(3)]
    assert ann.messages.send(bob.id, MessageKind.FACT, b"to bob")
    ann.messages.broadcast(MessageKind.FACT, b"")
    await turns()
    assert bob.facts == [(ann.id, b"to bob"), (ann.id, b"")]
    assert cem.facts == [(ann.id, b"")]
    assert ann.facts == []
    with pytest.raises(ValueError, match="FACT"):
        ann.messages.handle(MessageKind.FACT, lambda _sender, _body: None)


@pytest.mark.parametrize("unknown", [b"", b"\x01", b"\x01\xff", b"\xff\x01x", b"\x00\x01x"])
async def test_what_is_unknown_is_skipped_and_counted(cluster: MemoryCluster, unknown: bytes) -> None:
    ann, bob = await started(cluster), await started(cluster)
    for _ in range(2):
        assert ann.coordinator.send(bob.id, unknown)
    await turns()
    assert ann.messages.send(bob.id, MessageKind.FACT, b"known")
    await turns()
    assert bob.facts == [(ann.id, b"known")]
    assert bob.messages.skipped.total() == 2


async def test_all_watchers_hear_who_is_there_and_what_is_lost(cluster: MemoryCluster) -> None:
    class Failing(Watcher):
        def node_joined(self, lease: Lease) -> None:
            raise RuntimeError("it was too loud")

    watcher = Watcher()
    ann = await started(cluster, Failing(), watcher)
    bob = await started(cluster)
    for number in range(3):
        bob.messages.broadcast(MessageKind.FACT, b"%d" % number)
    await turns()
    assert [body for _, body in ann.facts] == [b"0", b"1"], "a third one is more than may wait"
    left = bob.id
    await bob.coordinator.leave()
    await ann.coordinator.leave()
    assert watcher.heard == ["begun", f"joined {left}", f"missed {left}", f"left {left}", "lost"]


async def test_nobody_is_sent_a_format_that_it_does_not_read(cluster: MemoryCluster) -> None:
    """A node of a later version writes what it likes when it is alone with its like."""
    ann = await started(cluster)
    newer = await started(cluster, newest=NEWEST_FORMAT + 1)
    assert ann.messages.send(newer.id, MessageKind.FACT, b"x")
    await turns()
    assert newer.facts == [(ann.id, b"x")]
