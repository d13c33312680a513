"""Messages are answered, edited and deleted, and told of where nobody looks."""

import re

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.conftest import AtBrowser
from tests.e2e.participant import Participant
from tests.people import Visitors, done

pytestmark = pytest.mark.database("sqlite")

_SEEN = """
  (visibility) => {
    Object.defineProperty(document, "visibilityState", { configurable: true, get: () => visibility });
    document.dispatchEvent(new Event("visibilitychange"));
  }
"""


def messages(reader: Participant) -> Locator:
    return reader.page.get_by_role("log", name="Messages")


def message(reader: Participant, text: str) -> Locator:
    return messages(reader).get_by_role("article").filter(has=reader.page.get_by_text(text, exact=True))


async def chooses(person: Participant, deed: str, about: Locator) -> None:
    await about.hover()
    await about.get_by_role("button", name="Options for").click()
    await person.page.get_by_role("menuitem", name=deed).click()


async def test_a_conversation_of_two(visitors: Visitors, at_browser: AtBrowser) -> None:
    ann, bob = await at_browser(await visitors.client("ann")), await at_browser(await visitors.client("bob"))
    room = await ann.account.creates_room()
    await bob.account.enters(room)
    for person in (ann, bob):
        await person.comes_to(room)
        await person.enters()
        await person.opens("Chat")
    await bob.writes("When do we begin?")
    question = message(ann, "When do we begin?")
    await chooses(ann, "Reply", question)
    await expect(ann.field("Message")).to_be_focused()
    await ann.page.keyboard.type("At noo")
    await ann.page.keyboard.press("Enter")
    answer = message(bob, "At noo")
    await expect(answer.get_by_role("button", name="Reply to:")).to_contain_text("When do we begin?")

    await expect(ann.page.get_by_text("Sending…")).to_have_count(0)  # bob may have it before she knows
    await ann.page.keyboard.press("ArrowUp")
    await expect(ann.field("Edited message")).to_have_value("At noo")
    await ann.page.keyboard.press("End")
    await ann.page.keyboard.type("n")
    await ann.page.keyboard.press("Enter")
    for person in (ann, bob):
        await expect(message(person, "At noon")).to_contain_text("Edited")
    await expect(ann.field("Message")).to_have_value("")

    await chooses(bob, "Delete", message(bob, "When do we begin?").first)
    await bob.page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    for person in (ann, bob):
        await expect(message(person, "At noon").get_by_role("button", name="Reply to:")).to_contain_text(
            "Message deleted"
        )
        await expect(messages(person)).not_to_contain_text("When do we begin?")

    await ann.page.evaluate(_SEEN, "hidden")
    await bob.writes("Ann?")
    await bob.field("Message").fill("Are you there?")
    await bob.field("Message").press("Enter")
    await expect(ann.page).to_have_title(re.compile(r"^\(2\) "))
    await ann.page.evaluate(_SEEN, "visible")
    await expect(ann.page).to_have_title(re.compile(rf"^{room}"))
    await expect(messages(ann).get_by_text("New messages")).to_be_visible()


async def test_a_long_history_is_paged_and_one_jumps_in_it(visitors: Visitors, at_browser: AtBrowser) -> None:
    ann = await at_browser(await visitors.client("ann"))
    room = await ann.account.creates_room()
    for number in range(230):
        body = {"roomname": room, "message": f"line {number}", "message_id": f"m{number}"}
        done(await ann.account.post("/message", body))
    reply = {"roomname": room, "message": "as I said", "reply_to": "m3"}
    done(await ann.account.post("/message", reply))
    await ann.comes_to(room)
    await ann.enters()
    await ann.opens("Chat")
    shown = messages(ann).get_by_role("article")
    await expect(message(ann, "as I said")).to_be_in_viewport()
    # Scrolled up in the frame in which the list grows shorter, as where a line is added to what is written.
    await messages(ann).evaluate(
        "(log) => { log.style.maxHeight = `${log.clientHeight - 20}px`; log.scrollTop = 0; }"
    )
    await expect(shown).to_have_count(100)
    await expect(message(ann, "line 181")).to_be_in_viewport()  # which was the first before
    await message(ann, "as I said").get_by_role("button", name="Reply to:").click()
    await expect(message(ann, "line 3")).to_be_in_viewport()
    await expect(message(ann, "line 3")).to_be_focused()
    await expect(shown).to_have_count(200)
    await ann.button("Newest messages").click()
    await expect(message(ann, "as I said")).to_be_in_viewport()
