"""A call of three at three servers moves to a real SFU and back, while the server that decides is killed."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from parlour.sfu.options import KEY
from tests.conftest import StartServer
from tests.integration.cluster.clusters import cluster_settings
from tests.integration.signaling.caller import KNOWS_SFU, Caller
from tests.people import Person, Visitors
from tests.servers import ParlourServer, RedisServer
from tests.servers.livekit import RunningLiveKit, livekit

pytestmark = pytest.mark.database("postgres")


@dataclass
class Town:
    """Three servers with one SFU, and three people who may enter a room at each of them."""

    servers: list[ParlourServer]
    sfu: RunningLiveKit
    people: list[Person]
    room: str
    leaving: AsyncExitStack

    async def call(self, *at: int) -> list[Caller]:
        """Have all three join, each at the server of this number."""
        callers = []
        for person, number in zip(self.people, at, strict=True):
            caller = await Caller(self.servers[number], person, self.leaving).connects()
            await caller.joins(self.room, **KNOWS_SFU)
            callers.append(caller)
        return callers

    async def follow(self, *callers: Caller) -> dict[str, Any]:
        """Have them connect to the SFU as they are told, and return what they are told."""
        for caller in callers:
            told = await caller.hears("sfu")
            await caller.follows(told, directly_at=self.sfu.options.api_port)
        return told

    async def settle(self, *callers: Caller, kind: str, epoch: str) -> None:
        for caller in callers:
            await caller.reports("receiving", epoch)
        for caller in callers:
            assert (await caller.hears(kind, settled=True))["epoch"] == epoch


@pytest.fixture
async def town(fresh_server: StartServer, redis: RedisServer, tmp_path: Path) -> AsyncIterator[Town]:
    folder = tmp_path / "livekit"
    folder.mkdir()
    async with livekit(folder) as sfu:
        settings = cluster_settings(
            redis,
            PARLOUR_RESUME_GRACE=8,
            PARLOUR_LIVEKIT_URL=sfu.url.replace("ws", "http", 1),
            PARLOUR_LIVEKIT_KEY=KEY,
            PARLOUR_LIVEKIT_SECRET=sfu.options.secret,
            PARLOUR_SFU_ABOVE=2,
            PARLOUR_MESH_AGAIN_AT=2,
            PARLOUR_MESH_AGAIN_SECONDS=0,
            PARLOUR_TOPOLOGY_REST_SECONDS=0,
        )
        servers = [await fresh_server(settings)]
        servers += [await fresh_server(settings, servers[0].database_url) for _ in range(2)]
        for server in servers:
            await server.expect_log("sfu.well")
        async with Visitors(servers[0]) as visitors, AsyncExitStack() as leaving:
            people = [await visitors.client(name) for name in ("ann", "bob", "cyd")]
            room = await people[0].creates_room()
            await people[0].invites(*people[1:], to=room)
            yield Town(servers, sfu, people, room, leaving)


async def test_a_call_at_three_servers_moves_and_its_owner_is_killed_on_the_way_up(town: Town) -> None:
    ann, bob, cyd = callers = await town.call(0, 1, 2)
    told = await town.follow(*callers)
    await town.servers[0].kill()
    ann.server = town.servers[1]
    move = await ann.returns(town.room)
    assert (move["kind"], move["epoch"]) == ("sfu", told["epoch"])
    await town.settle(*callers, kind="sfu", epoch=told["epoch"])
    await all_stay(callers)
    await cyd.leaves()
    await cyd.is_disconnected()
    back = [await caller.hears("mesh") for caller in (ann, bob)]
    await town.settle(ann, bob, kind="mesh", epoch=back[0]["epoch"])


async def test_the_owner_is_killed_on_the_way_down(town: Town) -> None:
    ann, bob, cyd = callers = await town.call(0, 1, 2)
    told = await town.follow(*callers)
    await town.settle(*callers, kind="sfu", epoch=told["epoch"])
    await cyd.leaves()
    back = [await caller.hears("mesh") for caller in (ann, bob)]
    await town.servers[0].kill()
    ann.server = town.servers[1]  # which surely has heard of the move, as its member has
    move = await ann.returns(town.room)
    assert (move["kind"], move["epoch"]) == ("mesh", back[0]["epoch"])
    await town.settle(ann, bob, kind="mesh", epoch=back[0]["epoch"])


async def test_who_comes_back_at_a_server_that_knows_nothing_of_the_call_stays_on_its_sfu(town: Town) -> None:
    """All members are at the server that is killed."""
    callers = await town.call(0, 0, 0)
    told = await town.follow(*callers)
    await town.settle(*callers, kind="sfu", epoch=told["epoch"])
    await town.servers[0].kill()
    for caller, server in zip(callers, (1, 2, 2), strict=True):
        caller.server = town.servers[server]
        move = await caller.returns(town.room)
        assert (move["kind"], move["epoch"]) == ("sfu", told["epoch"])
    await town.settle(*callers, kind="sfu", epoch=told["epoch"])
    await all_stay(callers)


async def all_stay(callers: list[Caller]) -> None:
    """The SFU has ended nobody's connection."""
    for caller in callers:
        assert caller.connection is not None
        await (await caller.connection.ping())
