"""Parlour without a mouse and without a screen: where the focus is, what Escape does, what is said."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import AtBrowser
from tests.e2e.participant import Participant
from tests.people import Visitors

pytestmark = pytest.mark.database("sqlite")


async def focus_is_in(page: Page, place: str) -> None:
    """Somewhere below `place`, and not fallen to the body."""
    await page.wait_for_function(
        "(place) => document.activeElement !== document.body && document.activeElement.closest(place)",
        arg=place,
        polling=50,
    )


async def test_the_focus_never_falls_to_the_body(visitors: Visitors, at_browser: AtBrowser) -> None:
    ann = await at_browser(await visitors.client("ann"))
    room = await ann.account.creates_room()
    page = ann.page
    await page.goto("/login")
    await ann.field("Username or email").fill(ann.name)
    await ann.field("Password").fill(ann.account.password)
    await ann.field("Password").press("Enter")
    await ann.expects_to_be_logged_in()
    await focus_is_in(page, "main h1")

    await ann.link(room).press("Enter")
    await expect(ann.button("Enter the room")).to_be_focused()
    await ann.button("Enter the room").press("Enter")
    await expect(page.get_by_role("timer", name="Time in the call")).to_be_visible()
    await focus_is_in(page, "h1")
    await _opens_and_closes_panels(ann)

    await ann.button("Leave").press("Enter")
    await expect(ann.button("Enter again")).to_be_visible()
    await focus_is_in(page, "main h1")


async def _opens_and_closes_panels(ann: Participant) -> None:
    page = ann.page
    toggles = page.get_by_role("toolbar")
    for name, place in (("Chat", "textarea"), ("People", ".panel")):
        toggle = toggles.get_by_role("button", name=name)
        await toggle.press("Enter")
        await focus_is_in(page, place)
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("complementary", name=name)).to_have_count(0)
        await expect(toggle).to_be_focused()
        await toggle.press("Enter")
        await ann.button(f"Close {name.lower()}").press("Enter")
        await expect(toggle).to_be_focused()

    invite = ann.button("Invite")
    await invite.press("Enter")
    await focus_is_in(page, "[role=dialog]")
    await page.keyboard.press("Escape")
    await expect(invite).to_be_focused()


async def test_single_keys_are_shortcuts(visitors: Visitors, at_browser: AtBrowser) -> None:
    """Not while somebody types, and not once they are switched off in their sheet."""
    ann = await at_browser(await visitors.client("ann"))
    page = ann.page
    await ann.comes_to(await ann.account.creates_room())
    await ann.enters()
    microphone = page.get_by_role("button", name=re.compile("Turn microphone (on|off)"))
    await expect(microphone).to_have_attribute("aria-keyshortcuts", "M")
    await expect(ann.button("Turn microphone off")).to_be_visible()
    await page.keyboard.press("m")
    await expect(ann.button("Turn microphone on")).to_be_visible()
    await page.keyboard.press("c")
    await focus_is_in(page, "textarea")
    await page.keyboard.type("Comb")
    await expect(page.locator("textarea:focus")).to_have_value("Comb")
    await expect(ann.button("Turn microphone on")).to_be_visible()
    await page.keyboard.press("Escape")

    await page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    await expect(sheet).to_contain_text("Open or close the chat")
    await page.keyboard.press("Tab")
    await sheet.get_by_role("switch", name="Use single keys").press("Space")
    await page.keyboard.press("Escape")
    await expect(sheet).to_have_count(0)
    await expect(microphone).not_to_have_attribute("aria-keyshortcuts", "M")
    await page.keyboard.press("p")
    await page.keyboard.press("?")
    await ann.button("More options").press("Enter")
    await page.get_by_role("menuitem", name="Keyboard shortcuts").press("Enter")
    await expect(sheet.get_by_role("switch", name="Use single keys")).not_to_be_checked()
    await expect(page.get_by_role("complementary", name="People")).to_have_count(0)


async def test_a_screen_reader_is_told(visitors: Visitors, at_browser: AtBrowser) -> None:
    """Who joins, writes and leaves; and toasts have a name."""
    ann = await at_browser(await visitors.client("ann"))
    bob = await at_browser(await visitors.client("bob"))
    room = await ann.account.creates_room()
    await bob.account.enters(room)
    for someone in (ann, bob):
        await someone.comes_to(room)
        await someone.enters()
    told = ann.page.get_by_role("status", name="Call updates")
    await expect(told).to_contain_text(f"{bob.name} joined")
    await bob.opens("Chat")
    await bob.writes("Hello, Ann")
    await expect(told).to_contain_text(f"{bob.name} wrote: Hello, Ann")
    await bob.leaves()
    await expect(told).to_contain_text(f"{bob.name} left")
    await ann.page.evaluate("navigator.clipboard.writeText = async () => {}")
    await ann.button("Copy link").press("Enter")
    await expect(ann.page.get_by_role("alertdialog", name="Link copied")).to_be_visible()
