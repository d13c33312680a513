"""The costs of a computation, measured on this machine in some two minutes.

Two Parlour servers on one Redis and one PostgreSQL. CPU times are those of each process by the kernel's
clock, less what the process takes at rest, so that other work on the machine disturbs them little.
"""

import argparse
import asyncio
import sys
import tempfile
import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import psycopg
from redis.asyncio import Redis

from bench.across_nodes import Cost as MessageCost
from bench.across_nodes import measured as measured_messages
from bench.capacity.costs import Costs, Paced, RequestCost
from bench.capacity.profile import CANDIDATE_BYTES, RENEWALS
from bench.capacity.redis_costs import redis_costs
from bench.circumstances import on_this_machine
from bench.client import Countdown, Lost, Peer, close_all, connect_all
from bench.cluster import Cluster, ClusterNode, requests_of, running_cluster
from bench.machine import busy_share
from bench.outcome import Outcome
from bench.seed import FOURS, SHAPES, Seed, sow
from bench.servers import Server
from bench.slices import Run
from bench.workloads.mix import DESCRIPTION_EVERY, MESSAGES_PER_SECOND, measure_mix
from bench.workloads.relay import measure_candidates, measure_descriptions
from bench.workloads.web import (
    CONNECTIONS,
    FIRST_REFRESHER,
    Browser,
    ask_entry,
    give_password,
    list_page,
    log_in,
    refresh,
    write_message,
)
from parlour.calls.rooms_elsewhere import RoomInUse
from parlour.cluster.coordinator import Lease, LeaseId
from parlour.cluster.envelopes import NEWEST_FORMAT, MessageKind, head
from parlour.cluster.redis.connections import LeaseTimes
from parlour.cluster.redis.coordinator import RedisCoordinator
from parlour.node_id import new_node_id
from parlour.rooms.entities import RoomId
from tests.servers import PostgresServer, RedisServer

IDLE = 1_500
"""Sockets that watch the list of rooms: no more than leave each of them little to read."""
SETTLING_SECONDS, REST_SECONDS = 1.5, 4.0
HEARTBEAT_SECONDS = 6.0
MET_WITHIN_SECONDS = 20.0
PACED, FLOOD = 1_000.0, 1_000_000.0
JOINED_ROOMS = 30
KEPT_ROOMS = 20_000
FEW_ROOMS, MORE_ROOMS, MANY_ROOMS, ROOM_BYTES = 50, 1_000, 20_000, 23
A_TELLING = 500
ROUNDS = 6
"""Rounds of the list; each is a change of one room at another node."""
ROUND_SECONDS = 1.2
ASKED: dict[str, Callable[[Browser], Awaitable[None]]] = {
    "login": log_in,
    "refresh": refresh,
    "access": give_password,
    "entry": ask_entry,
    "page": list_page,
    "message": write_message,
}


@dataclass(slots=True)
class Reading:
    """Readings of all clocks and counters, since the start or in a time: CPU seconds, and counts."""

    at: float
    nodes: list[float]
    hashing: list[float]
    redis: float
    redis_commands: float
    postgres: float
    writes: float

    def since(self, before: "Reading") -> "Reading":
        return Reading(
            self.at - before.at,
            [now - then for now, then in zip(self.nodes, before.nodes, strict=True)],
            [now - then for now, then in zip(self.hashing, before.hashing, strict=True)],
            self.redis - before.redis,
            self.redis_commands - before.redis_commands,
            self.postgres - before.postgres,
            self.writes - before.writes,
        )

    def above(self, rest: "Reading") -> "Reading":
        """Return what was used beyond what is used at rest."""
        share = self.at / rest.at
        return Reading(
            self.at,
            [used - share * idle for used, idle in zip(self.nodes, rest.nodes, strict=True)],
            self.hashing,
            self.redis - share * rest.redis,
            max(0.0, self.redis_commands - share * rest.redis_commands),
            max(0.0, self.postgres - share * rest.postgres),
            max(0.0, self.writes - share * rest.writes),
        )


