"""A recording is a file that plays, everybody knows of it, and a page that dies takes nothing along."""

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from tests.e2e.conftest import AtBrowser
from tests.e2e.media import paint_screens, shows_screen
from tests.e2e.participant import Participant, sets
from tests.e2e.test_devices_that_return import DEVICES, uses
from tests.people import Visitors

pytestmark = pytest.mark.database("sqlite")

_PATIENCE = 60_000

# Without a picker, which no test can answer, a recording is downloaded.
_NO_PICKER = "delete window.showSaveFilePicker"

# Plays a file: what it is, whether one can seek in it, where it is magenta (as painted pictures), how loud.
PLAYED = """
  async (encoded) => {
    const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
    const video = document.createElement("video");
    const happens = (event) => new Promise((resolve, reject) => {
      video.addEventListener(event, resolve, { once: true });
      video.addEventListener("error", () => reject(new Error(video.error.message)), { once: true });
    });
    const ready = happens("loadeddata");
    video.src = URL.createObjectURL(new Blob([bytes], { type: "video/webm" }));
    await ready;
    const { duration, videoWidth, videoHeight } = video;
    const canvas = new OffscreenCanvas(videoWidth / 16, videoHeight / 16);
    const drawing = canvas.getContext("2d", { willReadFrequently: true });
    const seek = async (time) => {
      const seeked = happens("seeked");
      video.currentTime = time;
      await seeked;
      drawing.drawImage(video, 0, 0, canvas.width, canvas.height);
      const { data } = drawing.getImageData(0, 0, canvas.width, canvas.height);
      return Array.from({ length: data.length / 4 }, (_, at) => data.slice(4 * at, 4 * at + 3));
    };
    const isMagenta = ([red, green, blue]) => red > 140 && green < 100 && blue > 140;
    const magenta = [];
    for (let time = 0.5; time < duration; time += 0.5) {
      const pixels = await seek(time);
      magenta.push(pixels.filter(isMagenta).length / pixels.length > 0.1);
    }
    const pixels = await seek(duration / 2);
    const colours = new Set(pixels.map((pixel) => pixel.map((one) => one >> 5).join()));
    const context = new OfflineAudioContext(1, 48000, 48000);
    const sound = await context.decodeAudioData(bytes.buffer);
    const samples = sound.getChannelData(0);
    const loudness = (from, to) => samples
      .subarray(from * sound.sampleRate, to * sound.sampleRate)
      .reduce((most, one) => Math.max(most, Math.abs(one)), 0);
    return {
      duration, videoWidth, videoHeight, seekedTo: video.currentTime, colours: colours.size,
      magenta, soundDuration: sound.duration, loudest: loudness(0, sound.duration),
      loudestAtFirst: loudness(0, 1),
    };
  }
"""

# What the lid's camera shows is painted, so that a recording tells it from the other's picture.
_PAINTED_LID = """
  const opened = navigator.mediaDevices.getUserMedia;
  navigator.mediaDevices.getUserMedia = async (constraints) => {
    const stream = await opened(constraints);
    for (const track of stream.getVideoTracks().filter(({ fakeId }) => fakeId === "lid")) {
      const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 180 });
      const drawing = canvas.getContext("2d");
      setInterval(() => {
        drawing.fillStyle = "#ff00ff";
        drawing.fillRect(0, 0, 320, 180);
      }, 100);
      const [painted] = canvas.captureStream(10).getVideoTracks();
      painted.fakeId = track.fakeId;
      painted.getSettings = track.getSettings;
      computer.tracks.push(painted);
      track.stop();
      stream.removeTrack(track);
      stream.addTrack(painted);
    }
    return stream;
  };
"""

# A browser that lets a page have no sound before a click, while `holdsSound` (as Firefox can be set to).
_HELD_SOUND = """
  window.AudioContext = class extends AudioContext {
    constructor(...options) {
      super(...options);
      if (window.holdsSound) void super.suspend();
    }
    resume() {
      return window.holdsSound ? new Promise(() => {}) : super.resume();
    }
  };
"""

