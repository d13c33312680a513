"""`python -m bench.effects`: CPU time that a background and the suppression of noise cost Chromium.

One person is alone in a call, before a camera of 10 pictures a second, without and then with an effect. What
is above the cost without it, for each picture that comes, is the effect's. Prints a table in Markdown.
"""

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from playwright.async_api import Page

from bench.machine import ProcessClock
from bench.mesh.fake_media import Camera, microphone_flags
from tests.e2e.media import keep_connections
from tests.e2e.participant import Participant
from tests.e2e.test_effects import chooses
from tests.people import Visitors
from tests.servers import ParlourServer
from tests.servers.browser import CHROMIUM, People, chromium
from tests.servers.stopwatch import descendants

CAMERAS = (Camera(1280, 720, 10), Camera(640, 360, 10), Camera(320, 180, 10))
EFFECTS = ("Blur", "Dusk")
NO_EFFECT = "None"
SETTLE_SECONDS = 2.0
"""While the model of an effect is loaded, which is not measured."""

_PICTURES = """
  (seconds) => new Promise((resolve) => {
    const video = document.querySelector("main video");
    const { totalVideoFrames: before } = video.getVideoPlaybackQuality();
    setTimeout(() => resolve(video.getVideoPlaybackQuality().totalVideoFrames - before), seconds * 1000);
  })
"""


@asynccontextmanager
async def at_call(folder: Path, camera: Camera) -> AsyncIterator[Participant]:
    """Enter a call alone, at a browser with this camera."""
    flags = (*camera.flags(folder), *microphone_flags(folder, place=0, people=1))
    async with (
        ParlourServer(folder) as server,
        Visitors(server) as visitors,
        chromium(CHROMIUM, *flags) as browser,
    ):
        account = await visitors.client("ann")
        page = await People(browser)("ann", at=server.url)
        await keep_connections(page)
        someone = Participant(page, account)
        await someone.comes_to(await account.creates_room())
        await someone.enters()
        yield someone


def browser_seconds() -> float:
    """Return the CPU seconds that all processes of Chromium below this one have taken."""
    total = 0.0
    for pid in descendants(os.getpid()):
        with suppress(OSError):  # it has ended
            if Path(f"/proc/{pid}/comm").read_text().strip() == "chromium":
                total += ProcessClock(pid).seconds()
    return total


async def cost(page: Page, seconds: float) -> tuple[float, float]:
    """Return the cores that the browser takes, and the pictures a second."""
    await asyncio.sleep(SETTLE_SECONDS)
    before, began = browser_seconds(), time.monotonic()
    pictures = await page.evaluate(_PICTURES, seconds)
    took = time.monotonic() - began
    return (browser_seconds() - before) / took, pictures / took


async def turn_noise_suppression(someone: Participant) -> None:
    await someone.button("Choose microphone").click()
    await someone.page.get_by_role("menuitemcheckbox", name="Reduce background noise").click()
    await someone.page.keyboard.press("Escape")


async def measure(seconds: float) -> None:
    effects = [f"{one}, ms of a core a picture" for one in EFFECTS]
    print("| camera | without, cores | " + " | ".join(effects) + " | less noise, cores |")
    print("| --- |" + " ---: |" * (2 + len(EFFECTS)))
    for camera in CAMERAS:
        with tempfile.TemporaryDirectory(prefix="parlour-bench-") as folder:
            async with at_call(Path(folder), camera) as someone:
                plain, _ = await cost(someone.page, seconds)
                row = [f"{camera.width}×{camera.height}", f"{plain:.2f}"]
                for effect in EFFECTS:
                    await chooses(someone, effect)
                    cores, pictures = await cost(someone.page, seconds)
                    row.append(f"{(cores - plain) / pictures * 1000:.0f} ({pictures:.1f} a second)")
                    await chooses(someone, NO_EFFECT)
                await turn_noise_suppression(someone)
                cores, _ = await cost(someone.page, seconds)
                row.append(f"{cores - plain:.2f}")
                print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5)
    asyncio.run(measure(parser.parse_args().seconds))
