"""Both ends of a connection show the same code, in words; and the creator can remove somebody."""

import asyncio
import re

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import AtBrowser
from tests.e2e.participant import Participant
from tests.people import Visitors

pytestmark = pytest.mark.database("sqlite")


async def code_with(someone: Participant, other: str) -> str:
    """Opens the people panel where it is closed, and the code in it."""
    people = someone.page.get_by_role("complementary", name="People")
    if not await people.is_visible():
        await someone.button("People").click()
    entry = people.get_by_role("listitem").filter(has_text=other)
    await entry.get_by_text("Security code", exact=True).click()
    code = entry.get_by_role("img", name=re.compile(f"Security code with {re.escape(other)}: "))
    await expect(code).to_be_visible()
    label = await code.get_attribute("aria-label")
    assert label is not None
    return label.partition(": ")[2]


async def test_both_ends_show_the_same_code(visitors: Visitors, at_browser: AtBrowser) -> None:
    accounts = [await visitors.client(name) for name in ("ann", "bob")]
    ann, bob = [await at_browser(account) for account in accounts]
    room = await accounts[0].creates_room()
    await accounts[0].invites(accounts[1], to=room)
    for someone in (ann, bob):
        await someone.comes_to(room)
        await someone.enters()
    await asyncio.gather(ann.sees_and_hears(bob.name), bob.sees_and_hears(ann.name))
    codes = await asyncio.gather(code_with(ann, bob.name), code_with(bob, ann.name))
    assert codes[0] == codes[1]
    assert len(codes[0].split()) == 10

    await ann.button("Remove from the room").click()
    await ann.button(f"Remove {bob.name} for good").click()
    await expect(bob.page.get_by_role("alert")).to_contain_text("has removed you from this room")
    await ann.expects()
