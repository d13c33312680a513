"""A public URL with a path: everything works below it, whether the proxy passes the path on or strips it."""

import asyncio
import json
import re
from pathlib import Path

import httpx
import pytest
from playwright.async_api import expect

from tests.conftest import StartServer
from tests.e2e.conftest import AtBrowser
from tests.e2e.participant import Participant, room_path
from tests.people import PASSWORD, ROOM_PASSWORD, Person, unique
from tests.servers.browser import People
from tests.servers.process import free_port
from tests.servers.proxies import nginx_below

pytestmark = pytest.mark.database("sqlite")

BASE = "/conference/meet"


async def test_two_people_behind_proxies_of_both_kinds(
    fresh_server: StartServer, at_browser: AtBrowser, tmp_path: Path
) -> None:
    """Ann's passes the path on as it is, Bob's strips it. They do everything by the client's own links."""
    ports = [free_port(), free_port()]
    at_ann, at_bob = (f"http://127.0.0.1:{port}{BASE}" for port in ports)
    server = await fresh_server(
        {"PARLOUR_PUBLIC_URL": at_ann, "PARLOUR_ALLOWED_ORIGINS": at_bob.removesuffix(BASE)}
    )
    folders = [tmp_path / "ann", tmp_path / "bob"]
    for folder in folders:
        folder.mkdir()
    async with (
        nginx_below(folders[0], ports[0], BASE, server.address, strips=False),
        nginx_below(folders[1], ports[1], BASE, server.address, strips=True),
    ):
        ann, bob = [
            await at_browser(Person(server, email=f"{name}@example.org", username=name, password=PASSWORD))
            for name in (unique("ann"), unique("bob"))
        ]
        room = unique("room")
        for someone, home in ((ann, at_ann), (bob, at_bob)):
            await someone.page.goto(f"{home}/register")
            await someone.fills_registration()
            await confirms_by_the_link(someone, at_ann, home)
        await makes_and_enters(ann, room)
        assert ann.page.url == at_ann + room_path(room)
        await bob.page.goto(at_bob + room_path(room))
        await bob.gives_password()
        await bob.enters()
        await asyncio.gather(ann.expects(bob.name), bob.expects(ann.name))
        await asyncio.gather(ann.sees_and_hears(bob.name), bob.sees_and_hears(ann.name))

        await bob.page.reload()
        await ann.expects()
        await bob.enters()
        await ann.expects(bob.name)
        await bob.leaves()
        await follows(bob, "/")
        await bob.page.wait_for_url(f"{at_bob}/")
        for page, home in ((ann.page, at_ann), (bob.page, at_bob)):
            cookies = await page.context.cookies(f"{home}/client/login")
            assert {cookie["path"] for cookie in cookies} <= {BASE, f"{BASE}/client"}
            assert await page.context.cookies(home.removesuffix(BASE)) == []
        await bob.page.goto(f"{at_bob}/docs")
        await expect(bob.page.get_by_text("/room/check").first).to_be_visible()
        await bob.page.goto(f"{at_bob}/no/such/page")
        await follows(bob, "/")
        await bob.page.wait_for_url(f"{at_bob}/")


async def confirms_by_the_link(someone: Participant, public_url: str, home: str) -> None:
    mail = await someone.account.server.expect_mail(someone.account.email)
    link = re.search(rf"{re.escape(public_url)}/verifyclient/\S+", mail.text)
    assert link is not None, mail.text
    await someone.page.goto(link[0].replace(public_url, home))
    await someone.button("Confirm my address").click()
    await someone.expects_to_be_logged_in()
    await follows(someone, "/")


async def follows(someone: Participant, path: str) -> None:
    """A link to this path."""
    await someone.page.locator(f'a[href="{BASE}{path}"]').last.click()


async def makes_and_enters(ann: Participant, room: str) -> None:
    await follows(ann, "/new")
    await ann.field("Name").fill(room)
    await ann.field("Room password").fill(ROOM_PASSWORD)
    await ann.button("Create room").click()
    await ann.enters()


@pytest.mark.parametrize("path", ["", BASE])
async def test_programs_may_use_either_path(fresh_server: StartServer, path: str) -> None:
    server = await fresh_server({"PARLOUR_PUBLIC_URL": f"http://localhost{BASE}"})
    async with httpx.AsyncClient(base_url=server.address, timeout=60) as http:
        page = await http.get(f"{path}/r/x")
        for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
            assert address.startswith(f"{BASE}/"), address
            assert (await http.get(path + address.removeprefix(BASE))).status_code == 200
        assert (await http.get(path or "/")).text == page.text
        assert (await http.get(f"{path}/healthz")).json() == {"status": "ok"}
        described = (await http.get(f"{path}/openapi.json")).json()
        assert described["servers"] == [{"url": BASE}]
        polling = await http.get(f"{path}/socket.io/?EIO=4&transport=polling")
        assert "sid" in json.loads(polling.text[1:])
        assert (await http.get(f"{path}/conference/meet2")).status_code == 404
        assert (await http.get(f"{BASE}2/healthz")).status_code == 404


async def test_a_page_outside_of_the_path_says_where_it_is(fresh_server: StartServer, person: People) -> None:
    """Also where the server does not say more."""
    server = await fresh_server({"PARLOUR_PUBLIC_URL": f"https://example.org{BASE}"})
    page = await person("sam", at=server.address)
    await page.route("**/config", lambda route: route.abort())
    for path in ("/", "/reset#token", f"{BASE}er/login"):
        await page.goto(path)
        await expect(page.get_by_role("heading", name="Open Parlour at its own address")).to_be_visible()
        link = page.get_by_role("main").get_by_role("link", name=server.address + BASE)
        await expect(link).to_have_attribute("href", server.address + BASE + path)
    await page.goto(f"{BASE}/login")
    await expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
