"""Redis falls silent for one server or for all: connections stay open, but nobody is answered."""

import asyncio

import pytest

from tests.conftest import StartServer
from tests.integration.cluster.clusters import both_reach, both_reach_again, calls_at, cluster_settings
from tests.integration.signaling.resuming_client import ResumingClient, introduced
from tests.servers import ParlourServer, RedisServer
from tests.servers.silence import SilentProxy


@pytest.mark.database("postgres")
async def test_a_call_goes_on_while_redis_is_silent(fresh_server: StartServer, redis: RedisServer) -> None:
    """At first for the server where the call began, and then for both. People of one server go on, those of
    two have `unavailable`, and nobody is told anything, but that what was under way may be lost.
    """
    async with SilentProxy(redis.port) as line:
        servers = here, there = await _two_servers(fresh_server, redis, line)
        async with calls_at(servers) as call:
            bob, cid = await call.member("bob", there), await call.member("cid", there)
            ann = await call.member("ann", here)
            for one, others in ((bob, []), (cid, [bob]), (ann, [bob, cid])):
                await one.joins()
                await introduced(one, *others)
            _mark(servers)
            line.falls_silent()
            lease = (
                (await there.expect_log("cluster.lease_ended")).partition('"lease": "')[2].partition('"')[0]
            )
            await here.expect_log("cluster.node_left")
            await here.expect_log("calls.owners_found")
            await _owns_nothing(lease, redis)
            await _are_apart(ann, bob)
            await both_reach(bob, cid, "1")
            line.answers_again()
            await _have_met(servers)
            for one in (bob, cid):
                await both_reach_again(ann, one)

            _mark(servers)
            redis.freeze()
            for server in servers:
                await server.expect_log("cluster.lease_ended")
            await _are_apart(ann, bob)
            await both_reach(bob, cid, "1")
            redis.thaw()
            await _have_met(servers)
            for one in (bob, cid):
                await both_reach_again(ann, one)


async def _two_servers(
    start: StartServer, redis: RedisServer, line: SilentProxy
) -> tuple[ParlourServer, ParlourServer]:
    """The second one reaches Redis by the line."""
    settings = cluster_settings(redis, PARLOUR_RESUME_GRACE=60)
    first = await start(settings)
    by_line = redis.url.replace(f":{redis.port}/", f":{line.port}/")
    second = await start({**settings, "PARLOUR_REDIS_URL": by_line}, first.database_url)
    await _have_met((first, second))
    return first, second


def _mark(servers: tuple[ParlourServer, ...]) -> None:
    for server in servers:
        server.mark_log()


async def _have_met(servers: tuple[ParlourServer, ...]) -> None:
    for server in servers:
        await server.expect_log("cluster.node_joined")


async def _owns_nothing(lease: str, redis: RedisServer) -> None:
    """Wait until Redis has no record that the lease owns a call or a task."""
    (owners,) = await redis.ask("KEYS", "parlour/cluster/*/owners")
    async with asyncio.timeout(60):
        while any(one.startswith(f"{lease} ") for one in await redis.ask("HVALS", owners)):  # noqa: ASYNC110
            await asyncio.sleep(0.1)  # another node removes them as it renews its lease


async def _are_apart(first: ResumingClient, second: ResumingClient) -> None:
    for one, other in ((first, second), (second, first)):
        assert (await one.proposes(other, "apart"))["code"] == "unavailable"
