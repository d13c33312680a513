"""The suite of `cluster.coordinator`, for each implementation: a subclass runs it with its own `cluster`.

A lease never runs out in these tests by itself, since a slow machine could make it: `expire` ends it, as the
end of its time would.
"""

import asyncio
from abc import abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

import pytest

from parlour.cluster.coordinator import (
    CoordinationUnavailable,
    Coordinator,
    CountClaim,
    Lease,
    LeaseId,
    QueueBounds,
)

BOUND_SECONDS = 60


@dataclass
class Listener:
    """Writes down what it hears."""

    events: list[str] = field(default_factory=list)
    messages: dict[LeaseId, list[bytes]] = field(default_factory=dict)
    losses: list[tuple[LeaseId, int]] = field(default_factory=list)
    """The sender, and how many messages of it had been received before the loss was noticed."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    greets_by: Coordinator | None = None
    """Sends "hello" to each node that joins, if set."""

    def lease_begun(self, lease: Lease) -> None:
        self._note(f"begun {lease.lease_id}")

    def lease_lost(self) -> None:
        self._note("lost")

    def node_joined(self, lease: Lease) -> None:
        self.messages[lease.lease_id] = []
        self._note(f"joined {lease.lease_id}")
        if self.greets_by is not None:
            self.greets_by.send(lease.lease_id, b"hello")

    def node_left(self, lease: Lease) -> None:
        self._note(f"left {lease.lease_id}")

    def received(self, sender: LeaseId, message: bytes) -> None:
        self.messages[sender].append(message)
        self.changed.set()

    def messages_lost(self, sender: LeaseId) -> None:
        self.losses.append((sender, len(self.messages[sender])))
        self.changed.set()

    def _note(self, event: str) -> None:
        self.events.append(event)
        self.changed.set()

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until what was heard satisfies the condition."""
        async with asyncio.timeout(BOUND_SECONDS):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


@dataclass
class Node:
    """A coordinator that runs, and its listener."""

    coordinator: Coordinator
    listener: Listener
    running: asyncio.Task[None]

    @property
    def id(self) -> LeaseId:
        assert self.coordinator.lease is not None
        return self.coordinator.lease.lease_id

    async def has_lease(self, *, besides: LeaseId | None = None) -> LeaseId:
        """Wait until the node has a lease, and another one than `besides`."""

        def is_new() -> bool:
            lease = self.coordinator.lease
            return lease is not None and lease.lease_id != besides

        await self.listener.until(is_new)
        return self.id

    async def sees(self, *others: "Node") -> None:
        """Wait until these, and no more, are the other nodes for this one."""
        await self.listener.until(lambda: self.coordinator.others.keys() == {other.id for other in others})

    async def has_received(self, count: int, sender: "Node") -> None:
        """Wait until so many messages of that sender have arrived."""
        await self.listener.until(lambda: len(self.listener.messages.get(sender.id, ())) >= count)

    async def crash(self) -> None:
        """Stop running, and say nothing."""
        self.running.cancel()
        with suppress(asyncio.CancelledError):
            await self.running


class Cluster(Protocol):
    """An implementation as the suite needs it."""

    async def node(self, *, bounds: QueueBounds | None = None) -> Node:
        """Start a node, and wait until it has a lease."""

    async def expire(self, lease_id: LeaseId) -> None:
        """End a lease."""


async def started(coordinator: Coordinator) -> Node:
    """Run a coordinator until it has a lease."""
    listener = Listener()
    coordinator.listen(listener)
    node = Node(coordinator, listener, asyncio.create_task(coordinator.run()))
    await node.has_lease()
    return node


async def eventually(question: Callable[[], Awaitable[bool]]) -> None:
    """Repeat a question until the answer is yes."""
    async with asyncio.timeout(BOUND_SECONDS):
        while not await question():  # noqa: ASYNC110 - what is asked about happens in another process
            await asyncio.sleep(0.01)


