"""A call of browsers moves to the SFU beside Parlour when it is large, and back, by itself."""

import asyncio
import json
import os
import signal

import pytest

from tests.conftest import StartServer
from tests.e2e.conftest import AtBrowser
from tests.e2e.participant import Participant
from tests.people import Visitors
from tests.servers.livekit import moving_at_once

pytestmark = pytest.mark.database("sqlite")

_SENDING = """
  (count) => window.connections
    .filter(({ connectionState }) => connectionState === "connected")
    .filter((one) => one.getSenders().some(({ track }) => track?.readyState === "live")).length === count
"""
"""Asks if so many connections of a page have something to send.

It is one to an SFU, and in a mesh one to each other person.
"""


async def test_the_third_moves_a_call_up_and_it_survives_the_sfu(
    fresh_server: StartServer, at_browser: AtBrowser
) -> None:
    server = await fresh_server(moving_at_once(mesh_again_at=2))
    sfu = json.loads(await server.expect_log("sfu.ready"))["pid"]
    async with Visitors(server) as visitors:
        accounts = [await visitors.client(name) for name in ("ann", "bob", "cyd")]
        room = await accounts[0].creates_room()
        await accounts[0].invites(*accounts[1:], to=room)
        people = [await at_browser(account) for account in accounts]

        async def meet(*present: Participant) -> None:
            pairs = [(one, other) for one in present for other in present if one is not other]
            await asyncio.gather(*(one.sees_and_hears(other.name) for one, other in pairs))

        for person in people[:2]:
            await person.comes_to(room)
            await person.enters()
        await meet(*people[:2])
        await people[2].comes_to(room)
        await people[2].enters()
        await server.expect_log('"kind": "sfu"')
        for person in people:
            await person.page.wait_for_function(_SENDING, arg=1)
        await meet(*people)

        server.mark_log()
        os.kill(sfu, signal.SIGKILL)
        await server.expect_log('"kind": "mesh"')
        await meet(*people)
        await server.expect_log('"kind": "sfu"')
        for person in people:
            await person.page.wait_for_function(_SENDING, arg=1)
        await meet(*people)

        server.mark_log()
        await people[2].leaves()
        await server.expect_log('"kind": "mesh"')
        await meet(*people[:2])
        for person in people[:2]:
            await person.page.wait_for_function(_SENDING, arg=1)
