"""The server is killed and comes back while a call goes through the SFU beside it: the call goes on."""

import asyncio
import json
from collections.abc import Callable

import pytest

from tests.conftest import StartServer
from tests.e2e.conftest import AtBrowser
from tests.e2e.continuity import ContinuityWatch, keep_continuity
from tests.e2e.participant import Participant
from tests.e2e.test_a_server_that_dies import expect_interruption, expect_no_interruption, others, tile_ids
from tests.people import Visitors
from tests.servers.livekit import moving_at_once

pytestmark = pytest.mark.database("sqlite")

LONGEST_GAP_MS = 2_000
"""Less than the server is away. LiveKit restarts ICE when its signaling comes back, which costs a moment."""


async def test_a_call_of_three_goes_on_at_the_same_sfu(
    fresh_server: StartServer, at_browser: AtBrowser, record_property: Callable[[str, object], None]
) -> None:
    server = await fresh_server(moving_at_once(mesh_again_at=2))
    sfu = json.loads(await server.expect_log("sfu.ready"))["pid"]
    async with Visitors(server) as visitors:
        accounts = [await visitors.client(name) for name in ("ann", "bob", "cyd")]
        room = await accounts[0].creates_room()
        await accounts[0].invites(*accounts[1:], to=room)
        people = [await at_browser(account, bypass_csp=True) for account in accounts]
        for one in people:
            await keep_continuity(one.page)
            await one.comes_to(room)
            await one.enters()
        await server.expect_log("topology.settled")
        tiles = [await tile_ids(one) for one in people]
        watches = {one: ContinuityWatch(one.page, *others(one, people)) for one in people}
        await asyncio.gather(*(watch.begin() for watch in watches.values()))

        await server.kill()
        await asyncio.gather(*(expect_interruption(one) for one in people))
        server.mark_log()
        await server.start()
        await asyncio.gather(*(expect_no_interruption(one) for one in people))
        assert json.loads(await server.expect_log("sfu.found"))["pid"] == sfu
        await server.expect_log("topology.settled")
        await asyncio.gather(*(one.sees_and_hears(*others(one, people)) for one in people))

        assert "topology.moved" not in server.log_since_mark()
        assert [await tile_ids(one) for one in people] == tiles
        for one in people:
            await expect_continuity(one, watches[one], record_property)
        server.mark_log()
        await people[2].leaves()
        await server.expect_log('"kind": "mesh"')
        await asyncio.gather(
            *(one.sees_and_hears(*others(one, people[:2])) for one in people[:2]),
        )


async def expect_continuity(
    one: Participant, watch: ContinuityWatch, record_property: Callable[[str, object], None]
) -> None:
    for name, found in (await watch.read()).items():
        record_property(f"{name} at {one.name}", str(found))
        print(f"{name} at {one.name}: {found}")  # noqa: T201 - figures for docs/reliability.md
        assert found.frames > 0 and found.picture < LONGEST_GAP_MS and found.sound < LONGEST_GAP_MS, found