# Put before the program of the worker: a disk that is full once there is a whole cluster (two seconds) of a
# recording. So many bytes would be a few pictures where the first ones are large, and nothing at all where a
# computer is too busy to write them one by one.
_SMALL_DISK = """
  const { write } = FileSystemSyncAccessHandle.prototype;
  const CLUSTER = [0x1f, 0x43, 0xb6, 0x75];
  let clusters = 0;
  FileSystemSyncAccessHandle.prototype.write = function (data, options) {
    if (clusters > 1) throw new DOMException("It is full", "QuotaExceededError");
    const written = write.call(this, data, options);
    for (let at = data.indexOf(CLUSTER[0]); at >= 0; at = data.indexOf(CLUSTER[0], at + 1)) {
      if (CLUSTER.every((byte, offset) => data[at + offset] === byte)) clusters += 1;
    }
    return written;
  };
"""

# Plays a file in which nobody can seek.
_BEGUN = """
  async (encoded) => {
    const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
    const video = document.createElement("video");
    const loaded = new Promise((resolve, reject) => {
      video.addEventListener("loadeddata", resolve, { once: true });
      video.addEventListener("error", () => reject(new Error(video.error.message)), { once: true });
    });
    video.src = URL.createObjectURL(new Blob([bytes], { type: "video/webm" }));
    await loaded;
    const plays = new Promise((resolve, reject) => {
      video.addEventListener("timeupdate", () => video.currentTime >= 0.5 && resolve());
      video.addEventListener("ended", () => reject(new Error(`It ends at ${video.currentTime}`)));
    });
    await video.play();
    await plays;
    return { videoWidth: video.videoWidth, soundBytes: video.webkitAudioDecodedByteCount };
  }
"""


# Waits until so many more parts of the only recording are on the disk: Matroska's clusters, of two seconds.
CLUSTERS = """
  async (wanted) => {
    const deadline = performance.now() + 60_000;
    const clusters = async () => {
      const root = await navigator.storage.getDirectory();
      const folder = await root.getDirectoryHandle("recordings");
      for await (const person of folder.values()) {
        for await (const handle of person.values()) {
          const bytes = await (await handle.getFile()).arrayBuffer();
          return new TextDecoder("latin1").decode(bytes).split("\\x1fC\\xb6u").length - 1;
        }
      }
      return 0;
    };
    const before = await clusters();
    while ((await clusters()) < before + wanted) {
      if (performance.now() > deadline) throw new Error("Nothing is written");
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
  }
"""


async def played(page: Page, file: Path) -> dict[str, Any]:
    seen: dict[str, Any] = await page.evaluate(PLAYED, base64.b64encode(file.read_bytes()).decode())
    return seen


async def saved(someone: Participant, folder: Path) -> Path:
    """Save the recording that is offered, and return the file."""
    async with someone.page.expect_download(timeout=_PATIENCE) as downloading:
        await someone.button("Save").click()
    download = await downloading.value
    assert download.suggested_filename.endswith(".webm")
    await download.save_as(folder / "recording.webm")
    return folder / "recording.webm"


async def begins(someone: Participant, what: str) -> None:
    await someone.button("Record").click()
    await begins_in_the_panel(someone, what)


async def begins_in_the_panel(someone: Participant, what: str) -> None:
    await sets(someone.page.get_by_role("radio", name=what))
    await someone.button("Start recording").click()
    await expect(someone.button("Stop recording")).to_be_visible(timeout=_PATIENCE)


async def has_recorded(someone: Participant, seconds: int) -> None:
    """Wait until the panel tells of a recording that long, and longer than a second to seek in."""
    await someone.page.wait_for_function(
        """(wanted) => {
          const told = document.querySelector(".panel .facts dd")?.textContent ?? "0:00";
          const [minutes, seconds] = told.split(":").map(Number.parseFloat);
          return minutes * 60 + seconds >= wanted;
        }""",
        arg=seconds,
        timeout=_PATIENCE,
    )


