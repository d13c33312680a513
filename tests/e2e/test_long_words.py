"""Nothing is wider than the window, however long the words are that somebody chose."""

from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from playwright.async_api import Page, ViewportSize, expect
from playwright.async_api import TimeoutError as PlaywrightTimeout

from tests.conftest import StartServer
from tests.e2e.conftest import AtBrowser
from tests.e2e.look import SETTLED_WITHIN_MS
from tests.e2e.participant import Participant, room_path
from tests.people import Visitors

pytestmark = pytest.mark.database("sqlite")

WIDTHS = (320, 390, 768, 1280)
NAME = "W" * 64
OTHER_NAME = "M" * 64
WORD = "Wm" * 150
LONG_LOCAL_PART = "w" * 60

_TOO_WIDE = """
(width) => {
  if (innerWidth !== width) return [`the window is ${innerWidth} wide`];
  const page = document.documentElement.scrollWidth;
  const faults = page > innerWidth ? [`the page is ${page} wide`] : [];
  // Tiles are told of their stage's size by a frame: another test's concern.
  for (const element of document.body.querySelectorAll("*:not(.stage *, .stage)")) {
    const { overflowX, textOverflow, display } = getComputedStyle(element);
    const clips = overflowX !== "visible" && textOverflow !== "ellipsis" && !display.startsWith("inline");
    const typed = element.matches("input, textarea");
    if (clips && !typed && element.clientWidth > 1 && element.scrollWidth > element.clientWidth + 1) {
      faults.push(`<${element.localName} class="${element.className}"> hides ${element.scrollWidth}`
        + ` in ${element.clientWidth}`);
    }
    const { left, right } = element.getBoundingClientRect();
    const outside = left < -1 || right > innerWidth + 1;
    if (outside && element.matches("button, a, input, textarea, [role=alert]")) {
      faults.push(`<${element.localName} class="${element.className}"> from ${left} to ${right}`);
    }
  }
  return faults;
}
"""

_CAN_BE_PRESSED = """
(button) => {
  const { left, top, right, bottom } = button.getBoundingClientRect();
  return scrollY === 0 && left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight
    && button.contains(document.elementFromPoint((left + right) / 2, (top + bottom) / 2));
}
"""


