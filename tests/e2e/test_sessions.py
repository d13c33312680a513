"""Whom the browser remembers, where a link leads after the login, and how a guest's time ends."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Page, expect

from tests.conftest import StartServer
from tests.e2e.conftest import AtBrowser
from tests.e2e.participant import Participant, room_path
from tests.integration.http.storage import end_time_of
from tests.people import Person, Visitors, claims_of

pytestmark = pytest.mark.database("sqlite")

AMPLE_SECONDS = 600
"""The time of a guest, enough to come into the call."""
_NOTE_THE_WARNING = """
  () => void (window.leftAtTheWarning = new Promise((done) => {
    const region = document.querySelector('[role="status"][aria-label="Your time as a guest"]');
    const timer = document.querySelector('[role="timer"][aria-label="Time left as a guest"]');
    const before = region.textContent;
    const look = () => {
      if (region.textContent) done({ before, shown: timer.textContent });
    };
    new MutationObserver(look).observe(region, { childList: true, subtree: true, characterData: true });
    look();
  }))
"""


async def is_kept(page: Page) -> bool:
    """Whether the login outlives the browser: by a cookie that says until when it is kept."""
    (cookie,) = [cookie for cookie in await page.context.cookies() if cookie.get("name") == "jwt"]
    return cookie.get("expires", -1) != -1


async def in_another_tab(person: Participant, account: Person | None = None) -> Participant:
    return Participant(await person.page.context.new_page(), account or person.account)


async def test_a_login_is_kept_as_long_as_was_said(visitors: Visitors, at_browser: AtBrowser) -> None:
    """Neither a reload nor a second tab asks for another one. Without trust it ends with the browser."""
    ann = await at_browser(await visitors.client("ann"))
    tab = await in_another_tab(ann)
    for trust in (True, False):
        await ann.logs_in(trust=trust)
        assert await is_kept(ann.page) == trust
        await ann.page.reload()
        await ann.expects_to_be_logged_in()
        assert await is_kept(ann.page) == trust
        await tab.page.goto("/profile")
        await expect(tab.page.get_by_role("main")).to_contain_text(ann.account.email)
        await expect(tab.page.get_by_role("switch", name="Trust this computer")).to_be_checked(checked=trust)
        await _may_be_said_later(tab, not trust)
        await logs_out(ann)
        await ann.page.reload()
        await ann.expects_to_be_nobody()
        assert not [cookie for cookie in await ann.page.context.cookies() if cookie.get("name") == "jwt"]


async def _may_be_said_later(someone: Participant, trust: bool) -> None:
    switch = someone.page.get_by_role("switch", name="Trust this computer")
    async with someone.page.expect_response("**/refresh"):
        await switch.click(force=True)
    await expect(switch).to_be_enabled()
    assert await is_kept(someone.page) == trust


async def test_a_reload_in_a_call(visitors: Visitors, at_browser: AtBrowser) -> None:
    ann = await at_browser(await visitors.client("ann"))
    room = await ann.account.creates_room()
    await ann.comes_to(room)
    await ann.enters()
    await ann.page.reload()
    await ann.enters()
    await ann.expects()


async def test_a_guest_stays_over_a_reload(visitors: Visitors, at_browser: AtBrowser) -> None:
    gus = await at_browser(await visitors.stranger("gus", client=False))
    await gus.registers()
    await gus.confirms()
    await gus.page.reload()
    await gus.expects_to_be_logged_in()
    assert await is_kept(gus.page)


async def two_tabs(visitors: Visitors, at_browser: AtBrowser) -> tuple[Participant, Participant]:
    """Ann and bob in two tabs of one browser; bob has logged in last, on a page that was open before."""
    ann = await at_browser(await visitors.client("ann"))
    bob = await in_another_tab(ann, await visitors.client("bob"))
    await ann.page.clock.install()
    for tab in (ann, bob):
        await tab.page.goto("/login")
    for tab in (ann, bob):
        await tab.fills_login()
        await tab.expects_to_be_logged_in()
    return ann, bob


async def logs_out(person: Participant) -> None:
    await person.button(f"Account: {person.name}").click()
    await person.page.get_by_role("menuitem", name="Log out").click()
    await person.expects_to_be_nobody()


async def test_a_tab_logs_out_its_own_account(visitors: Visitors, at_browser: AtBrowser) -> None:
    ann, bob = await two_tabs(visitors, at_browser)
    async with ann.page.expect_response("**/logout"):
        await logs_out(ann)
    await bob.page.reload()
    await bob.expects_to_be_logged_in()
    assert len(await ann.account.sessions()) == 1, "this test's own, over HTTP"


async def test_a_tab_does_not_become_somebody_else(visitors: Visitors, at_browser: AtBrowser) -> None:
    """Its access token ends after a quarter of an hour, and the cookie is another account's."""
    ann, bob = await two_tabs(visitors, at_browser)
    await ann.page.clock.fast_forward("15:00")
    await expect(ann.heading("Someone else has logged in")).to_be_visible()
    await expect(ann.page.get_by_role("alert")).to_contain_text(bob.name)
    await expect(ann.page).to_have_url(f"{ann.account.server.url}/")
    await ann.button("Continue with that account").click()
    await expect(ann.button(f"Account: {bob.name}")).to_be_visible()
    await bob.page.reload()
    await bob.expects_to_be_logged_in()


