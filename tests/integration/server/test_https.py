"""https by Parlour itself: PARLOUR_TLS_CERT and PARLOUR_TLS_KEY."""

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect

from parlour.doctor.doctor import checks_of
from parlour.doctor.findings import Verdict, run_checks
from parlour.doctor.web import PortCheck
from parlour.settings import Settings
from tests.conftest import Databases
from tests.integration.command.test_wrong_settings import assert_one_sentence
from tests.people import PASSWORD
from tests.servers import ParlourServer
from tests.servers.certificate import self_signed
from tests.servers.command import run_parlour

pytestmark = pytest.mark.database("sqlite")

FILES = 160
"""So few that some sixty connections are the most."""
SILENT = 200


@dataclass(frozen=True)
class Secured:
    """A Parlour that speaks https with these files."""

    server: ParlourServer
    chain: Path
    key: Path

    @property
    def port(self) -> int:
        return httpx.URL(self.server.url).port or 0

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.chain)

    def client(self) -> httpx.AsyncClient:
        """A browser that trusts the certificate which is in the files now."""
        return httpx.AsyncClient(base_url=self.server.url, verify=self.trust(), timeout=60)


@pytest.fixture(scope="module")
async def secured(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Secured]:
    folder = tmp_path_factory.mktemp("https")
    chain, key = folder / "chain.pem", folder / "key.pem"
    self_signed(chain, key)
    key.chmod(0o600)
    await databases.create_migrated("sqlite", folder / "data")
    settings = {"PARLOUR_TLS_CERT": str(chain), "PARLOUR_TLS_KEY": str(key)}
    async with ParlourServer(folder, None, settings, open_files=FILES) as server:
        yield Secured(server, chain, key)


async def test_pages_signaling_and_cookies(secured: Secured) -> None:
    server = secured.server
    assert server.url == f"https://localhost:{secured.port}"
    async with secured.client() as http:
        page = await http.get("/")
        assert (page.status_code, page.headers["strict-transport-security"]) == (200, "max-age=31536000")
        body = {"username": "nobody", "password": PASSWORD}
        refused = await http.post("/client/login", json=body, headers={"Origin": server.url})
        assert refused.status_code == 401
        assert refused.headers["access-control-allow-origin"] == server.url
        opened = await http.get("/socket.io/?EIO=4&transport=polling")
        assert "sid" in json.loads(opened.text[1:])
    url = f"{server.url.replace('http', 'ws', 1)}/socket.io/?EIO=4&transport=websocket"
    async with connect(url, ssl=secured.trust(), origin=server.url, open_timeout=60) as connected:  # type: ignore[arg-type]
        assert str(await connected.recv()).startswith("0{")
        assert connected.transport.get_extra_info("ssl_object").version() == "TLSv1.3"
    reader, writer = await asyncio.open_connection("127.0.0.1", secured.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert not (await reader.read()).startswith(b"HTTP/"), "nothing is served without TLS"
    writer.close()


async def test_the_doctor_asks_the_port_by_https(secured: Secured) -> None:
    """As it is told by the settings; a proxy whose word counts is not missed."""
    files = {"tls_cert": secured.chain, "tls_key": secured.key}
    settings = Settings(_env_file=None, data_dir=secured.server.folder / "data", **files)  # type: ignore[arg-type]
    checks = {check.name: check for check in checks_of(settings, port=secured.port, send_to=None)}
    answered = await run_checks([checks["server"]])
    assert [finding.verdict for finding in answered] == [Verdict.OK], answered
    said = await run_checks([checks["settings"]])
    assert not [finding for finding in said if "proxy" in finding.says], said
    plain = await run_checks([PortCheck(port=secured.port)])
    assert [finding.verdict for finding in plain] == [Verdict.FAILED], plain


async def test_a_renewed_certificate_is_used_without_a_restart(secured: Secured, tmp_path: Path) -> None:
    """By new connections; those that are open go on."""
    server = secured.server
    url = f"{server.url.replace('http', 'ws', 1)}/socket.io/?EIO=4&transport=websocket"
    async with (
        secured.client() as before,
        connect(url, ssl=secured.trust(), open_timeout=60) as connected,
    ):
        assert str(await connected.recv()).startswith("0{")
        assert (await before.get("/healthz")).status_code == 200
        renewed, renewed_key = tmp_path / "renewed.pem", tmp_path / "renewed.key"
        self_signed(renewed, renewed_key)
        old = secured.trust()

        server.mark_log()
        secured.chain.write_bytes(renewed.read_bytes())
        said = await server.expect_log("certificate.kept")
        assert "does not belong to the certificate" in said
        async with httpx.AsyncClient(base_url=server.url, verify=old, timeout=60) as http:
            assert (await http.get("/healthz")).status_code == 200

        secured.key.write_bytes(renewed_key.read_bytes())
        await server.expect_log("certificate.reloaded")
        async with secured.client() as http:
            assert (await http.get("/healthz")).status_code == 200
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            async with httpx.AsyncClient(base_url=server.url, verify=old, timeout=60) as http:
                await http.get("/healthz")
        async with asyncio.timeout(60):
            await (await connected.ping())
        assert (await before.get("/healthz")).status_code == 200


async def test_connections_that_begin_no_handshake_keep_nobody_out(secured: Secured) -> None:
    with ExitStack() as closing:
        for _ in range(SILENT):
            closing.enter_context(socket.create_connection(("127.0.0.1", secured.port)))
        async with secured.client() as http:
            for _ in range(5):
                assert (await http.get("/healthz")).status_code == 200


async def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    """Each ends the start with a sentence."""
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    self_signed(chain, key)
    (tmp_path / "other").mkdir()
    self_signed(tmp_path / "other" / "chain.pem", tmp_path / "other" / "key.pem")
    pair = {"PARLOUR_TLS_CERT": "chain.pem", "PARLOUR_TLS_KEY": "key.pem"}
    wrong = [
        ({"PARLOUR_TLS_CERT": "chain.pem"}, "PARLOUR_TLS_KEY"),
        (pair | {"PARLOUR_TLS_KEY": "other/key.pem"}, "does not belong to the certificate"),
        (pair | {"PARLOUR_TLS_KEY": "nowhere.pem"}, "nowhere.pem cannot be read"),
        (pair | {"PARLOUR_PUBLIC_URL": "http://localhost:8000"}, "PARLOUR_PUBLIC_URL"),
        (pair | {"PARLOUR_DOMAIN": "meet.example.org"}, "PARLOUR_DOMAIN"),
        ({"PARLOUR_DOMAIN": "-"}, "PARLOUR_DOMAIN"),
    ]
    ended = await asyncio.gather(
        *(run_parlour("serve", "--port", "0", folder=tmp_path, settings=settings) for settings, _ in wrong)
    )
    for (_, said), one in zip(wrong, ended, strict=True):
        assert_one_sentence(one, said)
