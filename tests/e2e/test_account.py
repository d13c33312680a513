"""A forgotten password from the login to the login, and what one does to one's account in the profile."""

import json
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import AtBrowser
from tests.people import Visitors, done, unique

pytestmark = pytest.mark.database("sqlite")

NEW_PASSWORD = "staple the horse again"


async def test_a_forgotten_password(visitors: Visitors, at_browser: AtBrowser) -> None:
    account = await visitors.client("ann")
    ann, elsewhere = await at_browser(account), await at_browser(account)
    await elsewhere.logs_in()
    await ann.page.goto("/login")
    await ann.link("Forgot your password?").click()
    await ann.field("Email").fill(account.email)
    await ann.button("Send me a link").click()
    await expect(ann.heading("Check your email")).to_be_visible()

    await ann.page.goto(f"/reset#{await account.reads_link()}")
    await ann.field("New password").fill("password1")
    await ann.button("Change my password").click()
    await expect(ann.page.get_by_text("one of the most common ones")).to_be_visible()
    await ann.field("New password").fill(NEW_PASSWORD)
    await ann.button("Change my password").click()
    await expect(ann.heading("Your password has been changed")).to_be_visible()
    await expect(elsewhere.heading("You have been logged out")).to_be_visible()

    await ann.link("Log in").last.click()
    await ann.fills_login(password=NEW_PASSWORD)
    await ann.expects_to_be_logged_in()


async def test_what_one_does_in_the_profile(visitors: Visitors, at_browser: AtBrowser) -> None:
    account = await visitors.client("ann")
    ann, phone = await at_browser(account), await at_browser(account)
    await phone.logs_in()
    await ann.logs_in(trust=True)
    await ann.page.goto("/profile")
    sessions = ann.page.get_by_role("list", name="Sessions").get_by_role("listitem")
    await expect(sessions).to_have_count(3)
    await sessions.filter(has_text="Chrome").get_by_role("button").click()
    await expect(phone.heading("You have been logged out")).to_be_visible()
    await expect(sessions).to_have_count(2)

    async with ann.page.expect_download() as downloading:
        await ann.button("Download my data").click()
    kept = json.loads(Path(await (await downloading.value).path()).read_text())
    assert kept["account"]["email"] == account.email

    await ann.button("Change password").click()
    await ann.field("Current password").fill("not mine at all")
    await ann.field("New password").fill(NEW_PASSWORD)
    await ann.button("Change my password").click()
    await expect(ann.page.get_by_text("That isn't your password.")).to_be_visible()
    await ann.field("Current password").fill(account.password)
    await ann.button("Change my password").click()
    await expect(ann.page.get_by_text("Your password has been changed")).to_be_visible()


async def test_another_email_and_the_end(visitors: Visitors, at_browser: AtBrowser) -> None:
    account = await visitors.client("ann")
    ann, phone = await at_browser(account), await at_browser(account)
    await ann.logs_in(trust=True)
    await ann.page.goto("/profile")
    new_email = f"{unique('ann')}@example.org"
    await ann.button("Change email").click()
    await ann.field("New email").fill(new_email)
    await ann.field("Password").fill(account.password)
    await ann.button("Send the link").click()
    await expect(ann.page.get_by_text("We’ve sent a link to")).to_be_visible()
    mail = await account.server.expect_mail(new_email)
    await phone.page.goto(f"/verifyemail#{mail.text.split('/verifyemail#')[1].split()[0]}")
    await phone.button("Confirm my new address").click()
    await expect(phone.heading("Your new address is confirmed")).to_be_visible()
    await expect(ann.heading("You have been logged out")).to_be_visible()

    account.email = new_email
    await ann.logs_in()
    await ann.button(f"Account: {ann.name}").click()
    await ann.page.get_by_role("menuitem", name="Profile").click()
    await expect(ann.page.get_by_role("main")).to_contain_text(new_email)
    await ann.button("Delete account").click()
    await ann.field("Password").fill(account.password)
    await ann.button("Delete my account").click()
    await expect(ann.heading("Your account has been deleted")).to_be_visible()


async def test_a_change_of_email_that_its_owner_did_not_ask_for(
    visitors: Visitors, at_browser: AtBrowser
) -> None:
    account = await visitors.client("ann")
    ann = await at_browser(account)
    new_email = f"{unique('eve')}@example.org"
    done(await account.put("/client/email", json={"email": new_email, "password": account.password}))
    while "/stopemail#" not in (mail := await account.server.expect_mail(account.email)).text:
        pass
    await ann.page.goto(f"/stopemail#{mail.text.split('/stopemail#')[1].split()[0]}")
    await expect(ann.heading("Stop your email address from being changed")).to_be_visible()
    await ann.button("Stop the change").click()
    await expect(ann.heading("The change was stopped")).to_be_visible()
    confirmation = await account.server.expect_mail(new_email)
    await ann.page.goto(f"/verifyemail#{confirmation.text.split('/verifyemail#')[1].split()[0]}")
    await expect(ann.heading("This link doesn’t work")).to_be_visible()
