"""A call of browsers moves to the SFU beside Parlour when it is large, and back, by itself."""

import json
import os
import re
import signal
from pathlib import Path

import pytest
from playwright.async_api import WebSocketRoute, expect

from tests.conftest import SHOWN_WITHIN_MS, StartServer
from tests.e2e.conftest import AtBrowser
from tests.e2e.participant import Participant, meet
from tests.e2e.relaying import relaying
from tests.people import Visitors
from tests.servers import ParlourServer
from tests.servers.livekit import embedded_livekit, moving_at_once

pytestmark = pytest.mark.database("sqlite")

_SENDING = """
  (count) => window.connections
    .filter(({ connectionState }) => connectionState === "connected")
    .filter((one) => one.getSenders().some(({ track }) => track?.readyState === "live")).length === count
"""
"""Asks if so many connections of a page have something to send.

It is one to an SFU, and in a mesh one to each other person.
"""


async def _three(visitors: Visitors, at_browser: AtBrowser) -> tuple[str, list[Participant]]:
    """Return a room, and three people at browsers who may come to it."""
    accounts = [await visitors.client(name) for name in ("ann", "bob", "cyd")]
    room = await accounts[0].creates_room()
    await accounts[0].invites(*accounts[1:], to=room)
    return room, [await at_browser(account) for account in accounts]


async def _meet_at_the_sfu(server: ParlourServer, people: list[Participant]) -> None:
    await server.expect_log('"kind": "sfu"')
    for person in people:
        await person.page.wait_for_function(_SENDING, arg=1)
    await meet(people)


async def test_the_third_moves_a_call_up_and_it_survives_the_sfu(
    fresh_server: StartServer, at_browser: AtBrowser
) -> None:
    """One that ends is back in a second: the call goes to a new room there, or by a mesh if its people say
    first that they have lost it. One that hangs leaves a mesh alone.
    """
    server = await fresh_server(moving_at_once(mesh_again_at=2))
    sfu = json.loads(await server.expect_log("sfu.ready"))["pid"]
    async with Visitors(server) as visitors:
        room, people = await _three(visitors, at_browser)
        for person in people[:2]:
            await person.comes_to(room)
            await person.enters()
        await meet(people[:2])
        await people[2].comes_to(room)
        await people[2].enters()
        await _meet_at_the_sfu(server, people)

        server.mark_log()
        os.kill(sfu, signal.SIGKILL)
        await _meet_at_the_sfu(server, people)
        sfu = json.loads(await server.expect_log("sfu.ready"))["pid"]

        server.mark_log()
        os.kill(sfu, signal.SIGSTOP)
        await server.expect_log('"kind": "mesh"')
        await meet(people)
        server.mark_log()
        os.kill(sfu, signal.SIGCONT)
        await _meet_at_the_sfu(server, people)

        server.mark_log()
        await people[2].leaves()
        await server.expect_log('"kind": "mesh"')
        await meet(people[:2])
        for person in people[:2]:
            await person.page.wait_for_function(_SENDING, arg=1)


async def test_a_browser_that_the_sfu_has_refused_once_comes_to_it_all_the_same(
    fresh_server: StartServer, at_browser: AtBrowser
) -> None:
    """It says that it has failed, and the server gives it another token."""
    server = await fresh_server(moving_at_once(mesh_again_at=2))
    await server.expect_log("sfu.ready")
    async with Visitors(server) as visitors:
        room, people = await _three(visitors, at_browser)
        refused: list[str] = []

        async def refuse_once(socket: WebSocketRoute) -> None:
            if refused:
                socket.connect_to_server()
            else:
                refused.append(socket.url)
                await server.expect_log("topology.settled")
                await socket.close(code=1011)

        await people[1].page.route_web_socket(re.compile("/livekit/"), refuse_once)
        for person in people:
            await person.comes_to(room)
            await person.enters()
        await _meet_at_the_sfu(server, people)
        assert len(refused) == 1


