"""What each implementation of the node seam keeps (`calls.cluster.node`). A new one joins IMPLEMENTATIONS.

A `Cluster` is what the suite needs of an implementation: nodes that belong together, and the connections of
each. Facts and logins have a suite of their own (`tests.contract.facts`), which nodes in Redis keep as well.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from parlour.accounts.identity import UserId
from parlour.bus import Bus
from parlour.calls.cluster.connection_quotas import ConnectionQuotas
from parlour.calls.cluster.counted import CountedNode
from parlour.calls.cluster.local import LocalNode
from parlour.calls.cluster.node import Node
from parlour.calls.cluster.pending_connections import PendingConnections
from parlour.calls.presence import ConnectionId
from parlour.calls.refusals import TooManyConnections
from parlour.cluster.memory import MemoryCluster, MemoryCoordinator
from parlour.cluster.messages import ClusterMessages
from parlour.errors import RateLimited
from parlour.node_id import new_node_id
from parlour.wire.sdp import IceCandidate
from parlour.wire.signaling import AnyServerEvent, CandidateFromPeer, FromPeer, PeerId, RemovePeer, Restarting
from tests.contract.facts import (
    ANN,
    ELSEWHERE,
    HERE,
    LIMITS,
    RATES,
    FactCluster,
    FactsContract,
    SharingNode,
    met,
    node_on,
)

BOB = UserId(2)


@dataclass
class Inboxes:
    """Connections of a node: what each was sent, until it is hung up."""

    sent: dict[ConnectionId, list[AnyServerEvent]] = field(default_factory=dict)
    hung_up: list[ConnectionId] = field(default_factory=list)

    def open(self, name: str) -> ConnectionId:
        connection_id = ConnectionId(name)
        self.sent[connection_id] = []
        return connection_id

    def deliver(self, to: ConnectionId, message: AnyServerEvent, /) -> None:
        if to in self.sent and to not in self.hung_up:
            self.sent[to].append(message)

    def deliver_within(self, to: ConnectionId, message: FromPeer, most: int, /) -> bool:
        if self.backlog(to) > most:
            return False
        self.deliver(to, message)
        return True

    def backlog(self, connection_id: ConnectionId, /) -> int:
        return len(self.sent.get(connection_id, ()))

    def hang_up(self, connection_id: ConnectionId, /) -> None:
        if connection_id in self.sent:
            self.hung_up.append(connection_id)


@dataclass
class Cluster:
    """`node` and `other` are two nodes where an implementation has several, else the same one."""

    node: Node
    other: Node
    inboxes: Inboxes
    """The connections of `other`."""


def local() -> Cluster:
    inboxes = Inboxes()
    node = LocalNode(
        new_node_id(),
        bus=Bus(),
        connections=inboxes,
        pending_connections=PendingConnections(),
        quotas=ConnectionQuotas(LIMITS, RATES, clock=time.monotonic),
    )
    return Cluster(node, node, inboxes)


IMPLEMENTATIONS = [local]


@pytest.fixture(params=IMPLEMENTATIONS, ids=lambda implementation: implementation.__name__)
def cluster(request: pytest.FixtureRequest) -> Cluster:
    made: Cluster = request.param()
    return made


def gone(number: int) -> RemovePeer:
    return RemovePeer(PeerId(f"peer-{number}"), "ann")


# Delivery


async def test_messages_arrive_in_the_order_of_their_delivery(cluster: Cluster) -> None:
    first, second = cluster.inboxes.open("first"), cluster.inboxes.open("second")
    messages = [gone(number) for number in range(50)]
    for message in messages:
        cluster.node.deliver(first, message)
        cluster.node.deliver(second, message)
    assert cluster.inboxes.sent == {first: messages, second: messages}


async def test_a_message_to_a_connection_that_is_gone_is_dropped(cluster: Cluster) -> None:
    there = cluster.inboxes.open("there")
    for nobody in (ConnectionId("never was"), ConnectionId("")):
        cluster.node.deliver(nobody, gone(1))
        cluster.node.hang_up(nobody)
        assert cluster.node.backlog(nobody) == 0
    cluster.node.deliver(there, gone(2))
    assert cluster.inboxes.sent == {there: [gone(2)]}


async def test_a_connection_is_closed_after_what_was_delivered_before(cluster: Cluster) -> None:
    connection = cluster.inboxes.open("connection")
    cluster.node.deliver(connection, gone(1))
    cluster.node.deliver(connection, Restarting())
    cluster.node.hang_up(connection)
    cluster.node.deliver(connection, gone(2))
    assert cluster.inboxes.sent[connection] == [gone(1), Restarting()]
    assert cluster.inboxes.hung_up == [connection]


async def test_what_waits_for_a_connection_is_counted(cluster: Cluster) -> None:
    connection = cluster.inboxes.open("connection")
    assert cluster.node.backlog(connection) == 0
    cluster.node.deliver(connection, gone(1))
    assert cluster.node.backlog(connection) > 0


async def test_a_message_of_a_peer_is_not_put_behind_too_much(cluster: Cluster) -> None:
    candidate = CandidateFromPeer(PeerId("ann"), IceCandidate(""))
    connection = cluster.inboxes.open("connection")
    assert cluster.node.deliver_within(connection, candidate, 0)
    assert not cluster.node.deliver_within(connection, candidate, 0)
    assert cluster.inboxes.sent[connection] == [candidate]
    assert cluster.node.deliver_within(ConnectionId("never was"), candidate, 0), "it is dropped"


# Facts and logins


class TestFactsOfOneNode(FactsContract):
    @pytest.fixture
    def cluster(self) -> FactCluster:
        bus = Bus()
        return FactCluster(node_on(bus), bus.publish)


class TestFactsWithinOneProcess(FactsContract):
    @pytest.fixture
    async def cluster(self) -> AsyncIterator[FactCluster]:
        in_memory = MemoryCluster()
        here, there = [SharingNode(MemoryCoordinator(new_node_id(), in_memory)) for _ in range(2)]
        running = [asyncio.create_task(node.coordinator.run()) for node in (here, there)]
        yield await met(here, there)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


# Connections of an address and of a person


@dataclass
class Admitting:
    """Two nodes that count together, or the same one twice."""

    node: Node
    other: Node
    coordinators: list[MemoryCoordinator] = field(default_factory=list)

    async def settle(self) -> None:
        """Wait until each node has told the other one its counts."""
        for node in (self.node, self.other):
            if isinstance(node, CountedNode):
                await node.write_counts()


def counted_node(coordinator: MemoryCoordinator) -> CountedNode:
    node = CountedNode(
        coordinator.node_id,
        coordinator,
        bus=Bus(),
        connections=Inboxes(),
        pending_connections=PendingConnections(),
        quotas=ConnectionQuotas(LIMITS, RATES, clock=time.monotonic),
    )
    ClusterMessages(coordinator).watch(node)
    return node


@pytest.fixture
async def two_counting() -> AsyncIterator[Admitting]:
    in_memory = MemoryCluster()
    coordinators = [MemoryCoordinator(new_node_id(), in_memory) for _ in range(2)]
    nodes = [counted_node(coordinator) for coordinator in coordinators]
    running = [asyncio.create_task(coordinator.run()) for coordinator in coordinators]
    await asyncio.sleep(0)
    yield Admitting(nodes[0], nodes[1], coordinators)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


@pytest.fixture(params=["local", "counted"])
def admitting(request: pytest.FixtureRequest, two_counting: Admitting) -> Admitting:
    if request.param == "counted":
        return two_counting
    node = local().node
    return Admitting(node, node)


async def test_counts_of_a_node_that_died_do_not_count(two_counting: Admitting) -> None:
    for _ in range(LIMITS.per_person):
        await two_counting.node.admit(HERE, ANN)
    with pytest.raises(TooManyConnections):
        await two_counting.other.admit(ELSEWHERE, ANN)
    await two_counting.coordinators[0].leave()
    await two_counting.other.admit(ELSEWHERE, ANN)


async def test_a_node_without_redis_counts_alone_and_tells_later(two_counting: Admitting) -> None:
    here, there = two_counting.coordinators
    await here.leave()
    for _ in range(LIMITS.per_person):
        await two_counting.node.admit(HERE, ANN)
    with pytest.raises(TooManyConnections):
        await two_counting.node.admit(HERE, ANN)
    await two_counting.other.admit(ELSEWHERE, ANN)
    two_counting.other.dismiss(ELSEWHERE, ANN)
    async with asyncio.timeout(10):
        while here.lease is None or there.lease is None:  # noqa: ASYNC110 - the next turn has it
            await asyncio.sleep(0)
    await two_counting.settle()
    with pytest.raises(TooManyConnections):
        await two_counting.other.admit(ELSEWHERE, ANN)


async def test_an_address_has_so_many_connections_over_all_nodes(admitting: Admitting) -> None:
    for number, node in zip(range(LIMITS.per_address), [admitting.node, admitting.other] * 2, strict=False):
        await node.admit(HERE, UserId(number))
    with pytest.raises(RateLimited):
        await admitting.node.admit(HERE, UserId(99))
    await admitting.node.admit(ELSEWHERE, UserId(99))
    admitting.node.dismiss(HERE, UserId(0))
    await admitting.settle()
    await admitting.other.admit(HERE, UserId(98))


async def test_a_person_has_so_many_connections_wherever_they_are(admitting: Admitting) -> None:
    await admitting.node.admit(HERE, ANN)
    await admitting.other.admit(ELSEWHERE, ANN)
    with pytest.raises(TooManyConnections):
        await admitting.node.admit("192.0.2.3", ANN)
    await admitting.node.admit("192.0.2.3", BOB)


async def test_whoever_is_admitted_at_once_counts_as_well(admitting: Admitting) -> None:
    """A node that has to ask another says so, and counts nothing."""
    for _ in range(LIMITS.per_person):
        if admitting.node.admit_now(HERE, ANN) is None:
            await admitting.node.admit(HERE, ANN)
    await admitting.settle()
    with pytest.raises(TooManyConnections):
        await admitting.other.admit(HERE, ANN)


async def test_a_refused_connection_is_not_counted(admitting: Admitting) -> None:
    for _ in range(LIMITS.per_person):
        await admitting.node.admit(HERE, ANN)
    for _ in range(10):
        with pytest.raises(TooManyConnections):
            await admitting.node.admit(HERE, ANN)
    await admitting.node.admit(HERE, BOB)


async def test_connections_of_a_person_share_a_rate_limiter_that_reconnecting_does_not_reset(
    admitting: Admitting,
) -> None:
    first = await admitting.node.admit(HERE, ANN)
    assert await admitting.node.admit(ELSEWHERE, ANN) is first
    admitting.node.dismiss(HERE, ANN)
    admitting.node.dismiss(ELSEWHERE, ANN)
    assert await admitting.node.admit(HERE, ANN) is first
    assert await admitting.node.admit(HERE, BOB) is not first
