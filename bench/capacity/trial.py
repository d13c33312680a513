"""The simulation held against a real cluster of four processes with a real Redis and PostgreSQL.

Two kinds of trials: nodes that only send to each other, and Parlour servers with people whose calls go across
nodes. Each runs at several loads; what was measured stands beside what was predicted.
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import frames
from bench.capacity.costs import Costs
from bench.capacity.model import ROOM_TELLINGS, join_messages
from bench.capacity.simulation import GeneratorTimes, Load, Predicted, predict
from bench.client import Countdown, Lost, Peer, close_all, connect_all
from bench.cluster import Cluster, requests_of, running_cluster
from bench.machine import ProcessClock, busy_seconds, cores, pinned
from bench.seed import FOURS, PAIRS, Seed, sow
from bench.workloads.mix import Conversation, Talker
from tests.servers import PostgresServer, RedisServer

NODES = 4
TALKS = (1_000.0, 4_000.0, 20_000.0)
RELAYS = (500.0, 2_000.0, 4_000.0)
COUNTED = ("xadd", "xread", "xtrim", "pexpire", "eval")
"""What nodes ask of Redis while nobody comes or goes."""
JOINED_ROOMS = 50
SETTLING_SECONDS = 2.0
LONGEST_SECONDS = 120
SEED = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A load, what it took, and what was predicted."""

    title: str
    rate: float
    others: float
    """The share of all cores that other programs used meanwhile."""
    measured: Predicted
    predicted: Predicted


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinTrial:
    """A call of four that fills, each of them at another node: CPU seconds of all nodes, and messages."""

    cpu: float
    messages: float
    predicted_cpu: float
    predicted_messages: float


class RedisCounter:
    """Counts requests to a Redis and its CPU time."""

    def __init__(self, redis: RedisServer, clock: ProcessClock) -> None:
        self._url = redis.url
        self._clock = clock
        self._before: tuple[float, float] = (0.0, 0.0)

    async def start(self) -> None:
        self._before = self._clock.seconds(), await self._requests()

    async def stop(self) -> tuple[float, float]:
        """Return CPU seconds and requests."""
        seconds, requests = self._before
        return self._clock.seconds() - seconds, await self._requests() - requests

    async def _requests(self) -> float:
        return await requests_of(self._url, COUNTED)


class Watch:
    """Tells how busy other programs were since this was made."""

    def __init__(self, own: Callable[[], float]) -> None:
        """`own` returns the CPU seconds of the trial's programs but Redis."""
        self._own = own
        self._before = time.monotonic(), busy_seconds(None), own()

    def others(self, redis: float) -> float:
        began, busy, own = self._before
        used = busy_seconds(None) - busy - (self._own() - own) - redis
        return max(0.0, used) / (time.monotonic() - began) / len(os.sched_getaffinity(0))


async def trials(costs: Costs, seconds: float) -> tuple[list[Trial], JoinTrial]:
    """Run all. Raises Lost."""
    found = [await _talk(costs, rate, seconds) for rate in TALKS]
    with tempfile.TemporaryDirectory(prefix="parlour-trial-") as name:
        async with PostgresServer() as postgres:
            folder, database = await asyncio.to_thread(Path, name), await postgres.create_database()
            seed = await sow(folder, people=0, room_count=0, database=database)
            async with running_cluster(seed, NODES) as cluster:
                relaying = await _relaying(cluster, seed)
                found += [await _relay(costs, cluster, relaying, rate, seconds) for rate in RELAYS]
                joins = await _joins(costs, cluster, seed)
    return found, joins


