"""A call over https, below a path, through each of the proxies whose configuration is in deploy/."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.conftest import StartServer
from tests.e2e.conftest import AtBrowser
from tests.e2e.participant import room_path
from tests.people import Visitors
from tests.servers.proxies import Ports, deployed

pytestmark = pytest.mark.database("sqlite")

BASE = "/meet"
KINDS = ("nginx", "caddy", "haproxy")


async def test_two_people_talk_through_each_of_them(
    fresh_server: StartServer, at_browser: AtBrowser, tmp_path: Path
) -> None:
    """They come to one server by nginx, and load the same room's page again by the others."""
    ports = {kind: Ports() for kind in KINDS}
    origins = [f"https://localhost:{ports[kind].https}" for kind in KINDS]
    server = await fresh_server(
        {
            "PARLOUR_PUBLIC_URL": origins[0] + BASE,
            "PARLOUR_ALLOWED_ORIGINS": ",".join(origins[1:]),
            "PARLOUR_TRUSTED_PROXIES": "127.0.0.1",
        }
    )
    async with AsyncExitStack() as running, Visitors(server) as visitors:
        for kind in KINDS:
            folder = tmp_path / kind
            folder.mkdir()
            await running.enter_async_context(deployed(kind, folder, server.address, ports[kind], base=BASE))
        people = [await visitors.client(name) for name in ("ann", "bob")]
        room = await people[0].creates_room()
        await people[0].invites(people[1], to=room)
        ann, bob = [await at_browser(account, ignore_https_errors=True) for account in people]
        for origin in origins:
            for one in (ann, bob):
                await one.page.goto(origin + BASE + room_path(room))
                await one.fills_login()
                await one.enters()
                assert one.page.url.startswith(origin)
            await asyncio.gather(ann.expects(bob.name), bob.expects(ann.name))
            await asyncio.gather(ann.sees_and_hears(bob.name), bob.sees_and_hears(ann.name))
