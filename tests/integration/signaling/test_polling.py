"""HTTP long-polling: for networks that let no WebSocket through, from every site that may."""

import json

import httpx
import pytest

from tests.conftest import StartServer
from tests.integration.signaling.conftest import Connect
from tests.integration.signaling.town import Town

pytestmark = pytest.mark.database("sqlite")

URL = "/socket.io/?EIO=4&transport=polling"
SEPARATOR = "\x1e"


@pytest.mark.kinds("js-upgrade")
async def test_upgrade_ends_on_a_websocket(connect: Connect, town: Town) -> None:
    ann = await connect(await town.person("ann"))
    assert await ann.inbox.take("upgrade") == ["websocket"]
    await ann.joins(await town.room(ann.person))


async def test_bodies_as_large_as_was_said(town: Town) -> None:
    """Clients fill a body up to `maxPayload` with the packets that wait."""
    ann = await town.person("ann")
    opening = json.loads((await ann.http.get(URL)).text[1:])
    url = f"{URL}&sid={opening['sid']}"
    await ann.http.post(url, content="40" + json.dumps({"token": ann.token}))
    assert (await ann.http.get(url)).text.startswith("40")
    packet = '42["nonsense","' + "x" * 20_000 + '"]'
    count = (opening["maxPayload"] - 1000) // (len(packet) + 1)
    answer = await ann.http.post(url, content=SEPARATOR.join([packet] * count))
    assert answer.status_code == 200
    refused = 0
    while refused < count:
        refused += sum("refused" in packet for packet in (await ann.http.get(url)).text.split(SEPARATOR))


async def test_a_leave_in_the_same_body_as_the_join_ends_it(town: Town) -> None:
    """All packets of a body are handled before any task runs, and an event always asks the database."""
    ann = await town.person("ann")
    room = await town.room(ann, event=True)
    opening = json.loads((await ann.http.get(URL)).text[1:])
    url = f"{URL}&sid={opening['sid']}"
    await ann.http.post(url, content="40" + json.dumps({"token": ann.token}))
    join = f'421["join",{{"room":"{room}"}}]'
    await ann.http.post(
        url, content=SEPARATOR.join([join, '422["leave"]', '423["chat-message",{"message":"hi"}]'])
    )
    answers: dict[int, dict[str, object]] = {}
    while answers.keys() != {1, 2, 3}:
        for packet in (await ann.http.get(url)).text.split(SEPARATOR):
            if packet.startswith("43"):
                number, _, arguments = packet[2:].partition("[")
                answers[int(number)] = json.loads(f"[{arguments}")[0]
    assert answers[1]["code"] == "join_cancelled"
    assert answers[2]["ok"] is True
    assert answers[3]["code"] == "not_in_call"


async def test_sites_that_may_and_sites_that_may_not(fresh_server: StartServer) -> None:
    """CORS with credentials for the allowed origins: each header once, or browsers read nothing."""
    server = await fresh_server({"PARLOUR_ALLOWED_ORIGINS": "https://app.example, https://other.example"})
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
        for origin in ("https://app.example", "https://other.example"):
            answer = await http.get(URL, headers={"Origin": origin})
            assert answer.status_code == 200
            assert answer.headers.get_list("access-control-allow-origin") == [origin]
            assert answer.headers.get_list("access-control-allow-credentials") == ["true"]
        answer = await http.get(URL, headers={"Origin": "https://evil.example"})
        assert "https://evil.example" not in answer.headers.get_list("access-control-allow-origin")
        assert "*" not in answer.headers.get_list("access-control-allow-origin")
