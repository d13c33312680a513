"""Several screens at once, with sound, for text or for motion; each ends by itself."""

import asyncio

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import AtBrowser
from tests.e2e.layout import SIZES, layout_faults
from tests.e2e.media import received, shows_screen
from tests.e2e.participant import Participant
from tests.people import Visitors

pytestmark = pytest.mark.database("sqlite")

# Magenta pictures that move fast, with a tone: `sharedScreens` are what was picked.
_SOUNDING_SCREENS = """
  window.sharedScreens = [];
  navigator.mediaDevices.getDisplayMedia = async (asked) => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 400 });
    const context = canvas.getContext("2d");
    let at = 0;
    const paint = () => {
      context.fillStyle = "#ff00ff";
      context.fillRect(0, 0, 640, 400);
      context.fillStyle = "#800080";
      context.fillRect((at += 16) % 640, 0, 32, 400);
    };
    setInterval(paint, 33);
    paint();
    const sound = new AudioContext();
    const [tone, out] = [sound.createOscillator(), sound.createMediaStreamDestination()];
    tone.connect(out);
    tone.start();
    const stream = canvas.captureStream(30);
    stream.addTrack(out.stream.getAudioTracks()[0]);
    window.sharedScreens.push({ stream, asked });
    return stream;
  };
"""
# Resolves once the video's frames a second, as they arrive, are on this side of the limit.
_RATE = """
  async (video, { least, most }) => {
    const [track] = video.srcObject.getVideoTracks();
    const isIts = (receiver) => receiver.track === track;
    const receiver = window.connections.flatMap((one) => one.getReceivers()).find(isIts);
    for (;;) {
      await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
      const report = [...(await receiver.getStats()).values()];
      const { framesPerSecond } = report.find(({ type }) => type === "inbound-rtp") ?? {};
      if (framesPerSecond >= least && framesPerSecond <= most) return framesPerSecond;
    }
  }
"""


async def test_several_screens_with_sound_for_text_or_for_motion(
    visitors: Visitors, at_browser: AtBrowser
) -> None:
    ann, bob = people = [await at_browser(await visitors.client(name)) for name in ("ann", "bob")]
    room = await ann.account.creates_room()
    await ann.account.invites(bob.account, to=room)
    for person in people:
        await person.page.add_init_script(_SOUNDING_SCREENS)
        await person.comes_to(room)
        await person.enters()
    await ann.sees_and_hears(bob.name)

    await ann.button("Share screen").click()
    await shows_screen(bob.screen_of(ann.name))
    await expect(ann.tile("Your screen").get_by_text("Your screen, with sound")).to_be_visible()
    await expect(bob.page.get_by_role("status", name="Call updates")).to_contain_text(
        f"{ann.name} is sharing a screen"
    )
    assert (await received(bob.screen_of(ann.name))).audio_energy > 0
    await _comes_at(bob.page, ann, least=1, most=7)

    await _chooses(ann, "Share another screen")
    second = bob.tile(f"Screen 2 of {ann.name}").get_by_label(f"Shared screen 2 of {ann.name}", exact=True)
    await shows_screen(second)
    assert (await received(second)).audio_energy > 0
    await bob.button("Share screen").click()
    await asyncio.gather(
        shows_screen(ann.screen_of(bob.name)), shows_screen(bob.screen_of(ann.name)), shows_screen(second)
    )
    assert (await received(bob.video_of(ann.name))).audio_energy > 0
    for width, height in SIZES[::3]:
        faults = await layout_faults(bob.page, width, height, panel=None)
        assert not faults, f"{width} x {height}: {faults}"
    await bob.button("Stop sharing").click()
    await expect(ann.screen_tile(bob.name)).to_have_count(0)

    await _chooses(ann, "Motion")
    await _comes_at(bob.page, ann, least=9, most=60)
    hints = "() => sharedScreens.map(({ stream }) => stream.getVideoTracks()[0].contentHint)"
    assert await ann.page.evaluate(hints) == ["motion", "motion"]

    # The browser's own button, and the end of a window, end the tracks.
    await ann.page.evaluate(
        "() => { for (const track of sharedScreens[0].stream.getTracks())"
        " { track.stop(); track.dispatchEvent(new Event('ended')); } }"
    )
    await expect(bob.screen_tile(ann.name)).to_have_count(0)
    await expect(bob.page.get_by_role("status", name="Call updates")).to_contain_text(
        f"{ann.name} stopped sharing a screen"
    )
    await shows_screen(second)
    await ann.button("Stop sharing your screen 2").click()
    await expect(bob.tile(f"Screen 2 of {ann.name}")).to_have_count(0)
    await expect(ann.button("Share screen")).to_be_visible()
    await ann.sees_and_hears(bob.name)
    asked = await ann.page.evaluate("() => sharedScreens[0].asked")
    assert asked["selfBrowserSurface"] == "exclude"


async def _chooses(sharer: Participant, item: str) -> None:
    await sharer.button("Screen sharing options").click()
    await sharer.page.get_by_role("menu").get_by_text(item, exact=True).click()
    await sharer.page.keyboard.press("Escape")
    await expect(sharer.page.get_by_role("menu")).to_have_count(0)


async def _comes_at(page: Page, sharer: Participant, *, least: int, most: int) -> None:
    video = page.get_by_label(f"Shared screen of {sharer.name}", exact=True)
    async with asyncio.timeout(60):
        await video.evaluate(_RATE, {"least": least, "most": most})
