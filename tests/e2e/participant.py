"""A person at a browser, who finds controls and content as people do: by role and name.

`await ann.comes_to(room)`, `await ann.enters()`, `await ann.expects("bob")`.
"""

import asyncio
import re
from collections.abc import Sequence
from urllib.parse import quote

from playwright.async_api import Locator, Page, expect

from tests.e2e.media import Received, received
from tests.people import ROOM_PASSWORD, Person


def room_path(room: str) -> str:
    return f"/r/{quote(room, safe='')}"


async def sets(control: Locator, *, on: bool = True) -> None:
    """Click the label of a radio button or a switch, which is all of it that is seen."""
    if await control.is_checked() != on:
        await control.locator("xpath=ancestor::label").click()
    await expect(control).to_be_checked(checked=on)


class Participant:
    """A page and its user. A method named after a deed returns when its effect is on the screen."""

    def __init__(self, page: Page, account: Person) -> None:
        self.page = page
        self.account = account
        self.name = account.username or "Guest"

    # ---------------------------------------------------------------------------------------- locators

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def link(self, name: str) -> Locator:
        return self.page.get_by_role("link", name=name, exact=True)

    def heading(self, name: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_role("heading", name=name)

    def field(self, label: str) -> Locator:
        return self.page.get_by_label(label, exact=True)

    def tile(self, name: str) -> Locator:
        return self.stage.get_by_role("group", name=name, exact=True)

    def video_of(self, name: str) -> Locator:
        return self.tile(name).get_by_label(f"Video of {name}", exact=True)

    def screen_tile(self, name: str) -> Locator:
        """The tile of a shared screen, which is beside its owner's tile."""
        return self.tile(f"Screen of {name}")

    def screen_of(self, name: str) -> Locator:
        return self.screen_tile(name).get_by_label(f"Shared screen of {name}", exact=True)

    def card_of(self, room: str) -> Locator:
        """The room's card in the list of rooms on the home page."""
        return self.page.get_by_role("article").filter(has=self.link(room))

    def face_of(self, name: str) -> Locator:
        """The first letter of the name, which the style sheet draws in a tile without a picture."""
        return self.tile(name).locator("[data-letter]")

    @property
    def stage(self) -> Locator:
        return self.page.get_by_role("main", name="Participants")

    # --------------------------------------------------------------------------------------- accounts

    async def registers(self) -> None:
        await self.page.goto("/register")
        await self.fills_registration()

    async def fills_registration(self) -> None:
        if self.account.username is None:
            await sets(self.page.get_by_role("radio", name="Guest"))
            await self.field("Email").fill(self.account.email)
            await self.button("Continue as a guest").click()
        else:
            await self.field("Email").fill(self.account.email)
            await self.field("Username").fill(self.account.username)
            await self.field("Password").fill(self.account.password)
            await self.button("Create account").click()
        await expect(self.heading("Check your email")).to_be_visible()

    async def confirms(self) -> None:
        """Follow the link of the mail, and press the button of its page."""
        kind = "guest" if self.account.username is None else "client"
        await self.page.goto(f"/verify{kind}/{await self.account.reads_link()}")
        await self.button("Join as a guest" if kind == "guest" else "Confirm my address").click()
        done = "Welcome, guest" if kind == "guest" else "Your address is confirmed"
        await expect(self.heading(done)).to_be_visible()

    async def fills_login(self, *, password: str | None = None, trust: bool = False) -> None:
        await self.field("Username or email").fill(self.account.username or self.account.email)
        await self.field("Password").fill(password or self.account.password)
        await self.page.get_by_label("Trust this computer").set_checked(trust, force=True)
        await self.button("Log in").click()

    async def logs_in(self, *, trust: bool = False) -> None:
        await self.page.goto("/login")
        await self.fills_login(trust=trust)
        await self.expects_to_be_logged_in()

    async def expects_to_be_logged_in(self) -> None:
        await expect(self.button(f"Account: {self.name}")).to_be_visible()

    async def expects_to_be_nobody(self) -> None:
        await expect(self.page.get_by_role("link", name=re.compile("Log in|Sign up")).first).to_be_visible()
        await expect(self.page.get_by_role("button", name="Account: ")).to_have_count(0)

    # ------------------------------------------------------------------------------------------ rooms

    async def expects_to_be_at_home(self) -> None:
        await expect(self.page.get_by_role("heading", name="Rooms", exact=True)).to_be_visible()

    async def comes_to(self, room: str, *, trust: bool = False) -> None:
        """Open the room's link, and log in on the way."""
        await self.page.goto(room_path(room))
        await self.fills_login(trust=trust)
        await expect(self.heading(room)).to_be_visible()

    async def gives_password(self, password: str = ROOM_PASSWORD) -> None:
        await self.field("Room password").fill(password)
        await self.button("Continue").click()

    async def enters(self) -> None:
        """Enter the call from the lobby."""
        await self.button("Enter the room").click()
        await expect(self.page.get_by_role("timer", name="Time in the call")).to_be_visible()

    async def leaves(self) -> None:
        await self.button("Leave").click()
        await expect(self.heading(re.compile("^You left"))).to_be_visible()

    # ----------------------------------------------------------------------------------------- the call

    async def expects(self, *others: str) -> None:
        """Wait until exactly these members share the call with this person."""
        for name in (*others, f"{self.name} (you)"):
            await expect(self.tile(name)).to_be_visible()
        await expect(self.stage.get_by_role("group")).to_have_count(len(others) + 1)

    async def sees_and_hears(self, *others: str) -> list[Received]:
        return await asyncio.gather(*(received(self.video_of(name)) for name in others))

    async def opens(self, panel: str) -> Locator:
        """Open the panel `Chat` or `People`."""
        await self.page.get_by_role("toolbar").get_by_role("button", name=panel).click()
        opened = self.page.get_by_role("complementary", name=panel)
        await expect(opened).to_be_visible()
        return opened

    async def writes(self, text: str) -> None:
        """Write a message in the chat, which has to be open."""
        await self.field("Message").fill(text)
        await self.field("Message").press("Enter")
        await self.expects_message("You", text)

    async def expects_message(self, author: str, text: str) -> None:
        message = self.page.get_by_role("log").get_by_role("article").filter(has_text=text)
        await expect(message).to_have_count(1)
        await expect(message.get_by_text(text, exact=True)).to_be_visible()
        await expect(message.get_by_role("banner").or_(message.locator("header"))).to_contain_text(author)


async def meet(people: Sequence[Participant]) -> None:
    """Wait until each of the people gets new frames and new sound of every other one."""
    pairs = [(one, other) for one in people for other in people if one is not other]
    await asyncio.gather(*(one.sees_and_hears(other.name) for one, other in pairs))