@dataclass(slots=True)
class Machine:
    """The servers, and what they have used."""

    cluster: Cluster
    postgres: PostgresServer
    seed: Seed
    questions: Redis
    database: psycopg.AsyncConnection[tuple[int]]
    rest: Reading = field(init=False)

    @property
    def first(self) -> ClusterNode:
        return self.cluster.nodes[0]

    @property
    def second(self) -> ClusterNode:
        return self.cluster.nodes[1]

    async def read(self) -> Reading:
        stats = await self.questions.info("stats")
        cursor = await self.database.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        row = await cursor.fetchone()
        assert row is not None
        return Reading(
            time.monotonic(),
            [node.cpu() for node in self.cluster.nodes],
            [node.hashing() for node in self.cluster.nodes],
            self.cluster.redis_clock.seconds(),
            float(stats["total_commands_processed"]),
            postgres_seconds(self.postgres),
            float(row[0]),
        )

    async def used(self, act: Callable[[], Awaitable[object]]) -> Reading:
        """Return what was used beyond what is used at rest while `act` went on."""
        before = await self.read()
        await act()
        return (await self.read()).since(before).above(self.rest)

    async def take_rest(self) -> None:
        before = await self.read()
        await asyncio.sleep(REST_SECONDS)
        self.rest = (await self.read()).since(before)


def postgres_seconds(postgres: PostgresServer) -> float:
    """Return the CPU seconds of a PostgreSQL: its processes, and those that have ended."""
    postmaster = int((postgres.folder / "data" / "postmaster.pid").read_text().split("\n", 1)[0])
    ticks = 0
    for process in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            fields = process.read_text(errors="replace").rpartition(")")[2].split()
            if int(process.parent.name) == postmaster:
                ticks += sum(int(fields[column]) for column in (11, 12, 13, 14))
            elif int(fields[1]) == postmaster:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / 100


async def measure(seconds: float) -> Costs:
    """Measure, with `seconds` for each kind of load. Raises Lost."""
    others = await busy_share(1.0)
    say("Redis by itself")
    redis = await redis_costs()
    say("messages between two nodes")
    slow, fast = await _between_nodes(seconds)
    async with _machine() as machine:
        await machine.take_rest()
        rest = machine.rest
        memory = machine.first.resident()
        say(f"{IDLE} sockets")
        idle = [Peer(person) for person in machine.seed.people[-IDLE:]]
        connecting = await machine.used(lambda: connect_all(idle, machine.first.port, at_once=16))
        connected_at = time.monotonic()
        await asyncio.sleep(SETTLING_SECONDS)
        socket_memory = (machine.first.resident() - memory) / len(idle)
        say("joins")
        join = await _joins(machine)
        heartbeat = await _heartbeat(machine, idle, connected_at - connecting.at + idle[0].ping_interval)
        say("the list of rooms")
        lists = await _lists(machine, idle)
        await close_all(idle)
        await asyncio.sleep(SETTLING_SECONDS)
        say("joins across nodes")
        decision = await _decisions(machine, join.rested, redis.own_question)
        await asyncio.sleep(SETTLING_SECONDS)
        say("relays")
        candidate, description = await _relays(machine, seconds)
        requests, fact = {}, 0.0
        for kind, ask in ASKED.items():
            say(kind)
            requests[kind], heard = await _requests(machine, kind, ask, seconds)
            fact = heard if kind == "message" else fact
    send = Paced(rested=slow.sender * 1e-6, busy=fast.sender * 1e-6)
    receive = Paced(rested=slow.receiver * 1e-6, busy=fast.receiver * 1e-6)
    wake = slow.redis * 1e-6 - redis.entry - CANDIDATE_BYTES * redis.byte
    renewals = 2 * RENEWALS * (redis.renewal + 2 * redis.renewal_lease)
    return Costs(
        circumstances=on_this_machine(others),
        node_memory=memory,
        socket_memory=socket_memory,
        room_elsewhere_memory=lists.memory,
        node_at_rest=sum(rest.nodes) / len(rest.nodes) / rest.at,
        heartbeat=heartbeat,
        connect=connecting.nodes[0] / len(idle),
        join=join,
        decision=decision,
        candidate=candidate,
        description=description,
        list_room=lists.room,
        list_byte=lists.byte,
        send=send,
        receive=receive,
        round_trip=slow.p50,
        fact=max(0.0, fact - receive.rested),
        own_question=redis.own_question,
        redis_at_rest=max(0.0, rest.redis / rest.at - renewals),
        redis_wake=max(0.0, wake / 2),
        redis_entry=redis.entry,
        redis_byte=redis.byte,
        redis_renewal=redis.renewal,
        redis_renewal_lease=redis.renewal_lease,
        redis_own=redis.own,
        redis_claim=redis.claim,
        requests=requests,
        attendance_postgres=requests["message"].postgres,
    )


