"""What the room loads only when it is needed: it is there when the server is away, or says what is wrong."""

import asyncio
import re

import pytest
from playwright.async_api import Route, expect

from tests.conftest import StartServer
from tests.e2e.conftest import AtBrowser
from tests.e2e.participant import Participant
from tests.people import Visitors

pytestmark = pytest.mark.database("sqlite")

NOT_LOADED = "This couldn’t be loaded. Check your connection and try again."
_IS_FETCHED = "(part) => performance.getEntriesByType('resource').some(({ name }) => name.includes(part))"
_LAST_FETCHED = "/chime-"
"""Parts are fetched one after the other."""
_MENUS = ("Choose microphone", "Choose camera", "Screen sharing options", "View", "More options")
_DIALOGS = {"Invite": "Invite people", "Attendance": "Attendance"}
_PANELS = ("Chat", "People", "Record", "Connections")
_DIALOGS_OF_THE_MENU = ("Settings", "Keyboard shortcuts")


async def test_what_a_call_has_not_loaded_is_there_while_the_server_is_away(
    fresh_server: StartServer, at_browser: AtBrowser
) -> None:
    server = await fresh_server()
    async with Visitors(server) as visitors:
        ann = await at_browser(await visitors.client("ann"))
        page = ann.page
        await ann.comes_to(await ann.account.creates_event())
        await ann.enters()
        await page.wait_for_function(_IS_FETCHED, arg=_LAST_FETCHED, polling=100)
        await server.kill()
        await expect(page.get_by_text("Your call continues.")).to_be_visible()

        for name in _MENUS:
            await ann.button(name).click()
            await expect(page.get_by_role("menu", name=name)).to_be_visible()
            await page.keyboard.press("Escape")
            await expect(page.get_by_role("menu")).to_have_count(0)
            await expect(ann.button(name)).to_be_focused()
        await ann.button("Hand and reactions").press("Enter")
        await _closes_dialog(ann, "Hand and reactions", "Hand and reactions")
        for button, title in _DIALOGS.items():
            await ann.button(button).press("Enter")
            await _closes_dialog(ann, title, button)
        for title in _DIALOGS_OF_THE_MENU:
            await ann.button("More options").press("Enter")
            await page.get_by_role("menuitem", name=title).press("Enter")
            await _closes_dialog(ann, title, "More options")
        await ann.button("Choose camera").press("Enter")
        await page.get_by_role("menuitem", name="Change background").press("Enter")
        await _closes_dialog(ann, "Background", "Choose camera")
        panels = {name: page.get_by_role("complementary", name=name) for name in _PANELS}
        # Their frames are there without them, so each shows a piece of what is in it.
        pieces = {
            "Chat": panels["Chat"].get_by_label("Message", exact=True),
            "People": panels["People"].get_by_text(ann.name),
            "Record": panels["Record"].get_by_role("button", name="Start recording"),
            "Connections": panels["Connections"].get_by_role("list", name="Connections now"),
        }
        for name, piece in pieces.items():
            await page.get_by_role("button", name=re.compile(f"^{name}")).first.press("Enter")
            await expect(piece.first).to_be_attached()
        await server.start()


async def _closes_dialog(someone: Participant, title: str, button: str) -> None:
    dialog = someone.page.get_by_role("dialog", name=title)
    await expect(dialog).to_be_visible()
    await someone.page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(someone.button(button)).to_be_focused()


async def test_what_cannot_be_loaded_says_so_and_is_loaded_the_next_time(
    visitors: Visitors, at_firefox: AtBrowser
) -> None:
    """Firefox would not ask again for a module that it once could not load."""
    ann = await at_firefox(await visitors.client("ann"))
    page = ann.page
    parts = re.compile(r"/assets/(?:call-menus|people-panel)-")
    # Where the server does not even refuse, messages are shown all the same.
    await page.route(re.compile(r"/assets/toast-region-"), _hold)
    room = await ann.account.creates_room()
    await ann.comes_to(room)
    await expect(ann.button("Enter the room")).to_be_visible()

    await _waits_at_the_button(ann)
    await page.route(parts, _lose)
    await ann.button("Choose microphone").click()
    await expect(page.locator(".toasts").get_by_text(NOT_LOADED)).to_be_visible()
    await expect(ann.button("Choose microphone")).to_have_attribute("aria-expanded", "false")
    await page.unroute(parts)
    await ann.button("Choose microphone").click()
    await expect(page.get_by_role("menu", name="Choose microphone")).to_be_visible()
    await page.keyboard.press("Escape")

    await page.route(parts, _lose)
    await ann.enters()
    panel = await ann.opens("People")
    await expect(panel.get_by_role("alert")).to_have_text(NOT_LOADED)
    await page.unroute(parts)
    await panel.get_by_role("button", name="Try again").press("Enter")
    await expect(panel).to_contain_text(ann.name)
    await expect(panel).to_be_focused()
    await ann.leaves()
    await _tries_again_in_a_dialog(ann, room)


async def _waits_at_the_button(ann: Participant) -> None:
    """What opens a dialog shows that it is on its way."""
    held = asyncio.Event()

    async def hold(route: Route) -> None:
        await held.wait()
        await route.continue_()

    title = "Check sound and picture"
    await ann.page.route(re.compile(r"/assets/device-check-"), hold)
    await ann.button(title).press("Enter")
    await expect(ann.button(title)).to_have_attribute("data-pending", "true")
    held.set()
    await _closes_dialog(ann, title, title)


async def _tries_again_in_a_dialog(ann: Participant, room: str) -> None:
    """Outside a call the page can be loaded anew as well, which helps where the server was updated."""
    manage = re.compile(r"/assets/manage-room-")
    await ann.page.route(manage, _lose)
    await ann.page.goto("/")
    await ann.button(f"Manage “{room}”").click()
    await ann.page.get_by_role("menuitem", name="Edit room").click()
    dialog = ann.page.get_by_role("dialog", name="Edit room")
    await expect(dialog.get_by_role("button", name="Reload the page")).to_be_visible()
    await ann.page.unroute(manage)
    await dialog.get_by_role("button", name="Try again").press("Enter")
    await expect(dialog.get_by_label("Description (optional)")).to_be_visible()
    await expect(dialog).to_be_focused()


async def _lose(route: Route) -> None:
    await route.abort()


async def _hold(_route: Route) -> None:
    """Leave the request without an answer."""
