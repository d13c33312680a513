"""People at browsers on hosts of their own, with a network between them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.conftest import SHOWN_WITHIN_MS, StartServer
from tests.e2e.media import keep_connections, use_small_pictures
from tests.e2e.participant import Participant
from tests.people import Visitors
from tests.servers import ParlourServer
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
    await meet(ann.participant, bob.participant)


async def meet(ann: Participant, bob: Participant) -> None:
    """New frames and new sound, both ways."""
    async with asyncio.timeout(HEALED_WITHIN_SECONDS):
        await asyncio.gather(ann.sees_and_hears(bob.name), bob.sees_and_hears(ann.name))


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
    hosts = [await network.host() for _ in range(2)]
    async with two_in_a_call(server, url, [host.program(CHROMIUM) for host in hosts]) as (ann, bob):
        here, there = Seat(ann, hosts[0]), Seat(bob, hosts[1])
        await see_each_other(here, there)
        yield here, there


@asynccontextmanager
async def two_in_a_call(
    server: ParlourServer, url: str, programs: Sequence[Path], *flags: str
) -> AsyncIterator[tuple[Participant, Participant]]:
    """Ann and Bob, in a call at browsers that these programs start, for which the server is at `url`.

    Fails if a page was loaded again, or had an uncaught error.
    """
    async with AsyncExitStack() as ending:
        visitors = await ending.enter_async_context(Visitors(server))
        accounts = [await visitors.client(name) for name in ("ann", "bob")]
        room = await accounts[0].creates_room()
        await accounts[0].invites(accounts[1], to=room)
        secure = f"--unsafely-treat-insecure-origin-as-secure={url}"
        people, crowd = [], []
        for account, program in zip(accounts, programs, strict=True):
            browser = await ending.enter_async_context(chromium(program, secure, *flags))
            crowd.append(People(browser))
            ending.push_async_callback(crowd[-1].leave)
            page = await crowd[-1](account.username or "", at=url)
            page.set_default_timeout(SHOWN_WITHIN_MS)
            await keep_connections(page)
            await use_small_pictures(page)
            people.append(Participant(page, account))
        for participant in people:
            await participant.comes_to(room)
            await participant.enters()
            await participant.page.evaluate("window.samePage = true")
        ann, bob = people
        yield ann, bob
        for participant in people:
            assert await participant.page.evaluate("window.samePage"), "the page was loaded again"
        faults = [fault for one in crowd for fault in one.faults]
        assert not faults, faults
