"""People of a room come to one of several workers, whichever way they come to its page."""

import asyncio
import json
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Page, WebSocket, expect

from tests.conftest import Databases
from tests.e2e.conftest import AtBrowser
from tests.integration.server.test_workers import with_workers, worker_of
from tests.people import Visitors
from tests.servers import ParlourServer, RedisServer

pytestmark = pytest.mark.database("sqlite")

Connection = tuple[str | None, int]
"""What the handshake of a WebSocket says of the room, and the worker that it came to."""


async def test_by_the_list_of_rooms_and_by_a_link(
    databases: Databases, redis: RedisServer, tmp_path: Path, at_browser: AtBrowser
) -> None:
    """The socket of the home page was made before its person chose a room; who logs in on the way to one has
    theirs for that room from the start.
    """
    database = await databases.create_migrated("sqlite", tmp_path / "data")
    settings = {"PARLOUR_REDIS_URL": redis.url}
    async with (
        ParlourServer(tmp_path, database, settings, program=with_workers(tmp_path)) as machine,
        Visitors(machine) as visitors,
    ):
        accounts = [await visitors.client(name) for name in ("ann", "bob")]
        room = await accounts[0].creates_room()
        await accounts[0].invites(accounts[1], to=room)
        ann, bob = [await at_browser(account) for account in accounts]
        hers, his = connections_of(ann.page), connections_of(bob.page)
        await ann.logs_in()
        assert (await hers.get())[0] is None
        await ann.link(room).click()
        await ann.enters()
        name, worker = await hers.get()
        assert name == sha256(room.encode()).hexdigest()[:8]
        await bob.comes_to(room)
        await expect(bob.page.get_by_role("main")).to_contain_text("ann")
        assert await his.get() == (name, worker)


def connections_of(page: Page) -> asyncio.Queue[Connection]:
    """Return where the page's connections go, once the server has answered."""
    connections = asyncio.Queue[Connection]()

    def opened(socket: WebSocket) -> None:
        query = parse_qs(urlsplit(socket.url).query)
        (room,) = query.get("room", [None])
        for sid in query.get("sid", []):  # it began by polling
            connections.put_nowait((room, worker_of(sid)))

        def received(frame: str | bytes) -> None:
            if isinstance(frame, str) and frame.startswith("0{"):
                connections.put_nowait((room, worker_of(json.loads(frame[1:])["sid"])))

        socket.on("framereceived", received)

    page.on("websocket", opened)
    return connections