async def test_the_host_says_which_way_the_media_of_a_call_take(
    fresh_server: StartServer, at_browser: AtBrowser
) -> None:
    """Two people are no reason for a server to use its SFU."""
    settings = {**embedded_livekit(), "PARLOUR_TOPOLOGY_REST_SECONDS": 0}
    server = await fresh_server(settings)
    await server.expect_log("sfu.ready")
    async with Visitors(server) as visitors:
        accounts = [await visitors.client(name) for name in ("ann", "bob")]
        room = await accounts[0].creates_room()
        await accounts[0].invites(accounts[1], to=room)
        people = [await at_browser(account) for account in accounts]
        for person in people:
            await person.comes_to(room)
            await person.enters()
        at_home = await people[0].page.context.new_page()
        at_home.set_default_timeout(SHOWN_WITHIN_MS)
        await at_home.goto("/")

        async def sets(way: str) -> None:
            await at_home.get_by_role("button", name=f"Manage “{room}”").click()
            await at_home.get_by_role("menuitem", name="Edit room").click()
            await at_home.get_by_text(way, exact=True).click()
            await expect(at_home.get_by_role("radio", name=re.compile(f"^{way}"))).to_be_checked()
            await at_home.get_by_role("button", name="Save").click()
            await expect(at_home.get_by_role("dialog")).to_have_count(0)

        async def both_meet() -> None:
            for person in people:
                await person.page.wait_for_function(_SENDING, arg=1)
            await meet(people)

        await both_meet()
        for way, kind in (("Through the SFU", "sfu"), ("From person to person", "mesh")):
            server.mark_log()
            await sets(way)
            await server.expect_log(f'"kind": "{kind}"')
            await both_meet()


_LOCAL_ENDS = """
  () => Promise.all(window.connections
    .filter(({ connectionState }) => connectionState === "connected")
    .map(async (one) => {
      const report = await one.getStats();
      const transport = [...report.values()].find(({ type }) => type === "transport");
      const pair = report.get(transport?.selectedCandidatePairId);
      const { candidateType = "none yet", port } = report.get(pair?.localCandidateId) ?? {};
      return `${candidateType} ${port}`;
    }))
"""
"""Says by which kind of address each connection of a page goes, and by which port of it."""
_ALL_ARE_RELAYED = f"""
  async () => {{
    const ends = await ({_LOCAL_ENDS})();
    return ends.length > 1 && ends.every((end) => end.startsWith("relay ")) && ends;
  }}
"""
"""There are the connection to the SFU, and the other one for data."""
_ALL_RELAYS_ARE_NEW = f"""
  async (former) => {{
    const ends = await ({_LOCAL_ENDS})();
    return ends.length === former.length &&
      ends.every((end) => end.startsWith("relay ") && !former.includes(end));
  }}
"""
CREDENTIAL_SECONDS = 20


async def test_media_of_a_relayed_room_reach_the_sfu_through_relays_that_are_renewed(
    fresh_server: StartServer, at_browser: AtBrowser, tmp_path: Path
) -> None:
    """Connections get new credentials at half of their time, and new relays by these."""
    server = await relaying(fresh_server, tmp_path, **embedded_livekit(), PARLOUR_TURN_TTL=CREDENTIAL_SECONDS)
    await server.expect_log("sfu.ready")
    async with Visitors(server) as visitors:
        accounts = [await visitors.client(name) for name in ("ann", "bob")]
        room = await accounts[0].creates_room(relay_only=True, topology="sfu")
        await accounts[0].invites(accounts[1], to=room)
        ann, bob = [await at_browser(account) for account in accounts]
        for person in (ann, bob):
            await person.comes_to(room)
            await person.enters()
        await server.expect_log('"kind": "sfu"')
        for person in (ann, bob):
            await person.page.wait_for_function(_SENDING, arg=1)
        await meet([ann, bob])
        for _ in range(2):
            for person in (ann, bob):
                relayed = await person.page.wait_for_function(_ALL_ARE_RELAYED, polling=200)
                ends = await relayed.json_value()
                await person.page.wait_for_function(_ALL_RELAYS_ARE_NEW, arg=ends, polling=200)
            await meet([ann, bob])
        moves = [line for line in server.log_lines() if "topology.moved" in line]
        assert len(moves) == 1, "a connection that is renewed is not lost"
