"""A call of more people than a mesh bears: no connections from browser to browser, and pages of tiles."""

import pytest
from playwright.async_api import expect

from tests.conftest import StartServer
from tests.e2e.conftest import AtBrowser
from tests.integration.signaling.crowd import Crowd
from tests.people import Visitors
from tests.servers.livekit import moving_at_once

pytestmark = pytest.mark.database("sqlite")


async def test_a_browser_among_thirty_has_no_connection_to_any_and_sees_them_on_pages(
    fresh_server: StartServer, at_browser: AtBrowser
) -> None:
    server = await fresh_server({**moving_at_once(mesh_again_at=2), "PARLOUR_VISITS_PER_PERSON": 64})
    async with Visitors(server) as visitors:
        account, friend = await visitors.client("ann"), await visitors.client("bob")
        room = await account.creates_room()
        await account.invites(friend, to=room)
        ann = await at_browser(account)
        page = ann.page
        await page.set_viewport_size({"width": 1280, "height": 720})
        async with Crowd(friend, room, topologies=["mesh", "sfu"]) as crowd:
            await crowd.grows(to=3)
            await ann.comes_to(room)
            await ann.enters()
            await page.wait_for_function("() => window.connections.length > 3")
            await crowd.grows(to=30)
            # Two are open to the SFU.
            await page.wait_for_function(
                """() => window.connections.filter((one) => one.connectionState !== "closed").length <= 2"""
            )
            pager = ann.stage.get_by_role("navigation")
            await expect(pager.get_by_role("status")).to_contain_text("Page 1 of 2")
            await expect(ann.stage.get_by_role("group")).to_have_count(25)
            await page.keyboard.press("PageDown")
            await expect(pager.get_by_role("status")).to_contain_text("Page 2 of 2")
            await expect(ann.stage.get_by_role("group")).to_have_count(7)
            await page.get_by_role("button", name="People").click()
            await expect(page.get_by_role("heading", name="Who is here (31)")).to_be_visible()
            await crowd.shrinks(to=18)
            await page.wait_for_function(
                """() => window.connections.filter((one) => one.connectionState !== "closed").length >= 18"""
            )
            await expect(pager).to_be_hidden()
