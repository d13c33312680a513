"""Redis fails over, as its sentinels decide, and the servers follow."""

import asyncio

import pytest

from tests.conftest import StartServer
from tests.integration.cluster.clusters import both_reach, both_reach_again, calls_at, is_ready, two_servers
from tests.integration.signaling.resuming_client import introduced
from tests.people import Person
from tests.servers import ParlourServer, ReplicatedRedis

pytestmark = pytest.mark.database("postgres")


async def test_a_call_goes_on_while_redis_fails_over(fresh_server: StartServer) -> None:
    """First as somebody orders, with a master that lives on as a replica; then because the master dies.

    What is on its way meanwhile may be lost, as with any replica. Nobody is told anything.
    """
    async with ReplicatedRedis() as redis:
        servers = await two_servers(fresh_server, redis, PARLOUR_RESUME_GRACE=60)
        async with calls_at(servers) as call:
            ann, bob = await call.member("ann", call.here), await call.member("bob", call.there)
            await ann.joins()
            await bob.joins()
            await introduced(bob, ann)
            for server in servers:
                server.mark_log()
            await redis.fails_over()
            await have_moved(*servers)
            await both_reach_again(ann, bob)
            await redis.replica.stop()
            await have_moved(*servers)
            await both_reach_again(ann, bob)
            await is_ready(*servers)
            cid = await call.member("cid", call.here)
            await cid.joins()
            await introduced(cid, ann, bob)
            await both_reach(cid, bob, "1")
            there = await call.elsewhere.same(call.people["bob"])
            there.token = call.people["bob"].token

            async def write(person: Person) -> None:
                for number in range(5):
                    await person.writes(f"line {number}", to=call.room)

            await asyncio.gather(write(call.people["ann"]), write(there))
            shown = [
                [(await one.socket.expects_event("chat-message"))["message"] for _ in range(10)]
                for one in (ann, bob)
            ]
            assert shown[0] == shown[1]


async def have_moved(*servers: ParlourServer) -> None:
    """Wait until all have another master, since their logs were marked, and mark them."""
    for server in servers:
        await server.expect_log("redis.master_moved")
        server.mark_log()
