"""The call in a small window that stays on top, where one mutes, leaves, and gets pictures of its size."""

import asyncio

import pytest
from playwright.async_api import ConsoleMessage, Locator, Page, ViewportSize, expect

from tests.conftest import SHOWN_WITHIN_MS
from tests.e2e.conftest import AtBrowser
from tests.e2e.participant import Participant
from tests.people import Visitors

pytestmark = pytest.mark.database("sqlite")

_HIDDEN = """
  () => {
    Object.defineProperty(document, "visibilityState", { configurable: true, get: () => "hidden" });
    document.dispatchEvent(new Event("visibilitychange"));
  }
"""

# Resolves with the height of the first frame that has at most, or at least, so many lines.
_FRAME = """
  async (video, { most, least }) => {
    for (;;) {
      await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
      if (video.videoHeight <= most && video.videoHeight >= least) return video.videoHeight;
    }
  }
"""

_NO_PAGES = "Object.defineProperty(window, 'documentPictureInPicture', { value: undefined });"


async def test_the_call_in_a_window_that_stays_on_top(visitors: Visitors, at_browser: AtBrowser) -> None:
    ann, bob = [
        await at_browser(await visitors.client(name), lines=540, viewport={"width": 1280, "height": 800})
        for name in ("ann", "bob")
    ]
    room = await ann.account.creates_room()
    await ann.account.invites(bob.account, to=room)
    for person in (ann, bob):
        await person.comes_to(room, trust=True)
        await person.enters()
    await asyncio.gather(ann.sees_and_hears(bob.name), bob.sees_and_hears(ann.name))
    await _the_whole_call_in_a_small_window(ann, bob)

    await ann.page.add_init_script(_NO_PAGES)
    await ann.page.reload()
    await ann.enters()
    await ann.sees_and_hears(bob.name)
    await _one_video_where_the_browser_has_no_more(ann, bob)


async def _the_whole_call_in_a_small_window(ann: Participant, bob: Participant) -> None:
    window, breaches = await _opens(ann)
    small = Participant(window, ann.account)
    await expect(window.locator(".small-call")).to_have_css("display", "flex")
    await expect(small.stage.get_by_role("group")).to_have_count(2)
    await window.set_viewport_size(ViewportSize(width=420, height=330))
    picture = small.video_of(bob.name)
    assert await picture.evaluate("(video) => video.muted"), "the page plays the voices"
    await _frame(picture)

    # The page is hidden, as by another tab: pictures come as large as the window is.
    await ann.page.evaluate(_HIDDEN)
    await _frame(picture, most=360)
    await window.set_viewport_size(ViewportSize(width=1280, height=800))
    await _frame(picture, least=540)

    await small.button("Turn microphone off").click()
    await expect(bob.tile(ann.name).get_by_role("img", name="Microphone off")).to_be_visible()
    await small.button("Turn camera off").click()
    await expect(bob.face_of(ann.name)).to_be_visible()
    await expect(small.button("Turn camera on")).to_be_visible()

    async with window.expect_event("close"):
        await _chooses(ann, "Close picture-in-picture")
    window, more = await _opens(ann)
    async with window.expect_event("close"):
        # The click may not end before the window does.
        await window.evaluate("setTimeout(() => document.querySelector('.leave').click())")
    await expect(ann.button("Enter again")).to_be_visible()
    await bob.expects()
    assert not [*breaches, *more]


async def _one_video_where_the_browser_has_no_more(ann: Participant, bob: Participant) -> None:
    await _chooses(ann, "Picture-in-picture")
    await ann.page.wait_for_function("() => document.pictureInPictureElement !== null", polling=50)
    shown = ann.page.locator("body > video")
    await _frame(shown)
    await ann.page.evaluate(_HIDDEN)
    await _frame(shown, most=360)
    await _chooses(ann, "Close picture-in-picture")
    await ann.page.wait_for_function("() => document.pictureInPictureElement === null", polling=50)
    await expect(shown).to_have_count(0)

    await _chooses(ann, "Picture-in-picture")
    await ann.page.wait_for_function("() => document.pictureInPictureElement !== null", polling=50)
    await ann.leaves()
    await ann.page.wait_for_function("() => document.pictureInPictureElement === null", polling=50)
    await bob.expects()


async def _opens(ann: Participant) -> tuple[Page, list[str]]:
    """Open the window. Return it, and the list of its breaches of the content security policy."""
    breaches: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            breaches.append(message.text)

    async with ann.page.context.expect_page() as opened:
        await _chooses(ann, "Picture-in-picture")
    window = await opened.value
    window.set_default_timeout(SHOWN_WITHIN_MS)
    window.on("console", note)
    return window, breaches


async def _chooses(person: Participant, item: str) -> None:
    await person.button("View").click()
    await person.page.get_by_role("menuitem", name=item, exact=True).click()


async def _frame(video: Locator, *, most: int = 10_000, least: int = 1) -> None:
    async with asyncio.timeout(60):
        await video.evaluate(_FRAME, {"most": most, "least": least})
