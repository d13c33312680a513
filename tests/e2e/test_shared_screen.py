"""A shared screen is shown large to everybody else, with the faces beside it."""

import pytest
from playwright.async_api import Locator, ViewportSize, expect

from tests.e2e.conftest import AtBrowser
from tests.e2e.participant import Participant
from tests.people import Visitors

pytestmark = pytest.mark.database("sqlite")

_LOSE_MICROPHONE = """
  const devices = navigator.mediaDevices;
  const open = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (constraints) => {
    if (window.lost) throw new DOMException("", "NotReadableError");
    const stream = await open(constraints);
    const [microphone] = stream.getAudioTracks();
    window.lose = () => {
      window.lost = true;
      microphone.stop();
      microphone.dispatchEvent(new Event("ended"));
    };
    return stream;
  };
"""
_LARGE = "(tile, share) => tile.offsetWidth * tile.offsetHeight > share * innerWidth * innerHeight"


async def test_a_shared_screen_gets_the_large_place_and_the_full_screen(
    visitors: Visitors, at_browser: AtBrowser
) -> None:
    ann, bob, cyd = [
        await at_browser(await visitors.client(name), viewport={"width": 1280, "height": 800})
        for name in ("ann", "bob", "cyd")
    ]
    await ann.page.add_init_script(_LOSE_MICROPHONE)
    room = await ann.account.creates_room()
    await ann.account.invites(bob.account, cyd.account, to=room)
    for person in (ann, bob, cyd):
        await person.comes_to(room)
        await person.enters()
    await ann.sees_and_hears(bob.name, cyd.name)
    assert not await _is_large(ann.tile(bob.name), 0.4)

    await bob.button("Share screen").click()
    for viewer in (ann, cyd):
        await expect(viewer.button("Full screen")).to_be_visible()
        assert await _is_large(viewer.tile(bob.name), 0.4)
        await expect(viewer.tile(bob.name).get_by_role("img", name="Sharing their screen")).to_be_visible()
        for face in {ann, cyd} - {viewer}:
            assert not await _is_large(viewer.tile(face.name), 0.1)
    # Who presents looks at the others.
    await expect(bob.button("Full screen")).to_have_count(0)
    await _stays_large_on_a_phone(ann, bob)

    await cyd.button("Share screen").click()
    await expect(ann.tile(cyd.name).get_by_role("button", name="Full screen")).to_be_visible()
    await ann.button(f"Show the screen of {bob.name} large").click()
    await expect(ann.tile(bob.name).get_by_role("button", name="Full screen")).to_be_visible()
    await cyd.button("Stop sharing").click()

    await ann.button("Full screen").click()
    await expect(ann.button("Leave full screen")).to_be_visible()
    assert await ann.tile(bob.name).evaluate("(tile) => document.fullscreenElement === tile")
    await ann.button("Leave full screen").click()
    await ann.button("Full screen").click()
    await expect(ann.button("Leave full screen")).to_be_visible()
    await _is_told_above_the_full_screen(ann)

    await bob.button("Stop sharing").click()
    await ann.page.wait_for_function("() => document.fullscreenElement === null", polling=50)
    await expect(ann.page.get_by_role("button", name="full screen")).to_have_count(0)
    await ann.sees_and_hears(bob.name)
    assert not await _is_large(ann.tile(bob.name), 0.4)


async def _is_told_above_the_full_screen(viewer: Participant) -> None:
    """Clicks reach what is on top alone."""
    await viewer.page.evaluate("window.lose()")
    told = viewer.page.get_by_role("alertdialog").filter(has_text="The others can’t hear you.")
    await told.get_by_role("button", name="Dismiss").click()
    await expect(told).to_have_count(0)


async def _stays_large_on_a_phone(viewer: Participant, sharer: Participant) -> None:
    await viewer.page.set_viewport_size(ViewportSize(width=390, height=844))
    await viewer.page.wait_for_function("() => innerWidth === 390", polling=20)
    await expect(viewer.tile(sharer.name)).to_have_css("width", "366px")
    await viewer.page.set_viewport_size(ViewportSize(width=1280, height=800))


async def _is_large(tile: Locator, share: float) -> bool:
    return bool(await tile.evaluate(_LARGE, share))
