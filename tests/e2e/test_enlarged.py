"""Pages enlarged, on a phone lying flat and on a large screen: nothing is cut off or out of reach."""

import pytest
from playwright.async_api import Page, expect

from tests.conftest import StartServer
from tests.e2e.catalogue import LOCALES, Said
from tests.e2e.conftest import AtBrowser
from tests.e2e.participant import Participant, room_path
from tests.e2e.reflow import faults_at
from tests.integration.signaling.crowd import Crowd
from tests.people import Visitors

pytestmark = pytest.mark.database("sqlite")

_LOOKS = ((320, 256, 16), (1280, 800, 32), (844, 390, 16), (2560, 1440, 16))
"""Width, height, and the size of the root's text, in CSS pixels: a window of 1280 by 1024 at 400 % (WCAG 2.2,
1.4.10), text at 200 % (1.4.4), a phone lying flat, a large screen.
"""
_USUAL = {"width": 1280, "height": 800}


class Measure:
    """Looks at a page in each look; `faults` has what is amiss."""

    def __init__(self, page: Page) -> None:
        self.faults: list[str] = []
        self._page = page

    async def takes(self, name: str) -> None:
        for width, height, px in _LOOKS:
            found = await faults_at(self._page, width, height, root_px=px)
            self.faults += [f"{name}, {width} x {height} at {px} px: {fault}" for fault in found]
        await faults_at(self._page, _USUAL["width"], _USUAL["height"])


async def _logs_in(ann: Participant, said: Said, measure: Measure) -> None:
    await ann.page.goto("/login")
    await measure.takes("login")
    await ann.field(said("login.account")).fill(ann.name)
    await ann.field(said("field.password")).fill(ann.account.password)
    await ann.button(said("app.logIn")).click()
    await expect(ann.button(said("app.accountOf", name=ann.name))).to_be_visible()


async def test_pages_in_the_language_with_the_longest_words(
    fresh_server: StartServer, at_browser: AtBrowser
) -> None:
    said = Said("de")
    async with Visitors(await fresh_server()) as visitors:
        account = await visitors.client("ann")
        await account.creates_room("Team", description="Jeden Morgen um halb zehn, eine Viertelstunde lang")
        await account.creates_event("Mitgliederversammlung")
        ann = await at_browser(account, locale=LOCALES["de"], viewport=_USUAL)
        page, measure = ann.page, Measure(ann.page)
        await page.goto("/register")
        await expect(ann.heading(said("app.signUp"))).to_be_visible()
        await measure.takes("register")
        await _logs_in(ann, said, measure)
        await expect(ann.link("Team")).to_be_visible()
        await measure.takes("home")
        await ann.button(said("manage.menu", room="Team")).click()
        await expect(page.get_by_role("menu")).to_be_visible()
        await measure.takes("room's menu")
        await page.get_by_role("menuitem", name=said("manage.edit")).click()
        await expect(page.get_by_role("dialog", name=said("manage.edit"))).to_be_visible()
        await measure.takes("room's dialog")
        for path in ("/new", "/profile", room_path("Team")):
            await page.goto(path)
            await expect(page.get_by_role("heading", level=1)).to_be_visible()
            await measure.takes(path)
        assert not measure.faults, "\n".join(measure.faults)


async def test_a_call_that_runs_from_right_to_left(fresh_server: StartServer, at_browser: AtBrowser) -> None:
    said = Said("ar")
    async with Visitors(await fresh_server({"PARLOUR_VISITS_PER_PERSON": 64})) as visitors:
        account, friend = await visitors.client("ann"), await visitors.client("bob")
        room = await account.creates_room("A room whose name is long")
        await account.invites(friend, to=room)
        ann = await at_browser(account, locale=LOCALES["ar"], viewport=_USUAL)
        page, measure = ann.page, Measure(ann.page)
        await _logs_in(ann, said, measure)
        await page.goto(room_path(room))
        await ann.button(said("app.enterRoom")).click()
        await expect(page.get_by_role("timer", name=said("call.bar.time"))).to_be_visible()
        await measure.takes("call alone")
        async with Crowd(friend, room) as crowd:
            await crowd.grows(to=1)
            tiles = page.locator(".stage").get_by_role("group", include_hidden=True)
            await expect(tiles).to_have_count(2)
            await measure.takes("call of two")
            await friend.writes("When do we begin?", to=room)
            for panel in ("call.chat.title", "call.people.title"):
                await page.get_by_role("toolbar").get_by_role("button", name=said(panel)).click()
                await expect(page.get_by_role("complementary", name=said(panel))).to_be_visible()
                await measure.takes(panel)
                await page.keyboard.press("Escape")
            await page.keyboard.press("?")
            await expect(page.get_by_role("dialog")).to_be_visible()
            await measure.takes("shortcuts")
            await page.keyboard.press("Escape")
            await ann.button(said("call.controls.more")).click()
            await expect(page.get_by_role("menu")).to_be_visible()
            await measure.takes("menu")
            await page.keyboard.press("Escape")
            await crowd.grows(to=4)
            await expect(tiles).to_have_count(5)
            await measure.takes("call of five")
        assert not measure.faults, "\n".join(measure.faults)