async def test_a_call_is_recorded(visitors: Visitors, at_browser: AtBrowser, tmp_path: Path) -> None:
    """Everybody sees who records, who comes is asked, and the file plays, with what came and went meanwhile.

    A recording that fills the disk ends by itself, and everybody sees that, too.
    """
    accounts = [await visitors.client(name) for name in ("ann", "bob", "cyd")]
    ann, bob, cyd = [await at_browser(account) for account in accounts]
    room = await accounts[0].creates_room()
    await accounts[0].invites(*accounts[1:], to=room)
    await ann.page.add_init_script(_NO_PICKER)
    await paint_screens(bob.page)
    for someone in (ann, bob):
        await someone.comes_to(room)
        await someone.enters()
    await bob.sees_and_hears(ann.name)

    await asyncio.gather(
        begins(ann, "The whole call"),
        # Looked for from the beginning: a toast goes by itself.
        expect(bob.page.get_by_text(f"{ann.name} started recording this call.")).to_be_visible(
            timeout=_PATIENCE
        ),
    )
    mark = f"This call is being recorded by {ann.name}."
    await expect(bob.page.get_by_role("img", name=mark)).to_be_visible()
    await expect(bob.tile(ann.name).get_by_role("img", name="Recording this call")).to_be_visible()

    await cyd.comes_to(room)
    await _is_asked(cyd, mark)
    await ann.expects(bob.name, cyd.name)

    await has_recorded(ann, 2)
    await ann.button("Pause").click()
    await expect(ann.page.get_by_text("(paused)")).to_be_visible()
    await ann.button("Continue").click()
    await has_recorded(ann, 3)
    await bob.button("Share screen").click()
    await shows_screen(ann.screen_of(bob.name))
    await has_recorded(ann, await recorded_seconds(ann) + 2)
    await bob.leaves()
    await ann.expects(cyd.name)
    await has_recorded(ann, await recorded_seconds(ann) + 2)
    await ann.button("Stop recording").click()
    await expect(cyd.page.get_by_role("img", name=mark)).to_have_count(0)
    _is_whole(await played(ann.page, await saved(ann, tmp_path)))

    await ann.button("Record again").click()
    await begins_in_the_panel(ann, "The whole call")
    await expect(cyd.page.get_by_role("img", name=mark)).to_be_visible()
    await fills_the_storage(ann.page)
    full = "There is no space left, so the recording has ended."
    await expect(ann.page.get_by_text(full)).to_be_visible(timeout=_PATIENCE)
    await expect(cyd.page.get_by_role("img", name=mark)).to_have_count(0)


async def _is_asked(someone: Participant, mark: str) -> None:
    """Whoever comes later enters once they have agreed."""
    await expect(someone.page.get_by_role("alert").get_by_text(mark)).to_be_visible()
    await someone.button("Enter the room").click()
    await expect(someone.heading("This call is being recorded")).to_be_visible()
    await expect(someone.page.get_by_role("dialog").get_by_role("link", name="Leave")).to_be_visible()
    await expect(someone.page.get_by_role("timer")).to_have_count(0)
    await someone.button("Enter").click()
    await expect(someone.page.get_by_role("img", name=mark)).to_be_visible()


def _is_whole(seen: dict[str, Any]) -> None:
    """It has picture and sound from its beginning to its end, and for a time the screen that was shared."""
    assert (seen["videoWidth"], seen["videoHeight"]) == (1280, 720)
    assert 5.5 < seen["duration"] < 600
    assert abs(seen["seekedTo"] - seen["duration"] / 2) < 0.1
    assert seen["colours"] > 5  # faces or test pictures on a background
    assert seen["loudest"] > 0.01  # the beeps of the devices
    assert abs(seen["soundDuration"] - seen["duration"]) < 2
    shared = seen["magenta"]
    assert not any(shared[:5]), "before the screen was shared"
    assert any(shared[5:])
    assert not shared[-1], "after its owner had left"


async def recorded_seconds(someone: Participant) -> int:
    told = await someone.page.locator(".panel .facts dd").first.inner_text()
    minutes, seconds = told.split(":")
    return int(minutes) * 60 + int(seconds)


async def fills_the_storage(page: Page) -> None:
    """Leave no space to the site, as its browser counts it."""
    session = await page.context.new_cdp_session(page)
    origin = await page.evaluate("location.origin")
    await session.send("Storage.overrideQuotaForOrigin", {"origin": origin, "quotaSize": 1})


