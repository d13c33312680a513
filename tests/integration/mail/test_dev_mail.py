"""/dev/mail: where no mail server is set, letters are shown to this machine alone."""

import json
import re

import httpx
import pytest

from tests.conftest import StartServer
from tests.people import Visitors, token_in
from tests.servers import ParlourServer

pytestmark = pytest.mark.database("sqlite")

ELSEWHERE = "192.0.2.7"


async def test_people_get_a_page_with_links(server: ParlourServer) -> None:
    async with Visitors(server) as visitors:
        ann = await visitors.stranger()
        await ann.registers()
        mail = await server.expect_mail(ann.email)
        page = await ann.http.get("/dev/mail", headers={"Accept": "text/html"})
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        assert page.headers["cache-control"] == "no-store"
        link = f"{server.url}/verifyclient/{token_in(mail)}"
        (anchor,) = [tag for tag in re.findall(r"<a [^>]*>", page.text) if link in tag]
        assert f'href="{link}"' in anchor
        assert ann.email in page.text


async def test_the_page_is_kept_in_by_its_policy(server: ParlourServer) -> None:
    async with httpx.AsyncClient(base_url=server.address, timeout=60) as client:
        page = await client.get("/dev/mail")
        policy = page.headers["content-security-policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "<script" not in page.text
        assert "style=" not in page.text, "the policy would stop it"
        (style,) = re.findall(r'<link rel="stylesheet" href="([^"]+)"', page.text)
        sheet = await client.get(style)
        assert sheet.headers["content-type"].startswith("text/css")


async def test_hostile_text_stays_text(server: ParlourServer) -> None:
    hostile = "<img src=x onerror=alert(1)>javascript:alert(1)"
    async with Visitors(server) as visitors:
        ann = await visitors.client()
        room = await ann.creates_room(hostile + ann.email[4:8])
        bob = await visitors.stranger("bob")
        await ann.invites(bob, to=room)
        await server.expect_mail(bob.email)
        page = await ann.http.get("/dev/mail")
    assert "<img" not in page.text
    assert "&lt;img src=x" in page.text
    assert not re.search(r'href="javascript:', page.text)


async def test_programs_get_json(server: ParlourServer) -> None:
    async with Visitors(server) as visitors:
        ann, bob = await visitors.stranger("ann"), await visitors.stranger("bob", client=False)
        await ann.registers()
        await bob.registers()
        answer = await ann.http.get("/dev/mail", headers={"Accept": "application/json"})
        mails = answer.json()
    assert answer.headers["content-type"] == "application/json"
    assert all(mail.keys() == {"to", "subject", "text", "html", "sent_at"} for mail in mails)
    assert [mail["to"] for mail in mails[:2]] == [bob.email, ann.email], "newest first"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", mails[0]["sent_at"])
    json.dumps(mails)


async def test_the_mails_to_one_address(server: ParlourServer) -> None:
    async with Visitors(server) as visitors:
        ann, bob = await visitors.stranger("ann"), await visitors.stranger("bob", client=False)
        await ann.registers()
        await bob.registers()
        page = await ann.http.get("/dev/mail", params={"to": f" {ann.email}"})
        of_nobody = await ann.http.get("/dev/mail", params={"to": "nobody@example.org"})
        wrong = await ann.http.get("/dev/mail", params={"to": "\x00"})
    assert ann.email in page.text
    assert bob.email not in page.text
    assert "<article>" not in of_nobody.text
    assert wrong.status_code == 422


async def test_nothing_is_shown_where_others_could_look(fresh_server: StartServer) -> None:
    server = await fresh_server({"PARLOUR_PUBLIC_URL": "https://meet.example.org"})
    async with Visitors(server) as visitors:
        ann = await visitors.stranger()
        await ann.registers()
        for path in ("/dev/mail", "/dev/mail.css"):
            answer = await ann.http.get(path, headers={"Accept": "application/json"})
            assert answer.status_code == 404
            assert ann.email not in answer.text
        assert (await ann.http.get("/config")).json()["dev_mail"] is False
    await server.expect_log("mail.nowhere_to_go")


async def test_nothing_is_shown_to_other_machines(fresh_server: StartServer) -> None:
    """Behind a proxy that is trusted to say who asks, as in a container."""
    server = await fresh_server({"PARLOUR_TRUSTED_PROXIES": "127.0.0.1"})
    async with httpx.AsyncClient(base_url=server.address, timeout=60) as client:
        assert (await client.get("/dev/mail")).status_code == 200
        for forwarded in (ELSEWHERE, f"127.0.0.1, {ELSEWHERE}", "::ffff:192.0.2.7", "unknown"):
            for path in ("/dev/mail", "/dev/mail.css"):
                answer = await client.get(path, headers={"X-Forwarded-For": forwarded})
                assert answer.status_code == 404, forwarded


@pytest.mark.parametrize(
    "sign",
    [
        ("X-Forwarded-For", "127.0.0.1"),
        ("X-Forwarded-Proto", "http"),
        ("X-Forwarded-Host", "localhost"),
        ("X-Real-IP", "127.0.0.1"),
        ("Forwarded", "for=127.0.0.1"),
        ("Via", "1.1 proxy"),
    ],
)
async def test_any_sign_of_a_proxy_hides_it(server: ParlourServer, sign: tuple[str, str]) -> None:
    """Trusted or not: a proxy on this machine brings others here."""
    async with httpx.AsyncClient(base_url=server.address, headers=[sign], timeout=60) as client:
        for path in ("/dev/mail", "/dev/mail.css"):
            assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.example", "192.0.2.1"]
)
async def test_nothing_is_shown_to_a_site_that_claims_to_be_here(server: ParlourServer, host: str) -> None:
    """DNS rebinding: a page of evil.example, whose name now leads to this machine, asks its own origin."""
    async with httpx.AsyncClient(base_url=server.address, timeout=60) as client:
        answer = await client.get("/dev/mail", headers={"Host": f"{host}:8000"})
        assert answer.status_code == 404
        for name in ("localhost", "127.0.0.1", "[::1]", "parlour.localhost"):
            shown = await client.get("/dev/mail", headers={"Host": f"{name}:8000"})
            assert shown.status_code == 200, name
