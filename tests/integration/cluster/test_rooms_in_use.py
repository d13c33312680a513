"""`share-rooms` at one server names the rooms in use at another, until that one dies."""

import json
from contextlib import AsyncExitStack

import pytest

from tests.conftest import StartServer
from tests.integration.cluster.clusters import two_servers
from tests.integration.signaling.raw import RawSocket, raw_socket
from tests.people import Person, Visitors
from tests.servers import ParlourServer, RedisServer


@pytest.mark.database("postgres")
async def test_rooms_of_all_servers_are_listed(fresh_server: StartServer, redis: RedisServer) -> None:
    first, second = await two_servers(fresh_server, redis)
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
