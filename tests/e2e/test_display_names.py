"""A display name may be in any script; others see it, and what nobody can see is refused with words."""

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.conftest import AtBrowser
from tests.e2e.participant import Participant, room_path
from tests.people import Visitors, done

pytestmark = pytest.mark.database("sqlite")

JOSE, DECOMPOSED = "José", "Jose\u0301"
RIGHT_TO_LEFT = "שרה לוי"
LONGEST = "李" * 63 + "\U0001f409"
REFUSED = {
    "\u202egnirts": "Use characters that can be seen",
    "\u200b\u2060": "Use characters that can be seen",
    "x" * 65: "Use at most 64 characters",
}


def name_field(someone: Participant) -> Locator:
    return someone.page.get_by_role("textbox", name="Your name")


async def refuses(someone: Participant, *, button: str) -> None:
    for name, words in REFUSED.items():
        await name_field(someone).fill(name)
        await someone.button(button).click()
        await expect(someone.page.get_by_text(words).first).to_be_visible()
        await expect(name_field(someone)).to_have_attribute("aria-invalid", "true")


async def renames(someone: Participant, name: str) -> None:
    """At the profile, which is open."""
    await name_field(someone).fill(name)
    await someone.button("Save name").click()
    await expect(someone.button(f"Account: {name}")).to_be_visible()


async def register_with_names(jose: Participant, guest: Participant) -> None:
    """Each tries what is refused first."""
    await jose.page.goto("/register")
    await jose.field("Email").fill(jose.account.email)
    await jose.field("Username").fill(jose.name)
    await jose.field("Password").fill(jose.account.password)
    await refuses(jose, button="Create account")
    await name_field(jose).fill(DECOMPOSED)
    await jose.fills_registration()
    await jose.confirms()
    await guest.page.goto("/register?as=guest")
    await guest.field("Email").fill(guest.account.email)
    await refuses(guest, button="Continue as a guest")
    await name_field(guest).fill(RIGHT_TO_LEFT)
    await guest.button("Continue as a guest").click()
    await expect(guest.heading("Check your email")).to_be_visible()
    await guest.confirms()


async def test_names_from_the_form_to_the_call(visitors: Visitors, at_browser: AtBrowser) -> None:
    ann = await at_browser(await visitors.client("ann"))
    jose = await at_browser(await visitors.stranger("jose"))
    guest = await at_browser(await visitors.stranger("sara", client=False))
    room = await ann.account.creates_room()
    await ann.account.invites(jose.account, guest.account, to=room)
    await register_with_names(jose, guest)
    username, jose.name, guest.name = jose.name, JOSE, RIGHT_TO_LEFT
    for someone in (jose, guest):
        await someone.page.goto(room_path(room))
        await expect(someone.page.get_by_role("main")).to_contain_text(f"by {ann.name}")
        await someone.enters()
    await ann.comes_to(room)
    await ann.enters()
    await ann.expects(JOSE, RIGHT_TO_LEFT)
    await jose.expects(ann.name, RIGHT_TO_LEFT)
    people = await ann.opens("People")
    row = people.get_by_role("listitem").filter(has_text=username)
    await expect(row).to_contain_text(f"{JOSE} {username}")
    await row.get_by_text("Security code", exact=True).click()
    await expect(row.get_by_label(f"Security code with {JOSE} ({username})")).to_be_visible()
    await row.get_by_role("button", name="Remove from the room").click()
    await expect(ann.button(f"Remove {JOSE} ({username}) for good")).to_be_visible()

    profile = Participant(await jose.page.context.new_page(), jose.account)
    await profile.page.goto("/profile")
    await expect(name_field(profile)).to_have_value(JOSE)
    for name in ("李 🐉", LONGEST):
        await renames(profile, name)
        await ann.expects(name, RIGHT_TO_LEFT)
    await refuses(profile, button="Save name")
    await expect(row).to_contain_text(f"{LONGEST} {username}")


async def test_a_room_tells_who_created_it(visitors: Visitors, at_browser: AtBrowser) -> None:
    """By both names, at home and before the password; who is invited is listed by both as well."""
    jose, bob = await visitors.client("jose"), await at_browser(await visitors.client("bob"))
    done(await jose.put("/account/name", json={"displayName": RIGHT_TO_LEFT}))
    done(await bob.account.put("/account/name", json={"displayName": JOSE}))
    room = await jose.creates_room()
    both = f"by {RIGHT_TO_LEFT} {jose.username}"
    await bob.page.goto("/login")
    await bob.fills_login()
    await expect(bob.card_of(room)).to_contain_text(both)
    await bob.page.goto(room_path(room))
    await expect(bob.field("Room password")).to_be_visible()
    await expect(bob.page.get_by_role("main")).to_contain_text(both)

    own = await bob.account.creates_room()
    await bob.account.invites(jose, to=own)
    await bob.page.goto(room_path(own))
    await bob.enters()
    await bob.page.get_by_role("button", name="Invite").first.click()
    invited = bob.page.get_by_role("region", name="Invited so far")
    await expect(invited).to_contain_text(f"{RIGHT_TO_LEFT} {jose.username}")
