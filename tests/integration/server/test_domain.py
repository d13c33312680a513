"""https with one setting: PARLOUR_DOMAIN, Caddy in front of Parlour, and a real ACME server."""

import asyncio
import json
import os
import signal
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect

from parlour.caddy.configuration import caddy_configuration
from parlour.caddy.server import find_caddy
from parlour.calls.ice import turn_credential
from parlour.options import Options
from parlour.settings import Settings
from parlour.turn.client import NoAnswer, turn_client
from parlour.turn.uri import IceUri
from tests.conftest import Databases
from tests.integration.command.test_wrong_settings import assert_one_sentence
from tests.servers import ParlourServer
from tests.servers.command import accepted, run_parlour
from tests.servers.pebble import pebble
from tests.servers.process import free_port
from tests.servers.turn import MEDIA

pytestmark = pytest.mark.database("sqlite")

FORGED = "203.0.113.66"
SECRET = "north wind, south wind, and no wind at all"


async def test_a_domain_is_enough(databases: Databases, tmp_path: Path) -> None:
    """A certificate is got, pages, WebSockets and TURN have it, and Caddy lives and dies with Parlour."""
    await databases.create_migrated("sqlite", tmp_path / "data")
    https, http, turn_tls = free_port(), free_port(), free_port()
    async with pebble(tmp_path / "acme", http=http, https=https) as authority:
        settings: dict[str, str | int] = {
            "PARLOUR_DOMAIN": "localhost",
            "PARLOUR_HTTPS_PORT": https,
            "PARLOUR_HTTP_PORT": http,
            "PARLOUR_ACME_CA": authority.directory,
            "PARLOUR_ACME_ROOT": str(authority.trust),
            "PARLOUR_TURN": "embedded",
            "PARLOUR_TURN_SERVER": "parlour",
            "PARLOUR_TURN_SECRET": SECRET,
            "PARLOUR_TURN_PORT": free_port(),
            "PARLOUR_TURN_TLS_PORT": turn_tls,
            "PARLOUR_MEDIA_DIR": str(MEDIA),
        }
        async with ParlourServer(tmp_path, None, settings) as server:
            assert server.url == f"https://localhost:{https}"
            await server.expect_log("caddy.certificate")
            trust = ssl.create_default_context(cadata=authority.root)
            await serves(server, http, trust)
            await relays_over_tls(turn_tls, trust)
            await the_doctor_is_content(server, tmp_path, authority.root)

            os.kill(await caddys_pid(server), signal.SIGKILL)
            await server.expect_log("caddy.ended")
            server.mark_log()
            await server.expect_log("caddy.started")
            await serves(server, http, trust)
            assert "caddy.certificate" not in server.log_since_mark(), "the one that it has will do"

            await server.terminate()
            await until_refused(https)
            server.mark_log()
            with socket.create_server(("", https)):
                await server.start()
                assert "another program has the port" in await server.expect_log("caddy.ended")
            await until_answered(server, trust)
            await server.kill()
            await until_refused(https)


async def serves(server: ParlourServer, http: int, trust: ssl.SSLContext) -> None:
    await until_answered(server, trust)
    async with httpx.AsyncClient(base_url=server.url, verify=trust, timeout=60) as client:
        page = await client.get("/")
        assert (page.status_code, page.http_version) == (200, "HTTP/1.1")
        assert page.headers["strict-transport-security"]
        claims = {"X-Forwarded-For": FORGED, "Forwarded": f"for={FORGED}"}
        seen = (await client.get("/client-address", headers=claims)).json()["address"]
        assert seen in ("127.0.0.1", "::1")
        plain = await client.get(f"http://localhost:{http}/r/x?y=z")
        assert (plain.status_code, plain.headers["location"]) == (308, f"{server.url}/r/x?y=z")
    url = f"{server.url.replace('http', 'ws', 1)}/socket.io/?EIO=4&transport=websocket"
    async with connect(url, ssl=trust, proxy=None, open_timeout=60) as connected:
        assert str(await connected.recv()).startswith("0{")


async def relays_over_tls(port: int, trust: ssl.SSLContext) -> None:
    """Wait for TURN over TLS, which follows the certificate of the web pages at the first start too."""
    uri = IceUri(True, "localhost", port, "tls")
    credential = turn_credential(SECRET, "ann", datetime.now(UTC) + timedelta(minutes=5))
    async with asyncio.timeout(60):
        while True:
            try:
                async with turn_client(uri, tls=trust) as client:
                    await client.allocate(*credential)
                    return
            except NoAnswer:
                await asyncio.sleep(0.05)  # a port announces no opening


async def until_answered(server: ParlourServer, trust: ssl.SSLContext) -> None:
    async with asyncio.timeout(60), httpx.AsyncClient(base_url=server.url, verify=trust) as client:
        while True:
            try:
                assert (await client.get("/healthz")).json() == {"status": "ok"}
            except httpx.TransportError:
                await asyncio.sleep(0.05)  # a port announces no opening
            else:
                return


async def until_refused(port: int) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                return
            writer.close()
            await asyncio.sleep(0.05)  # a port announces no end


async def caddys_pid(server: ParlourServer) -> int:
    pid: int = json.loads(await server.expect_log("caddy.started"))["pid"]
    return pid


async def the_doctor_is_content(server: ParlourServer, folder: Path, root: str) -> None:
    """With the port of Parlour, and with the public URL."""
    trusted = folder / "trusted.pem"
    trusted.write_text(root)
    settings = {**server.settings, "SSL_CERT_FILE": str(trusted)}
    port = server.address.rpartition(":")[2]
    asked = await run_parlour("doctor", "--json", "--port", port, folder=folder, settings=settings)
    findings = json.loads(asked.out)
    looked_at = [one for one in findings if one["check"] in ("server", "public URL")]
    assert len(looked_at) >= 4, asked.out
    assert {one["verdict"] for one in looked_at} == {"ok"}, looked_at


@pytest.mark.parametrize(
    "values",
    [
        {},
        {
            "acme_email": "ann@example.org",
            "acme_ca": "https://ca.example/dir",
            "trusted_proxies": ("10.0.0.0/8",),
        },
        {"acme_ca": "internal", "public_url": "https://meet.example.org/meet"},
    ],
    ids=["Let's Encrypt", "another authority", "internal"],
)
async def test_caddy_accepts_what_is_written_for_it(tmp_path: Path, values: dict[str, str]) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path, domain="meet.example.org", **values)  # type: ignore[arg-type]
    options = Options(settings, 8000).caddy()
    assert options is not None
    file = tmp_path / "caddy.json"
    file.write_text(caddy_configuration(options))
    await accepted(
        find_caddy(tmp_path), "validate", "--config", str(file), environment={"HOME": str(tmp_path)}
    )


async def test_the_option_is_the_setting(tmp_path: Path) -> None:
    refused = await run_parlour("serve", "--domain", "*.example.org", folder=tmp_path)
    assert_one_sentence(refused, "PARLOUR_DOMAIN has to be a host name")
