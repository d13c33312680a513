"""Servers that are the nodes of one cluster, and calls whose people are at different ones."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from tests.conftest import StartServer
from tests.integration.signaling.resuming_client import ResumingClient
from tests.people import Person, Visitors, done, http_client
from tests.servers import ParlourServer, RedisServer, ReplicatedRedis

SECRET = "the same secret for all servers of the cluster"


def cluster_settings(redis: RedisServer | ReplicatedRedis, **more: object) -> dict[str, object]:
    """Return the settings that servers of one cluster share, and `more`. They wait for no balancer when they
    end.
    """
    settings = {"PARLOUR_REDIS_URL": redis.url, "PARLOUR_SECRET_KEY": SECRET, "PARLOUR_DRAIN_SECONDS": 0}
    return {**settings, **more}


async def two_servers(
    fresh_server: StartServer, redis: RedisServer | ReplicatedRedis, **more: object
) -> tuple[ParlourServer, ParlourServer]:
    """Start two servers with one database and one Redis, which have seen each other."""
    settings = cluster_settings(redis, **more)
    first = await fresh_server(settings)
    second = await fresh_server(settings, first.database_url)
    for server in (first, second):
        await server.expect_log("cluster.node_joined")
    return first, second


class Call:
    """Two servers, and people who may enter a room at either of them."""

    def __init__(
        self, servers: tuple[ParlourServer, ParlourServer], room: str, ending: AsyncExitStack
    ) -> None:
        self.here, self.there = servers
        self.room = room
        self._ending = ending
        self.elsewhere: Visitors
        self.people: dict[str, Person] = {}

    async def member(self, name: str, server: ParlourServer) -> ResumingClient:
        member = await self._ending.enter_async_context(ResumingClient(self.people[name], self.room))
        member.server = server
        return member

    async def sets(self, topology: str) -> None:
        """Have Ann set which way media of the room's calls take, at the first server."""
        done(await self.people["ann"].post("/room/change", {"room": self.room, "topology": topology}))


@asynccontextmanager
async def calls_at(servers: tuple[ParlourServer, ParlourServer]) -> AsyncIterator[Call]:
    """Ann has a room, which Ann, Bob and Cid may enter."""
    async with Visitors(servers[0]) as visitors, AsyncExitStack() as ending:
        ann = await visitors.client("ann")
        room = await ann.creates_room()
        call = Call(servers, room, ending)
        call.elsewhere = await ending.enter_async_context(Visitors(servers[1]))
        call.people["ann"] = ann
        for name in ("bob", "cid"):
            person = call.people[name] = await visitors.client(name)
            await ann.invites(person, to=room)
        yield call


async def both_reach(first: ResumingClient, second: ResumingClient, text: str) -> None:
    await first.reaches(second, text)
    await second.reaches(first, text)


async def both_reach_again(first: ResumingClient, second: ResumingClient) -> None:
    """Wait until each reaches the other, and prove that they hear nothing else meanwhile, but that something
    may be lost.
    """
    await _reaches_again(first, second)
    await _reaches_again(second, first)


async def _reaches_again(sender: ResumingClient, receiver: ResumingClient) -> None:
    """Candidates are sent until the last one arrives. Some may be refused or lost; they keep their order."""
    sent, heard = 0, [-1]
    while heard[-1] != sent:
        arrived = asyncio.create_task(_hears_candidate(receiver, sender))
        try:
            while not (await asyncio.wait({arrived}, timeout=0.3))[0]:
                sent += (await sender.proposes(receiver, str(sent + 1)))["ok"]
            heard.append(int(arrived.result()["iceCandidate"]["candidate"].removeprefix("candidate:")))
        finally:
            arrived.cancel()
    assert heard == sorted(set(heard))


async def _hears_candidate(receiver: ResumingClient, sender: ResumingClient) -> dict[str, Any]:
    while (event := await receiver.socket.next_event())[0] == "signals-lost":
        assert event[1]["peerIDs"]
    return receiver.takes("ice-candidate", *event, peerID=sender.peer_id)


async def is_ready(*servers: ParlourServer) -> None:
    for server in servers:
        async with http_client(server) as http, asyncio.timeout(60):
            while (await http.get("/readyz")).status_code != 200:  # noqa: ASYNC110 - it announces nothing
                await asyncio.sleep(0.1)
