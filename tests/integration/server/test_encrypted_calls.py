"""A room says whether its calls are encrypted through a real SFU, whichever of two servers is told."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartServer
from tests.integration.cluster.clusters import two_servers
from tests.integration.signaling.caller import KNOWS_SFU, Caller
from tests.people import Person, Visitors, done
from tests.servers import ParlourServer, RedisServer
from tests.servers.checkout import ROOT
from tests.servers.livekit import livekit

pytestmark = pytest.mark.database("postgres")
_VECTORS = json.loads((ROOT / "docs" / "end-to-end-encryption.json").read_text("utf-8"))
_ENCRYPTS = {**KNOWS_SFU, "memberKey": _VECTORS["members"]["ann"]["memberKey"]}
_MESH = 8
"""So many people have room in a mesh."""


@dataclass
class Town:
    """Two servers, of which the second owns the calls: the people who come first come there."""

    servers: tuple[ParlourServer, ParlourServer]
    ann: Person
    room: str
    leaving: AsyncExitStack

    async def caller(self, *, at: int, **claims: Any) -> Caller:
        caller = await Caller(self.servers[at], self.ann, self.leaving).connects()
        assert (await caller.joins(self.room, **claims))["ok"]
        return caller

    async def sets(self, encryption: str) -> None:
        """Have it set at the first server."""
        done(await self.ann.post("/room/change", {"room": self.room, "encryption": encryption}))


@pytest.fixture
async def town(fresh_server: StartServer, redis: RedisServer, tmp_path: Path) -> AsyncIterator[Town]:
    async with livekit(tmp_path) as sfu:
        settings = {
            **sfu.settings(),
            "PARLOUR_SFU_ABOVE": 2,
            "PARLOUR_MESH_AGAIN_AT": 1,
            "PARLOUR_MESH_AGAIN_SECONDS": 0,
            "PARLOUR_TOPOLOGY_REST_SECONDS": 0,
            "PARLOUR_VISITS_PER_PERSON": _MESH + 2,
        }
        servers = await two_servers(fresh_server, redis, **settings)
        for server in servers:
            await server.expect_log("sfu.well")
        async with Visitors(servers[0]) as visitors, AsyncExitStack() as leaving:
            ann = await visitors.client("ann")
            yield Town(servers, ann, await ann.creates_room(), leaving)


async def move(callers: list[Caller], kind: str) -> dict[str, Any]:
    """Have all hear of a move, and settle it."""
    told = [await caller.hears(kind) for caller in callers]
    assert len({one["epoch"] for one in told}) == 1
    for caller in callers:
        await caller.reports("receiving", told[0]["epoch"])
    for caller in callers:
        await caller.hears(kind, settled=True)
    return told[0]


async def test_a_call_is_moved_once_more_and_stays_encrypted_until_all_have_left(town: Town) -> None:
    await town.sets("off")
    callers = [await town.caller(at=at, **_ENCRYPTS) for at in (1, 0, 0)]
    assert "encrypted" not in await move(callers, "sfu")
    await town.sets("on")
    assert (await move(callers, "sfu"))["encrypted"] is True
    keyless = await Caller(town.servers[0], town.ann, town.leaving).connects()
    assert (await keyless.joins(town.room, **KNOWS_SFU))["code"] == "browser_cannot_encrypt"
    await town.sets("off")
    for caller in callers[1:]:
        await caller.leaves()
    assert (await move(callers[:1], "mesh"))["encrypted"] is True
    callers[1:] = [await town.caller(at=0, **_ENCRYPTS) for _ in range(2)]
    assert (await move(callers, "sfu"))["encrypted"] is True
    for caller in callers:
        await caller.leaves()
    callers = [await town.caller(at=at, **_ENCRYPTS) for at in (1, 0, 0)]
    assert "encrypted" not in await move(callers, "sfu")


async def test_a_mesh_says_that_it_is_to_be_left_encrypted_alone(town: Town) -> None:
    here, there = [await town.caller(at=at, **_ENCRYPTS) for at in (1, 0)]
    await town.sets("on")
    for caller in (here, there):
        assert (await caller.hears("mesh", settled=True))["encrypted"] is True
    late = await Caller(town.servers[0], town.ann, town.leaving).connects()
    told = (await late.joins(town.room, **KNOWS_SFU))["move"]
    assert (told["kind"], told["encrypted"]) == ("mesh", True)


async def test_who_cannot_encrypt_is_removed_from_a_large_call_and_told_why(town: Town) -> None:
    await town.sets("off")
    able = [await town.caller(at=1, **_ENCRYPTS) for _ in range(_MESH)]
    keyless = await town.caller(at=0, **KNOWS_SFU)
    assert "encrypted" not in await able[0].hears("sfu")
    await town.sets("on")
    assert await keyless.is_removed() == "browser_cannot_encrypt"
    for caller in able:
        while "encrypted" not in await caller.hears("sfu"):
            """Those who were there when the call first moved have heard of that, too."""
