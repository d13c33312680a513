"""The home page of a person with many rooms: finding one, and what its creator does with it."""

import pytest
from playwright.async_api import expect
from sqlalchemy import insert, select

from parlour.db.tables import rooms
from tests.conftest import StartServer
from tests.e2e.conftest import AtBrowser
from tests.integration.http.storage import database_of
from tests.people import Visitors, done
from tests.servers import ParlourServer

pytestmark = pytest.mark.database("sqlite")
MANY = 300


def create_many(server: ParlourServer, like: str) -> None:
    """Copies of a room, in the database: the server would hash a password for each."""
    with database_of(server) as connection:
        one = connection.execute(select(rooms).where(rooms.c.name == like)).one()._asdict()
        del one["id"]
        copies = [
            one
            | {
                "name": f"Room {number:03}",
                "name_key": f"room {number:03}",
                "name_skeleton": None,
                "description": f"where we meet for the {number}th time",
                "description_key": f"where we meet for the {number}th time",
            }
            for number in range(MANY)
        ]
        connection.execute(insert(rooms), copies)


async def test_a_room_among_many_is_found_changed_and_deleted(
    fresh_server: StartServer, at_browser: AtBrowser
) -> None:
    server = await fresh_server()
    async with Visitors(server) as visitors:
        account = await visitors.client("ann")
        create_many(server, await account.creates_room())
        ann = await at_browser(account)
        await ann.logs_in()
        await expect(ann.link("Room 000")).to_be_visible()
        await expect(ann.button("Show more rooms")).to_be_visible()
        await ann.page.get_by_role("searchbox", name="Search rooms").fill("the 257th")
        await expect(ann.link("Room 257")).to_be_visible()
        await expect(ann.page.get_by_role("article")).to_have_count(1)

        await ann.button("Manage “Room 257”").click()
        await ann.page.get_by_role("menuitem", name="Edit room").click()
        await ann.field("Description (optional)").fill("the 257th, in the garden")
        await ann.button("Save").click()
        await expect(ann.card_of("Room 257")).to_contain_text("in the garden")

        await ann.button("Manage “Room 257”").click()
        await ann.page.get_by_role("menuitem", name="Invite people").click()
        await ann.field("Email addresses").fill("eve@example.org")
        await ann.button("Send invitations").click()
        await server.expect_mail("eve@example.org")
        await ann.button("Send again to eve@example.org").click()
        await expect(ann.page.get_by_text("is on its way to eve@example.org again")).to_be_visible()
        await ann.button("Take back the invitation of eve@example.org").click()
        await ann.button("Really take back the invitation of eve@example.org?").click()
        await expect(ann.page.get_by_role("region", name="Invited so far")).to_have_count(0)
        listed = done(await account.get("/invitation", params={"room": "Room 257"})).json()
        assert listed == {"invitations": []}
        dialog = ann.page.get_by_role("dialog")
        await dialog.press("Escape")  # the button that had the focus is gone
        await expect(dialog).to_have_count(0)

        await ann.button("Manage “Room 257”").click()
        await ann.page.get_by_role("menuitem", name="Delete room").click()
        await ann.button("Delete for good").click()
        await expect(ann.page.get_by_role("heading", name="Nothing found")).to_be_visible()
        assert "Room 257" not in await account.sees()
