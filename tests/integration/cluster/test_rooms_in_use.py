"""`share-rooms` at one server names the rooms in use at another, until that one dies."""

import json
from contextlib import AsyncExitStack

import pytest

from tests.conftest import StartServer
from tests.integration.signaling.raw import RawSocket, raw_socket
from tests.people import Person, Visitors
from tests.servers import ParlourServer, RedisServer


@pytest.mark.database("postgres")
async def test_rooms_of_all_servers_are_listed(fresh_server: StartServer, redis: RedisServer) -> None:
    settings = {
        "PARLOUR_REDIS_URL": redis.url,
        "PARLOUR_SECRET_KEY": "the same secret for both of these two servers",
    }
    first = await fresh_server(settings)
    second = await fresh_server(settings, first.database_url)
    for server in (first, second):
        await server.expect_log("cluster.node_joined")
    async with Visitors(first) as here, Visitors(second) as there, AsyncExitStack() as ending:

        async def socket_of(person: Person, server: ParlourServer) -> RawSocket:
            socket = await ending.enter_async_context(raw_socket(server))
            await socket.identifies(person.token or "")
            return socket

        ann, bob = await here.client("ann"), await there.client("bob")
        open_room, event = await ann.creates_room(), await ann.creates_event()
        watching = await socket_of(bob, second)
        assert await rooms(watching) == []
        for name in (event, open_room):
            member = await socket_of(ann, first)
            assert (await member.asks(json.dumps(["join", {"room": name}])))["ok"]
        assert await rooms(watching) == [open_room], "he is not invited to the event"
        await ann.invites(bob, to=event)
        assert await rooms(watching) == sorted([open_room, event])
        await first.kill()
        assert await rooms(watching) == []


async def rooms(watching: RawSocket) -> list[str]:
    """Return the next list that the socket is sent."""
    _, listed = json.loads((await watching.expects('42["share-rooms"')).removeprefix("42"))
    names: list[str] = listed["rooms"]
    return names