class Measure:
    """Looks at pages in each width; `faults` has what is wider."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    async def takes(self, page: Page, name: str) -> None:
        for width in WIDTHS:
            await page.set_viewport_size(ViewportSize(width=width, height=800))
            fits = f"(width) => ({_TOO_WIDE.strip()})(width).length === 0"
            with suppress(PlaywrightTimeout):  # what follows the window's size takes a while
                await page.wait_for_function(fits, arg=width, polling=20, timeout=SETTLED_WITHIN_MS)
            self.faults += [f"{name} at {width}: {fault}" for fault in await page.evaluate(_TOO_WIDE, width)]


@pytest.fixture
async def visitors(fresh_server: StartServer) -> AsyncIterator[Visitors]:
    async with Visitors(await fresh_server()) as visitors:
        yield visitors


@pytest.fixture
async def ann(visitors: Visitors, at_browser: AtBrowser) -> Participant:
    """Creates a room of a long name."""
    account = await visitors.client("A" * 15, email=f"{LONG_LOCAL_PART}@{'w' * 60}.example.org")
    await account.creates_room(NAME, description=WORD)
    await account.makes_event(NAME)
    return await at_browser(account)


async def test_pages_of_strangers(visitors: Visitors, ann: Participant, at_browser: AtBrowser) -> None:
    await ann.account.creates_room(OTHER_NAME, description=WORD)
    stranger = await visitors.stranger("B" * 15, email=f"{LONG_LOCAL_PART}@{'m' * 60}.example.org")
    bob = await at_browser(stranger)
    page, measure = bob.page, Measure()
    await page.goto("/")
    await expect(bob.link(OTHER_NAME)).to_be_visible()
    await measure.takes(page, "home of nobody")
    await bob.registers()
    await measure.takes(page, "check your mail")
    await page.goto("/dev/mail")
    await measure.takes(page, "mails")
    await bob.confirms()
    await measure.takes(page, "confirmed")
    for path in (
        f"/verifyclient/{WORD}",
        f"/verifyguest/{WORD}",
        f"/stopemail#{WORD}",
        "/login",
        "/forgot",
        f"/reset#{WORD}",
        f"/{WORD}",
    ):
        await page.goto(path)
        await expect(page.locator("h1")).to_be_visible()
        await measure.takes(page, path[:12])
    assert not measure.faults, "\n".join(measure.faults)


async def test_pages_of_an_account_and_of_its_call(
    visitors: Visitors, ann: Participant, at_browser: AtBrowser
) -> None:
    bob = await at_browser(await visitors.client("B" * 15, email=f"{LONG_LOCAL_PART}@{'m' * 60}.example.org"))
    await ann.account.invites(bob.account, to=NAME)
    measure = Measure()
    await _pages_of_an_account(ann, bob, measure)
    await _the_way_into_a_room_is_never_below_the_fold(ann)
    await _pages_of_a_call(ann, bob, measure)
    assert not measure.faults, "\n".join(measure.faults)


async def _pages_of_an_account(ann: Participant, bob: Participant, measure: Measure) -> None:
    await bob.account.creates_room(OTHER_NAME, description=WORD)
    await bob.account.creates_room("i" * 64, description=WORD)
    page = ann.page
    await ann.logs_in()
    await expect(page.get_by_role("article")).to_have_count(3)
    await measure.takes(page, "home")
    await ann.button(f"Account: {ann.name}").click()
    await measure.takes(page, "account menu")
    await page.keyboard.press("Escape")
    for path in ("/profile", room_path(WORD[:64]), room_path(OTHER_NAME), room_path(NAME), "/new"):
        await page.goto(path)
        await expect(page.locator("h1")).to_be_visible()
        await expect(page.locator(".spinner")).to_have_count(0)
        await measure.takes(page, path[:12])
    await ann.field("Name").fill(WORD[:64])
    await ann.field("Room password").fill("open sesame")
    await ann.field("Description (optional)").fill(WORD)
    await ann.field("Invite people (optional)").fill(f"{bob.account.email}, {WORD}@@ ")
    await measure.takes(page, "new room")
    await ann.button("Create room").click()
    await expect(ann.link("Enter the room")).to_be_visible()
    await measure.takes(page, "room created")


async def _the_way_into_a_room_is_never_below_the_fold(ann: Participant) -> None:
    """At 200 %, a window of 1280 by 800 has 640 by 400 CSS pixels."""
    page = ann.page
    await page.goto(room_path(NAME))
    await expect(ann.button("Enter the room")).to_be_visible()
    for width, height in (
        (640, 400),
        (683, 384),
        (320, 256),
        (320, 568),
        (844, 390),
        (768, 1024),
        (1280, 800),
    ):
        await page.set_viewport_size(ViewportSize(width=width, height=height))
        await page.wait_for_function("(height) => innerHeight === height", arg=height, polling=20)
        assert await ann.button("Enter the room").evaluate(_CAN_BE_PRESSED), (width, height)


async def _pages_of_a_call(ann: Participant, bob: Participant, measure: Measure) -> None:
    page = ann.page
    await bob.comes_to(NAME)
    for person in (bob, ann):
        await person.enters()
    await ann.expects(bob.name)
    await measure.takes(page, "call")
    await bob.account.writes(WORD, to=NAME)
    await bob.account.writes(f"https://example.org/{WORD}", to=NAME)
    await ann.opens("Chat")
    await expect(page.get_by_role("log").get_by_role("link")).to_be_visible()
    await measure.takes(page, "chat")
    people = await ann.opens("People")
    await people.get_by_role("button", name="Remove from the room").click()
    await expect(people.get_by_text("Security code").first).to_be_visible()
    await measure.takes(page, "people")
    await ann.button("Copy link").click()
    await expect(page.get_by_role("alertdialog")).to_be_visible()
    await measure.takes(page, "link copied")
    for dialog in ("Invite", "Attendance"):
        await ann.button(dialog).click()
        await expect(page.get_by_role("dialog").get_by_role("listitem").first).to_be_visible()
        await measure.takes(page, dialog)
        await page.keyboard.press("Escape")
    await ann.leaves()
    await measure.takes(page, "left")
