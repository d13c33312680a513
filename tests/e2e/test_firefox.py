"""Firefox and Chromium in one call: each sees, hears and reads the other."""

import asyncio
import os

import pytest
from playwright.async_api import FilePayload, expect

from tests.e2e.conftest import AtBrowser
from tests.e2e.media import paint_screens, shows_screen, use_small_pictures
from tests.e2e.participant import Participant
from tests.e2e.test_effects import chooses, sharpness
from tests.e2e.test_hands_and_talk import sees_hands
from tests.e2e.test_recording import CLUSTERS, PLAYED, begins
from tests.people import Visitors

pytestmark = pytest.mark.database("sqlite")

_SIZE = 3 * 1024 * 1024

# The only recording that this browser keeps, in base 64. Firefox offers no test its download.
_RECORDING = """
  async () => {
    const root = await navigator.storage.getDirectory();
    for await (const person of (await root.getDirectoryHandle("recordings")).values()) {
      for await (const handle of person.values()) {
        const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer());
        return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
      }
    }
  }
"""


async def test_a_call_of_firefox_and_chromium(
    visitors: Visitors, at_browser: AtBrowser, at_firefox: AtBrowser
) -> None:
    fay, cyd = await at_firefox(await visitors.client("fay")), await at_browser(await visitors.client("cyd"))
    room = await fay.account.creates_room()
    await fay.account.invites(cyd.account, to=room)
    for person in (fay, cyd):
        await use_small_pictures(person.page)
        await paint_screens(person.page)
        await person.comes_to(room)
        await person.enters()
    await asyncio.gather(fay.sees_and_hears(cyd.name), cyd.sees_and_hears(fay.name))

    await fay.page.keyboard.press("h")
    await sees_hands(cyd, fay.name)
    await sees_hands(fay, f"{fay.name} (you)")
    await cyd.page.keyboard.press("h")
    await sees_hands(fay, f"{fay.name} (you)", cyd.name)

    await fay.button("Share screen").click()
    await shows_screen(cyd.screen_of(fay.name))
    await cyd.button("Share screen").click()
    await shows_screen(fay.screen_of(cyd.name))
    for person in (fay, cyd):
        await person.button("Stop sharing").click()
    await asyncio.gather(_is_blurred(fay, cyd), _is_blurred(cyd, fay))

    await _is_recorded(fay, cyd)
    for person in (fay, cyd):
        await person.opens("Chat")
    await _edits_what_is_written(fay, cyd)
    await _edits_what_is_written(cyd, fay)
    await _sends_a_file(fay, cyd)
    await _sends_a_file(cyd, fay)


async def _is_blurred(someone: Participant, viewer: Participant) -> None:
    """Neither fake camera shows a person, so the whole picture is behind them."""
    seen = viewer.video_of(someone.name)
    sharp = await sharpness(seen)
    assert sharp > 0
    await chooses(someone, "Blur")
    async with asyncio.timeout(60):
        while await sharpness(seen) > sharp / 2:
            pass
    await chooses(someone, "None")


async def _is_recorded(someone: Participant, other: Participant) -> None:
    """What Firefox has recorded plays in the other browser."""
    await begins(someone, "The whole call")
    await someone.page.evaluate(CLUSTERS, 2)
    await someone.button("Stop recording").click()
    await expect(someone.button("Save")).to_be_visible(timeout=60_000)
    seen = await other.page.evaluate(PLAYED, await someone.page.evaluate(_RECORDING))
    assert seen["duration"] > 1
    assert seen["colours"] > 2
    assert seen["loudest"] > 0.01


async def _edits_what_is_written(writer: Participant, reader: Participant) -> None:
    text = f"When do we begin, {reader.name}"
    await writer.writes(text)
    await reader.expects_message(writer.name, text)
    await expect(writer.page.get_by_text("Sending…")).to_have_count(0)
    await writer.page.keyboard.press("ArrowUp")
    await expect(writer.field("Edited message")).to_have_value(text)
    await writer.page.keyboard.press("End")
    await writer.page.keyboard.type("?")
    await writer.page.keyboard.press("Enter")
    await reader.expects_message(writer.name, f"{text}?")
    await expect(writer.field("Message")).to_have_value("")


async def _sends_a_file(sender: Participant, receiver: Participant) -> None:
    """It is received once its digest is that of what was sent."""
    name = f"of {sender.name}.bin"
    file = FilePayload(name=name, mimeType="application/pdf", buffer=os.urandom(_SIZE))
    async with sender.page.expect_file_chooser() as choosing:
        await sender.button("Send files").click()
    await (await choosing.value).set_files(file)
    await receiver.button("Accept").click()
    files = receiver.page.get_by_role("region", name="Files").get_by_role("listitem")
    await expect(files.filter(has_text=name).get_by_text("Received")).to_be_visible()
    sent = sender.page.get_by_role("region", name="Files").get_by_role("listitem")
    await expect(sent.filter(has_text=name)).to_contain_text("1 of 1 have it")
