"""Both ends of a connection show the same code, in words; and the creator can remove somebody."""

import asyncio
import json
import re

import pytest
from playwright.async_api import WebSocketRoute, expect

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


async def test_another_certificate_in_a_call_raises_an_alarm(
    visitors: Visitors, at_browser: AtBrowser
) -> None:
    """A dishonest server is played between ann and hers: it says a description of bob's again, changed."""
    accounts = [await visitors.client(name) for name in ("ann", "bob")]
    ann, bob = [await at_browser(account) for account in accounts]
    described: asyncio.Future[tuple[WebSocketRoute, str]] = asyncio.get_running_loop().create_future()

    def between(page: WebSocketRoute) -> None:
        server = page.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            page.send(message)
            if isinstance(message, str) and '"session-description"' in message and not described.done():
                described.set_result((page, message))

        server.on_message(pass_on)

    await ann.page.route_web_socket(re.compile("/socket.io/"), between)
    room = await accounts[0].creates_room()
    await accounts[0].invites(accounts[1], to=room)
    for someone in (ann, bob):
        await someone.comes_to(room)
        await someone.enters()
    await asyncio.gather(ann.sees_and_hears(bob.name), bob.sees_and_hears(ann.name))
    await expect(ann.page.get_by_role("alert")).to_have_count(0)
    page, message = await described
    name, payload = json.loads(message.removeprefix("42"))
    told = payload["sessionDescription"]
    told["sdp"] = re.sub(r"(a=fingerprint:\S+ )..", r"\g<1>00", told["sdp"])
    page.send(f"42{json.dumps([name, payload])}")
    tile = ann.page.get_by_role("group", name=bob.name)
    await expect(tile.get_by_role("alert")).to_contain_text("Security code changed")
    await ann.button("People").click()
    people = ann.page.get_by_role("complementary", name="People")
    await expect(people.get_by_role("alert")).to_contain_text(
        "leave the call and tell this server’s administrator"
    )
