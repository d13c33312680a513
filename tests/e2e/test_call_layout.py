"""A call is exactly as large as its window, whatever it looked like before."""

from collections.abc import AsyncIterator, Iterator, Sequence

import pytest
from playwright.async_api import expect

from tests.conftest import StartServer
from tests.e2e.conftest import AtBrowser
from tests.e2e.layout import SIZES, layout_faults
from tests.e2e.participant import Participant
from tests.integration.signaling.crowd import Crowd
from tests.people import Visitors

pytestmark = pytest.mark.database("sqlite")

PANELS = (None, "Chat", "People", "Connections")
_NO_DEVICES = """
navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("None", "NotFoundError"); };
"""


@pytest.fixture
async def visitors(fresh_server: StartServer) -> AsyncIterator[Visitors]:
    """At a server on which one account may be in a call many times."""
    async with Visitors(await fresh_server({"PARLOUR_VISITS_PER_PERSON": 64})) as visitors:
        yield visitors


def every_change(sizes: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Each size directly after each other one, 63 steps."""
    for at, size in enumerate(sizes):
        yield size
        for other in sizes[at + 1 :]:
            yield other
            yield size


async def test_any_number_of_people_in_every_window_after_every_other(
    visitors: Visitors, at_browser: AtBrowser
) -> None:
    """At each step the window changes, then the panel. Five people, whose layout differs most from window to
    window, see each window after each other one; a machine has no time for that with every number of people.
    """
    account, friend = await visitors.client("ann"), await visitors.client("bob")
    ann = await at_browser(account)
    room = await account.creates_room()
    await account.invites(friend, to=room)
    # What is said of a missing camera takes room, too.
    await ann.page.add_init_script(_NO_DEVICES)
    await ann.comes_to(room)
    await ann.enters()
    async with Crowd(friend, room) as crowd:
        for people in (*range(1, 10), 24):
            await crowd.grows(to=people - 1)
            await _expects_people(ann, people)
            steps = every_change(SIZES) if people == 5 else iter(SIZES)
            for step, (width, height) in enumerate(steps):
                panel = PANELS[(step + people) % len(PANELS)]
                faults = await layout_faults(ann.page, width, height, panel=panel)
                assert not faults, f"{people} people, {width} x {height}: {faults}"


async def _expects_people(ann: Participant, count: int) -> None:
    # Those on other pages, too.
    await expect(ann.stage.get_by_role("group", include_hidden=True)).to_have_count(count)
