"""A recording is a file that plays, everybody knows of it, and a page that dies takes nothing along."""

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import AtBrowser
from tests.e2e.participant import Participant
from tests.people import Visitors

pytestmark = pytest.mark.database("sqlite")

_PATIENCE = 60_000

# Without a picker, which no test can answer, a recording is downloaded.
_NO_PICKER = "delete window.showSaveFilePicker"

# Plays a file: what it is, and whether one can seek in it.
_PLAYED = """
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
    const seeked = happens("seeked");
    video.currentTime = duration / 2;
    await seeked;
    const canvas = new OffscreenCanvas(videoWidth, videoHeight);
    const drawing = canvas.getContext("2d");
    drawing.drawImage(video, 0, 0);
    const colours = new Set();
    for (let x = 4; x < videoWidth; x += 16) {
      for (let y = 4; y < videoHeight; y += 16) {
        colours.add(drawing.getImageData(x, y, 1, 1).data.slice(0, 3).map((one) => one >> 5).join());
      }
    }
    const context = new OfflineAudioContext(1, 48000, 48000);
    const sound = await context.decodeAudioData(bytes.buffer);
    const loudest = sound.getChannelData(0).reduce((most, one) => Math.max(most, Math.abs(one)), 0);
    return {
      duration, videoWidth, videoHeight, seekedTo: video.currentTime, colours: colours.size,
      soundDuration: sound.duration, loudest,
    };
  }
"""


# Waits until so many parts (Matroska's clusters, of two seconds each) of the only recording are on the disk.
_CLUSTERS = """
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
    while ((await clusters()) < wanted) {
      if (performance.now() > deadline) throw new Error("Nothing is written");
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
  }
"""


async def played(page: Page, file: Path) -> dict[str, Any]:
    seen: dict[str, Any] = await page.evaluate(_PLAYED, base64.b64encode(file.read_bytes()).decode())
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
    await someone.page.get_by_role("radio", name=what).check(force=True)
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
    """Everybody sees who records, who comes is asked, and the file plays."""
    accounts = [await visitors.client(name) for name in ("ann", "bob", "cyd")]
    ann, bob, cyd = [await at_browser(account) for account in accounts]
    room = await accounts[0].creates_room()
    await accounts[0].invites(*accounts[1:], to=room)
    await ann.page.add_init_script(_NO_PICKER)
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
    await expect(cyd.page.get_by_role("alert").get_by_text(mark)).to_be_visible()
    await cyd.button("Enter the room").click()
    await expect(cyd.heading("This call is being recorded")).to_be_visible()
    await expect(cyd.page.get_by_role("dialog").get_by_role("link", name="Leave")).to_be_visible()
    await expect(cyd.page.get_by_role("timer")).to_have_count(0)
    await cyd.button("Enter").click()
    await expect(cyd.page.get_by_role("img", name=mark)).to_be_visible()
    await ann.expects(bob.name, cyd.name)

    await has_recorded(ann, 4)
    await ann.button("Pause").click()
    await expect(ann.page.get_by_text("(paused)")).to_be_visible()
    await ann.button("Continue").click()
    await has_recorded(ann, 6)
    await bob.leaves()
    await ann.expects(cyd.name)
    await ann.button("Stop recording").click()
    await expect(cyd.page.get_by_role("img", name=mark)).to_have_count(0)
    seen = await played(ann.page, await saved(ann, tmp_path))
    assert (seen["videoWidth"], seen["videoHeight"]) == (1280, 720)
    assert 5.5 < seen["duration"] < 600
    assert abs(seen["seekedTo"] - seen["duration"] / 2) < 0.1
    assert seen["colours"] > 5  # faces or test pictures on a background
    assert seen["loudest"] > 0.01  # the beeps of the devices
    assert abs(seen["soundDuration"] - seen["duration"]) < 2


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
    await ann.page.evaluate(_CLUSTERS, 4)
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
