"""The server goes away in the middle of a call: nobody sees it, and nothing is lost."""

import asyncio
from collections.abc import Callable

import pytest
from playwright.async_api import expect

from tests.conftest import StartServer
from tests.e2e.conftest import AtBrowser
from tests.e2e.frames import FrameWatch
from tests.e2e.participant import Participant
from tests.people import Visitors

pytestmark = pytest.mark.database("sqlite")

AWAY_SECONDS = 6
"""The time after which a page says that it is cut off; the server is away for longer."""
LONGEST_GAP_MS = 2_000
"""Less than half of the time for which the server is away; a busy machine holds cameras up for a while."""


async def test_a_server_that_is_killed_and_started_again_freezes_no_picture(
    fresh_server: StartServer, at_browser: AtBrowser, record_property: Callable[[str, object], None]
) -> None:
    server = await fresh_server()
    async with Visitors(server) as visitors:
        accounts = [await visitors.client(name) for name in ("ann", "bob", "cyd", "dan")]
        room = await accounts[0].creates_room()
        await accounts[0].invites(*accounts[1:], to=room)
        ann, bob, _ = people = [await at_browser(account) for account in accounts[:3]]
        for someone in people:
            await someone.comes_to(room)
            await someone.enters()
        await asyncio.gather(*(one.sees_and_hears(*others(one, people)) for one in people))
        await asyncio.gather(ann.opens("Chat"), bob.opens("Chat"))
        tiles = await tile_ids(ann)
        watches = {one.name: FrameWatch(one, *others(one, people)) for one in people}
        await asyncio.gather(*(watch.begin() for watch in watches.values()))

        await server.kill()
        await asyncio.gather(*(expect_interruption(one) for one in people))
        await ann.field("Message").fill("Written while the server was away")
        await ann.field("Message").press("Enter")
        await expect(ann.page.get_by_text("Sending…")).to_be_visible()
        await server.start()

        await asyncio.gather(*(expect_no_interruption(one) for one in people))
        await ann.expects_message("You", "Written while the server was away")
        await bob.expects_message(ann.name, "Written while the server was away")
        await expect(ann.page.get_by_text("Sending…")).to_have_count(0)
        stored = [message["message"] for message in await accounts[1].reads(room)]
        assert stored == ["Written while the server was away"]

        for one in people:
            for name, flow in (await watches[one.name].flows()).items():
                record_property(f"{name} at {one.name}", str(flow))
                print(f"frames of {name} at {one.name}: {flow}")  # noqa: T201 - figures for docs/reliability.md
                assert flow.frames > AWAY_SECONDS * 2
                assert flow.still < LONGEST_GAP_MS, flow
        assert await tile_ids(ann) == tiles, "somebody has become somebody else"

        dan = await at_browser(accounts[3])
        await dan.comes_to(room)
        await dan.enters()
        everybody = [*people, dan]
        await asyncio.gather(*(one.expects(*others(one, everybody)) for one in everybody))
        await asyncio.gather(
            dan.sees_and_hears(*others(dan, everybody)), *(one.sees_and_hears(dan.name) for one in people)
        )


async def expect_interruption(someone: Participant) -> None:
    await expect(someone.page.get_by_text("Your call continues.")).to_be_visible(timeout=15_000)


async def expect_no_interruption(someone: Participant) -> None:
    await expect(someone.page.get_by_text("Your call continues.")).to_have_count(0)


async def tile_ids(someone: Participant) -> list[str | None]:
    tiles = await someone.stage.get_by_role("group").all()
    return [await tile.get_attribute("data-peer") for tile in tiles]


def others(someone: Participant, people: list[Participant]) -> list[str]:
    return [one.name for one in people if one is not someone]