class CoordinatorContract:
    """The suite."""

    @pytest.fixture
    @abstractmethod
    def cluster(self) -> Cluster: ...

    # Nodes

    async def test_what_was_sent_last_is_received_though_its_sender_ends(self, cluster: Cluster) -> None:
        sender, receiver = await cluster.node(), await cluster.node()
        await sender.sees(receiver)
        sender_id, messages = sender.id, [b"%d" % number for number in range(1_000)]
        for message in messages:
            assert sender.coordinator.send(receiver.id, message)
            if len(message) == 1:
                await asyncio.sleep(0)  # some go out at once, others wait for those that come with them
        async with asyncio.timeout(BOUND_SECONDS):
            await sender.coordinator.flush()
        await sender.crash()
        await sender.coordinator.leave()
        await receiver.sees()
        assert receiver.listener.messages[sender_id] == messages

    async def test_nodes_see_each_other(self, cluster: Cluster) -> None:
        ann, bob = await cluster.node(), await cluster.node()
        await ann.sees(bob)
        await bob.sees(ann)
        cem = await cluster.node()
        for node, others in ((ann, (bob, cem)), (bob, (ann, cem)), (cem, (ann, bob))):
            await node.sees(*others)
            assert node.listener.events[0] == f"begun {node.id}"
            assert set(node.listener.events[1:]) == {f"joined {other.id}" for other in others}
        assert len({node.coordinator.node_id for node in (ann, bob, cem)}) == 3

    async def test_a_node_that_leaves_or_dies_is_gone(self, cluster: Cluster) -> None:
        ann, bob, cem = [await cluster.node() for _ in range(3)]
        await ann.sees(bob, cem)
        left, dead = bob.id, cem.id
        await bob.crash()
        await bob.coordinator.leave()
        await ann.sees(cem)
        await cem.crash()
        await cluster.expire(dead)
        await ann.sees()
        assert ann.listener.events[-2:] == [f"left {left}", f"left {dead}"]
        assert not ann.coordinator.send(dead, b"x")

    async def test_a_lease_that_ended_does_not_come_back(self, cluster: Cluster) -> None:
        """A node that froze for too long has another lease afterwards, and owns nothing."""
        ann, bob = await cluster.node(), await cluster.node()
        await bob.sees(ann)
        former = ann.id
        await ann.coordinator.own("call")
        await cluster.expire(former)
        await ann.has_lease(besides=former)
        await bob.listener.until(lambda: ann.coordinator.others and bob.coordinator.others.keys() == {ann.id})
        assert ann.coordinator.epoch_of("call") is None
        lost = ann.listener.events.index("lost")
        assert ann.listener.events[lost + 1] == f"begun {ann.id}"
        assert f"left {former}" in bob.listener.events
        assert bob.coordinator.send(ann.id, b"welcome back")
        await ann.listener.until(lambda: ann.listener.messages.get(bob.id) == [b"welcome back"])

    async def test_a_node_is_greeted_as_soon_as_it_is_there(self, cluster: Cluster) -> None:
        """Both may send: what is sent on `node_joined` arrives."""
        ann, bob = await cluster.node(), await cluster.node()
        await bob.sees(ann)
        for node in (ann, bob):
            node.listener.greets_by = node.coordinator
        former = bob.id
        await cluster.expire(former)
        await bob.has_lease(besides=former)
        for node, other in ((ann, bob), (bob, ann)):
            await node.has_received(1, other)
            assert node.listener.messages[other.id] == [b"hello"]

    # Messages

    async def test_messages_arrive_once_and_in_order(self, cluster: Cluster) -> None:
        ann, bob, cem = [await cluster.node() for _ in range(3)]
        for node, others in ((ann, (bob, cem)), (bob, (ann, cem)), (cem, (ann, bob))):
            await node.sees(*others)
        sent = [b"%d" % number for number in range(3_000)]
        for start in range(0, len(sent), 100):
            for message in sent[start : start + 100]:
                assert ann.coordinator.send(cem.id, message)
                assert bob.coordinator.send(cem.id, message)
                assert cem.coordinator.send(ann.id, message)
            await asyncio.sleep(0)
        for receiver, sender in ((cem, ann), (cem, bob), (ann, cem)):
            await receiver.has_received(3_000, sender)
            assert receiver.listener.messages[sender.id] == sent
            assert not receiver.listener.losses
        assert bob.listener.messages[ann.id] == []

        async def is_written() -> bool:
            return ann.coordinator.backlog(cem.id) == 0

        await eventually(is_written)

    async def test_a_message_may_be_large_empty_and_any_bytes(self, cluster: Cluster) -> None:
        ann, bob = await cluster.node(), await cluster.node()
        await ann.sees(bob)
        messages = [b"", bytes(range(256)), b"x" * 600_000, b"\r\n", b"end"]
        assert all(ann.coordinator.send(bob.id, message) for message in messages)
        await bob.listener.until(lambda: bob.listener.messages.get(ann.id) == messages)

    async def test_send_never_calls_the_receiver_at_once(self, cluster: Cluster) -> None:
        ann, bob = await cluster.node(), await cluster.node()
        await ann.sees(bob)
        await bob.sees(ann)
        assert ann.coordinator.send(bob.id, b"x")
        assert bob.listener.messages[ann.id] == []
        assert ann.coordinator.backlog(bob.id) == 1

    async def test_nobody_gets_a_message_for_nobody(self, cluster: Cluster) -> None:
        ann = await cluster.node()
        for nobody in (LeaseId("never was"), LeaseId(""), ann.id):
            assert not ann.coordinator.send(nobody, b"x")
            assert ann.coordinator.backlog(nobody) == 0
            ann.coordinator.report_loss(nobody)

    async def test_what_waits_is_bounded_and_a_loss_is_noticed(self, cluster: Cluster) -> None:
        ann = await cluster.node(bounds=QueueBounds(messages=3, size=1_000))
        bob = await cluster.node()
        await ann.sees(bob)
        assert [ann.coordinator.send(bob.id, b"%d" % number) for number in range(5)] == [True] * 3 + [
            False
        ] * 2
        ann.coordinator.report_loss(bob.id)
        await bob.listener.until(lambda: bob.listener.losses)
        assert bob.listener.losses == [(ann.id, 3)]
        assert not ann.coordinator.send(bob.id, b"x" * 1_001)
        assert ann.coordinator.send(bob.id, b"more")
        await bob.listener.until(lambda: len(bob.listener.messages[ann.id]) == 4)
        assert bob.listener.messages[ann.id] == [b"0", b"1", b"2", b"more"]
        assert bob.listener.losses == [(ann.id, 3)], "one loss is told once"

    async def test_a_listener_that_fails_loses_no_other_message(self, cluster: Cluster) -> None:
        ann, bob = await cluster.node(), await cluster.node()
        await ann.sees(bob)
        note = bob.listener.received

        def fail_at_first(sender: LeaseId, message: bytes) -> None:
            if message == b"bad":
                raise RuntimeError("it was too loud")
            note(sender, message)

        bob.listener.received = fail_at_first  # type: ignore[method-assign]
        assert all(ann.coordinator.send(bob.id, message) for message in (b"bad", b"good"))
        await bob.listener.until(lambda: bob.listener.messages.get(ann.id) == [b"good"])

    # Ownership

    async def test_a_name_has_one_owner_however_many_ask_at_once(self, cluster: Cluster) -> None:
        nodes = [await cluster.node() for _ in range(3)]
        for name in ("a", "b", "c"):
            answers = await asyncio.gather(*(node.coordinator.own(name) for node in nodes for _ in range(3)))
            (owned,) = set(answers)
            epochs = {node.id: node.coordinator.epoch_of(name) for node in nodes}
            assert epochs == {node.id: owned.epoch if node.id == owned.owner else None for node in nodes}

    async def test_a_name_that_was_given_free_has_a_greater_epoch_afterwards(self, cluster: Cluster) -> None:
        ann, bob = await cluster.node(), await cluster.node()
        first = await ann.coordinator.own("call")
        await bob.coordinator.disown("call")
        assert await bob.coordinator.own("call") == first, "who does not own it cannot give it away"
        await ann.coordinator.disown("call")
        assert ann.coordinator.epoch_of("call") is None
        second = await bob.coordinator.own("call")
        assert second.owner == bob.id
        assert second.epoch > first.epoch
        assert await ann.coordinator.own("call") == second

    async def test_what_a_dead_node_owned_goes_to_one_other(self, cluster: Cluster) -> None:
        ann, bob, cem = [await cluster.node() for _ in range(3)]
        await bob.sees(ann, cem)
        before = {name: await ann.coordinator.own(name) for name in map(str, range(20))}
        dead = ann.id
        await ann.crash()
        assert (await bob.coordinator.own("0")).owner == dead, "its lease goes on"
        await cluster.expire(dead)
        await bob.sees(cem)
        for name, former in before.items():
            answers = await asyncio.gather(bob.coordinator.own(name), cem.coordinator.own(name))
            (owned,) = set(answers)
            assert owned.owner in (bob.id, cem.id)
            assert (owned.epoch, owned.owner) > (former.epoch, former.owner)

    async def test_without_a_lease_nothing_is_owned_or_sent(self, cluster: Cluster) -> None:
        ann, bob = await cluster.node(), await cluster.node()
        await ann.sees(bob)
        await ann.coordinator.own("call")
        await ann.crash()
        await ann.coordinator.leave()
        assert ann.coordinator.epoch_of("call") is None
        assert not ann.coordinator.send(bob.id, b"x")
        assert not ann.coordinator.others
        with pytest.raises(CoordinationUnavailable):
            await ann.coordinator.own("call")
        with pytest.raises(CoordinationUnavailable):
            await ann.coordinator.claim([CountClaim("sockets", 1, 9)])
        with pytest.raises(CoordinationUnavailable):
            await ann.coordinator.write_counts({"sockets": 1})
        assert (await bob.coordinator.own("call")).owner == bob.id

    # Counts

    async def test_all_nodes_have_so_many_of_something_together(self, cluster: Cluster) -> None:
        ann, bob = await cluster.node(), await cluster.node()

        async def claims(node: Node, **own: int) -> int | None:
            return await node.coordinator.claim([CountClaim(name, count, 3) for name, count in own.items()])

        assert await claims(ann, home=1, person=1) is None
        assert await claims(ann, home=2, person=2) is None
        assert await claims(ann, home=2, person=2) is None, "what is said again changes nothing"
        assert await claims(bob, home=1) is None
        assert await claims(bob, home=2) == 0
        assert await claims(bob, home=1, person=2) == 1
        assert await claims(bob, person=1) is None, "nothing of what was refused has been written"
        await ann.coordinator.write_counts({"home": 1, "person": 0})
        assert await claims(bob, home=2, person=3) is None
        assert await claims(ann, home=2) == 0

    async def test_counts_end_with_their_lease(self, cluster: Cluster) -> None:
        ann, bob = await cluster.node(), await cluster.node()
        await bob.sees(ann)
        many = {f"home {number}": 2 for number in range(600)}
        await ann.coordinator.write_counts(many)
        for name in ("home 0", "home 599"):
            assert await bob.coordinator.claim([CountClaim(name, 1, 2)]) == 0
        former = ann.id
        await cluster.expire(former)
        await ann.has_lease(besides=former)
        assert await bob.coordinator.claim([CountClaim(name, 2, 2) for name in many]) is None
