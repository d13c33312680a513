"""An event lets in who is invited, asks them for no password, and notes who came."""

import re

import pytest
from playwright.async_api import Locator, expect

from tests.conftest import Unique
from tests.e2e.conftest import AtBrowser
from tests.e2e.participant import Participant, room_path, sets
from tests.people import Visitors

pytestmark = pytest.mark.database("sqlite")


async def test_an_event_with_an_invitee_and_a_guest(
    visitors: Visitors, at_browser: AtBrowser, unique: Unique
) -> None:
    ann, bob = await at_browser(await visitors.client("ann")), await at_browser(await visitors.client("bob"))
    gus = await at_browser(await visitors.stranger("gus", client=False))
    event = unique("Concert")

    await ann.logs_in()
    await _creates_event(ann, event, bob.account.email, gus.account.email)
    await ann.enters()

    invitation = await ann.account.server.expect_mail(bob.account.email)
    while event not in invitation.text:
        invitation = await ann.account.server.expect_mail(bob.account.email)
    await bob.page.goto(_link_in(invitation.text))
    await bob.page.get_by_role("main").get_by_role("link", name="Log in").click()
    await bob.fills_login()
    await bob.enters()
    await bob.expects(ann.name)

    await gus.registers()
    await gus.confirms()
    await gus.link("See the rooms").click()
    await expect(gus.page.get_by_role("region", name="Your invitations")).to_contain_text(event)
    await gus.link(event).click()
    await gus.enters()
    await ann.expects(bob.name, "Guest")
    await gus.sees_and_hears(ann.name, bob.name)
    await ann.sees_and_hears("Guest")

    await bob.leaves()
    await gus.leaves()
    await ann.expects()
    attendance = await _attendance(ann)
    await expect(attendance).to_have_count(3)
    for someone, when in [(ann, "still here"), (bob, r"– \d\d:\d\d"), (gus, r"– \d\d:\d\d")]:
        row = attendance.filter(has_text=someone.account.email)
        await expect(row).to_contain_text(someone.name)
        await expect(row).to_contain_text(re.compile(when))


async def test_a_stranger_stays_outside(visitors: Visitors, at_browser: AtBrowser) -> None:
    ann, sam = await visitors.client("ann"), await at_browser(await visitors.client("sam"))
    event = await ann.creates_event()

    await sam.page.goto(room_path(event))
    await sam.fills_login()
    await expect(sam.heading(f"You can’t enter “{event}”")).to_be_visible()
    await expect(sam.page.get_by_role("alert")).to_contain_text("hasn’t been invited")
    await expect(sam.page.get_by_label("Room password")).to_have_count(0)

    await sam.link("See the rooms").click()
    await sam.expects_to_be_at_home()
    await expect(sam.link(event)).to_have_count(0)


async def _creates_event(someone: Participant, event: str, *invited: str) -> None:
    await someone.link("New room").click()
    await someone.field("Name").fill(event)
    await someone.field("Room password").fill("of no use here")
    await someone.field("Invite people (optional)").fill(", ".join(invited))
    await sets(someone.page.get_by_role("switch", name="Event"))
    await someone.button("Create room").click()
    await expect(someone.heading(event)).to_be_visible()


async def _attendance(someone: Participant) -> Locator:
    """Each entry of the list."""
    await someone.button("Attendance").click()
    return someone.page.get_by_role("dialog", name="Attendance").get_by_role("listitem")


def _link_in(text: str) -> str:
    found = re.search(r"https?://\S+/r/\S+", text)
    assert found, text
    return found[0]
