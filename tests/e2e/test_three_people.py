"""Everybody sees everybody, and who goes is gone, however they go."""

import asyncio

import pytest

from tests.e2e.conftest import AtBrowser
from tests.people import Visitors

pytestmark = pytest.mark.database("sqlite")


async def test_three_people_in_one_room(visitors: Visitors, at_browser: AtBrowser) -> None:
    accounts = [await visitors.client(name) for name in ("ann", "bob", "cyd")]
    ann, bob, cyd = [await at_browser(account) for account in accounts]
    room = await accounts[0].creates_room()
    await accounts[0].invites(*accounts[1:], to=room)

    for someone in (ann, bob, cyd):
        await someone.comes_to(room)
        await someone.enters()

    await asyncio.gather(
        ann.expects(bob.name, cyd.name), bob.expects(ann.name, cyd.name), cyd.expects(ann.name, bob.name)
    )
    await asyncio.gather(
        ann.sees_and_hears(bob.name, cyd.name),
        bob.sees_and_hears(ann.name, cyd.name),
        cyd.sees_and_hears(ann.name, bob.name),
    )

    await bob.leaves()
    await asyncio.gather(ann.expects(cyd.name), cyd.expects(ann.name))
    await ann.sees_and_hears(cyd.name)

    await cyd.page.close()
    await ann.expects()


async def test_coming_back_is_no_second_person(visitors: Visitors, at_browser: AtBrowser) -> None:
    """A page that is reloaded leaves, and joins anew."""
    ann, bob = await at_browser(await visitors.client("ann")), await at_browser(await visitors.client("bob"))
    room = await ann.account.creates_room()
    await ann.account.invites(bob.account, to=room)
    await ann.comes_to(room)
    await ann.enters()
    await bob.comes_to(room, trust=True)
    await bob.enters()
    await ann.expects(bob.name)

    await bob.page.reload()
    await ann.expects()
    await bob.enters()
    await ann.expects(bob.name)
    await ann.sees_and_hears(bob.name)
    await bob.sees_and_hears(ann.name)
