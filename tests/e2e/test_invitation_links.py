"""The way in by the link of an invitation's mail."""

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import AtBrowser
from tests.e2e.participant import room_path
from tests.people import Person, Visitors

pytestmark = pytest.mark.database("sqlite")


async def invitation_of(account: Person, room: str) -> str:
    """The path that the mail leads to."""
    start = f"{room_path(room)}#invitation="
    while start not in (mail := await account.server.expect_mail(account.email)).text:
        pass
    return start + mail.text.split(start)[1].split()[0]


async def test_a_stranger_joins_by_the_first_button(visitors: Visitors, at_browser: AtBrowser) -> None:
    ann = await visitors.client("ann")
    event = await ann.creates_event()
    gus = await at_browser(await visitors.stranger("gus", client=False))
    await ann.invites(gus.account, to=event)
    link = await invitation_of(gus.account, event)
    await gus.page.goto(link)
    await expect(gus.heading(event)).to_be_visible()
    await expect(gus.page.get_by_role("main")).to_contain_text(
        f"{ann.username} has invited you to this event"
    )
    await gus.field("Your name (optional)").fill("  José 李 ")
    await gus.button("Join as a guest").click()
    await gus.enters()
    assert "#" not in gus.page.url
    await gus.button("People").click()
    await expect(gus.page.get_by_role("complementary")).to_contain_text("José 李")
    await gus.page.reload()
    await expect(gus.button("Enter the room")).to_be_visible()


async def test_a_guest_comes_in_another_browser_too(visitors: Visitors, at_browser: AtBrowser) -> None:
    ann = await visitors.client("ann")
    event = await ann.creates_event()
    guest = await visitors.stranger("gus", client=False)
    await ann.invites(guest, to=event)
    link = await invitation_of(guest, event)
    for _ in range(2):
        gus = await at_browser(guest)
        await gus.page.goto(link)
        await gus.button("Join as a guest").click()
        await expect(gus.button("Enter the room")).to_be_visible()


async def test_who_has_an_account_logs_in(visitors: Visitors, at_browser: AtBrowser) -> None:
    ann = await visitors.client("ann")
    room = await ann.creates_room()
    bob = await at_browser(await visitors.client("bob"))
    await ann.invites(bob.account, to=room)
    await bob.page.goto(await invitation_of(bob.account, room))
    await expect(bob.heading(room)).to_be_visible()
    await expect(bob.button("Join as a guest")).to_have_count(0)
    await bob.page.get_by_role("main").get_by_role("link", name="Log in").click()
    await bob.fills_login()
    await expect(bob.button("Enter the room")).to_be_visible()


async def test_who_guesses_a_name_learns_nothing(visitors: Visitors, at_browser: AtBrowser) -> None:
    event = await (await visitors.client("ann")).creates_event()
    eve = await at_browser(await visitors.stranger("eve"))
    await eve.page.goto(f"{room_path(event)}#invitation=nonsense")
    await expect(eve.heading("This invitation is no longer valid")).to_be_visible()
    await expect(eve.page.get_by_role("main")).not_to_contain_text(event)