async def _joins(costs: Costs, cluster: Cluster, seed: Seed) -> JoinTrial:
    """Have calls of four fill one after the other, each of their people at another node."""
    introductions = Countdown()
    peers = [Peer(seed.people[number]) for number in range(JOINED_ROOMS * FOURS.size)]
    for place, node in enumerate(cluster.nodes):
        await connect_all(peers[place::NODES], node.port, at_once=8)
    for peer in peers:
        peer.introductions = introductions
    await asyncio.sleep(SETTLING_SECONDS)
    at_rest, messages_at_rest = await _used(cluster, lambda: asyncio.sleep(SETTLING_SECONDS))
    introductions.expect(JOINED_ROOMS * FOURS.size * (FOURS.size - 1))

    async def joining() -> None:
        for number, peer in enumerate(peers):
            await peer.join(FOURS.room(number // FOURS.size))
        await introductions.wait()

    began = time.monotonic()
    cpu, messages = await _used(cluster, joining)
    took = time.monotonic() - began
    share = took / SETTLING_SECONDS
    await close_all(peers)
    expected = join_messages(FOURS.size)
    told = min(JOINED_ROOMS, took * ROOM_TELLINGS) * (NODES - 1) / len(peers)
    return JoinTrial(
        cpu=(cpu - at_rest * share) / len(peers),
        messages=(messages - messages_at_rest * share) / len(peers),
        predicted_cpu=costs.join.rested + costs.own_question + expected * costs.decision,
        predicted_messages=expected + told,
    )


async def _used(cluster: Cluster, act: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """Return the CPU seconds of all nodes and the entries that they wrote meanwhile."""
    entries = await requests_of(cluster.redis.url, ["xadd"])
    before = sum(node.cpu() for node in cluster.nodes)
    await act()
    cpu = sum(node.cpu() for node in cluster.nodes) - before
    return cpu, await requests_of(cluster.redis.url, ["xadd"]) - entries


async def _talk(costs: Costs, rate: float, seconds: float) -> Trial:
    async with RedisServer() as redis, AsyncExitStack() as ending:
        counter = RedisCounter(redis, ProcessClock(redis.pid))
        nodes = [await _node(ending, redis.url, rate / NODES, seconds) for _ in range(NODES)]
        for node in nodes:
            await _line(node)
        clocks = [ProcessClock(node.pid) for node in nodes]
        watch = Watch(lambda: sum(clock.seconds() for clock in clocks))
        await counter.start()
        for node in nodes:
            assert node.stdin is not None
            node.stdin.write(b"go\n")
        await asyncio.sleep(seconds)
        cpu, requests = await counter.stop()
        others = watch.others(cpu)
        lines = [json.loads(await _line(node)) for node in nodes]
    delays = sorted(delay for line in lines for delay in line["delays"])
    used = sum(line["cpu"] for line in lines) / NODES / seconds
    load = Load(
        nodes=NODES, rate=rate, across=1.0, cores=_cores(), seconds=min(seconds, 5.0), from_sockets=False
    )
    return Trial(
        title="nodes alone",
        rate=rate,
        others=others,
        measured=_measured(used, cpu / seconds, requests / seconds, delays),
        predicted=predict(costs, load, seed=SEED),
    )


async def _node(ending: AsyncExitStack, url: str, rate: float, seconds: float) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.capacity.talking_node", url, str(NODES), str(rate), str(seconds),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 26,
        preexec_fn=pinned(None),
    )  # fmt: skip

    async def end() -> None:
        if process.returncode is None:
            process.kill()
        await process.wait()

    ending.push_async_callback(end)
    return process


async def _line(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None
    async with asyncio.timeout(LONGEST_SECONDS):
        line = await process.stdout.readline()
    if not line:
        raise Lost("a node has ended")
    return line


@dataclass(slots=True)
class Relaying:
    talkers: list[Talker]
    delays: list[float]


async def _relaying(cluster: Cluster, seed: Seed) -> Relaying:
    """Have fifty pairs connect, spread over the nodes; three of four pairs are at two of them."""
    delays: list[float] = []
    talkers: list[Talker] = []
    for index in range(PAIRS.count):
        places = index % NODES, (index + index // NODES) % NODES
        pair = [Talker(seed.people[number], PAIRS.room(index), delays) for number in PAIRS.people(index)]
        for talker, place in zip(pair, places, strict=True):
            await connect_all([talker], cluster.nodes[place].port, at_once=1)
        one, other = pair
        one.partner, other.partner = other, one
        for talker in pair:
            talker.candidate = talker.description = frames.candidate(talker.partner.peer_id)
        talkers += pair
    return Relaying(talkers, delays)


async def _relay(costs: Costs, cluster: Cluster, relaying: Relaying, rate: float, seconds: float) -> Trial:
    conversation = Conversation(relaying.talkers, relaying.delays, pace=int(rate))
    await conversation.run(0.5)
    await conversation.end()
    relaying.delays.clear()
    counter = RedisCounter(cluster.redis, cluster.redis_clock)
    await counter.start()
    before, generator = [node.cpu() for node in cluster.nodes], time.process_time()
    began = time.monotonic()
    watch = Watch(lambda: time.process_time() + sum(node.cpu() for node in cluster.nodes))
    await conversation.run(seconds)
    await conversation.end()
    took = time.monotonic() - began
    used = [node.cpu() - then for node, then in zip(cluster.nodes, before, strict=True)]
    own = (time.process_time() - generator) / max(1, len(relaying.delays))
    cpu, requests = await counter.stop()
    others = watch.others(cpu)
    delays = sorted(relaying.delays)
    pairs = range(PAIRS.count)
    elsewhere = sum(index // NODES % NODES != 0 for index in pairs) / PAIRS.count
    load = Load(
        nodes=NODES, rate=len(delays) / took, across=elsewhere, cores=_cores(), seconds=min(seconds, 5.0)
    )
    times = GeneratorTimes(send=own / 2, receive=own / 2)
    return Trial(
        title=f"people, {elsewhere:.0%} of the pairs across",
        rate=rate,
        others=others,
        measured=_measured(sum(used) / NODES / took, cpu / took, requests / took, delays),
        predicted=predict(costs, load, generator=times, seed=SEED),
    )


def _measured(node: float, redis: float, requests: float, delays: Sequence[float]) -> Predicted:
    if not delays:
        raise Lost("nothing arrived")
    p50, p99 = delays[len(delays) // 2], delays[len(delays) * 99 // 100]
    return Predicted(node=node, redis=redis, redis_requests=requests, p50=p50, p99=p99, batch=0.0)


def _cores() -> int:
    return 2 if cores().apart else 1
