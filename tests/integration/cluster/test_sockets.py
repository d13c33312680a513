"""Sockets of a person are counted over all servers, and those of a server that died no more."""

from contextlib import AsyncExitStack

import pytest

from tests.conftest import StartServer
from tests.integration.cluster.clusters import two_servers
from tests.integration.signaling.raw import raw_socket
from tests.people import Person, Visitors
from tests.servers import ParlourServer, RedisServer

PER_PERSON = 3


@pytest.mark.database("sqlite")
async def test_sockets_of_all_servers_count(fresh_server: StartServer, redis: RedisServer) -> None:
    first, second = await two_servers(fresh_server, redis, PARLOUR_SOCKETS_PER_PERSON=PER_PERSON)
    async with Visitors(first) as visitors, AsyncExitStack() as ending:
        ann = await visitors.client("ann")

        async def connects(server: ParlourServer, person: Person) -> str:
            """Return the answer to a CONNECT: `40…`, or `44…` with the reason of a refusal."""
            socket = await ending.enter_async_context(raw_socket(server))
            await socket.sends(f'40{{"token":"{person.token}"}}')
            return await socket.expects("4")

        assert (await connects(first, ann)).startswith("40"), "alone perhaps; it is told later"
        for server in (first, second):
            await server.expect_log("cluster.node_joined")
        for server in (second, first):
            assert (await connects(server, ann)).startswith("40")
        for server in (first, second):
            assert "too_many_connections" in await connects(server, ann)
        await first.kill()
        await second.expect_log("cluster.node_left")
        assert (await connects(second, ann)).startswith("40")
