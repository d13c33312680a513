"""Pictures are sent as large as they are shown, to each by themselves; what nobody sees is not sent."""

import asyncio

import pytest
from playwright.async_api import Locator, Page, ViewportSize

from tests.e2e.conftest import AtBrowser
from tests.e2e.participant import Participant
from tests.people import Visitors

pytestmark = pytest.mark.database("sqlite")

_BECOMES = """
  (visibility) => {
    Object.defineProperty(document, "visibilityState", { configurable: true, get: () => visibility });
    document.dispatchEvent(new Event("visibilitychange"));
  }
"""

# A camera of 720 lines would fill the cores of a small machine, and its browser would send fewer lines for
# that reason alone. The sizes of pictures have the same relation to their places with half as many.
_CAMERA_LINES = 360

# Resolves with the height of the first frame that has fewer than so many lines and fits the place where it
# is shown: no picture is enlarged by more than a twentieth unless it is all that the camera has, and none has
# more than half again as many lines as there is room for.
_FITS = """
  async (video, { most, below }) => {
    for (;;) {
      await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
      const { clientHeight, clientWidth, videoHeight, videoWidth } = video;
      const place = Math.max(clientHeight, clientWidth * videoHeight / videoWidth);
      const isEnough = videoHeight * 1.06 >= Math.min(place, most);
      if (videoHeight < below && isEnough && videoHeight <= place * 1.5) return videoHeight;
    }
  }
"""

_VIDEO_ENCODINGS = """
  () => window.connections
    .filter(({ connectionState }) => connectionState === "connected")
    .flatMap((connection) => connection.getSenders())
    .filter(({ track }) => track?.kind === "video")
    .flatMap((sender) => sender.getParameters().encodings)
"""

# Resolves with how many bytes of video came while so many packets of sound did.
_VIDEO_BYTES = """
  async (packets) => {
    const [connection] = window.connections.filter(({ connectionState }) => connectionState === "connected");
    const measure = async () => {
      const all = [...(await connection.getStats()).values()];
      const of = (kind) => all.find((stream) => stream.type === "inbound-rtp" && stream.kind === kind);
      return { video: of("video").bytesReceived, audio: of("audio").packetsReceived };
    };
    const before = await measure();
    for (;;) {
      const now = await measure();
      if (now.audio >= before.audio + packets) return now.video - before.video;
      await new Promise((done) => setTimeout(done, 50));
    }
  }
"""


async def test_pictures_are_as_large_as_they_are_shown(visitors: Visitors, at_browser: AtBrowser) -> None:
    ann, bob, cyd = [
        await at_browser(await visitors.client(name), lines=_CAMERA_LINES) for name in ("ann", "bob", "cyd")
    ]
    room = await ann.account.creates_room()
    await ann.account.invites(bob.account, cyd.account, to=room)
    for person in (ann, bob):
        await person.comes_to(room)
        await person.enters()
    await asyncio.gather(ann.sees_and_hears(bob.name), bob.sees_and_hears(ann.name))
    await _the_height_that_comes_follows_the_tile(ann, bob)
    await _a_hidden_tab_gets_no_pictures_and_gets_them_back(ann, bob)
    await cyd.comes_to(room)
    await cyd.enters()
    await _each_gets_what_they_show(ann, bob, cyd)


async def _the_height_that_comes_follows_the_tile(ann: Participant, bob: Participant) -> None:
    seen = bob.video_of(ann.name)
    await _resize(bob, 1280, 800)
    assert await _fitting_height(seen) == _CAMERA_LINES
    await _resize(bob, 320, 400)
    small = await _fitting_height(seen, below=_CAMERA_LINES)
    await _resize(bob, 320, 300)
    assert await _fitting_height(seen, below=small) > 0
    await _resize(bob, 1280, 800)
    assert await _fitting_height(seen) == _CAMERA_LINES


async def _a_hidden_tab_gets_no_pictures_and_gets_them_back(ann: Participant, bob: Participant) -> None:
    await bob.page.evaluate(_BECOMES, "hidden")
    await _until_encodings(ann.page, "([encoding]) => encoding.active === false")
    async with asyncio.timeout(60):
        while await bob.page.evaluate(_VIDEO_BYTES, 5) > 0:
            pass
    await ann.sees_and_hears(bob.name)
    await bob.page.evaluate(_BECOMES, "visible")
    await bob.sees_and_hears(ann.name)


async def _each_gets_what_they_show(ann: Participant, bob: Participant, cyd: Participant) -> None:
    await _resize(ann, 1280, 800)
    await _resize(cyd, 360, 480)
    large, small = await asyncio.gather(
        _fitting_height(ann.video_of(bob.name)), _fitting_height(cyd.video_of(bob.name))
    )
    assert large > small


async def _resize(person: Participant, width: int, height: int) -> None:
    await person.page.set_viewport_size(ViewportSize(width=width, height=height))


async def _fitting_height(video: Locator, *, below: int = _CAMERA_LINES + 1) -> int:
    async with asyncio.timeout(60):
        return int(await video.evaluate(_FITS, {"most": _CAMERA_LINES, "below": below}))


async def _until_encodings(page: Page, condition: str) -> None:
    """Wait until the encodings of all videos that `page` sends meet `condition`, a function in JavaScript."""
    await page.wait_for_function(f"() => ({condition})(({_VIDEO_ENCODINGS})())", polling=100, timeout=60_000)
