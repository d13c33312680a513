"""People behind a firewall that swallows WebSockets: they are in their call all the same."""

from urllib.parse import urlsplit

import pytest

from tests.conftest import StartServer
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
