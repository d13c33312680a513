"""The contract of a cluster, kept in Redis, and what happens when Redis fails in each way that it can."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from parlour.cluster.batches import Batch, encode
from parlour.cluster.coordinator import CoordinationUnavailable, LeaseId, QueueBounds
from parlour.cluster.redis import inboxes
from parlour.cluster.redis.connections import Keys, LeaseTimes
from parlour.cluster.redis.coordinator import RedisCoordinator
from parlour.cluster.redis.held_lease import MESSAGES_A_TURN
from parlour.node_id import new_node_id
from tests.contract.coordination import Cluster, CoordinatorContract, Node, eventually, started
from tests.people import unique
from tests.servers import RedisServer
from tests.servers.silence import SilentProxy

LONG = LeaseTimes(ttl=120.0, beat=0.1, margin=1.0, patience=30.0, block=1.0)
"""No lease ends by itself, however slow the machine is."""
SHORT = LeaseTimes(ttl=2.0, beat=0.1, margin=0.5, patience=0.5, block=0.2)


class InRedis:
    """Nodes that meet in one Redis."""

    def __init__(self, server: RedisServer, times: LeaseTimes = LONG) -> None:
        self.secret = unique("a secret that is long enough")
        self.keys = Keys.of(self.secret)
        self._server = server
        self._times = times
        self.nodes: list[tuple[Node, RedisCoordinator]] = []

    async def node(self, *, bounds: QueueBounds | None = None, by: SilentProxy | None = None) -> Node:
        """Start a node, which reaches Redis by a line if one is given."""
        url = self._server.url
        if by is not None:
            url = url.replace(f":{self._server.port}/", f":{by.port}/")
        coordinator = RedisCoordinator(
            new_node_id(), url, secret=self.secret, times=self._times, bounds=bounds
        )
        node = await started(coordinator)
        self.nodes.append((node, coordinator))
        return node

    async def expire(self, lease_id: LeaseId) -> None:
        await self.ask("ZADD", self.keys.leases, "XX", 0, lease_id)

    async def count_of_writes(self, kind: str) -> int:
        """Return how many XADD there were: all `calls`, or those that were refused (`rejected_calls`)."""
        async with Redis.from_url(self._server.url) as redis:
            stats = await redis.info("commandstats")
        return int(stats["cmdstat_xadd"][kind])

    async def ask(self, *command: Any) -> Any:
        async with Redis.from_url(self._server.url) as redis:
            return await redis.execute_command(*command)  # type: ignore[no-untyped-call]

    async def close(self) -> None:
        for node, coordinator in self.nodes:
            await node.crash()
            await coordinator.aclose()


@pytest.fixture(scope="module")
async def shared_redis() -> AsyncIterator[RedisServer]:
    async with RedisServer() as server:
        yield server


@pytest.fixture
async def in_redis(shared_redis: RedisServer) -> AsyncIterator[InRedis]:
    cluster = InRedis(shared_redis)
    yield cluster
    await cluster.close()


@pytest.fixture
async def patient(redis: RedisServer) -> AsyncIterator[InRedis]:
    """Nodes with long leases, and a Redis of their own to disturb."""
    cluster = InRedis(redis)
    yield cluster
    await cluster.close()


@pytest.fixture
async def on_the_brink(redis: RedisServer) -> AsyncIterator[InRedis]:
    """Nodes with short leases, and a Redis of their own to stop and start."""
    cluster = InRedis(redis, SHORT)
    yield cluster
    await cluster.close()


class TestInRedis(CoordinatorContract):
    @pytest.fixture
    def cluster(self, in_redis: InRedis) -> Cluster:
        return in_redis


async def test_two_clusters_in_one_redis_do_not_meet(shared_redis: RedisServer, in_redis: InRedis) -> None:
    stranger = InRedis(shared_redis)
    try:
        ann, mallory = await in_redis.node(), await stranger.node()
        first, second = await ann.coordinator.own("call"), await mallory.coordinator.own("call")
        assert (first.owner, second.owner) == (ann.id, mallory.id)
        bob = await in_redis.node()
        await bob.sees(ann)
        assert not mallory.coordinator.others
    finally:
        await stranger.close()


async def test_lost_connections_lose_and_double_nothing(in_redis: InRedis) -> None:
    """All connections are cut again and again, in the middle of whatever is under way."""
    ann, bob = await in_redis.node(), await in_redis.node()
    await ann.sees(bob)
    await bob.sees(ann)
    before = (ann.id, bob.id)
    sent = [b"%d" % number for number in range(4_000)]
    for start in range(0, len(sent), 200):
        for message in sent[start : start + 200]:
            assert ann.coordinator.send(bob.id, message)
        await in_redis.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        await asyncio.sleep(0)
    await bob.listener.until(lambda: len(bob.listener.messages[ann.id]) == len(sent))
    assert bob.listener.messages[ann.id] == sent
    assert not bob.listener.losses
    assert (ann.id, bob.id) == before


async def test_what_is_refused_is_written_again(redis: RedisServer, patient: InRedis) -> None:
    """Answers are not waited for, yet a refusal is noticed."""
    ann, bob = await patient.node(), await patient.node()
    await ann.sees(bob)
    await bob.sees(ann)
    await redis.ask("CONFIG", "SET", "maxmemory", "1")
    for message in (b"0", b"1"):
        assert ann.coordinator.send(bob.id, message)
        before = await patient.count_of_writes("rejected_calls")

        async def is_refused_again(before: int = before) -> bool:
            return await patient.count_of_writes("rejected_calls") > before

        await eventually(is_refused_again)
    assert ann.coordinator.backlog(bob.id) == 2
    await redis.ask("CONFIG", "SET", "maxmemory", "0")
    await bob.has_received(2, ann)
    assert bob.listener.messages[ann.id] == [b"0", b"1"]
    assert not bob.listener.losses


async def test_what_is_unanswered_is_bounded(
    redis: RedisServer, patient: InRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing more is written after a while to a Redis that does not answer; it goes out in a few batches."""
    monkeypatch.setattr(inboxes, "GATHER_SECONDS", 0.0)  # no message waits because the one before is recent
    ann, bob = await patient.node(), await patient.node()
    await ann.sees(bob)
    await bob.sees(ann)
    before = await patient.count_of_writes("calls")
    sent = [b"%d" % number for number in range(200)]
    redis.freeze()
    for message in sent:
        assert ann.coordinator.send(bob.id, message)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    redis.thaw()
    await bob.has_received(len(sent), ann)
    assert bob.listener.messages[ann.id] == sent
    assert await patient.count_of_writes("calls") - before < inboxes.MAX_UNANSWERED + 10


