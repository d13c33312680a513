"""A call moves to a real SFU and back: what is said to clients that know it, and to those that do not."""

import json
import os
import signal
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.conftest import StartServer
from tests.integration.cluster.clusters import calls_at, two_servers
from tests.integration.signaling.caller import KNOWS_SFU, Caller, call_of_three
from tests.integration.signaling.resuming_client import introduced
from tests.people import Visitors
from tests.servers import RedisServer
from tests.servers.livekit import livekit, moving_at_once

pytestmark = pytest.mark.database("sqlite")


async def test_a_call_moves_to_an_sfu_and_back(fresh_server: StartServer) -> None:
    server = await fresh_server(moving_at_once(mesh_again_at=1))
    await server.expect_log("sfu.ready")
    async with Visitors(server) as visitors, AsyncExitStack() as leaving:
        people = [await visitors.client(name) for name in ("ann", "bob", "cyd", "old")]
        room = await people[0].creates_room()
        await people[0].invites(*people[1:], to=room)

        ann, bob, cyd, old = [await Caller(server, person, leaving).connects() for person in people]
        for caller in (ann, bob, cyd):
            assert (await caller.joins(room, **KNOWS_SFU))["topology"] == "mesh"
        told = [await caller.hears("sfu") for caller in (ann, bob, cyd)]
        assert len({one["epoch"] for one in told}) == 1 and len({one["token"] for one in told}) == 3
        assert (await old.joins(room))["code"] == "client_too_old"
        for caller, one in zip((ann, bob, cyd), told, strict=True):
            await caller.follows(one)
            await caller.reports("receiving", one["epoch"])
        for caller in (ann, bob, cyd):
            assert (await caller.hears("sfu", settled=True))["epoch"] == told[0]["epoch"]

        await cyd.leaves()
        await cyd.is_disconnected()
        late = await cyd.joins(room, **KNOWS_SFU)
        assert (late["move"]["epoch"], late["move"]["settled"]) == (told[0]["epoch"], True)
        for caller in (ann, bob):  # its SFU is lost to two of three
            await caller.reports("failed", told[0]["epoch"])
        back = [await caller.hears("mesh") for caller in (ann, bob, cyd)]
        assert "token" not in back[0] and len({one["epoch"] for one in back}) == 1

        again = [await caller.hears("sfu") for caller in (ann, bob, cyd)]
        assert again[0]["epoch"] not in (told[0]["epoch"], back[0]["epoch"])
        for caller in (ann, bob, cyd):
            await caller.reports("receiving", again[0]["epoch"])
        await ann.hears("sfu", settled=True)
        for caller in (bob, cyd):
            await caller.leaves()
        await ann.hears("mesh")


@pytest.mark.parametrize("is_settled", [True, False])
async def test_a_crash_of_the_server_moves_no_call(fresh_server: StartServer, *, is_settled: bool) -> None:
    """The call goes on at its SFU, where nobody is disconnected before they had the time to come back; also
    where its move there was not over.
    """
    settings = moving_at_once(mesh_again_at=2)
    server = await fresh_server(settings)
    await server.expect_log("sfu.well")
    port = int(settings["PARLOUR_SFU_PORT"])
    async with call_of_three(server) as (room, callers):
        for caller in callers:
            told = await caller.hears("sfu")
            await caller.follows(told, directly_at=port)
        if is_settled:
            await all_receive(callers, "sfu", told["epoch"])

        await server.kill()
        server.mark_log()
        await server.start()
        await server.expect_log("sfu.well")  # a busy machine may take longer than it is waited for
        for caller in callers:
            move = await caller.returns(room)
            assert (move["kind"], move["epoch"], move["settled"]) == ("sfu", told["epoch"], False)
        await all_receive(callers, "sfu", told["epoch"])
        for caller in callers:
            assert caller.connection is not None
            await (await caller.connection.ping())
        assert "sfu.found" in server.log_since_mark()
        assert "topology.moved" not in server.log_since_mark()
        await callers[2].leaves()
        await callers[2].is_disconnected()
        await callers[0].hears("mesh")


async def test_a_crash_on_the_way_down_ends_in_the_mesh(fresh_server: StartServer) -> None:
    settings = moving_at_once(mesh_again_at=2)
    server = await fresh_server({**settings, "PARLOUR_RESUME_GRACE": 5})
    await server.expect_log("sfu.well")
    async with call_of_three(server) as (room, callers):
        for caller in callers:
            told = await caller.hears("sfu")
            await caller.follows(told, directly_at=int(settings["PARLOUR_SFU_PORT"]))
        await all_receive(callers, "sfu", told["epoch"])
        await callers[2].leaves()
        for caller in callers[:2]:
            await caller.hears("mesh")

        await server.kill()
        server.mark_log()
        await server.start()
        await server.expect_log("sfu.well")
        for caller in callers[:2]:
            move = await caller.returns(room)
            assert (move["kind"], move["epoch"]) == ("sfu", told["epoch"])
        await all_receive(callers[:2], "sfu", told["epoch"])
        back = [await caller.hears("mesh") for caller in callers[:2]]
        await all_receive(callers[:2], "mesh", back[0]["epoch"])


async def test_an_sfu_that_is_killed_in_the_middle_of_a_move(fresh_server: StartServer) -> None:
    server = await fresh_server(moving_at_once(mesh_again_at=2))
    sfu = json.loads(await server.expect_log("sfu.ready"))["pid"]
    async with call_of_three(server) as (_, callers):
        for caller in callers:
            told = await caller.hears("sfu")
            await caller.follows(told)
        os.kill(sfu, signal.SIGKILL)
        again = [await caller.hears_of_next_sfu(told["epoch"]) for caller in callers]
        for caller, one in zip(callers, again, strict=True):
            await caller.follows(one)
        assert len({one["epoch"] for one in again}) == 1
        await all_receive(callers, "sfu", again[0]["epoch"])


async def all_receive(callers: list[Caller], kind: str, epoch: str) -> None:
    """All report that they receive, and hear that the move is settled."""
    for caller in callers:
        await caller.reports("receiving", epoch)
    for caller in callers:
        assert (await caller.hears(kind, settled=True))["epoch"] == epoch


@pytest.mark.database("postgres")
async def test_a_call_goes_where_its_room_is_set_to_at_whichever_server(
    fresh_server: StartServer, redis: RedisServer, tmp_path: Path
) -> None:
    """The call is the other server's than that which hears of the change."""
    async with livekit(tmp_path) as sfu:
        settings = {**sfu.settings(), "PARLOUR_CALL_TOPOLOGY": "sfu", "PARLOUR_TOPOLOGY_REST_SECONDS": 0}
        servers = await two_servers(fresh_server, redis, **settings)
        for server in servers:
            await server.expect_log("sfu.well")
        async with calls_at(servers) as call:
            await call.sets("mesh")
            bob, ann = await call.member("bob", call.there), await call.member("ann", call.here)
            for member in (bob, ann):
                await member.joins(topologies=["mesh", "sfu"])
            await introduced(ann, bob)

            async def both_move(kind: str) -> None:
                for settled in (False, True):
                    for member in (ann, bob):
                        told = await member.hears("topology", kind=kind, settled=settled)
                        report = {"state": "receiving", "epoch": told["epoch"]}
                        await member.socket.asks(json.dumps(["topology-state", report]))

            for kind in ("sfu", "mesh"):
                await call.sets(kind)
                await both_move(kind)
            await call.sets("auto")
            await both_move("sfu")
            await call.sets("sfu")
            old = await call.member("cid", call.there)
            with pytest.raises(AssertionError, match="client_too_old"):
                await old.joins()
