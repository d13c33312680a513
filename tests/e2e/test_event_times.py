"""An event with a time: its creator sets it, invitees see it at home and in the lobby, and who is in."""

import pytest
from playwright.async_api import expect

from tests.conftest import Unique
from tests.e2e.conftest import AtBrowser
from tests.e2e.participant import Participant, sets
from tests.people import Visitors

pytestmark = pytest.mark.database("sqlite")
WHEN = "Sun, January 1, 2090, 03:00 PM – 04:30 PM"


async def test_an_event_is_found_by_its_time(
    visitors: Visitors, at_browser: AtBrowser, unique: Unique
) -> None:
    ann, bob = await at_browser(await visitors.client("ann")), await at_browser(await visitors.client("bob"))
    event = unique("Concert")

    await ann.logs_in()
    await ann.link("New room").click()
    await ann.field("Name").fill(event)
    await ann.field("Room password").fill("of no use here")
    await ann.field("Invite people (optional)").fill(bob.account.email)
    await sets(ann.page.get_by_role("switch", name="Event"))
    await ann.field("Starts (optional)").fill("2000-01-01T15:00")
    await ann.field("Duration in minutes (optional)").fill("ninety")
    await ann.button("Create room").click()
    await expect(ann.page.get_by_text("This time has passed.")).to_be_visible()
    await expect(ann.page.get_by_text("Enter a whole number from 1 to 10,080.")).to_be_visible()
    await ann.field("Starts (optional)").fill("2090-01-01T15:00")
    await ann.field("Duration in minutes (optional)").fill("90")
    await expect(ann.page.get_by_text("In your time zone: ")).to_be_visible()
    await ann.button("Create room").click()
    await expect(ann.heading(event)).to_be_visible()
    await expect(ann.page.get_by_text(f"Starts {WHEN}")).to_be_visible()
    await ann.enters()

    while event not in (invitation := await ann.account.server.expect_mail(bob.account.email)).text:
        pass
    assert "It starts on 2090-01-01 " in invitation.text
    await bob.logs_in()
    upcoming = bob.page.get_by_role("region", name="Upcoming events")
    await expect(upcoming).to_contain_text(event)
    await expect(upcoming).to_contain_text(WHEN)
    await expect(upcoming).to_contain_text(f"In the call: {ann.name}")

    await ann.leaves()
    await ann.page.goto("/")
    await ann.button(f"Manage “{event}”").click()
    await ann.page.get_by_role("menuitem", name="Edit room").click()
    await expect(ann.field("Starts (optional)")).to_have_value("2090-01-01T15:00")
    await ann.field("Starts (optional)").fill("")
    await ann.button("Save").click()
    await expect(ann.page.get_by_role("region", name="Your own")).to_contain_text(event)
    await expect(ann.page.get_by_text(WHEN)).to_have_count(0)
    moved = await ann.account.server.expect_mail(bob.account.email)
    assert f"{ann.name} has changed when the event “{event}” takes place." in moved.text
    await _makes_an_event_of_a_room(ann)


async def _makes_an_event_of_a_room(ann: Participant) -> None:
    room = await ann.account.creates_room()
    await ann.page.goto("/")
    await ann.button(f"Manage “{room}”").click()
    await ann.page.get_by_role("menuitem", name="Edit room").click()
    await sets(ann.page.get_by_role("switch", name="Event"))
    await expect(ann.field("New password (optional)")).to_have_count(0)
    await ann.field("Starts (optional)").fill("2090-01-01T15:00")
    await ann.button("Save").click()
    await expect(ann.page.get_by_role("region", name="Upcoming events")).to_contain_text(room)
