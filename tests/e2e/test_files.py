"""Files and pasted pictures go from browser to browser; how they go on after a break: files.test.ts."""

import os
from pathlib import Path

import pytest
from playwright.async_api import FilePayload, expect

from tests.e2e.conftest import AtBrowser
from tests.people import Visitors

pytestmark = pytest.mark.database("sqlite")

SIZE = 12 * 1024 * 1024
_PASTE_A_PICTURE = """
  async (field) => {
    const canvas = new OffscreenCanvas(40, 30);
    canvas.getContext("2d").fillRect(5, 5, 20, 20);
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File([await canvas.convertToBlob()], "drawn.png", { type: "image/png" }));
    field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  }
"""


async def test_a_file_and_a_picture(visitors: Visitors, at_browser: AtBrowser, tmp_path: Path) -> None:
    ann, bob = await at_browser(await visitors.client("ann")), await at_browser(await visitors.client("bob"))
    room = await ann.account.creates_room()
    await bob.account.enters(room)
    for person in (ann, bob):
        await person.comes_to(room)
        await person.enters()
    await bob.sees_and_hears(ann.name)
    for person in (ann, bob):
        await person.opens("Chat")
    ours, theirs = [person.page.get_by_role("region", name="Files") for person in (ann, bob)]

    await ann.field("Message").evaluate(_PASTE_A_PICTURE)
    picture = theirs.get_by_role("img", name="Picture drawn.png")
    await expect(picture).to_be_visible()
    await expect(picture).to_have_js_property("naturalWidth", 40)
    await expect(ours).to_contain_text("1 of 1 have it")

    content = os.urandom(SIZE)
    report = FilePayload(name="../report\u202efdp.bin", mimeType="text/html", buffer=content)
    async with ann.page.expect_file_chooser() as choosing:
        await ann.button("Send files").click()
    await (await choosing.value).set_files(report)
    await bob.button("Accept").click()
    await expect(theirs.get_by_text("Received")).to_have_count(2)
    await expect(ours.get_by_text("1 of 1 have it")).to_have_count(2)
    async with bob.page.expect_download() as saving:
        await (
            theirs.get_by_role("listitem").filter(has_text="report").get_by_role("link", name="Save").click()
        )
    saved = await saving.value
    await saved.save_as(tmp_path / "saved")
    assert (tmp_path / "saved").read_bytes() == content
    assert "/" not in saved.suggested_filename and "\u202e" not in saved.suggested_filename