async def test_a_second_login_of_the_same_person_takes_the_other_tab_along(
    visitors: Visitors, at_browser: AtBrowser
) -> None:
    ann = await at_browser(await visitors.client("ann"))
    tab = await in_another_tab(ann)
    for one in (ann, tab):
        await one.page.goto("/login")
    await ann.fills_login()
    await ann.expects_to_be_logged_in()
    async with ann.page.expect_response("**/refresh"):
        await tab.fills_login()
    await tab.expects_to_be_logged_in()
    await ann.expects_to_be_logged_in()
    assert len(await ann.account.sessions()) == 2, "of this browser, and of this test over HTTP"
    await logs_out(ann)
    await expect(tab.heading("You have been logged out")).to_be_visible()


async def test_a_link_to_a_room_survives_the_login(visitors: Visitors, at_browser: AtBrowser) -> None:
    ann = await at_browser(await visitors.client("ann"))
    room = await ann.account.creates_room("Café & bar/100% " + ann.name)
    await ann.page.goto(room_path(room))
    await expect(ann.page.get_by_text("Log in to enter the room.")).to_be_visible()
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
    await bob.link("Go to the room").click()
    await bob.gives_password()
    await expect(bob.button("Enter the room")).to_be_visible()


async def a_call_with_a_guest(visitors: Visitors, at_browser: AtBrowser) -> tuple[Participant, Participant]:
    """Ann, and Gus whose time runs."""
    ann = await at_browser(await visitors.client("ann"))
    gus = await at_browser(await visitors.stranger("gus", client=False))
    await gus.page.clock.install()
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


async def test_a_guest_is_warned_two_minutes_before_the_end_which_comes_in_a_call(
    fresh_server: StartServer, at_browser: AtBrowser
) -> None:
    """By the clock of the guest's own computer, as the time that is left is shown there."""
    async with Visitors(await fresh_server({"PARLOUR_GUEST_TTL": AMPLE_SECONDS})) as visitors:
        ann, gus = await a_call_with_a_guest(visitors, at_browser)
        [cookie] = [one for one in await gus.page.context.cookies() if one.get("name") == "jwt"]
        end = datetime.fromtimestamp(claims_of(cookie.get("value", ""))["exp"], UTC)
        await gus.page.evaluate(_NOTE_THE_WARNING)
        await gus.page.clock.pause_at(end - timedelta(seconds=125))
        warning = gus.page.get_by_role("status", name="Your time as a guest")
        await expect(warning).to_be_empty()
        await gus.page.clock.run_for(8_000)
        left = await gus.page.evaluate("window.leftAtTheWarning")
        await gus.page.clock.resume()
        minutes, seconds = left["shown"].split(":")
        assert left["before"] == "", "the warning came too early"
        assert 117 <= int(minutes) * 60 + int(seconds) <= 120
        await expect(warning).to_contain_text("ends in less than 2 minutes")
        await gus.button("Dismiss the warning").click()
        await expect(warning).to_be_empty()

        await end_time_of(gus.account)
        await expect(gus.heading("Your time as a guest is over")).to_be_visible()
        await expect(gus.page.get_by_role("alert").filter(has_text="account of your own")).to_be_visible()
        await ann.expects()
        await gus.button("Create an account").click()
        await expect(gus.heading("Sign up")).to_be_visible()
