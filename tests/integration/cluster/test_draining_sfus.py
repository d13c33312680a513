"""A call at two servers leaves an SFU that is drained, also if the server that decides about it is killed."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.conftest import StartServer
from tests.integration.cluster.clusters import two_servers
from tests.integration.server.test_several_sfus import Town, nodes_of
from tests.integration.signaling.caller import KNOWS_SFU, Caller
from tests.people import Visitors
from tests.servers import ParlourServer, RedisServer
from tests.servers.livekit import moving_between, two_livekits

pytestmark = pytest.mark.database("postgres")


@pytest.fixture
async def servers(
    fresh_server: StartServer, redis: RedisServer, tmp_path: Path
) -> AsyncIterator[tuple[Town, ParlourServer]]:
    """Two servers with the same two LiveKits, and a call on one of these: Ann, who began it, is at the first
    server, Bob and Cyd are at the second.
    """
    async with AsyncExitStack() as leaving:
        sfus = await leaving.enter_async_context(two_livekits(tmp_path))
        here, there = await two_servers(fresh_server, redis, **moving_between(*sfus))
        visitors = await leaving.enter_async_context(Visitors(here))
        people = [await visitors.client(name) for name in ("ann", "bob", "cyd")]
        room = await people[0].creates_room()
        await people[0].invites(*people[1:], to=room)
        callers = []
        for person, server in zip(people, (here, there, there), strict=True):
            callers.append(await Caller(server, person, leaving).connects())
            await callers[-1].joins(room, **KNOWS_SFU)
        urls = {f"/livekit/{sfu.access.label}": sfu for sfu in sfus}
        town = Town(here, urls, callers, "", "", tmp_path, room)
        await town.move()
        yield town, there


async def test_all_leave_it_for_the_other_one(servers: tuple[Town, ParlourServer]) -> None:
    town, there = servers
    former, before = town.used.access, nodes_of(town)
    assert await town.command("drain", former.url) == (0, f"{former.url} is drained.\n")
    for server in (town.server, there):
        await server.expect_log("sfu.drained")
    await town.move()
    assert town.used.access != former
    assert nodes_of(town).isdisjoint(before)
    code, said = await town.command("drain", former.url, "--wait", "60")
    assert (code, said) == (0, f"{former.url} is drained.\n")


async def test_all_leave_it_though_the_server_that_decides_is_killed(
    servers: tuple[Town, ParlourServer],
) -> None:
    town, there = servers
    former, before = town.url, town.epoch
    ann, bob, cyd = town.callers
    assert await town.command("drain", town.used.access.url) == (0, f"{town.used.access.url} is drained.\n")
    await town.server.kill()
    ann.server = there
    told = await ann.returns(town.room)
    for caller in (bob, cyd):
        moved = await caller.hears("sfu")
        while moved["epoch"] == before:
            moved = await caller.hears("sfu")
        await caller.follows(moved)
    while told["epoch"] != moved["epoch"]:
        told = await ann.hears("sfu")
    await ann.follows(told)
    town.epoch, town.url = moved["epoch"], moved["url"]
    assert town.url != former
    await town.settle()
