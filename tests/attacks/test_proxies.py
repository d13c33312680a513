"""Attacks on what reverse proxies say: nobody chooses the address under which they are counted."""

import asyncio
import json
import ssl
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.conftest import StartServer
from tests.people import Visitors
from tests.servers import ParlourServer
from tests.servers.command import run_parlour
from tests.servers.proxies import NGINX_AS_DOCUMENTED, Ports, deployed, haproxy, nginx

pytestmark = pytest.mark.database("sqlite")

FORGED = "6.6.6.6"
TRUSTING = {"PARLOUR_TRUSTED_PROXIES": "127.0.0.1"}
CLIENT = "127.0.0.9"
"""From where the attacker's connections come; only 127.0.0.1 is a proxy."""


Headers = Sequence[tuple[str, str]]


async def addresses(
    server: ParlourServer,
    url: str,
    *attempts: Headers,
    by: str = CLIENT,
    tls: ssl.SSLContext | None = None,
) -> list[set[str]]:
    """Under which addresses a client that connects from `by` is known, by the audit log, for each attempt.

    The client has not been admitted to a room and asks for it over HTTP, a WebSocket and polling.
    """
    async with Visitors(server) as visitors:
        ann, eve = await visitors.client("ann"), await visitors.client("eve")
        room = await ann.creates_room()
        transport = httpx.AsyncHTTPTransport(local_address=by, verify=tls or True)
        async with httpx.AsyncClient(base_url=url, transport=transport, timeout=60) as http:
            for headers in attempts:
                identified = [("Authorization", f"Bearer {eve.token}"), *headers]
                asked = await http.get("/message", params={"roomname": room}, headers=identified)
                assert asked.status_code == 403, asked.text
                await joins_by_websocket(url, eve.token, room, headers, by, tls)
                await joins_by_polling(http, eve.token, room, headers)
        async with asyncio.timeout(60):
            while len(found := await refused(server, eve.email)) < 3 * len(attempts):
                pass
    return [set(found[start : start + 3]) for start in range(0, len(found), 3)]


async def refused(server: ParlourServer, email: str) -> list[str]:
    """The addresses of a person's refusals, oldest first."""
    ended = await run_parlour("audit", "--limit", "1000", folder=server.folder, settings=server.settings)
    lines = [line.split("\t") for line in ended.out.splitlines()]
    return [line[-1] for line in lines if line[1:4] == ["refusal", "not_admitted", email]]


async def joins_by_websocket(
    url: str,
    token: str | None,
    room: str,
    headers: Headers,
    client_address: str,
    tls: ssl.SSLContext | None,
) -> None:
    url = url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
    async with connect(
        url,
        additional_headers=headers,
        local_addr=(client_address, 0),
        compression=None,
        proxy=None,
        open_timeout=60,
        ssl=tls,
    ) as socket:
        await socket.send("40" + json.dumps({"token": token}))
        while not str(await socket.recv()).startswith("40{"):
            pass
        await socket.send("421" + json.dumps(["join", {"room": room}]))
        while not str(frame := await socket.recv()).startswith("431"):
            pass
    assert "not_admitted" in str(frame)


async def joins_by_polling(http: httpx.AsyncClient, token: str | None, room: str, headers: Headers) -> None:
    path = "/socket.io/?EIO=4&transport=polling"
    opened = await http.get(path, headers=list(headers))
    path += f"&sid={json.loads(opened.text[1:])['sid']}"
    await http.post(path, content="40" + json.dumps({"token": token}), headers=list(headers))
    while "40{" not in (got := await http.get(path, headers=list(headers))).text:
        assert got.status_code == 200, got.text
    await http.post(path, content="421" + json.dumps(["join", {"room": room}]), headers=list(headers))
    while "431[" not in (got := await http.get(path, headers=list(headers))).text:
        assert got.status_code == 200, got.text
    assert "not_admitted" in got.text


FORGERIES: list[Headers] = [
    [],
    [("X-Forwarded-For", FORGED)],
    [("X-Forwarded-For", FORGED), ("X-Forwarded-For", "127.0.0.1")],
    [("X-Forwarded-For", f'127.0.0.1, "{FORGED}')],
]


@pytest.mark.parametrize("base", ["", "/meet"])
async def test_an_address_of_ones_own_choice(fresh_server: StartServer, tmp_path: Path, base: str) -> None:
    """Before the configurations of deploy/, which HTTP, WebSocket and polling pass.

    HAProxy adds a line to those of the client, nginx an element to the client's line, and Caddy drops them.
    """
    attempts = [*FORGERIES, [("Forwarded", f"for={FORGED}")]]
    if base:
        attempts = attempts[-2:]
    server = await fresh_server(TRUSTING | {"PARLOUR_PUBLIC_URL": f"https://localhost{base}"})
    for kind in ("nginx", "caddy", "haproxy"):
        folder, ports = tmp_path / kind, Ports()
        folder.mkdir()
        origin = f"https://localhost:{ports.https}"
        async with deployed(kind, folder, server.address, ports, base=base) as certificate:
            tls = ssl.create_default_context(cafile=certificate)
            assert await addresses(server, origin + base, *attempts, tls=tls) == [{CLIENT}] * len(attempts)
            async with httpx.AsyncClient(timeout=60, verify=tls) as client:
                page = await client.get(f"{origin}{base}/")
                assert page.status_code == 200
                assert page.headers["strict-transport-security"]
                assert f'="{base}/' in page.text
                plain = await client.get(f"http://localhost:{ports.http}/r/x?y=z")
                # Caddy takes another port than 443 for one that 443 is led to.
                led_to = plain.headers["location"].replace(f":{ports.https}", "")
                assert (plain.status_code, led_to) == (308, "https://localhost/r/x?y=z")


