"""What people are told, and where: at the field that is wrong, or on a page that leads on."""

import re

import pytest
from playwright.async_api import expect

from tests.conftest import StartServer
from tests.e2e.conftest import AtBrowser
from tests.e2e.participant import Participant, room_path
from tests.people import Visitors
from tests.servers.browser import People

pytestmark = pytest.mark.database("sqlite")


async def expect_error_at(someone: Participant, label: str, text: str) -> None:
    """The field is marked as invalid, and a sentence with this in it describes it."""
    await expect(someone.field(label)).to_have_attribute("aria-invalid", "true")
    sentence = re.compile(re.escape(text), re.IGNORECASE)
    await expect(someone.field(label)).to_have_accessible_description(sentence)
    await expect(someone.page.get_by_text(sentence)).to_be_visible()


async def test_what_is_wrong_is_told_at_its_field(visitors: Visitors, at_browser: AtBrowser) -> None:
    """Weak input, and a name and an address that are taken."""
    ann = await visitors.client("ann")
    sam = await at_browser(await visitors.stranger("sam"))
    await sam.page.goto("/register")
    await sam.field("Email").fill("sam@")
    await sam.field("Username").fill("4sam")
    await sam.field("Password").fill("short")
    await sam.button("Create account").click()
    await expect_error_at(sam, "Email", "Enter an email address")
    await expect_error_at(sam, "Username", "Start with a letter")
    await expect_error_at(sam, "Password", "Use 8 to 128 characters")

    await sam.field("Email").fill(sam.account.email)
    await expect(sam.field("Email")).not_to_have_attribute("aria-invalid", "true")

    assert ann.username
    await sam.field("Username").fill(ann.username.upper())
    await sam.field("Password").fill(sam.account.password)
    await sam.button("Create account").click()
    await expect_error_at(sam, "Username", "taken")

    await sam.field("Username").fill(sam.name)
    await sam.field("Email").fill(ann.email)
    await sam.button("Create account").click()
    await expect_error_at(sam, "Email", "already in use")
    await expect(sam.field("Username")).not_to_have_attribute("aria-invalid", "true")


async def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(
    visitors: Visitors, at_browser: AtBrowser
) -> None:
    ann = await at_browser(await visitors.client("ann"))
    await ann.page.goto("/login")
    await ann.fills_login(password="not mine at all")
    told = await ann.page.get_by_role("alert").inner_text()
    assert "password" in told

    await ann.field("Username or email").fill("nobody-of-this-name")
    await ann.button("Log in").click()
    await expect(ann.page.get_by_role("alert")).to_have_text(told)

    await ann.fills_login()
    await ann.expects_to_be_logged_in()


async def test_who_has_not_confirmed_is_led_to_the_mail(visitors: Visitors, at_browser: AtBrowser) -> None:
    bob = await at_browser(await visitors.stranger("bob"))
    await bob.account.registers()
    await bob.page.goto("/login")
    await bob.fills_login()
    await bob.page.get_by_role("alert").get_by_role("link", name="I didn’t get the email").click()
    await bob.field("Email").fill(bob.account.email)
    await bob.button("Send it again").click()
    await expect(bob.page.get_by_role("form").get_by_role("status")).to_contain_text("another email")
    await bob.account.reads_link()
    await bob.confirms()


async def test_another_browser_is_asked_for_the_password_of_a_registration(
    visitors: Visitors, at_browser: AtBrowser
) -> None:
    """Two registrations of one address: only who chose the password confirms it."""
    mallory = await visitors.stranger("mallory")
    await mallory.registers()
    await mallory.reads_link()
    bob = await at_browser(await visitors.stranger("bob", email=mallory.email))
    await bob.account.registers()
    await bob.page.goto(f"/verifyclient/{await bob.account.reads_link()}")
    await bob.field("Password").fill("not mine at all")
    await bob.button("Confirm my address").click()
    await expect(bob.page.get_by_role("alert")).to_contain_text("password")
    await bob.field("Password").fill(bob.account.password)
    await bob.button("Confirm my address").click()
    await expect(bob.heading("Your address is confirmed")).to_be_visible()
    await bob.expects_to_be_logged_in()


