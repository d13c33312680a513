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


_COUNT_BLURS = """
  window.blurs = 0;
  document.addEventListener("focusout", () => window.blurs++, true);
"""