async def test_a_connection_that_is_lost_takes_nothing_from_the_next(redis: RedisServer) -> None:
    """To Redis it is open, and goes on reading the inbox."""
    times = LeaseTimes(ttl=120.0, beat=0.1, margin=1.0, patience=0.3, block=0.2)
    patient = InRedis(redis, times)
    async with SilentProxy(redis.port) as line:
        try:
            ann, bob = await patient.node(), await patient.node(by=line)
            await ann.sees(bob)
            await bob.sees(ann)
            assert ann.coordinator.send(bob.id, b"heard")
            await bob.has_received(1, ann)
            line.falls_silent()
            assert ann.coordinator.send(bob.id, b"unheard")
            await eventually(lambda: _is_written(ann, bob))
            line.answers_again()
            await bob.has_received(2, ann)
            assert bob.listener.messages[ann.id] == [b"heard", b"unheard"]
            assert not bob.listener.losses
        finally:
            await patient.close()


async def _is_written(sender: Node, receiver: Node) -> bool:
    return sender.coordinator.backlog(receiver.id) == 0


async def test_a_loss_within_redis_is_noticed(in_redis: InRedis) -> None:
    """Entries are missing (trimmed, or lost in a failover) in the middle and at the end."""
    ann, bob = await in_redis.node(), await in_redis.node()
    await ann.sees(bob)
    await bob.sees(ann)
    inbox = in_redis.keys.inbox(bob.id)
    for first, messages in ((0, [b"0", b"1"]), (5, [b"5"]), (3, [b"3", b"4", b"5", b"6"]), (9, [])):
        await in_redis.ask("XADD", inbox, "*", "b", encode(Batch(ann.id, first, messages)))
    await bob.listener.until(lambda: len(bob.listener.losses) == 2)
    assert bob.listener.messages[ann.id] == [b"0", b"1", b"5", b"6"]
    assert bob.listener.losses == [(ann.id, 2), (ann.id, 4)]


async def test_a_lease_ends_whose_inbox_went_back_in_time(in_redis: InRedis) -> None:
    """After a failover to a replica that lacks what was read last, and whose clock is behind: what is written
    next has a lower number than what was read.
    """
    ann, bob = await in_redis.node(), await in_redis.node()
    await ann.sees(bob)
    await bob.sees(ann)
    former, inbox = bob.id, in_redis.keys.inbox(bob.id)
    await in_redis.ask("DEL", inbox)
    await in_redis.ask("XADD", inbox, "1-1", "b", encode(Batch(ann.id, 0, [b"x"])))
    await bob.has_lease(besides=former)
    await bob.sees(ann)
    await ann.sees(bob)
    assert ann.coordinator.send(bob.id, b"y")
    await bob.has_received(1, ann)


