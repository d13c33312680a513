"""Backgrounds and the suppression of noise: what the others see and hear, also when they fail."""

import asyncio

import pytest
from playwright.async_api import Locator, Request, expect

from tests.e2e.conftest import AtBrowser
from tests.e2e.media import received
from tests.e2e.participant import Participant, sets
from tests.people import Visitors

pytestmark = pytest.mark.database("sqlite")

_KEEP_TRACKS = """
  window.tracks = [];
  const devices = navigator.mediaDevices;
  const open = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (constraints) => {
    const stream = await open(constraints);
    window.tracks.push(...stream.getTracks());
    return stream;
  };
"""
_PACE = """
  window.pace = 0.1;
  const real = performance.now.bind(performance);
  let [last, shown] = [real(), real()];
  performance.now = () => {
    const now = real();
    shown += (now - last) * window.pace;
    last = now;
    return shown;
  };
"""
"""A clock whose pace decides whether this computer, which has no GPU, is fast enough for an effect."""
_SENDS_CAPTURED = """
  ([kind, isCaptured]) => {
    const sent = window.connections.filter((one) => one.connectionState === "connected")
      .flatMap((one) => one.getSenders()).map(({ track }) => track)
      .filter((track) => track?.kind === kind && track.readyState === "live");
    return sent.length > 0 && sent.every((track) => window.tracks.includes(track) === isCaptured);
  }
"""
_PICTURE = """
  (input) => new Promise((resolve) => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 4000, height: 1000 });
    canvas.getContext("2d").fillRect(0, 0, 4000, 1000);
    canvas.toBlob((blob) => {
      const files = new DataTransfer();
      files.items.add(new File([blob], "wall.png", { type: "image/png" }));
      input.files = files.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
      resolve();
    });
  })
"""
"""Give an input a picture that is larger than what is kept."""
_KEPT_SIZE = """
  async (image) => { await image.decode(); return [image.naturalWidth, image.naturalHeight]; }
"""
_NO_CAMERA_IS_OPEN = "() => window.tracks.every((one) => one.kind === 'audio' || one.readyState === 'ended')"
# Chromium's fake camera is green all over; dusk and hills are not.
_SHOWS = """
  async (video, { isCamera, wanted }) => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 16, height: 16 });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    for (let seen = 0; seen < wanted; ) {
      await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
      context.drawImage(video, 0, 0, 16, 16);
      const { data } = context.getImageData(0, 0, 16, 16);
      const mean = (colour) => data.filter((_, at) => at % 4 === colour).reduce((a, b) => a + b) / 256;
      const looksGreen = mean(1) > mean(2) + 25;
      seen = looksGreen === isCamera ? seen + 1 : 0;
    }
  }
"""
_SHARPNESS = """
  async (video) => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 160, height: 90 });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
    context.drawImage(video, 0, 0, 160, 90);
    const { data } = context.getImageData(0, 0, 160, 90);
    let steps = 0;
    for (let at = 4; at < data.length; at += 4) steps += Math.abs(data[at + 1] - data[at - 3]) > 40;
    return steps;
  }
"""


async def shows(video: Locator, *, camera: bool) -> None:
    """Wait until some frames in a row show the camera's picture, or the background in its place."""
    async with asyncio.timeout(60):
        await video.evaluate(_SHOWS, {"isCamera": camera, "wanted": 3})


async def sends(someone: Participant, kind: str, *, captured: bool) -> None:
    await someone.page.wait_for_function(_SENDS_CAPTURED, arg=[kind, captured], polling=50)


async def sharpness(video: Locator) -> int:
    return int(await video.evaluate(_SHARPNESS))


async def opens_backgrounds(someone: Participant) -> Locator:
    await someone.button("Choose camera").click()
    await someone.page.get_by_role("menuitem", name="Change background").click()
    return someone.page.get_by_role("dialog", name="Background")


async def chooses(someone: Participant, background: str) -> None:
    dialog = await opens_backgrounds(someone)
    await sets(dialog.get_by_role("radio", name=background, exact=True))
    await dialog.get_by_role("button", name="Close").click()
    await expect(dialog).to_be_hidden()


async def reduces_noise(someone: Participant) -> None:
    await sends(someone, "audio", captured=True)
    await someone.button("Choose microphone").click()
    await someone.page.get_by_role("menuitemcheckbox", name="Reduce background noise").click()
    await someone.page.keyboard.press("Escape")
    await sends(someone, "audio", captured=False)