async def _between_nodes(seconds: float) -> tuple[MessageCost, MessageCost]:
    async with RedisServer() as redis:
        options = argparse.Namespace(seconds=seconds)
        return (
            await measured_messages("Parlour", redis, PACED, options),
            await measured_messages("Parlour", redis, FLOOD, options),
        )


@asynccontextmanager
async def _machine() -> AsyncIterator[Machine]:
    with tempfile.TemporaryDirectory(prefix="parlour-capacity-") as name:
        async with PostgresServer() as postgres:
            people = max(shape.size * shape.count for shape in SHAPES) + IDLE
            url = await postgres.create_database()
            say(f"seeding {people} people")
            folder = await asyncio.to_thread(Path, name)
            seed = await sow(folder, people=people, room_count=0, database=url)
            async with (
                running_cluster(seed, 2) as cluster,
                Redis.from_url(cluster.redis.url) as questions,
                await psycopg.AsyncConnection.connect(url, autocommit=True) as database,
            ):
                yield Machine(cluster, postgres, seed, questions, database)


async def _joins(machine: Machine) -> Paced:
    """Return the cost of a join of a room of four at one server, by a connected socket."""
    introductions = Countdown()
    rooms = [FOURS.room(index) for index in range(2 * JOINED_ROOMS)]
    peers = [Peer(machine.seed.people[number]) for number in range(len(rooms) * FOURS.size)]
    for peer in peers:
        peer.introductions = introductions
    await connect_all(peers, machine.second.port, at_once=16)
    slow, fast = peers[: len(peers) // 2], peers[len(peers) // 2 :]

    async def one_by_one() -> None:
        introductions.expect(JOINED_ROOMS * FOURS.size * (FOURS.size - 1))
        for number, peer in enumerate(slow):
            await peer.join(rooms[number // FOURS.size])
        await introductions.wait()

    async def at_once() -> None:
        introductions.expect(JOINED_ROOMS * FOURS.size * (FOURS.size - 1))
        for place in range(FOURS.size):
            members = enumerate(fast[place :: FOURS.size], start=JOINED_ROOMS)
            await asyncio.gather(*(peer.join(rooms[index]) for index, peer in members))
        await introductions.wait()

    rested = (await machine.used(one_by_one)).nodes[1] / len(slow)
    busy = (await machine.used(at_once)).nodes[1] / len(fast)
    await close_all(peers)
    return Paced(rested=max(rested, busy), busy=busy)


async def _decisions(machine: Machine, join: float, own_question: float) -> float:
    """Return what a message about a join costs, in calls that fill from both servers in turn."""
    introductions = Countdown()
    rooms = [FOURS.room(index) for index in range(3 * JOINED_ROOMS, 4 * JOINED_ROOMS)]
    first = 3 * JOINED_ROOMS * FOURS.size
    peers = [Peer(person) for person in machine.seed.people[first : first + len(rooms) * FOURS.size]]
    for peer in peers:
        peer.introductions = introductions
    for place, node in enumerate(machine.cluster.nodes):
        await connect_all(peers[place::2], node.port, at_once=16)
    introductions.expect(len(rooms) * FOURS.size * (FOURS.size - 1))
    redis = machine.cluster.redis.url
    entries = await requests_of(redis, ["xadd"])

    async def one_by_one() -> None:
        for number, peer in enumerate(peers):
            await peer.join(rooms[number // FOURS.size])
        await introductions.wait()

    used = await machine.used(one_by_one)
    messages = await requests_of(redis, ["xadd"]) - entries
    await close_all(peers)
    if not messages:
        raise Lost("calls do not go across nodes")
    asking = own_question / FOURS.size * 2  # either server asks once for a call
    return max(0.0, sum(used.nodes) - len(peers) * (join + asking)) / messages


async def _heartbeat(machine: Machine, idle: Sequence[Peer], due_from: float) -> float:
    """Return the cost of a ping and its pong, the next of which is due from that time on. Raises Lost."""
    await asyncio.sleep(max(0.0, due_from - time.monotonic()))
    before = sum(peer.heartbeats for peer in idle)
    used = await machine.used(lambda: asyncio.sleep(HEARTBEAT_SECONDS))
    count = sum(peer.heartbeats for peer in idle) - before
    if not count:
        raise Lost("no heartbeats")
    return max(0.0, used.nodes[0]) / count


@dataclass(frozen=True, slots=True)
class ListCost:
    room: float
    byte: float
    memory: float


class Teller:
    """A node without sockets, which tells the others of its calls."""

    def __init__(self, url: str, secret: str) -> None:
        self.coordinator = RedisCoordinator(new_node_id(), url, secret=secret, times=LeaseTimes(ttl=60.0))
        self.coordinator.listen(self)
        self.has_met = asyncio.Event()

    def lease_begun(self, lease: Lease) -> None: ...

    def lease_lost(self) -> None: ...

    def node_joined(self, lease: Lease) -> None:
        if len(self.coordinator.others) == 2:
            self.has_met.set()

    def node_left(self, lease: Lease) -> None: ...

    def messages_lost(self, sender: LeaseId) -> None: ...

    def received(self, sender: LeaseId, message: bytes) -> None: ...

    def tell(self, server: Server, began: Sequence[RoomInUse], *, is_all: bool) -> None:
        body = msgspec.json.encode({"began": began, "is_all": is_all})
        for lease_id, other in self.coordinator.others.items():
            if other.description.pid == server.pid:
                self.coordinator.send(lease_id, head(MessageKind.ROOMS_IN_USE, NEWEST_FORMAT) + body)


async def _lists(machine: Machine, idle: Sequence[Peer]) -> ListCost:
    """Return what the list of rooms costs: the first server sends it to `idle`, the second to one."""
    teller = Teller(machine.cluster.redis.url, machine.seed.secret)
    running = asyncio.create_task(teller.coordinator.run())
    watching = Peer(machine.seed.people[0])
    await watching.connect(machine.second.port)
    try:
        async with asyncio.timeout(MET_WITHIN_SECONDS):
            await teller.has_met.wait()
        short, long = [await _round(machine, teller, 1, count) for count in (FEW_ROOMS, MANY_ROOMS)]
        few, more = [await _round(machine, teller, 0, count) for count in (FEW_ROOMS, MORE_ROOMS)]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await teller.coordinator.leave()
        await teller.coordinator.aclose()
        await close_all([watching])
    room = max(0.0, long - short) / (MANY_ROOMS - FEW_ROOMS)
    rooms = MORE_ROOMS - FEW_ROOMS
    sending = max(0.0, more - few - rooms * room)
    return ListCost(room, sending / (rooms * ROOM_BYTES * len(idle)), _memory_of_a_room())


async def _round(machine: Machine, teller: Teller, number: int, count: int) -> float:
    """Return what a round of the list of so many rooms costs at a server."""
    server = machine.cluster.nodes[number]
    rooms = [_room(index) for index in range(count)]
    for first in range(0, count, A_TELLING):
        teller.tell(server, rooms[first : first + A_TELLING], is_all=first == 0)
    await asyncio.sleep(ROUND_SECONDS * 2)

    async def changes() -> None:
        for version in range(1, ROUNDS + 1):
            teller.tell(server, [_room(version, version=version)], is_all=False)
            await asyncio.sleep(ROUND_SECONDS)

    return (await machine.used(changes)).nodes[number] / ROUNDS


def _room(number: int, version: int = 0) -> RoomInUse:
    return RoomInUse(RoomId(10_000_000 + number), f"A room of {number:06} {version:02}", is_hidden=False)


def _memory_of_a_room() -> float:
    """Return the bytes that a room in use elsewhere takes: as the node holds it, and as the list does."""
    encoded = msgspec.json.encode([_room(number) for number in range(KEPT_ROOMS)])
    tracemalloc.start()
    rooms = {room.room_id: room for room in msgspec.json.decode(encoded, type=list[RoomInUse])}
    names = {room_id: room.name for room_id, room in rooms.items()}
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / len(names)


async def _relays(machine: Machine, seconds: float) -> tuple[Paced, Paced]:
    """Return what candidates and descriptions cost between sockets of one server."""
    server = machine.second
    at_rest = machine.rest.nodes[1] / machine.rest.at
    candidate, description, mixed = [
        await _figure(server, machine.seed, seconds, workload)
        for workload in (measure_candidates, measure_descriptions, measure_mix)
    ]
    load = mixed * MESSAGES_PER_SECOND
    paced = mixed - at_rest / MESSAGES_PER_SECOND - (description - candidate) / DESCRIPTION_EVERY
    rested = candidate + max(0.0, paced - candidate) / max(0.1, 1 - load)
    return (
        Paced(rested=rested, busy=candidate),
        Paced(rested=rested + description - candidate, busy=description),
    )


async def _figure(
    server: Server, seed: Seed, seconds: float, workload: Callable[[Run], Awaitable[None]]
) -> float:
    """Return the CPU seconds for a message of a workload of `make bench`."""
    outcome = Outcome(workload.__name__)
    run = Run(seed=seed, servers=[server], rounds=1, seconds=seconds, outcome=outcome, say=lambda _: None)
    await workload(run)
    return outcome.rounds[0][server.name]["cpu"] * 1e-6


async def _requests(
    machine: Machine, kind: str, ask: Callable[[Browser], Awaitable[None]], seconds: float
) -> tuple[RequestCost, float]:
    """Return what a request costs, and what the other server takes for it."""
    port, people = machine.second.port, machine.seed.people
    numbers = range(FIRST_REFRESHER, FIRST_REFRESHER + CONNECTIONS[kind])
    browsers = [
        await Browser.open(port, people[number], room=FOURS.room(number // FOURS.size)) for number in numbers
    ]
    count = 0

    async def again_and_again(browser: Browser) -> None:
        nonlocal count
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            await ask(browser)
            count += 1

    used = await machine.used(lambda: asyncio.gather(*map(again_and_again, browsers)))
    for browser in browsers:
        browser.writer.close()
    cost = RequestCost(
        node=(used.nodes[1] - used.hashing[1]) / count,
        hashing=used.hashing[1] / count,
        postgres=used.postgres / count,
        redis=max(0.0, used.redis) / count,
        redis_requests=used.redis_commands / count,
        commits=used.writes / count,
    )
    return cost, max(0.0, used.nodes[0]) / count


def say(text: str) -> None:
    print(f"==> {text}", file=sys.stderr, flush=True)
