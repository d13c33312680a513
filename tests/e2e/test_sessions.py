"""Whom the browser remembers, where a link leads after the login, and how a guest's time ends."""

import pytest
from playwright.async_api import expect

from tests.conftest import StartServer
from tests.e2e.conftest import AtBrowser
from tests.e2e.participant import Participant, room_path
from tests.people import Visitors

pytestmark = pytest.mark.database("sqlite")

UNTIL_THE_WARNING = 30
"""Seconds: time to come into the call."""
_LEFT_AT_THE_WARNING = """
  () => new Promise((done) => {
    const region = document.querySelector('[role="status"][aria-label="Your time as a guest"]');
    const timer = document.querySelector('[role="timer"][aria-label="Time left as a guest"]');
    const before = region.textContent;
    const look = () => {
      if (region.textContent) done({ before, shown: timer.textContent });
    };
    new MutationObserver(look).observe(region, { childList: true, subtree: true, characterData: true });
    look();
  })
"""


async def test_a_trusted_computer_remembers_over_a_reload(visitors: Visitors, at_browser: AtBrowser) -> None:
    ann = await at_browser(await visitors.client("ann"))
    await ann.logs_in(trust=True)
    await ann.page.reload()
    await ann.expects_to_be_logged_in()
    await ann.page.goto("/profile")
    await expect(ann.page.get_by_role("main")).to_contain_text(ann.account.email)
    await expect(ann.page.get_by_role("switch", name="Trust this computer")).to_be_checked()


async def test_another_computer_forgets_at_a_reload(visitors: Visitors, at_browser: AtBrowser) -> None:
    ann = await at_browser(await visitors.client("ann"))
    await ann.logs_in(trust=False)
    await ann.page.reload()
    await ann.expects_to_be_nobody()


async def test_who_logs_out_is_out(visitors: Visitors, at_browser: AtBrowser) -> None:
    ann = await at_browser(await visitors.client("ann"))
    await ann.logs_in(trust=True)
    await ann.button(f"Account: {ann.name}").click()
    await ann.page.get_by_role("menuitem", name="Log out").click()
    await ann.expects_to_be_nobody()
    await ann.page.reload()
    await ann.expects_to_be_nobody()
    assert not [cookie for cookie in await ann.page.context.cookies() if cookie.get("name") == "jwt"]


async def test_a_link_to_a_room_survives_the_login(visitors: Visitors, at_browser: AtBrowser) -> None:
    ann = await at_browser(await visitors.client("ann"))
    room = await ann.account.creates_room("Café & bar/100% " + ann.name)
    await ann.page.goto(room_path(room))
    await expect(ann.page.get_by_text("Log in to enter the room that you opened.")).to_be_visible()
    await ann.fills_login()
    await expect(ann.heading(room)).to_be_visible()
    await expect(ann.button("Enter the room")).to_be_visible()
    assert ann.page.url == ann.account.server.url + room_path(room)


async def test_a_link_to_a_room_survives_signing_up(visitors: Visitors, at_browser: AtBrowser) -> None:
    """Through the mail too, which opens a page of its own."""
    room = await (await visitors.client("ann")).creates_room()
    bob = await at_browser(await visitors.stranger("bob"))
    await bob.page.goto(room_path(room))
    await bob.link("Create an account").click()
    await bob.fills_registration()
    await bob.confirms()
    await bob.link("Log in").last.click()
    await bob.fills_login()
    await bob.gives_password()
    await expect(bob.button("Enter the room")).to_be_visible()


async def a_call_with_a_guest(visitors: Visitors, at_browser: AtBrowser) -> tuple[Participant, Participant]:
    """Ann, and Gus whose time runs."""
    ann = await at_browser(await visitors.client("ann"))
    gus = await at_browser(await visitors.stranger("gus", client=False))
    room = await ann.account.creates_room()
    await ann.account.invites(gus.account, to=room)
    await ann.comes_to(room)
    await ann.enters()
    await gus.registers()
    await gus.confirms()
    await gus.link("See the rooms").click()
    await gus.link(room).click()
    await gus.enters()
    await ann.expects("Guest")
    return ann, gus


async def test_a_guest_is_warned_two_minutes_before_the_end(
    fresh_server: StartServer, at_browser: AtBrowser
) -> None:
    """By the clock of the guest's own computer, as the time that is left is shown there."""
    async with Visitors(await fresh_server({"PARLOUR_GUEST_TTL": 120 + UNTIL_THE_WARNING})) as visitors:
        _, gus = await a_call_with_a_guest(visitors, at_browser)
        left = await gus.page.evaluate(_LEFT_AT_THE_WARNING)
        minutes, seconds = left["shown"].split(":")
        assert left["before"] == "", "the warning came too early, or this machine is too slow"
        assert 117 <= int(minutes) * 60 + int(seconds) <= 120
        warning = gus.page.get_by_role("status", name="Your time as a guest")
        await expect(warning).to_contain_text("ends in less than 2 minutes")
        await gus.button("Dismiss the warning").click()
        await expect(warning).to_be_empty()


async def test_a_guests_time_ends_in_the_middle_of_a_call(
    fresh_server: StartServer, at_browser: AtBrowser
) -> None:
    async with Visitors(await fresh_server({"PARLOUR_GUEST_TTL": 25})) as visitors:
        ann, gus = await a_call_with_a_guest(visitors, at_browser)
        await expect(gus.page.get_by_role("timer", name="Time left as a guest")).to_be_visible()
        warning = gus.page.get_by_role("status", name="Your time as a guest")
        await expect(warning).to_contain_text("ends in less than 2 minutes")

        await expect(gus.heading("Your guest time is over")).to_be_visible(timeout=40_000)
        await expect(gus.page.get_by_role("alert")).to_contain_text("account of your own")
        await ann.expects()
        await gus.button("Create an account").click()
        await expect(gus.heading("Sign up")).to_be_visible()
