"""Browser clients that connect before they log in, in a real browser (the contract's section 4, last part).

Theirs is a page of another origin on the same machine; it knows nothing of tokens.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from aiohttp import web
from playwright.async_api import Page, expect

from tests.conftest import StartServer
from tests.e2e.conftest import AtBrowser
from tests.e2e.media import (
    keep_connections,
    paint_screens,
    received,
    shows_camera,
    shows_screen,
)
from tests.e2e.participant import Participant
from tests.people import Person, Visitors
from tests.servers import ParlourServer
from tests.servers.browser import People
from tests.servers.stopwatch import Stopwatch

pytestmark = pytest.mark.database("sqlite")

_HERE = Path(__file__).parent / "legacy"
_LIBRARY = Path(__file__).parents[2] / "web/node_modules/socket.io-client/dist/socket.io.js"


@pytest.fixture
async def older_site() -> AsyncIterator[str]:
    """The origin that serves the older client."""

    def file(path: Path) -> web.RouteDef:
        async def send(_: web.Request) -> web.FileResponse:
            return web.FileResponse(path)

        return web.get("/" if path.name == "index.html" else f"/{path.name}", send)

    app = web.Application()
    app.add_routes([file(_HERE / "index.html"), file(_HERE / "client.js"), file(_LIBRARY)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://localhost:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
async def open_server(fresh_server: StartServer, older_site: str) -> ParlourServer:
    """Lets the older client's site in."""
    return await fresh_server({"PARLOUR_ALLOWED_ORIGINS": older_site})


@pytest.mark.parametrize("impatient", [False, True], ids=["says join after the login", "says join before it"])
async def test_an_older_client_meets_ours(
    open_server: ParlourServer, older_site: str, at_browser: AtBrowser, person: People, impatient: bool
) -> None:
    async with Visitors(open_server) as visitors:
        ann, old = await at_browser(await visitors.client("ann")), await visitors.client("old")
        room = await _room_of_two(ann, old)
        await ann.comes_to(room)
        await ann.enters()

        page = await person("old", at=older_site)
        connected = await _opens_older_client(page, open_server, room, impatient=impatient)
        assert connected == 0, "connected without an identity"
        async with Stopwatch() as watch:
            await _logs_in(page, old)
            await expect(page.get_by_role("status")).to_have_text("in the call")
        took = (await page.evaluate("window.joinedAfterMs")) / 1000 - watch.held_up
        assert took < 3, f"{took:.2f} s from the login to the call, besides {watch.held_up:.2f} s"

        assert old.username
        await _see_each_other(ann, page, old.username)

        # Now the other way round: ours comes to the older one, and makes the offer.
        await ann.leaves()
        await expect(page.locator("video")).to_have_count(0)
        await ann.button("Enter again").click()
        await ann.enters()
        await _see_each_other(ann, page, old.username)

        await page.close()
        await ann.expects()


async def test_an_older_client_sees_a_shared_screen_in_the_cameras_place(
    open_server: ParlourServer, older_site: str, at_browser: AtBrowser, person: People
) -> None:
    """In the same call, one of ours sees both."""
    async with Visitors(open_server) as visitors:
        ann, bob = [await at_browser(await visitors.client(name)) for name in ("ann", "bob")]
        old = await visitors.client("old")
        room = await _room_of_two(ann, old)
        await ann.account.invites(bob.account, to=room)
        for ours in (ann, bob):
            await paint_screens(ours.page)
            await ours.comes_to(room)
            await ours.enters()
        page = await person("old", at=older_site)
        await _opens_older_client(page, open_server, room, impatient=False)
        await _logs_in(page, old)
        seen = page.get_by_label(f"Video of {ann.name}", exact=True)
        await shows_camera(seen)

        await ann.button("Share screen").click()
        await shows_screen(seen)
        await shows_screen(bob.screen_of(ann.name))
        await shows_camera(bob.video_of(ann.name))
        await ann.button("Stop sharing").click()
        await shows_camera(seen)
        await received(seen)


async def test_an_older_client_without_a_login_gets_nothing(
    open_server: ParlourServer, older_site: str, at_browser: AtBrowser, person: People
) -> None:
    async with Visitors(open_server) as visitors:
        ann, old = await at_browser(await visitors.client("ann")), await visitors.client("old")
        room = await _room_of_two(ann, old)
        await ann.comes_to(room)
        await ann.enters()

        page = await person("sam", at=older_site)
        await _opens_older_client(page, open_server, room, impatient=True)
        old.password = "not the password"
        await _logs_in(page, old)
        await expect(page.get_by_role("status")).to_have_text("refused: 401")

        # What would have come, would have come before this: ann's own next message from the server.
        await ann.opens("Chat")
        await ann.writes("Is anybody there?")
        await ann.expects()
        assert await page.evaluate("socket.connected") is False


async def _room_of_two(ann: Participant, old: Person) -> str:
    room = await ann.account.creates_room()
    await ann.account.invites(old, to=room)
    return room


async def _opens_older_client(page: Page, server: ParlourServer, room: str, *, impatient: bool) -> int:
    """Returns once its transport is open: how many namespaces of it are connected."""
    await keep_connections(page)
    query = {"server": server.url, "room": room, **({"impatient": "yes"} if impatient else {})}
    await page.goto(f"/?{urlencode(query)}")
    await page.wait_for_function("() => socket.io.engine.id", polling=50)
    connected: int = await page.evaluate("Number(socket.connected)")
    return connected


async def _logs_in(page: Page, account: Person) -> None:
    assert account.username
    await page.get_by_label("Name").fill(account.username)
    await page.get_by_label("Password").fill(account.password)
    await page.get_by_role("button", name="Log in").click()


async def _see_each_other(ann: Participant, page: Page, old_name: str) -> None:
    await ann.expects(old_name)
    await ann.sees_and_hears(old_name)
    await received(page.get_by_label(f"Video of {ann.name}", exact=True))
