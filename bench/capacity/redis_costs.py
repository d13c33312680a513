"""The costs of a cluster's requests to Redis: the CPU time of a Redis that nobody else uses."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bench.machine import ProcessClock, pinned
from parlour.cluster.coordinator import CountClaim, Lease, LeaseId, NodeDescription
from parlour.cluster.redis.connections import LeaseTimes, RedisLink
from parlour.cluster.redis.registry import Registry
from parlour.cluster.redis.shared_counts import SharedCounts
from parlour.node_id import NodeId
from tests.servers import RedisServer

TIMES = LeaseTimes(ttl=120.0, patience=10.0)
QUESTIONS = 1_000
COMMANDS = 50_000
ENTRIES, A_PIPELINE, A_READ = 20_000, 100, 64
SMALL, LARGE = 340, 3_400
FEW, MANY = 2, 42
"""Bytes of an entry, and leases that a renewal lists: the difference is the cost of one more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisCosts:
    """CPU seconds; `own_question` is the asking node's. Questions are asked by one node, one by one, so that
    Redis wakes for each.
    """

    entry: float
    """XADD and XREAD of SMALL bytes, each a request of its own, while Redis is never idle."""
    byte: float
    renewal: float
    renewal_lease: float
    own: float
    own_question: float
    claim: float


async def redis_costs() -> RedisCosts:
    async with RedisServer() as redis:
        clock = ProcessClock(redis.pid)
        link = RedisLink.to(redis.url, secret="of this measurement alone", times=TIMES)  # noqa: S106
        try:
            small, large = await _pipelined(link, clock, SMALL), await _pipelined(link, clock, LARGE)
            byte = max(0.0, (large - small) / (LARGE - SMALL))
            add = ("XADD", "inbox", "MAXLEN", "~", "4096", "*", "b", "x" * SMALL)
            entry = await _busy(redis, clock, *add)
            entry += await _busy(redis, clock, "XREAD", "COUNT", "1", "STREAMS", "inbox", "0-0")
            registry = Registry(link)
            leases = [_lease(number) for number in range(MANY)]
            for lease in leases[:FEW]:
                await registry.register(lease, state=b"{}")
            few = await _each(clock, lambda _: _renew(registry, leases[0]))
            for lease in leases[FEW:]:
                await registry.register(lease, state=b"{}")
            many = await _each(clock, lambda _: _renew(registry, leases[0]))
            lease_id = leases[0].lease_id
            began = time.process_time()
            own = await _each(clock, lambda number: registry.own(lease_id, f"call/{number}"))
            asking = (time.process_time() - began) / QUESTIONS
            counts = SharedCounts(link, "of this measurement alone")
            claim = await _each(clock, lambda number: counts.claim(lease_id, _claims(number)))
        finally:
            await link.aclose()
    a_lease = (many - few) / (MANY - FEW)
    return RedisCosts(
        entry=max(0.0, entry - SMALL * byte),
        byte=byte,
        renewal=few - FEW * a_lease,
        renewal_lease=a_lease,
        own=own,
        own_question=asking,
        claim=claim,
    )


async def _busy(redis: RedisServer, clock: ProcessClock, *command: str) -> float:
    """Return the CPU time of a command that many connections send, each when the one before is answered."""
    before = clock.seconds()
    program = await asyncio.create_subprocess_exec(
        "redis-benchmark", "-p", str(redis.port), "-a", redis.password, "-c", "20", "-n", str(COMMANDS), "-q",
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        preexec_fn=pinned(None),
    )  # fmt: skip
    if await program.wait() != 0:
        raise RuntimeError("redis-benchmark failed")
    return (clock.seconds() - before) / COMMANDS


async def _pipelined(link: RedisLink, clock: ProcessClock, size: int) -> float:
    """Return the CPU time for an entry that is written and read with many others."""
    inbox, data = link.keys.inbox(LeaseId(f"{size}")), b"x" * size
    before = clock.seconds()
    for _ in range(ENTRIES // A_PIPELINE):
        async with link.questions.pipeline(transaction=False) as pipe:
            for _ in range(A_PIPELINE):
                pipe.xadd(inbox, {b"b": data}, maxlen=4_096, approximate=True)
            await pipe.execute()
        async with link.questions.pipeline(transaction=False) as pipe:
            pipe.xrange(inbox, count=A_READ)
            pipe.xrange(inbox, count=A_PIPELINE - A_READ)
            await pipe.execute()
    return (clock.seconds() - before) / ENTRIES


async def _each(clock: ProcessClock, ask: Callable[[int], Awaitable[object]]) -> float:
    before = clock.seconds()
    for number in range(QUESTIONS):
        await ask(number)
    return (clock.seconds() - before) / QUESTIONS


async def _renew(registry: Registry, lease: Lease) -> None:
    if await registry.renew(lease, state=b"{}", read_to=b"0-0") is None:
        raise RuntimeError("the lease has ended")


def _lease(number: int) -> Lease:
    about = NodeDescription(version="1.0.0", host="a-host-of-the-cluster", pid=1_000 + number, started_at=1e9)
    return Lease(LeaseId(f"{number:016x}.1"), NodeId(f"{number:016x}"), about)


def _claims(number: int) -> list[CountClaim]:
    return [CountClaim(f"address/{number}", 1, 100), CountClaim(f"person/{number}", 1, 20)]