async def test_a_full_disk_ends_a_recording(
    visitors: Visitors, at_browser: AtBrowser, tmp_path: Path
) -> None:
    """It is said wherever the person looks, and what was written is given as it is: it cannot be mended."""
    account = await visitors.client("ann")
    ann = await at_browser(account)
    room = await account.creates_room()
    await ann.page.add_init_script(_NO_PICKER)

    async def with_a_small_disk(route: Route) -> None:
        worker = await route.fetch()
        await route.fulfill(response=worker, body=_SMALL_DISK + await worker.text())

    await ann.page.context.route("**/recorder-worker*.js", with_a_small_disk)
    await ann.comes_to(room)
    await ann.enters()
    await begins(ann, "The whole call")
    await ann.button("Close the recording panel").click()
    said = ann.page.get_by_role("alertdialog").filter(
        has_text="There is no space left, so your recording has ended."
    )
    await expect(said).to_be_visible(timeout=_PATIENCE)
    await expect(ann.page.get_by_role("img", name="You are recording this call.")).to_have_count(0)
    await ann.button("Record").click()
    kept = ann.page.get_by_role("region", name="Recordings to save").get_by_role("listitem")
    await expect(kept.get_by_text("Its end is missing")).to_be_visible()
    for _ in range(2):  # whatever is left of an attempt to mend it is no recording
        file = await saved(ann, tmp_path)
        await expect(kept).to_have_count(1)
    seen = await ann.page.evaluate(_BEGUN, base64.b64encode(file.read_bytes()).decode())
    assert seen["videoWidth"] == 1280
    assert seen["soundBytes"] > 0


async def test_a_recording_goes_on_with_other_devices(
    visitors: Visitors, at_browser: AtBrowser, tmp_path: Path
) -> None:
    """Its sound is held back at first, until a click; then others take the place of camera and microphone.

    It is made in a browser that gives no streams of tracks, as Firefox does not.
    """
    account = await visitors.client("ann")
    ann = await at_browser(account)
    room = await account.creates_room()
    for script in (
        _NO_PICKER,
        "delete window.MediaStreamTrackProcessor",
        DEVICES,
        _PAINTED_LID,
        _HELD_SOUND,
    ):
        await ann.page.add_init_script(script)
    await ann.comes_to(room)
    await ann.enters()
    await ann.page.evaluate("window.holdsSound = true")
    await begins(ann, "Only me")
    silent = ann.page.get_by_text("Your browser holds the sound back, so the recording is silent.")
    await expect(silent).to_be_visible(timeout=_PATIENCE)
    await ann.page.evaluate(CLUSTERS, 1)  # it is written all the same
    await ann.page.evaluate("window.holdsSound = false")
    await ann.button("Record the sound").click()
    await expect(silent).to_have_count(0)
    await ann.page.evaluate("computer.plug('mic2', 'audio')")
    for gone in ("mic", "desk"):
        await ann.page.evaluate("(gone) => computer.unplug(gone)", gone)
    await uses(ann, "lid,mic2")
    await has_recorded(ann, await recorded_seconds(ann) + 4)
    await ann.button("Stop recording").click()
    seen = await played(ann.page, await saved(ann, tmp_path))
    assert not any(seen["magenta"][:2]) and seen["magenta"][-1]
    assert seen["loudestAtFirst"] < 0.01 < seen["loudest"]


async def test_a_closed_tab_keeps_what_was_recorded(
    visitors: Visitors, at_browser: AtBrowser, tmp_path: Path
) -> None:
    """It is offered on the next visit, and one can seek in it then; deleted, it is gone.

    It was made in a browser that gives no streams of tracks, as Firefox does not.
    """
    account = await visitors.client("ann")
    ann = await at_browser(account)
    room = await account.creates_room()
    await ann.page.context.add_init_script(_NO_PICKER)
    await ann.page.add_init_script("delete window.MediaStreamTrackProcessor")
    await ann.comes_to(room)
    await ann.enters()
    await begins(ann, "Only me")
    await ann.page.evaluate(CLUSTERS, 2)
    context = ann.page.context
    await ann.page.close()

    again = Participant(await context.new_page(), account)
    await again.page.goto("/")
    await expect(again.page.get_by_text("Cut off when the page closed")).to_be_visible(timeout=_PATIENCE)
    seen = await played(again.page, await saved(again, tmp_path))
    assert 1 < seen["duration"] < 600
    assert abs(seen["seekedTo"] - seen["duration"] / 2) < 0.1
    assert seen["colours"] > 2  # of the fake camera
    assert seen["loudest"] > 0.01
    await expect(again.page.get_by_text("Cut off when the page closed")).to_have_count(0)
    await again.button("Delete").click()
    await again.button("Delete for good").click()
    await expect(again.heading("Recordings to save")).to_have_count(0)
