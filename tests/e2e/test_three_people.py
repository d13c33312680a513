"""Everybody sees everybody, and who goes is gone, however they go."""

import asyncio

import pytest

from tests.e2e.conftest import AtBrowser
from tests.people import Visitors

pytestmark = pytest.mark.database("sqlite")


async def test_three_people_in_one_room(visitors: Visitors, at_browser: AtBrowser) -> None:
    """A page that is reloaded leaves, and joins anew: it is no second person."""
    accounts = [await visitors.client(name) for name in ("ann", "bob", "cyd")]
    ann, bob, cyd = [await at_browser(account) for account in accounts]
    room = await accounts[0].creates_room()
    await accounts[0].invites(*accounts[1:], to=room)

    for someone in (ann, bob, cyd):
        await someone.comes_to(room, trust=someone is bob)
        await someone.enters()

    await asyncio.gather(
        ann.expects(bob.name, cyd.name), bob.expects(ann.name, cyd.name), cyd.expects(ann.name, bob.name)
    )
    await asyncio.gather(
        ann.sees_and_hears(bob.name, cyd.name),
        bob.sees_and_hears(ann.name, cyd.name),
        cyd.sees_and_hears(ann.name, bob.name),
    )

    await bob.page.reload()
    await ann.expects(cyd.name)
    await bob.enters()
    await ann.expects(bob.name, cyd.name)
    await asyncio.gather(ann.sees_and_hears(bob.name), bob.sees_and_hears(ann.name, cyd.name))

    await bob.leaves()
    await asyncio.gather(ann.expects(cyd.name), cyd.expects(ann.name))
    await ann.sees_and_hears(cyd.name)

    await cyd.page.close()
    await ann.expects()
