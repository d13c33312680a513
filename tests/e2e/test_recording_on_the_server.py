"""A room's creator has the server record: everybody is asked, and the file is in the room's menu."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from tests.conftest import StartServer
from tests.e2e.conftest import AtBrowser
from tests.e2e.participant import Participant, room_path
from tests.e2e.test_recording import played
from tests.people import Visitors
from tests.servers.livekit import embedded_livekit
from tests.servers.recording import begun_by, with_recorder

pytestmark = pytest.mark.database("sqlite")

_PATIENCE = 240_000
"""Milliseconds: a mixed file is made with what a busy machine has to spare."""


def question_to(someone: Participant) -> Locator:
    return someone.page.get_by_role("dialog", name="This call is being recorded")


async def test_all_are_asked_and_the_file_is_the_creators(
    fresh_server: StartServer, at_browser: AtBrowser, tmp_path: Path
) -> None:
    server = await fresh_server(with_recorder(embedded_livekit()))
    await server.expect_log("sfu.ready")
    async with Visitors(server) as visitors:
        accounts = [await visitors.client(name) for name in ("ann", "bob", "cyd")]
        room = await accounts[0].creates_room()
        await accounts[0].invites(*accounts[1:], to=room)
        ann, bob, cyd = [await at_browser(account) for account in accounts]
        for person in (ann, bob):
            await person.comes_to(room)
            await person.enters()
        await ann.sees_and_hears(bob.name)

        await ann.button("Record").click()
        await ann.button("Record on the server").click()
        await expect(ann.button("Stop recording on the server")).to_be_visible()
        await expect(question_to(ann)).to_have_count(0)
        mark = bob.page.get_by_role("img", name=re.compile("^The server is recording this call"))
        await expect(mark).to_be_visible()
        await question_to(bob).get_by_role("button", name="Stay without being recorded").click()
        await expect(bob.page.get_by_text("You aren’t being recorded.")).to_be_visible()
        await bob.button("Agree").click()
        await expect(bob.page.get_by_text("You aren’t being recorded.")).to_have_count(0)

        await cyd.comes_to(room)
        await expect(cyd.page.get_by_text(f"{ann.name} started it")).to_be_visible()
        await cyd.button("Enter the room").click()
        await question_to(cyd).get_by_role("button", name="Enter", exact=True).click()
        await expect(cyd.page.get_by_role("timer", name="Time in the call")).to_be_visible()
        await ann.sees_and_hears(cyd.name)
        await expect(question_to(cyd)).to_have_count(0)
        await expect(cyd.page.get_by_text("You aren’t being recorded.")).to_have_count(0)
        for someone in (ann, bob, cyd):
            await is_in_the_recording(server.folder, someone.name)

        await ann.button("Stop recording on the server").click()
        await expect(ann.page.get_by_text("The recording has ended.")).to_be_visible()
        await expect(mark).to_have_count(0)
        await bob.page.goto("/")
        await expect(bob.card_of(room)).to_be_visible()
        await expect(bob.button(f"Manage “{room}”")).to_have_count(0)
        await saves_and_deletes(ann, room, tmp_path)


async def is_in_the_recording(folder: Path, name: str) -> None:
    """Wait until a person's picture and sound are being written."""
    manifests = list((folder / "data" / "recordings").glob("*/manifest.jsonl"))
    assert len(manifests) == 1
    await begun_by(manifests[0], name)


async def saves_and_deletes(creator: Participant, room: str, folder: Path) -> None:
    await creator.page.goto("/")
    await creator.card_of(room).get_by_role("button", name=f"Manage “{room}”").click()
    await creator.page.get_by_role("menuitem", name="Recordings").click()
    shown = creator.page.get_by_role("dialog", name="Recordings")
    await expect(shown.get_by_text("The whole call")).to_be_visible(timeout=_PATIENCE)
    async with creator.page.expect_download() as downloading:
        await shown.get_by_role("link", name="Save").first.click()
    download = await downloading.value
    assert download.suggested_filename.startswith(room)
    await download.save_as(folder / "mixed.webm")
    await creator.page.goto(room_path(room))  # a page of ours: the file is played there
    file = await played(creator.page, folder / "mixed.webm")
    assert (file["videoWidth"], file["videoHeight"]) == (1280, 720)
    assert file["duration"] > 1
    assert file["loudest"] > 0.01
    await creator.page.goto("/")
    await creator.card_of(room).get_by_role("button", name=f"Manage “{room}”").click()
    await creator.page.get_by_role("menuitem", name="Recordings").click()
    await shown.get_by_role("button", name="Delete", exact=True).click()
    await shown.get_by_role("button", name="Delete for good").click()
    await expect(shown.get_by_text("Nothing has been recorded")).to_be_visible()