async def test_a_burst_is_received_in_order_and_some_of_it_in_each_turn(in_redis: InRedis) -> None:
    ann, bob = await in_redis.node(), await in_redis.node()
    await bob.sees(ann)
    sent = [b"%d" % number for number in range(5_000)]
    batch, inbox = encode(Batch(ann.id, 0, sent)), in_redis.keys.inbox(bob.id)
    writing = asyncio.create_task(in_redis.ask("XADD", inbox, "*", "b", batch))
    before = share = 0
    async with asyncio.timeout(60):
        while before < len(sent):
            await asyncio.sleep(0)
            now = len(bob.listener.messages[ann.id])
            before, share = now, max(share, now - before)
        await writing
    assert share <= MESSAGES_A_TURN
    assert bob.listener.messages[ann.id] == sent


async def test_what_cannot_be_read_is_skipped(in_redis: InRedis) -> None:
    ann, bob = await in_redis.node(), await in_redis.node()
    await bob.sees(ann)
    inbox = in_redis.keys.inbox(bob.id)
    dead = encode(Batch(LeaseId("dead.1"), 0, [b"boo"]))
    for fields in (("b", b"\x09"), ("b", b""), ("c", b"x"), ("b", dead), ("b", dead)):
        await in_redis.ask("XADD", inbox, "*", *fields)
    await in_redis.ask("XADD", inbox, "*", "b", encode(Batch(ann.id, 0, [b"x"])))
    await bob.listener.until(lambda: bob.listener.messages[ann.id] == [b"x"])
    assert bob.listener.messages.keys() == {ann.id}


async def test_nothing_is_kept_that_was_read_or_belongs_to_the_dead(in_redis: InRedis) -> None:
    ann, bob = await in_redis.node(), await in_redis.node()
    await ann.sees(bob)
    for number in range(600):
        await ann.coordinator.own(f"call {number}")
        assert ann.coordinator.send(bob.id, b"x" * 1_000)
    inbox = in_redis.keys.inbox(bob.id)

    async def is_trimmed() -> bool:
        return bool(await in_redis.ask("XLEN", inbox) <= 1)

    await bob.listener.until(lambda: len(bob.listener.messages[ann.id]) == 600)
    await eventually(is_trimmed)
    dead = ann.id
    await ann.crash()
    await ann.coordinator.leave()

    async def is_forgotten() -> bool:
        keys = in_redis.keys
        left = [
            await in_redis.ask("HLEN", keys.owners),
            await in_redis.ask("EXISTS", keys.owned(dead), keys.inbox(dead)),
            await in_redis.ask("ZCARD", keys.leases) - 1,
            await in_redis.ask("HLEN", keys.nodes) - 1,
        ]
        return not any(left)

    await eventually(is_forgotten)
    assert not ann.coordinator.send(bob.id, b"x")
    assert not bob.coordinator.send(dead, b"x")
    assert not await in_redis.ask("EXISTS", in_redis.keys.inbox(dead)), "nobody brings its inbox back"


async def test_redis_is_restarted_empty(on_the_brink: InRedis, redis: RedisServer) -> None:
    ann, bob = await on_the_brink.node(), await on_the_brink.node()
    await ann.sees(bob)
    before = await ann.coordinator.own("call")
    former = (ann.id, bob.id)
    await redis.stop()
    await ann.listener.until(lambda: "lost" in ann.listener.events)
    assert ann.coordinator.epoch_of("call") is None
    assert not ann.coordinator.send(former[1], b"x")
    with pytest.raises(CoordinationUnavailable):
        await ann.coordinator.own("call")
    await redis.start()
    await ann.has_lease(besides=former[0])
    await bob.has_lease(besides=former[1])
    await ann.listener.until(lambda: bob.coordinator.lease and bob.id in ann.coordinator.others)
    assert (await bob.coordinator.own("call")).epoch > before.epoch


async def test_redis_hangs(on_the_brink: InRedis, redis: RedisServer) -> None:
    """A lease ends although nobody says so, and no question waits for long."""
    ann, bob = await on_the_brink.node(), await on_the_brink.node()
    await ann.sees(bob)
    await ann.coordinator.own("call")
    former = ann.id
    redis.freeze()
    with pytest.raises(CoordinationUnavailable):
        await bob.coordinator.own("call")
    await ann.listener.until(lambda: "lost" in ann.listener.events)
    assert ann.coordinator.epoch_of("call") is None
    redis.thaw()
    await ann.has_lease(besides=former)
    await eventually(lambda: _owns(ann, bob))


async def _owns(*nodes: Node) -> bool:
    """True if one of the nodes owns the call, after asking."""
    for node in nodes:
        try:
            await node.coordinator.own("call")
        except CoordinationUnavailable:
            continue
    return sum(node.coordinator.epoch_of("call") is not None for node in nodes) == 1
