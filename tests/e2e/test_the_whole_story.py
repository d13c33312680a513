"""What Parlour is for: two people register, meet in a room, see, hear and write to each other."""

import re
from typing import Any

import pytest
from playwright.async_api import expect
from sqlalchemy import select

from parlour.db.tables import messages, rooms
from tests.conftest import Unique
from tests.e2e.conftest import AtBrowser
from tests.e2e.participant import Participant, room_path
from tests.integration.http.storage import database_of
from tests.people import ROOM_PASSWORD, Visitors
from tests.servers import ParlourServer


@pytest.mark.database("postgres")  # all other people at browsers are on SQLite
async def test_two_people_meet(
    server: ParlourServer, visitors: Visitors, at_browser: AtBrowser, unique: Unique
) -> None:
    clipboard = ["camera", "microphone", "clipboard-read", "clipboard-write"]
    ann = await at_browser(await visitors.stranger("ann"), permissions=clipboard)
    bob = await at_browser(await visitors.stranger("bob"))
    room = unique("Kitchen")

    await _becomes_a_client(ann, by_the_mail_page=True)
    await _becomes_a_client(bob)

    await _creates_room(ann, room)
    await ann.enters()
    await ann.expects()
    await expect(ann.page.get_by_text("Nobody else is here")).to_be_visible()

    await bob.link(room).click()
    await bob.gives_password("open please")
    await expect(bob.page.get_by_role("form")).to_contain_text(re.compile("password", re.IGNORECASE))
    await expect(bob.page.get_by_role("alert").or_(bob.page.locator(".field-error"))).to_be_visible()
    await bob.gives_password(ROOM_PASSWORD)
    await bob.enters()

    await ann.expects(bob.name)
    await bob.expects(ann.name)
    await ann.sees_and_hears(bob.name)
    await bob.sees_and_hears(ann.name)

    await _talk_in_the_chat(server, ann, bob, room)
    await _turn_their_devices_off_and_on(ann, bob)
    await _looks_after_timer_and_link(ann, room)

    await bob.leaves()
    await ann.expects()
    await ann.leaves()


async def _becomes_a_client(someone: Participant, *, by_the_mail_page: bool = False) -> None:
    await someone.registers()
    if by_the_mail_page:
        await someone.link("Read its emails here").click()
        mail = someone.page.get_by_role("article").filter(has_text=someone.account.email)
        await mail.get_by_role("link").first.click()
        await someone.button("Confirm my address").click()
        await expect(someone.heading("Your address is confirmed")).to_be_visible()
    else:
        await someone.confirms()
    await someone.expects_to_be_logged_in()
    await someone.link("See the rooms").click()


async def _creates_room(someone: Participant, room: str) -> None:
    await someone.link("New room").click()
    await someone.field("Name").fill(room)
    await someone.field("Room password").fill(ROOM_PASSWORD)
    await someone.field("Description (optional)").fill("Tea and talk")
    await someone.button("Create room").click()
    await expect(someone.heading(room)).to_be_visible()


async def _talk_in_the_chat(server: ParlourServer, ann: Participant, bob: Participant, room: str) -> None:
    await ann.opens("Chat")
    await ann.writes("Hello Bob, can you hear me?")
    await bob.page.get_by_role("button", name="Chat, 1 unread").click()
    await bob.expects_message(ann.name, "Hello Bob, can you hear me?")
    await bob.writes("Yes & I see you <b>too</b>")
    await ann.expects_message(bob.name, "Yes & I see you <b>too</b>")
    assert _stored_messages(server, room) == [
        (ann.name, ann.account.email, "Hello Bob, can you hear me?"),
        (bob.name, bob.account.email, "Yes & I see you <b>too</b>"),
    ]


async def _turn_their_devices_off_and_on(ann: Participant, bob: Participant) -> None:
    await bob.button("Turn camera off").click()
    await expect(ann.face_of(bob.name)).to_be_visible()
    await bob.button("Turn microphone off").click()
    await expect(ann.tile(bob.name).get_by_role("img", name="Microphone off")).to_be_visible()

    people = await ann.opens("People")
    row = people.get_by_role("listitem").filter(has_text=bob.name)
    await expect(row.get_by_role("img", name="Camera off")).to_be_visible()
    await expect(row.get_by_role("img", name="Microphone off")).to_be_visible()

    await bob.button("Turn camera on").click()
    await bob.button("Turn microphone on").click()
    # The mark of a connection comes and goes with the load of the machine.
    await expect(row.get_by_role("img", name=re.compile("off$|shares"))).to_have_count(0)
    await expect(ann.face_of(bob.name)).to_have_count(0)
    await ann.sees_and_hears(bob.name)


async def _looks_after_timer_and_link(ann: Participant, room: str) -> None:
    timer = ann.page.get_by_role("timer", name="Time in the call")
    shown = await timer.inner_text()
    assert re.fullmatch(r"\d+:\d\d", shown)
    await expect(timer).not_to_have_text(shown)

    await ann.page.bring_to_front()
    await ann.button("Copy link").click()
    await expect(ann.page.get_by_text("Link copied")).to_be_visible()
    copied = await ann.page.evaluate("navigator.clipboard.readText()")
    assert copied == ann.account.server.url + room_path(room)


def _stored_messages(server: ParlourServer, room: str) -> list[Any]:
    query = (
        select(messages.c.author_name, messages.c.author_email, messages.c.text)
        .join(rooms, rooms.c.id == messages.c.room_id)
        .where(rooms.c.name == room)
        .order_by(messages.c.id)
    )
    with database_of(server) as connection:
        return [tuple(row) for row in connection.execute(query)]