async def loses_the_worker(someone: Participant) -> None:
    [segmentation] = [one for one in someone.page.workers if "segmentation" in one.url]
    await segmentation.evaluate("() => void setTimeout(() => { throw new Error('dies') })")
    await expect(someone.page.get_by_role("alert")).to_contain_text("The background couldn’t be changed.")
    await sends(someone, "video", captured=True)


async def two_at_browsers(visitors: Visitors, at_browser: AtBrowser, asked: list[str]) -> list[Participant]:
    ann, bob = await at_browser(await visitors.client("ann")), await at_browser(await visitors.client("bob"))

    def note(request: Request) -> None:
        asked.append(request.url)

    for one in (ann, bob):
        one.page.context.on("request", note)
    await ann.page.add_init_script(_KEEP_TRACKS)
    await ann.page.add_init_script(_PACE)
    return [ann, bob]


async def test_what_others_see_and_hear(visitors: Visitors, at_browser: AtBrowser) -> None:
    asked: list[str] = []
    ann, bob = await two_at_browsers(visitors, at_browser, asked)
    room = await ann.account.creates_room()
    await ann.account.invites(bob.account, to=room)
    await ann.comes_to(room)
    preview = ann.page.get_by_label("Your camera", exact=True)
    await shows(preview, camera=True)
    await chooses(ann, "Dusk")
    await shows(preview, camera=False)
    await bob.comes_to(room)
    for one in (ann, bob):
        await one.enters()
    seen = bob.video_of(ann.name)
    await shows(seen, camera=False)
    await reduces_noise(ann)
    await received(seen)

    await ann.button("Turn camera off").click()
    await ann.page.wait_for_function(_NO_CAMERA_IS_OPEN, polling=50)
    await expect(bob.face_of(ann.name)).to_be_visible()
    await ann.button("Turn camera on").click()
    await shows(seen, camera=False)

    await loses_the_worker(ann)
    await shows(seen, camera=True)
    sharp = await sharpness(seen)
    await chooses(ann, "Blur")
    await expect(ann.page.get_by_role("alert")).to_have_count(0)
    async with asyncio.timeout(60):
        while await sharpness(seen) > sharp / 2:
            pass
    await chooses(ann, "None")
    await sends(ann, "video", captured=True)
    await chooses(ann, "Hills")
    await shows(seen, camera=False)
    await ann.page.evaluate("window.pace = 200")
    await expect(ann.page.get_by_role("alert")).to_contain_text("This computer is too slow for a background")
    await shows(seen, camera=True)
    await sends(ann, "audio", captured=False)

    assert any("segmentation" in url for url in asked)
    hosts = {url.split("/")[2] for url in asked if url.startswith(("http", "ws"))}
    assert hosts == {ann.account.server.url.split("/")[2]}, "a request to a third party"


async def test_a_worker_that_cannot_be_loaded(visitors: Visitors, at_browser: AtBrowser) -> None:
    ann = await at_browser(await visitors.client("ann"))
    room = await ann.account.creates_room()
    await ann.page.add_init_script(_KEEP_TRACKS)
    await ann.page.add_init_script(
        """localStorage.setItem("parlour.effects", '{"background": "picture:dusk", "noise": true}')"""
    )
    await ann.page.context.route("**/segmentation-*/*", lambda route: route.abort())
    await ann.page.context.route("**/compile-worker-*", lambda route: route.abort())
    await ann.comes_to(room)
    notice = ann.page.get_by_role("alert")
    await expect(notice).to_contain_text("The background couldn’t be changed.")
    await expect(notice).to_contain_text("Background noise couldn’t be reduced.")
    await shows(ann.page.get_by_label("Your camera", exact=True), camera=True)


async def test_pictures_of_ones_own_stay_in_the_browser(visitors: Visitors, at_browser: AtBrowser) -> None:
    ann = await at_browser(await visitors.client("ann"))
    room = await ann.account.creates_room()
    await ann.comes_to(room)
    dialog = await opens_backgrounds(ann)
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.method)

    ann.page.on("request", note)
    await dialog.locator("input[type=file]").evaluate(_PICTURE)
    own = dialog.get_by_role("radio", name="Your picture 1")
    await expect(own).to_be_checked()
    assert set(asked) <= {"GET"}, "a picture was sent"
    await ann.page.reload()
    dialog = await opens_backgrounds(ann)
    await expect(own).to_be_checked()
    assert await dialog.locator("img[src^=blob]").evaluate(_KEPT_SIZE) == [1280, 320]
    await dialog.get_by_role("button", name="Remove this picture").click()
    await expect(own).to_have_count(0)
    await expect(dialog.get_by_role("radio", name="None")).to_be_checked()
