"""The check before a call, with a real TURN server: what it says of a set-up in order, and of broken ones."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.conftest import StartServer
from tests.e2e.conftest import AtBrowser
from tests.e2e.participant import room_path
from tests.e2e.relaying import relaying
from tests.people import Visitors
from tests.servers.proxies import RecordingProxy

pytestmark = pytest.mark.database("sqlite")


class Gateway(RecordingProxy):
    """A proxy that may drop WebSocket handshakes without an answer."""

    blocks_websocket = False

    def _swallows(self, head: bytes) -> bool:
        return self.blocks_websocket and b"upgrade: websocket" in head.lower()


def step(page: Page, name: str) -> Locator:
    heading = page.get_by_role("heading", name=name, exact=True)
    return page.get_by_role("listitem").filter(has=heading)


async def checks(page: Page, **found: str) -> None:
    """Run the check, and compare some of its verdicts, by the English names of its steps."""
    start = page.get_by_role("button", name="Start the check").or_(
        page.get_by_role("button", name="Check again")
    )
    await start.click()
    await expect(page.get_by_role("button", name="Save a report")).to_be_visible()
    if "speaker" in found:
        await page.get_by_role("button", name="Yes", exact=True).click()
    for name, words in found.items():
        await expect(step(page, NAMES[name])).to_contain_text(words)


NAMES = {
    "camera": "Camera",
    "microphone": "Microphone",
    "speaker": "Speaker",
    "server": "Server",
    "transport": "Connection to the server",
    "ways": "Ways through the network",
    "direct": "Direct connection",
    "relayed": "Connection through the relay",
    "reconnect": "Reconnecting",
}


async def changes_ice(page: Page, change: Callable[[dict[str, Any]], None]) -> None:
    """What the server answers for the relay, with a fault in it."""

    async def answer(route: Route) -> None:
        response = await route.fetch()
        body = json.loads(await response.text())
        for server in body["iceServers"]:
            if "credential" in server:
                change(server)
        await route.fulfill(response=response, json=body)

    await page.route("**/ice", answer)


async def test_a_check_names_what_is_broken(
    fresh_server: StartServer, at_browser: AtBrowser, tmp_path: Path
) -> None:
    async with Gateway() as gateway:
        server = await relaying(
            fresh_server, tmp_path, PARLOUR_PUBLIC_URL=gateway.url, PARLOUR_CONTACT="help@example.org"
        )
        gateway.upstream = urlsplit(server.address).port
        async with Visitors(server) as visitors:
            account = await visitors.client("ann")
            room = await account.creates_room()
            ann = await at_browser(account)
            page = ann.page
            asked: list[str] = []
            page.on("request", lambda request: asked.append(request.url))
            await page.goto("/check")
            stranger = {"ways": "Log in", "direct": "works", "relayed": "Log in"}
            await checks(page, server="Round trip", transport="WebSocket", **stranger)

            await ann.logs_in()
            await page.goto(room_path(room))
            await ann.link("Check your connection").click()
            await expect(ann.link("Back to the room")).to_be_visible()
            assert not [url for url in asked if url.endswith("/room/entry?name=")], "another room was shown"
            await checks(
                page,
                camera="Fine",
                microphone="hears you",
                speaker="You heard",
                server="Round trip",
                transport="Fine",
                ways="All ways are open",
                direct="direct, UDP",
                relayed="relayed, UDP",
                reconnect="comes back",
            )
            await expect(step(page, NAMES["relayed"])).to_contain_text("bit/s")
            await expect(page.get_by_text("Everything is fine.")).to_be_visible()
            mail = await ann.link("Send it by email").get_attribute("href")
            assert mail and mail.startswith("mailto:help@example.org?subject=Parlour")

            gateway.blocks_websocket = True
            await changes_ice(page, lambda turn: turn.update(credential="bm90aGluZw=="))
            await denies_camera(page)
            await checks(
                page,
                camera="The browser keeps this device",
                transport="long-polling",
                ways="refuses",
                relayed="No connection",
                reconnect="comes back",
            )
            await page.unroute("**/ice")
            await gateway.cuts()
            await checks(page, server="doesn’t answer", transport="Not checked", direct="works")


async def denies_camera(page: Page) -> None:
    """As a person does: Chromium's own answer is the same for all pages of a run."""
    await page.evaluate(
        """() => {
          const { mediaDevices } = navigator;
          const open = mediaDevices.getUserMedia.bind(mediaDevices);
          mediaDevices.getUserMedia = async (wanted) => {
            if (wanted.video) throw new DOMException("denied", "NotAllowedError");
            return await open(wanted);
          };
        }"""
    )


async def test_a_check_in_firefox(fresh_server: StartServer, at_firefox: AtBrowser, tmp_path: Path) -> None:
    server = await relaying(fresh_server, tmp_path)
    async with Visitors(server) as visitors:
        fay = await at_firefox(await visitors.client("fay"))
        await fay.logs_in()
        await fay.page.goto("/check")
        await checks(
            fay.page,
            camera="Fine",
            microphone="hears you",
            transport="Fine",
            ways="All ways are open",
            direct="direct, UDP",
            relayed="relayed, UDP",
            reconnect="comes back",
        )
