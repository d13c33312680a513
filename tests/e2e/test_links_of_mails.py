"""What happens when a mail's link is opened: nothing yet. By whom, how often, and too late."""

import pytest
from playwright.async_api import expect

from tests.conftest import StartServer
from tests.e2e.conftest import AtBrowser
from tests.e2e.participant import Participant
from tests.people import Person, Visitors, done, unique

pytestmark = pytest.mark.database("sqlite")


async def is_looked_through(link: str, button: str, *, account: Person, at_browser: AtBrowser) -> None:
    """A program that looks through mails opens the link before its reader does, and runs the scripts."""
    scanner = await at_browser(account)
    await scanner.page.goto(link)
    await expect(scanner.button(button)).to_be_visible()
    await scanner.page.context.close()


async def link_in(account: Person, kind: str, email: str | None = None) -> str:
    """The path of the oldest unread mail's link of this kind."""
    while kind not in (mail := await account.server.expect_mail(email or account.email)).text:
        pass
    return kind + mail.text.split(kind)[1].split()[0]


async def test_a_guests_link(visitors: Visitors, at_browser: AtBrowser) -> None:
    gus = await at_browser(await visitors.stranger("gus", client=False))
    await gus.registers()
    link = await link_in(gus.account, "/verifyguest/")
    await is_looked_through(link, "Join as a guest", account=gus.account, at_browser=at_browser)
    await gus.page.goto(link)
    await expect(gus.page.get_by_role("main")).to_contain_text(gus.account.email)
    await gus.button("Join as a guest").click()
    await expect(gus.heading("Welcome, guest")).to_be_visible()
    await gus.page.goto(link)
    await expect(gus.heading("Welcome, guest")).to_be_visible()
    elsewhere = await at_browser(gus.account)
    await elsewhere.page.goto(link)
    await expect(elsewhere.heading("This link doesn’t work")).to_be_visible()


async def test_a_clients_link(visitors: Visitors, at_browser: AtBrowser) -> None:
    """Who confirms where they registered is logged in by it."""
    ann = await at_browser(await visitors.stranger("ann"))
    await ann.registers()
    link = await link_in(ann.account, "/verifyclient/")
    await is_looked_through(link, "Confirm my address", account=ann.account, at_browser=at_browser)
    await ann.page.goto(link)
    await ann.button("Confirm my address").click()
    await expect(ann.heading("Your address is confirmed")).to_be_visible()
    await ann.expects_to_be_logged_in()
    await ann.page.reload()
    await expect(ann.heading("Already confirmed")).to_be_visible()
    await ann.expects_to_be_logged_in()
    elsewhere = await at_browser(ann.account)
    await elsewhere.page.goto(link)
    await expect(elsewhere.heading("Already confirmed")).to_be_visible()
    await elsewhere.expects_to_be_nobody()


async def test_a_link_alone_logs_nobody_in(visitors: Visitors, at_browser: AtBrowser) -> None:
    account = await visitors.stranger("ann")
    await account.registers()
    phone = await at_browser(account)
    await phone.confirms()
    await phone.expects_to_be_nobody()
    await phone.link("Log in").last.click()
    await phone.fills_login()
    await phone.expects_to_be_logged_in()


async def test_the_links_of_an_account(visitors: Visitors, at_browser: AtBrowser) -> None:
    """A new address, and a new password: a dead link is told before anything is typed."""
    account = await visitors.client("ann")
    new_email = f"{unique('ann')}@example.org"
    done(await account.put("/client/email", json={"email": new_email, "password": account.password}))
    link = await link_in(account, "/verifyemail#", new_email)
    await is_looked_through(link, "Confirm my new address", account=account, at_browser=at_browser)
    ann = await at_browser(account)
    await ann.page.goto(link)
    await expect(ann.page.get_by_role("main")).to_contain_text(new_email)
    await ann.button("Confirm my new address").click()
    await expect(ann.heading("Your new address is confirmed")).to_be_visible()

    done(await account.http.post("/password/forgotten", json={"email": new_email}))
    link = await link_in(account, "/reset#", new_email)
    await is_looked_through(link, "Change my password", account=account, at_browser=at_browser)
    await ann.page.goto(link)
    await ann.field("New password").fill("staple the horse again")
    await ann.button("Change my password").click()
    await expect(ann.heading("Your password has been changed")).to_be_visible()
    await ann.page.reload()
    await expect_dead(ann, "already been used")
    await expect(ann.field("New password")).to_have_count(0)


async def test_links_whose_time_is_over(fresh_server: StartServer, at_browser: AtBrowser) -> None:
    async with Visitors(await fresh_server({"PARLOUR_VERIFICATION_TTL": 1})) as visitors:
        for client in (True, False):
            sam = await at_browser(await visitors.stranger("sam", client=client))
            await sam.account.registers()
            kind = "/verifyclient/" if client else "/verifyguest/"
            link = await link_in(sam.account, kind)
            while (await sam.account.http.post("/link", json={"token": link[len(kind) :]})).json()[
                "state"
            ] != "expired":
                pass
            await sam.page.goto(link)
            await expect_dead(sam, "has expired")


async def expect_dead(someone: Participant, why: str) -> None:
    await expect(someone.heading("This link doesn’t work")).to_be_visible()
    await expect(someone.page.get_by_role("alert")).to_contain_text(why)
