"""Files and pasted pictures go from browser to browser, and on after a break (more breaks: files.test.ts)."""

import os
from pathlib import Path

import pytest
from playwright.async_api import FilePayload, Locator, expect

from tests.e2e.conftest import AtBrowser
from tests.e2e.participant import Participant
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


# Closes the connection behind the page's back, once so many pieces were sent; counts the bytes of pieces.
_BREAK_AFTER = """
  (pieces) => {
    window.sentBytes = 0;
    window.plainSend ??= RTCDataChannel.prototype.send;
    let left = pieces;
    RTCDataChannel.prototype.send = function (data) {
      window.plainSend.call(this, data);
      if (typeof data === "string") return;
      window.sentBytes += data.byteLength;
      left -= 1;
      if (left === 0) window.connections.filter((one) => one.connectionState === "connected").at(-1).close();
    };
  }
"""
# Recovery waits for ICE to notice, tries to restart it, and builds another connection then.
_HEALED_WITHIN_MS = 120_000


def files_of(someone: Participant) -> Locator:
    return someone.page.get_by_role("region", name="Files")


async def offers(someone: Participant, file: FilePayload | Path) -> None:
    async with someone.page.expect_file_chooser() as choosing:
        await someone.button("Send files").click()
    await (await choosing.value).set_files(file)


async def saves(someone: Participant, name: str, folder: Path) -> bytes:
    card = files_of(someone).get_by_role("listitem").filter(has_text=name)
    async with someone.page.expect_download() as saving:
        await card.get_by_role("link", name="Save").click()
    await (await saving.value).save_as(folder / "saved")
    return (folder / "saved").read_bytes()


async def test_files_and_pictures(visitors: Visitors, at_browser: AtBrowser, tmp_path: Path) -> None:
    ann, bob = await at_browser(await visitors.client("ann")), await at_browser(await visitors.client("bob"))
    room = await ann.account.creates_room()
    await bob.account.enters(room)
    for person in (ann, bob):
        await person.comes_to(room)
        await person.enters()
    await bob.sees_and_hears(ann.name)
    for person in (ann, bob):
        await person.opens("Chat")
    await _a_picture_and_a_file(ann, bob, tmp_path)
    await _is_too_large(ann, tmp_path)
    await _is_declined(ann, bob)
    await _a_file_goes_on_after_a_break(ann, bob, tmp_path)
    await _a_sender_leaves_in_the_middle(ann, bob, tmp_path)


async def _a_picture_and_a_file(ann: Participant, bob: Participant, folder: Path) -> None:
    ours, theirs = files_of(ann), files_of(bob)
    await ann.field("Message").evaluate(_PASTE_A_PICTURE)
    picture = theirs.get_by_role("img", name="Picture drawn.png")
    await expect(picture).to_be_visible()
    await expect(picture).to_have_js_property("naturalWidth", 40)
    await expect(ours).to_contain_text("1 of 1 have it")

    content = os.urandom(1024 * 1024)
    report = FilePayload(name="../report\u202efdp.bin", mimeType="text/html", buffer=content)
    await offers(ann, report)
    await bob.button("Accept").click()
    await expect(theirs.get_by_text("Received")).to_have_count(2)
    await expect(ours.get_by_text("1 of 1 have it")).to_have_count(2)
    async with bob.page.expect_download() as saving:
        await (
            theirs.get_by_role("listitem").filter(has_text="report").get_by_role("link", name="Save").click()
        )
    saved = await saving.value
    await saved.save_as(folder / "saved")
    assert (folder / "saved").read_bytes() == content
    assert "/" not in saved.suggested_filename and "\u202e" not in saved.suggested_filename


async def _is_too_large(someone: Participant, folder: Path) -> None:
    large = folder / "large.bin"
    with large.open("wb") as file:
        file.truncate(64 * 1024 * 1024 + 1)
    await offers(someone, large)
    await expect(someone.page.get_by_text("Files can have 64 MB at most.")).to_be_visible()


async def _is_declined(sender: Participant, receiver: Participant) -> None:
    await offers(sender, FilePayload(name="unwanted.bin", mimeType="", buffer=b"unwanted"))
    await receiver.button("Decline").click()
    for person in (sender, receiver):
        card = files_of(person).get_by_role("listitem").filter(has_text="unwanted")
        await expect(card).to_contain_text("Cancelled")


async def _a_file_goes_on_after_a_break(ann: Participant, bob: Participant, folder: Path) -> None:
    """Its connection is replaced by another one."""
    content = os.urandom(SIZE)
    await ann.page.evaluate(_BREAK_AFTER, 100)
    await offers(ann, FilePayload(name="broken.bin", mimeType="", buffer=content))
    await bob.button("Accept").click()
    broken = files_of(bob).get_by_role("listitem").filter(has_text="broken")
    await expect(broken).to_contain_text("Received", timeout=_HEALED_WITHIN_MS)
    assert await saves(bob, "broken", folder) == content
    assert await ann.page.evaluate("window.sentBytes") < 1.1 * SIZE, "what had arrived was not sent again"
    await bob.sees_and_hears(ann.name)


async def _a_sender_leaves_in_the_middle(ann: Participant, bob: Participant, folder: Path) -> None:
    """They are said to have left; once they are back, they send again."""
    await ann.page.evaluate(_BREAK_AFTER, 100)
    await offers(ann, FilePayload(name="unfinished.bin", mimeType="", buffer=os.urandom(SIZE)))
    await bob.button("Accept").click()
    unfinished = files_of(bob).get_by_role("listitem").filter(has_text="unfinished")
    await expect(unfinished).to_contain_text("On its way")
    await ann.page.wait_for_function("() => window.sentBytes > 99 * 16_384", polling=50)
    await ann.leaves()
    await expect(unfinished).to_contain_text("Not finished: the person has left")
    await ann.button("Enter again").click()
    await ann.enters()
    await bob.sees_and_hears(ann.name)
    await ann.opens("Chat")
    again = os.urandom(1024 * 1024)
    await offers(ann, FilePayload(name="again.bin", mimeType="", buffer=again))
    await bob.button("Accept").click()
    assert await saves(bob, "again", folder) == again
