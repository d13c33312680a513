"""Calls are on one of several SFUs, and leave it for another one when it is drained or lost."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from parlour.sfu.node_identity import node_of
from parlour.sfu.options import SfuAccess
from parlour.sfu.room_service import RoomService
from parlour.sfu_link import SfuUnavailable
from tests.conftest import StartServer
from tests.contract.coordination import eventually
from tests.integration.signaling.caller import KNOWS_SFU, Caller, call_of_three
from tests.people import Visitors
from tests.servers import ParlourServer, RedisServer
from tests.servers.command import run_parlour
from tests.servers.livekit import RunningLiveKit, embedded_livekit, livekit, moving_between, two_livekits

pytestmark = pytest.mark.database("sqlite")


@dataclass
class Town:
    """A server with two SFUs, and a call of three, in `room`, on one of them."""

    server: ParlourServer
    sfus: dict[str, RunningLiveKit]
    """By the paths below which clients reach them."""
    callers: list[Caller]
    url: str
    epoch: str
    folder: Path
    room: str

    @property
    def used(self) -> RunningLiveKit:
        return self.sfus[self.url]

    @property
    def other(self) -> RunningLiveKit:
        [other] = [sfu for url, sfu in self.sfus.items() if url != self.url]
        return other

    async def command(self, *words: str) -> tuple[int, str]:
        settings = {name: str(value) for name, value in moving_between(*self.sfus.values()).items()}
        ended = await run_parlour("sfu", *words, folder=self.folder, settings=settings)
        return ended.code, ended.out or ended.err

    async def move(self, *, settles: bool = True) -> None:
        """Follow the call to the SFU that all are told next."""
        for caller in self.callers:
            told = await caller.hears("sfu")
            while told["epoch"] == self.epoch:
                told = await caller.hears("sfu")
            await caller.follows(told)
        self.epoch, self.url = told["epoch"], told["url"]
        if settles:
            await self.settle()

    async def settle(self) -> None:
        for caller in self.callers:
            await caller.reports("receiving", self.epoch)
        for caller in self.callers:
            assert (await caller.hears("sfu", settled=True))["epoch"] == self.epoch


@pytest.fixture(params=["alone", "on one Redis"])
async def town(
    request: pytest.FixtureRequest, fresh_server: StartServer, redis: RedisServer, tmp_path: Path
) -> AsyncIterator[Town]:
    shared = None if request.param == "alone" else redis
    async with AsyncExitStack() as leaving:
        sfus = await leaving.enter_async_context(two_livekits(tmp_path, redis=shared))
        server = await fresh_server(moving_between(*sfus))
        for _ in sfus:
            await server.expect_log("sfu.well")
        room, callers = await leaving.enter_async_context(call_of_three(server))
        urls = {f"/livekit/{sfu.access.label}": sfu for sfu in sfus}
        town = Town(server, urls, callers, "", "", tmp_path, room)
        await town.move()
        yield town


async def test_everybody_leaves_an_sfu_that_is_drained_for_the_other_one(town: Town) -> None:
    former, other = town.used.access, town.other.access
    connections = [caller.connection for caller in town.callers]
    assert nodes_of(town) == {await node_of(former)}
    assert await town.command("drain", former.url) == (0, f"{former.url} is drained.\n")
    await town.move(settles=False)
    assert town.used.access == other
    assert nodes_of(town) == {await node_of(other)} != {await node_of(former)}
    for connection in connections:
        assert connection is not None
        await (await connection.ping())  # the former way is open until the move is settled
    await town.settle()
    code, out = await town.command("drain", former.url, "--wait", "60", "--json")
    assert (code, json.loads(out)) == (
        0,
        {"url": former.url, "state": "drained", "calls": 0, "people": 0},
    )
    _, listed = await town.command("list", "--json")
    assert [(one["url"], one["state"]) for one in json.loads(listed)] == [
        (sfu.access.url, "drained" if sfu.access == former else "takes calls") for sfu in town.sfus.values()
    ]

    # Now the other way round.
    assert await town.command("undrain", former.url) == (0, f"{former.url} takes calls.\n")
    assert await town.command("drain", other.url) == (0, f"{other.url} is drained.\n")
    await town.move()
    assert town.used.access == former


async def test_everybody_leaves_an_sfu_that_is_lost_for_the_other_one(town: Town) -> None:
    former = town.used
    await former.kill()
    await town.move()
    assert town.used is not former
    for caller in town.callers:
        assert caller.connection is not None
        await (await caller.connection.ping())


async def test_what_is_said_to_wrong_commands(town: Town) -> None:
    first, second = [sfu.access.url for sfu in town.sfus.values()]
    code, said = await town.command("drain")
    assert (code, said) == (2, f"parlour: which one? There are {first}, {second}.\n")
    code, said = await town.command("drain", "http://127.0.0.1:9")
    assert (code, said) == (
        2,
        f"parlour: the settings name no SFU http://127.0.0.1:9, but {first}, {second}.\n",
    )
    used = town.used.access.url
    code, said = await town.command("drain", used.replace("http", "ws", 1), "--wait", "1")
    assert (code, said) == (1, f"parlour: {used} is drained, and 3 people are there still.\n")
    await town.other.kill()
    code, said = await town.command("undrain", town.other.access.url)
    assert (code, said.startswith(f"parlour: {town.other.access.url} does not answer (")) == (2, True)


def nodes_of(town: Town) -> set[str]:
    """Return the ids of the LiveKits on which the callers are."""
    return {caller.sfu_node for caller in town.callers}


async def test_a_small_call_leaves_the_only_sfu_for_the_mesh_while_it_is_updated(
    fresh_server: StartServer, tmp_path: Path
) -> None:
    """LiveKit beside Parlour is drained, ended and started again, and the call comes back to it."""
    server = await fresh_server({**embedded_livekit(), "PARLOUR_TOPOLOGY_REST_SECONDS": 0})
    pid = json.loads(await server.expect_log("sfu.ready"))["pid"]
    async with Visitors(server) as visitors, AsyncExitStack() as leaving:
        people = [await visitors.client(name) for name in ("ann", "bob")]
        room = await people[0].creates_room(topology="sfu")
        await people[0].invites(people[1], to=room)
        callers = [await Caller(server, person, leaving).connects() for person in people]
        for caller in callers:
            await caller.joins(room, **KNOWS_SFU)
        up = [await caller.hears("sfu") for caller in callers]
        for caller, told in zip(callers, up, strict=True):
            await caller.follows(told)
        for caller in callers:
            await caller.reports("receiving", up[0]["epoch"])
        draining = asyncio.create_task(
            run_parlour("sfu", "drain", "--wait", "60", folder=tmp_path, settings=server.settings)
        )
        down = [await caller.hears("mesh") for caller in callers]
        for caller in callers:
            await caller.reports("receiving", down[0]["epoch"])
        ended = await draining
        assert (ended.code, ended.err) == (0, "")
        os.kill(pid, signal.SIGTERM)
        again = [await caller.hears("sfu") for caller in callers]
        await callers[0].follows(again[0])
        assert again[0]["epoch"] not in (up[0]["epoch"], down[0]["epoch"])


async def test_a_mark_that_was_left_by_a_node_that_has_ended_can_be_taken_away(
    redis: RedisServer, tmp_path: Path
) -> None:
    """It is in Redis still, as the room of a node that is not there."""
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        folder.mkdir()
    async with livekit(folders[0], redis=redis) as first:
        marked = first.access
        async with asking(marked) as service:
            await service.find_node()
            await service.drain()
    async with (
        livekit(folders[1], redis=redis) as second,
        asking(replace(marked, url=second.access.url)) as service,
    ):

        async def is_undrained() -> bool:
            """Return True once LiveKit believes no more that the other node is there, which takes it 5 s."""
            try:
                await service.undrain()
            except SfuUnavailable:
                return False
            return True

        assert marked.drain_mark in await service.rooms()
        await eventually(is_undrained)
        assert marked.drain_mark not in await service.rooms()


@asynccontextmanager
async def asking(access: SfuAccess) -> AsyncIterator[RoomService]:
    service = RoomService(access)
    try:
        yield service
    finally:
        await service.close()
