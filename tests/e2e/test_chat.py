"""Writing to everybody."""

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import AtBrowser
from tests.people import Visitors

pytestmark = pytest.mark.database("sqlite")


async def test_the_button_sends_and_leaves_the_focus_where_one_writes(
    visitors: Visitors, at_browser: AtBrowser
) -> None:
    ann = await at_browser(await visitors.client("ann"))
    room = await ann.account.creates_room()
    await ann.comes_to(room)
    await ann.enters()
    await ann.opens("Chat")
    await ann.field("Message").fill("By the button")
    await ann.page.evaluate(_COUNT_BLURS)
    await ann.button("Send").click()
    await ann.expects_message("You", "By the button")
    await expect(ann.field("Message")).to_be_focused()
    assert await ann.page.evaluate("window.blurs") == 0


async def test_what_is_written_arrives_as_it_was_meant(visitors: Visitors, at_browser: AtBrowser) -> None:
    ann = await at_browser(await visitors.client("ann"))
    room = await ann.account.creates_room()
    await ann.comes_to(room)
    await ann.enters()
    await ann.opens("Chat")
    await ann.field("Message").fill("\u65e5\u672c")
    sent = await ann.field("Message").evaluate(_CONFIRMS_A_WORD)
    assert sent == [False, False]
    await expect(ann.field("Message")).to_have_value("\u65e5\u672c")

    faces = "\N{SLIGHTLY SMILING FACE}" * 4_000
    await ann.writes(faces)
    await ann.field("Message").fill(faces + "!")
    await expect(ann.button("Send")).to_be_disabled()

    await ann.field("Message").fill("(see https://en.wikipedia.org/wiki/Foo_(bar)).")
    await ann.field("Message").press("Enter")
    link = ann.link("https://en.wikipedia.org/wiki/Foo_(bar)")
    await expect(link).to_have_attribute("href", "https://en.wikipedia.org/wiki/Foo_(bar)")


_CONFIRMS_A_WORD = """
  (field) => [{ isComposing: true }, { keyCode: 229 }].map((how) => {
    field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, ...how }));
    return field.value === "";
  })
"""
"""Enter as browsers tell of it that confirms a word: most during the composition, Safari after it."""

_COUNT_BLURS = """
  window.blurs = 0;
  document.addEventListener("focusout", () => window.blurs++, true);
"""