async def test_a_wrong_room_password_is_told(visitors: Visitors, at_browser: AtBrowser) -> None:
    room = await (await visitors.client("ann")).creates_room()
    sam = await at_browser(await visitors.client("sam"))
    await sam.comes_to(room)
    await sam.gives_password("not the one")
    await expect(sam.page.get_by_role("form", name="Enter the room")).to_contain_text("password")
    await expect(sam.page.get_by_role("alert")).to_be_visible()
    await expect(sam.button("Enter the room")).to_have_count(0)
    await sam.gives_password()
    await expect(sam.button("Enter the room")).to_be_visible()


async def test_a_room_name_that_is_taken(visitors: Visitors, at_browser: AtBrowser) -> None:
    ann = await at_browser(await visitors.client("ann"))
    room = await ann.account.creates_room()
    await ann.logs_in()
    await ann.link("New room").click()
    await ann.field("Name").fill(room.upper())
    await ann.field("Room password").fill("whatever it is")
    await ann.button("Create room").click()
    await expect_error_at(ann, "Name", "already exists")


async def test_an_unknown_page_and_a_link_that_is_no_good(visitors: Visitors, at_browser: AtBrowser) -> None:
    sam = await at_browser(await visitors.stranger("sam"))
    for path in ("/nowhere", "/r", "/verifyclient/"):
        answer = await sam.page.goto(path)
        assert answer and answer.status == 404
        await expect(sam.heading("This page doesn’t exist")).to_be_visible()
        await sam.link("Go to the home page").click()
        await expect(sam.heading("Good conversations need a room")).to_be_visible()
    for kind in ("client", "guest"):
        await sam.page.goto(f"/verify{kind}/no-such-token")
        await expect(sam.heading("This link doesn’t work")).to_be_visible()


async def test_an_unknown_room(visitors: Visitors, at_browser: AtBrowser) -> None:
    sam = await at_browser(await visitors.client("sam"))
    await sam.page.goto(room_path("A room that is not there"))
    await sam.fills_login()
    await expect(sam.heading("You can’t enter “A room that is not there”")).to_be_visible()


async def test_who_has_no_camera_enters_all_the_same(visitors: Visitors, at_browser: AtBrowser) -> None:
    ann, bob = await at_browser(await visitors.client("ann")), await at_browser(await visitors.client("bob"))
    room = await ann.account.creates_room()
    await ann.account.invites(bob.account, to=room)
    await bob.page.add_init_script(_NO_DEVICES)
    await ann.comes_to(room)
    await ann.enters()
    await bob.comes_to(room)
    await expect(bob.page.get_by_role("alert")).to_contain_text("No camera or microphone was found")
    await bob.enters()

    await bob.expects(ann.name)
    await bob.sees_and_hears(ann.name)
    await expect(ann.face_of(bob.name)).to_be_visible()
    await expect(ann.tile(bob.name).get_by_role("img", name="Microphone off")).to_be_visible()


async def test_who_denies_camera_and_microphone_enters_all_the_same(
    visitors: Visitors, at_browser: AtBrowser
) -> None:
    ann = await at_browser(await visitors.client("ann"))
    room = await ann.account.creates_room()
    await ann.page.add_init_script(_NO_DEVICES.replace("NotFoundError", "NotAllowedError"))
    await ann.comes_to(room)
    await expect(ann.page.get_by_role("alert")).to_contain_text("Allow it in the address bar")
    await ann.enters()
    await ann.expects()


_NO_DEVICES = """
  navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("none here", "NotFoundError"));
  navigator.mediaDevices.enumerateDevices = () => Promise.resolve([]);
"""
"""The browser's flags give every page a fake camera: this says what a computer without one says."""


async def test_a_page_opened_by_another_name_says_which_address_is_expected(
    fresh_server: StartServer, person: People
) -> None:
    """Calls are refused there, so nobody waits for one to begin."""
    server = await fresh_server({"PARLOUR_PUBLIC_URL": "https://meet.example.org"})
    page = await person("sam", at=server.address)
    for path in ("/", "/r/Garden#invitation=token", "/register?as=guest"):
        await page.goto(path)
        await expect(page.get_by_role("heading", name="Open Parlour at its own address")).to_be_visible()
        link = page.get_by_role("main").get_by_role("link", name="https://meet.example.org")
        await expect(link).to_have_attribute("href", f"https://meet.example.org{path}")