async def test_an_address_in_the_header_that_the_proxy_does_not_know(
    fresh_server: StartServer, tmp_path: Path
) -> None:
    """It passes `Forwarded` on as the client wrote it. Who wrote what is for a setting to say."""
    forged = [("Forwarded", f"for={FORGED}")]
    for setting, address in ({}, "127.0.0.1"), ({"PARLOUR_PROXY_HEADER": "x-forwarded-for"}, CLIENT):
        server = await fresh_server(TRUSTING | setting)
        async with nginx(tmp_path, server.address) as url:
            assert await addresses(server, url, forged) == [{address}]


async def test_the_standard_header(fresh_server: StartServer, tmp_path: Path) -> None:
    server = await fresh_server(TRUSTING)
    appending = NGINX_AS_DOCUMENTED.replace(
        "X-Forwarded-For $proxy_add_x_forwarded_for",
        "Forwarded '$http_forwarded, for=\"[::ffff:$remote_addr]:$remote_port\"'",
    )
    forged = [[("Forwarded", text)] for text in (f"for={FORGED}", f'for="{FORGED}', 'for="')]
    async with nginx(tmp_path, server.address, appending) as url:
        assert await addresses(server, url, *forged) == [{CLIENT}] * len(forged)


async def test_a_listener_for_both_families_behind_a_proxy_that_writes_ports(
    fresh_server: StartServer,
) -> None:
    """`::` knows everybody who comes by IPv4 as ::ffff:…, the proxy too."""
    server = await fresh_server(TRUSTING | {"PARLOUR_ALLOW_INSECURE": "true"}, host="::")
    hops = {
        "203.0.113.6:4711": "203.0.113.6",
        "[2001:db8::1]:4711": "2001:db8::1",
        "unknown": "127.0.0.1",
        "203.0.113.6, junk": "127.0.0.1",
    }
    attempts = [[("X-Forwarded-For", hop)] for hop in hops]
    found = await addresses(server, server.address, *attempts, by="127.0.0.1")
    assert found == [{address} for address in hops.values()]
    assert await addresses(server, server.address, attempts[0]) == [{CLIENT}], "no proxy, not believed"


async def test_letters_read_through_a_proxy_on_the_same_machine(
    server: ParlourServer, tmp_path: Path
) -> None:
    """It comes from 127.0.0.1 and asks for that host; nginx as it is adds no header either."""
    for directives in ("", NGINX_AS_DOCUMENTED):
        async with (
            nginx(tmp_path, server.address, directives) as url,
            httpx.AsyncClient(timeout=60) as client,
        ):
            assert (await client.get(f"{url}/healthz")).status_code == 200
            assert (await client.get(f"{url}/dev/mail", headers={"Host": "localhost"})).status_code == 404
    async with haproxy(tmp_path, server.address) as url, httpx.AsyncClient(timeout=60) as client:
        assert (await client.get(f"{url}/dev/mail", headers={"Host": "localhost"})).status_code == 404


async def test_whoever_comes_by_another_name_hears_which_address_is_expected(
    fresh_server: StartServer,
) -> None:
    """In the same words over HTTP, polling and WebSocket; and nobody is let in by it."""
    expected = "https://meet.example.org/calls"
    server = await fresh_server({"PARLOUR_PUBLIC_URL": expected})
    path = "/socket.io/?EIO=4&transport="
    headers = {"Origin": server.address, "Cookie": "jwt=x"}
    async with httpx.AsyncClient(base_url=server.address, headers=headers, timeout=60) as client:
        config = (await client.get("/config")).json()
        by_http = await client.get("/refresh")
        by_polling = await client.get(f"{path}polling")
        with pytest.raises(InvalidStatus) as by_websocket:
            await connect(
                f"{server.address.replace('http', 'ws')}{path}websocket",
                additional_headers=headers,
                proxy=None,
            )
    assert (config["public_url"], config["origins"]) == (expected, ["https://meet.example.org"])
    refused_socket = by_websocket.value.response
    assert (by_http.status_code, by_polling.status_code, refused_socket.status_code) == (403, 403, 403)
    for body in (by_http.json(), by_polling.json(), json.loads(refused_socket.body or b"")):
        assert body["code"] == "origin_not_allowed"
        assert body["message"].endswith(f"Open {expected} instead.")
