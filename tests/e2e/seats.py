"""People at browsers on hosts of their own, with a network between them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx

from tests.conftest import SHOWN_WITHIN_MS, StartServer
from tests.e2e.media import keep_connections, use_small_pictures
from tests.e2e.participant import Participant
from tests.people import Visitors
from tests.servers.browser import CHROMIUM, People, chromium
from tests.servers.network import Host, Network

HEALED_WITHIN_SECONDS = 120


@dataclass(frozen=True)
class Seat:
    """A person at a browser on a host of their own."""

    participant: Participant
    host: Host


async def see_each_other(ann: Seat, bob: Seat) -> None:
    """New frames and new sound, both ways."""
    here, there = ann.participant, bob.participant
    async with asyncio.timeout(HEALED_WITHIN_SECONDS):
        await asyncio.gather(here.sees_and_hears(there.name), there.sees_and_hears(here.name))


@asynccontextmanager
async def pair_in_a_call(network: Network, fresh_server: StartServer) -> AsyncIterator[tuple[Seat, Seat]]:
    """Two in a call, who see each other. Fails if a page was loaded again, or had an uncaught error."""
    server = await fresh_server(  # the hosts reach no loopback address
        {"PARLOUR_ALLOW_INSECURE": "true"},
        host="0.0.0.0",  # noqa: S104
    )
    # Its port is known only now.
    url = f"http://{network.address}:{httpx.URL(server.address).port}"
    server.settings["PARLOUR_ALLOWED_ORIGINS"] = url
    await server.restart()
    async with AsyncExitStack() as ending:
        visitors = await ending.enter_async_context(Visitors(server))
        accounts = [await visitors.client(name) for name in ("ann", "bob")]
        room = await accounts[0].creates_room()
        await accounts[0].invites(accounts[1], to=room)
        seats = []
        crowd = []
        for account in accounts:
            host = await network.host()
            browser = await ending.enter_async_context(
                chromium(host.program(CHROMIUM), f"--unsafely-treat-insecure-origin-as-secure={url}")
            )
            people = People(browser)
            crowd.append(people)
            ending.push_async_callback(people.leave)
            page = await people(account.username or "", at=url)
            page.set_default_timeout(SHOWN_WITHIN_MS)
            await keep_connections(page)
            await use_small_pictures(page)
            seats.append(Seat(Participant(page, account), host))
        for seat in seats:
            await seat.participant.comes_to(room)
            await seat.participant.enters()
            await seat.participant.page.evaluate("window.samePage = true")
        ann, bob = seats
        await see_each_other(ann, bob)
        yield ann, bob
        for seat in seats:
            assert await seat.participant.page.evaluate("window.samePage"), "the page was loaded again"
        faults = [fault for people in crowd for fault in people.faults]
        assert not faults, faults
