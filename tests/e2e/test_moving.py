"""A call of browsers moves to a real SFU and back.

The test speaks for the server, which moves no calls yet.
"""

import asyncio
import json
import re
from typing import Any

import pytest
from playwright.async_api import WebSocketRoute

from tests.e2e.conftest import AtBrowser
from tests.people import Visitors
from tests.servers.livekit import RunningLiveKit

pytestmark = pytest.mark.database("sqlite")


class Line:
    """The line of signaling of one page, on which the test speaks for the server."""

    def __init__(self) -> None:
        self.routes: list[WebSocketRoute] = []
        self.peer_id = ""
        self.reports: list[tuple[str | None, str]] = []
        self.heard = asyncio.Event()

    def follow(self, route: WebSocketRoute) -> None:
        server = route.connect_to_server()
        self.routes.append(route)

        def from_page(message: str | bytes) -> None:
            found = re.match(r'42\d*\["topology-state",(.*)\]$', str(message))
            if found:
                report = json.loads(found[1])
                self.reports.append((report.get("epoch"), report["state"]))
                self.heard.set()
            server.send(message)

        def from_server(message: str | bytes) -> None:
            if str(message).startswith("43") and '"peerID"' in str(message):
                answer = json.loads(str(message)[str(message).index("[") :])[0]
                self.peer_id = answer.get("peerID", self.peer_id)
            route.send(message)

        route.on_message(from_page)
        server.on_message(from_server)

    def tell(self, **news: Any) -> None:
        self.routes[-1].send(f"42{json.dumps(['topology', news])}")

    async def reports_all(self, *expected: tuple[str, str]) -> None:
        async with asyncio.timeout(60):
            while not set(expected) <= set(self.reports):
                self.heard.clear()
                await self.heard.wait()


_SENDS = """
  () => window.connections
    .filter(({ connectionState }) => connectionState === "connected")
    .map((one) => one.getSenders().some(({ track }) => track?.readyState === "live"))
"""
"""Whether each connection of a page has something to send, in the order in which they were made."""


async def test_up_and_down(visitors: Visitors, at_browser: AtBrowser, sfu: RunningLiveKit) -> None:
    """Media go through the SFU alone once the move is settled, and the mesh takes them back as it was."""
    accounts = [await visitors.client(name) for name in ("ann", "bob")]
    room = await accounts[0].creates_room()
    await accounts[0].invites(accounts[1], to=room)
    people, lines = [], [Line(), Line()]
    for account, line in zip(accounts, lines, strict=True):
        someone = await at_browser(account, bypass_csp=True)  # this LiveKit is not behind Parlour's address
        await someone.page.route_web_socket(re.compile("socket.io"), line.follow)
        people.append(someone)
        await someone.comes_to(room)
        await someone.enters()
    ann, bob = people

    async def meet(*sending: bool) -> None:
        await asyncio.gather(ann.sees_and_hears(bob.name), bob.sees_and_hears(ann.name))
        for someone in people:
            await someone.page.wait_for_function(
                f"(wanted) => `${{({_SENDS})()}}` === `${{wanted}}`", arg=sending
            )

    await meet(True)
    await sfu.make_room("7-1")
    for line in lines:
        way = {"url": sfu.url, "token": sfu.token(line.peer_id, "7-1"), "ttl": 60}
        line.tell(epoch="1-1", kind="sfu", channels=True, settled=False, **way)
    for line in lines:
        await line.reports_all(("1-1", "published"), ("1-1", "receiving"))
    # LiveKit's client makes a connection for each direction.
    await meet(True, True, False)
    for line in lines:
        line.tell(epoch="1-1", kind="sfu", channels=True, settled=True)
    await meet(False, True, False)
    for settled in (False, True):
        for line in lines:
            line.tell(epoch="1-2", kind="mesh", channels=True, settled=settled)
        for line in lines:
            await line.reports_all(("1-2", "published"), ("1-2", "receiving"))
    await meet(True, False, False)
