"""Pages and TURN on one port, by HAProxy as documented: a browser has both, and a relay over nothing else."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import expect

from parlour.turn.uri import IceUri
from tests.conftest import StartServer
from tests.e2e.conftest import seating
from tests.e2e.test_preflight import NAMES, checks, step
from tests.integration.server.test_turn import settings as turn_settings
from tests.people import Visitors
from tests.servers.browser import CHROMIUM, People, chromium
from tests.servers.certificate import self_signed
from tests.servers.process import free_port
from tests.servers.shared_port import shared_port
from tests.servers.turn import answers

pytestmark = pytest.mark.database("sqlite")

TURN_HOST = "turn.test"


async def test_a_check_where_only_https_gets_out(fresh_server: StartServer, tmp_path: Path) -> None:
    """With coturn: by the other server, calls go in `test_nats`."""
    port, chosen = free_port(), turn_settings(tmp_path, "coturn")
    del chosen["PARLOUR_TURN_QUOTA"]
    turn_hash = self_signed(tmp_path / "turn.pem", tmp_path / "turn.key", TURN_HOST)
    page_hash = self_signed(tmp_path / "page.pem", tmp_path / "page.key")
    both = tmp_path / "page-and-key.pem"
    both.write_bytes((tmp_path / "page.pem").read_bytes() + (tmp_path / "page.key").read_bytes())
    server = await fresh_server(
        {
            **chosen,
            "PARLOUR_PUBLIC_URL": f"https://localhost:{port}",
            "PARLOUR_TRUSTED_PROXIES": "127.0.0.1",
            "PARLOUR_TURN_URLS": str(IceUri(True, TURN_HOST, port, "tls")),
        }
    )
    await answers(IceUri(True, "127.0.0.1", int(chosen["PARLOUR_TURN_PORT"]), "udp"))
    trusted = f"--ignore-certificate-errors-spki-list={page_hash},{turn_hash}"
    parlour, turn = urlsplit(server.address).port, int(chosen["PARLOUR_TURN_TLS_PORT"])
    assert parlour is not None
    async with (
        shared_port(tmp_path, port, parlour=parlour, turn=turn, turn_host=TURN_HOST, certificate=both),
        Visitors(server) as visitors,
        chromium(CHROMIUM, trusted, f"--host-resolver-rules=MAP {TURN_HOST} 127.0.0.1") as browser,
    ):
        people = People(browser)
        ann = await seating(people)(await visitors.client("ann"))
        await ann.logs_in()
        await ann.page.goto("/check")
        ways = {"ways": "All ways are open", "relayed": "relayed, TCP", "reconnect": "comes back"}
        await checks(ann.page, transport="WebSocket", **ways)
        await expect(step(ann.page, NAMES["ways"])).to_contain_text("Relay over TLS")
        await people.leave()
        assert not people.faults
