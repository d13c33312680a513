"""Pages that the browser translates: each text node is replaced by `<font><font>` with other text.

React has made those nodes and would put elements before them, remove them and write into them.
"""

import re

import pytest
from playwright.async_api import expect

from tests.conftest import Unique
from tests.e2e.conftest import AtBrowser
from tests.e2e.participant import Participant, sets
from tests.people import ROOM_PASSWORD, Visitors

pytestmark = pytest.mark.database("sqlite")

_TRANSLATES = """
  const untouched = new Set(["SCRIPT", "STYLE", "TEXTAREA", "TITLE"]);
  const isTranslated = (text) => text.parentNode?.dataset?.translated !== undefined;

  function translate(root) {
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    const found = root.nodeType === Node.TEXT_NODE ? [root] : [];
    while (texts.nextNode()) found.push(texts.currentNode);
    for (const text of found) {
      if (!text.parentNode || isTranslated(text) || untouched.has(text.parentNode.tagName)) continue;
      if (!text.data.trim()) continue;
      const outer = document.createElement("font"), inner = document.createElement("font");
      outer.append(inner);
      inner.dataset.translated = "";
      inner.append(document.createTextNode(text.data));
      text.replaceWith(outer);
    }
  }

  new MutationObserver((changes) => {
    for (const change of changes) {
      if (change.type === "characterData") translate(change.target);
      change.addedNodes.forEach(translate);
    }
  }).observe(document, { subtree: true, childList: true, characterData: true });
"""


class Reader(Participant):
    """Somebody whose browser translates every page; `errors` is what React found amiss."""

    errors: list[str]

    async def begins(self) -> None:
        self.errors = []
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        await self.page.add_init_script(_TRANSLATES)

    def ends(self) -> None:
        amiss = [text for text in self.errors if re.search("Rendering failed|NotFoundError|React", text)]
        assert not amiss, amiss


async def _reader(participant: Participant) -> Reader:
    reader = Reader(participant.page, participant.account)
    await reader.begins()
    return reader


async def test_from_registering_to_a_call(visitors: Visitors, at_browser: AtBrowser, unique: Unique) -> None:
    ann = await _reader(await at_browser(await visitors.stranger("ann")))
    bob = await _reader(await at_browser(await visitors.client("bob")))
    page, room = ann.page, unique("Kitchen")
    await _registers(ann)
    await page.get_by_role("link", name="New room").click()
    await sets(page.get_by_role("switch", name=re.compile("Event")))
    await sets(page.get_by_role("switch", name=re.compile("Event")), on=False)
    await ann.field("Name").fill(room)
    await ann.field("Room password").fill(ROOM_PASSWORD)
    await ann.button("Create room").click()
    await ann.enters()

    await bob.comes_to(room)
    await bob.gives_password("open please")
    await expect(page.get_by_role("main")).to_be_visible()
    await bob.gives_password()
    await bob.enters()
    await ann.expects(bob.name)
    await bob.expects(ann.name)
    await _talk(ann, bob)

    await bob.leaves()
    await ann.expects()
    await ann.leaves()
    ann.ends()
    bob.ends()


async def _registers(ann: Reader) -> None:
    page = ann.page
    await page.goto("/forgot")
    await ann.button("Send me a link").click()
    await ann.field("Email").fill(ann.account.email)
    await ann.button("Send me a link").click()
    await expect(page.get_by_role("status").filter(has_text=ann.account.email)).to_be_visible()

    await page.goto("/register")
    await ann.button("Create account").click()
    await expect(ann.field("Email")).to_have_attribute("aria-invalid", "true")
    for kind in ("Guest", "Account"):  # by the keyboard: the header may stand over what is clicked
        await page.get_by_role("radio", name=kind).press("Space")
        await expect(page.get_by_role("radio", name=kind)).to_be_checked()
    await ann.fills_registration()
    await page.get_by_role("main").get_by_role("button").click()
    await expect(page.locator(".notice.success")).to_be_visible()
    await ann.confirms()
    await page.get_by_role("button", name=f"Account: {ann.name}").click()
    await page.get_by_role("menuitem", name="Log out").click()
    await ann.expects_to_be_nobody()

    await page.goto("/login")
    await ann.fills_login(password="not mine at all")
    await expect(page.get_by_role("alert")).to_be_visible()
    await ann.fills_login()
    await ann.expects_to_be_logged_in()


async def _talk(ann: Reader, bob: Reader) -> None:
    await ann.opens("Chat")
    await ann.writes("Look at https://example.org, and tell me")
    await bob.page.get_by_role("button", name="Chat, 1 unread").click()
    await bob.writes("I have")
    await bob.field("Message").fill("a" * 3_900)
    await expect(bob.page.get_by_text(re.compile("3,900 of"))).to_be_visible()
    await bob.field("Message").fill("a" * 3_901)
    await expect(bob.page.get_by_text(re.compile("3,901 of"))).to_be_visible()

    people = await ann.opens("People")
    await people.get_by_role("button", name="Remove from the room").click()
    await expect(people.get_by_role("button", name=f"Remove {bob.name} for good")).to_be_visible()
    await ann.button("Turn camera off").click()
    await bob.button("Turn microphone off").click()
    await expect(ann.tile(bob.name).get_by_role("img", name="Microphone off")).to_be_visible()
    timer = ann.page.get_by_role("timer", name="Time in the call")
    shown = await timer.inner_text()
    await expect(timer).not_to_have_text(shown)
    await ann.button("Copy link").click()
    await expect(ann.page.locator(".toast")).to_be_visible()


async def test_home_and_profile(visitors: Visitors, at_browser: AtBrowser) -> None:
    account = await visitors.client("ann")
    names = [await account.creates_room() for _ in range(4)]
    ann = await _reader(await at_browser(account))
    page = ann.page
    await ann.logs_in()
    search = page.get_by_role("searchbox")
    for wanted in (names[0], "no such room", ""):
        await search.fill(wanted)
    await expect(ann.link(names[3])).to_be_visible()

    await ann.button(f"Account: {ann.name}").click()
    await page.get_by_role("menuitem", name="Profile").click()
    await page.get_by_role("switch").first.click(force=True)
    await ann.button("Change password").click()
    await ann.button("Change my password").click()
    await expect(page.get_by_role("dialog").get_by_text("Enter your password")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.get_by_role("main").get_by_role("button", name="Log out", exact=True).click()
    await ann.expects_to_be_nobody()
    ann.ends()
