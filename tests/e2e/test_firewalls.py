"""People behind firewalls: they are in their call all the same, or are told what is in the way."""

from urllib.parse import urlsplit

import pytest
from playwright.async_api import expect

from tests.conftest import StartServer
from tests.e2e.conftest import AtBrowser
from tests.e2e.media import keep_connections
from tests.e2e.participant import Participant
from tests.people import Visitors
from tests.servers.browser import People
from tests.servers.proxies import SwallowingFirewall

pytestmark = pytest.mark.database("sqlite")


async def test_after_one_websocket_without_an_answer_polling_comes_first(
    fresh_server: StartServer, person: People
) -> None:
    async with SwallowingFirewall() as firewall:
        server = await fresh_server({"PARLOUR_PUBLIC_URL": firewall.url})
        firewall.upstream = urlsplit(server.address).port
        async with Visitors(server) as visitors:
            account = await visitors.client("ann")
            room = await account.creates_room()
            page = await person("ann", at=firewall.url)
            await keep_connections(page)
            ann = Participant(page, account)
            await ann.comes_to(room, trust=True)
            await ann.enters()
            assert [transport_of(one) for one in signaling(firewall)][:2] == ["websocket", "polling"]

            firewall.requests.clear()
            await page.reload()
            await ann.enters()
            assert transport_of(signaling(firewall)[0]) == "polling", "the tab has forgotten what it learned"


def signaling(firewall: SwallowingFirewall) -> list[str]:
    return [line for line in firewall.requests if " /socket.io/" in line]


def transport_of(request: str) -> str:
    return request.partition("transport=")[2].partition(" ")[0].partition("&")[0]


_RELAYS_ALONE = """
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(settings) {
      super({ ...settings, iceTransportPolicy: window.blocked ? "relay" : "all" });
    }
  };
  window.blocked = true;
"""
"""As between two firewalls that let only traffic of relays through, where there is no relay."""
SEARCH_MS = 20_000


async def test_no_way_between_two_is_said_with_what_it_may_mean(
    visitors: Visitors, at_browser: AtBrowser
) -> None:
    ann, bob = await at_browser(await visitors.client("ann")), await at_browser(await visitors.client("bob"))
    room = await ann.account.creates_room()
    await ann.account.invites(bob.account, to=room)
    for one in (ann, bob):
        await one.page.clock.install()
        await one.page.add_init_script(_RELAYS_ALONE)
        await one.comes_to(room)
        await one.enters()
    state = ann.tile(bob.name).get_by_role("status")
    await expect(state).to_have_text("Connecting…")
    await ann.page.clock.fast_forward(SEARCH_MS)
    await expect(state).to_contain_text(f"Can’t connect to {bob.name}")
    await expect(state).to_contain_text("no relay")
    await expect(state.get_by_role("link", name="Check your connection")).to_be_visible()

    for one in (ann, bob):
        await one.page.evaluate("window.blocked = false")
    for _ in range(2):  # bob, the newcomer, notices that his attempt leads nowhere, and makes another one
        await bob.page.clock.fast_forward(SEARCH_MS)
    await expect(state).to_have_count(0)
