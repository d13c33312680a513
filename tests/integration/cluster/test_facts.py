"""Facts and logins reach the other nodes: the suite in Redis, and real servers whose sockets hear of them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TypeVar

import pytest

from parlour.accounts.facts import DisplayNameChanged
from parlour.cluster.envelopes import MessageKind
from parlour.cluster.messages import ClusterMessages
from parlour.cluster.redis.connections import LeaseTimes
from parlour.cluster.redis.coordinator import RedisCoordinator
from parlour.node_id import new_node_id
from parlour.rooms.facts import InvitationTakenBack, PersonBanned, RoomBecameEvent
from parlour.shared_facts.codec import decode, encode
from tests.conftest import StartServer
from tests.contract.facts import FactCluster, FactsContract, SharingNode, met
from tests.integration.cluster.clusters import SECRET, two_servers
from tests.integration.signaling.raw import RawSocket, raw_socket
from tests.integration.signaling.town import Town, unused_address
from tests.people import Person, done, unique
from tests.servers import ParlourServer, RedisServer

LONG = LeaseTimes(ttl=120.0, beat=0.1, margin=1.0, patience=30.0, block=1.0)
"""No lease ends by itself, however slow the machine is."""
LONGEST_WAIT_SECONDS = 25.0
"""Less than the half minute after which a socket that waits for a login is closed in any case."""

Fact = TypeVar("Fact")


@pytest.fixture(scope="module")
async def shared_redis() -> AsyncIterator[RedisServer]:
    async with RedisServer() as server:
        yield server


class TestFactsInRedis(FactsContract):
    @pytest.fixture
    async def cluster(self, shared_redis: RedisServer) -> AsyncIterator[FactCluster]:
        secret = unique("a secret that is long enough")
        coordinators = [
            RedisCoordinator(new_node_id(), shared_redis.url, secret=secret, times=LONG) for _ in range(2)
        ]
        here, there = [SharingNode(coordinator) for coordinator in coordinators]
        running = [asyncio.create_task(coordinator.run()) for coordinator in coordinators]
        yield await met(here, there)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for coordinator in coordinators:
            await coordinator.aclose()


@dataclass(frozen=True)
class TwoServers:
    """People register and act on the first; sockets are opened at the second."""

    town: Town
    second: ParlourServer
    ending: AsyncExitStack

    async def socket_of(self, person: Person) -> RawSocket:
        socket = await self.ending.enter_async_context(raw_socket(self.second))
        await socket.identifies(person.token or "")
        return socket

    async def member(self, person: Person, room: str) -> RawSocket:
        socket = await self.socket_of(person)
        answer = await socket.asks(json.dumps(["join", {"room": room}]))
        assert answer["ok"], answer
        return socket


@pytest.fixture
async def two(fresh_server: StartServer, redis: RedisServer) -> AsyncIterator[TwoServers]:
    first, second = await two_servers(fresh_server, redis)
    async with Town(first) as town, AsyncExitStack() as ending:
        yield TwoServers(town, second, ending)


class LateNode:
    """A node that hears facts, and tells some of them once more, as if they came late."""

    def __init__(self, redis: RedisServer) -> None:
        self.coordinator = RedisCoordinator(new_node_id(), redis.url, secret=SECRET, times=LONG)
        self._messages = ClusterMessages(self.coordinator)
        self._messages.handle(MessageKind.FACT, lambda _sender, body: self._heard.put_nowait(body))
        self._heard = asyncio.Queue[bytes]()
        self._bodies: list[bytes] = []

    async def hears(self, kind: type[Fact]) -> Fact:
        while True:
            body = await self._heard.get()
            fact = decode(body)
            if isinstance(fact, kind):
                self._bodies.append(body)
                return fact

    def tells_again(self, *, and_then: object) -> None:
        for body in (*self._bodies, encode(and_then)):
            assert body is not None
            self._messages.broadcast(MessageKind.FACT, body)


@pytest.fixture
async def late(two: TwoServers, redis: RedisServer) -> AsyncIterator[LateNode]:
    node, servers = LateNode(redis), (two.town.server, two.second)
    for server in servers:
        server.mark_log()
    running = asyncio.create_task(node.coordinator.run())
    for server in servers:
        await server.expect_log("cluster.node_joined")
    yield node
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await node.coordinator.leave()
    await node.coordinator.aclose()


@pytest.mark.database("postgres")
async def test_what_happens_at_one_server_reaches_the_sockets_of_another(
    two: TwoServers, late: LateNode
) -> None:
    """The reasons are those of the facts. Late facts take nothing from people who have it again."""
    ann, bob, carl = [await two.town.newcomer(name) for name in ("ann", "bob", "carl")]
    room = await ann.creates_event()
    await ann.invites(bob, carl, to=room)
    await late.hears(RoomBecameEvent)
    done(await ann.post("/invitation/remove", {"email": carl.email, "room": room}))
    await late.hears(InvitationTakenBack)
    await ann.invites(carl, to=room)
    await ann.bans(carl.email, room)
    banned = await late.hears(PersonBanned)
    done(await ann.post("/room/unban", {"email": carl.email, "room": room}))
    at_second = {person.email: await two.member(person, room) for person in (bob, carl)}
    await at_second[bob.email].expects_event("add-peer")

    [carls_id] = banned.people
    late.tells_again(and_then=DisplayNameChanged(user_id=carls_id, display_name="Charles"))
    assert (await at_second[bob.email].expects_event("peer-renamed"))["peerDisplayName"] == "Charles"

    done(await carl.put("/account/name", json={"displayName": "Charlotte"}))
    renamed = await at_second[bob.email].expects_event("peer-renamed")
    if "peerDisplayName" not in renamed:  # the check of rights found no Charles in the database
        renamed = await at_second[bob.email].expects_event("peer-renamed")
    assert renamed["peerDisplayName"] == "Charlotte"

    await ann.bans(carl.email, room)
    await ann.writes("carl is gone", to=room)
    assert (await at_second[carl.email].expects_event("removed"))["code"] == "banned"
    await at_second[bob.email].expects_event("remove-peer")
    assert (await at_second[bob.email].expects_event("chat-message"))["message"] == "carl is gone"

    done(await bob.put("/logout"))
    assert (await at_second[bob.email].expects_event("session-ended"))["code"] == "logged_out"
    await at_second[bob.email].expects_close()


@pytest.mark.database("sqlite")
async def test_a_login_at_one_server_wakes_a_socket_that_waits_at_another(two: TwoServers) -> None:
    address = unused_address()
    ann = await two.town.at(address, await two.town.person("ann"))
    async with raw_socket(two.second, address=address) as waiting:
        await waiting.sends("40")
        assert await waiting.is_open()
        await ann.logs_in()
        assert await waiting.expects_close(within=LONGEST_WAIT_SECONDS) == []
