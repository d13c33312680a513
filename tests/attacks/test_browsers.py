"""Attacks by way of somebody's browser: other sites, and scripts that are stored."""

import pytest
from playwright.async_api import Page, expect
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.people import Person, Visitors, unique
from tests.servers import ParlourServer
from tests.servers.browser import People

pytestmark = pytest.mark.database("sqlite")

HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_csrf_by_a_form(ann: Person, kind: str) -> None:
    """Even where a browser names no origin: what a form can send is nobody's."""
    room = unique("csrf")
    body = f'{{"name":"{room}","password":"x","description":"","creator":"{ann.username}"}}'
    answer = await ann.http.post("/room", content=body, headers={"Content-Type": kind})
    assert answer.status_code in (401, 422)
    assert room not in await ann.sees()


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}],
    ids=str,
)
async def test_csrf_by_fetch(ann: Person, headers: dict[str, str]) -> None:
    room = unique("csrf")
    body = {"name": room, "password": "x", "description": "", "creator": ann.username}
    assert (await ann.http.post("/room", json=body, headers=headers)).status_code == 401
    assert room not in await ann.sees()
    refreshed = await ann.http.get("/refresh", headers=headers)
    assert refreshed.status_code == 403
    assert "set-cookie" not in refreshed.headers


async def test_cross_site_sockets(server: ParlourServer, ann: Person) -> None:
    url = server.url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
    for origin in ("https://evil.example", "null", "http://localhost:1"):
        headers = {"Cookie": f"jwt={ann.cookie}", "Origin": origin}
        with pytest.raises(InvalidStatus) as refused:
            await connect(url, additional_headers=headers, proxy=None)
        assert refused.value.response.status_code == 403
        query = {"EIO": "4", "transport": "polling"}
        answer = await ann.http.get("/socket.io/", params=query, headers={"Origin": origin})
        assert answer.status_code == 403


async def test_framing_and_inline_code_are_forbidden(server: ParlourServer, ann: Person) -> None:
    for path in ("/", "/r/x", "/docs", "/nothing"):
        headers = (await ann.http.get(path, headers={"Accept": "text/html"})).headers
        policy = dict(
            part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";")
        )
        assert policy["script-src"] == policy["default-src"] == "'self'"
        assert policy["frame-ancestors"] == policy["object-src"] == policy["base-uri"] == "'none'"
        assert headers["x-frame-options"] == "DENY"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["permissions-policy"].startswith("camera=(self), microphone=(self)")
    page = (await ann.http.get("/")).text
    assert "<script>" not in page and "onload=" not in page and " style=" not in page


@pytest.mark.parametrize(("path", "purpose"), [("/login", "current-password"), ("/register", "new-password")])
async def test_looking_over_a_shoulder(
    server: ParlourServer, person: People, path: str, purpose: str
) -> None:
    """Passwords are not shown as they are typed; password managers may fill them in, and pasting works."""
    page = await person("ann", at=server.url)
    await page.goto(path)
    field = page.get_by_label("Password", exact=True)
    await expect(field).to_have_attribute("type", "password")
    await expect(field).to_have_attribute("autocomplete", purpose)
    await page.get_by_label("Username").first.fill("copied from elsewhere")
    await page.keyboard.press("Control+A")
    await page.keyboard.press("Control+C")
    await field.focus()
    await page.keyboard.press("Control+V")
    await expect(field).to_have_value("copied from elsewhere")


async def logs_in(page: Page, who: Person) -> None:
    await page.get_by_label("Username or email").fill(who.email)
    await page.get_by_label("Password", exact=True).fill(who.password)
    await page.get_by_role("button", name="Log in", exact=True).click()


@pytest.mark.parametrize(
    "destination",
    ["/%09/evil.example", "/a/..//evil.example", "/%0A%5C/evil.example"],
)
async def test_open_redirect_after_login(
    server: ParlourServer, ann: Person, person: People, destination: str
) -> None:
    """The login leads to a page of ours, and not to a white one either."""
    page = await person("ann", at=server.url)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(f"/login?next={destination}")
    await logs_in(page, ann)
    await expect(page.get_by_role("heading", name="Rooms", exact=True)).to_be_visible(timeout=60_000)
    assert page.url == f"{server.url}/"
    assert all(url.startswith(f"{server.url}/") for url in asked), asked


@pytest.mark.parametrize("path", ["/%09/evil.example", "/verifyclient/%E0%A4%A", "/%"])
async def test_addresses_that_are_none_show_a_page(server: ParlourServer, person: People, path: str) -> None:
    page = await person("ann", at=server.url)
    await page.goto(path)
    await expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=60_000)


async def test_a_page_that_cannot_be_shown_says_so(
    server: ParlourServer, ann: Person, person: People
) -> None:
    page = await person("ann", at=server.url)
    await page.goto("/login")
    await page.evaluate(
        "() => { history.replaceState = () => { throw new Error('refused by the browser') } }"
    )
    await logs_in(page, ann)
    await expect(page.get_by_role("alert")).to_contain_text("Something went wrong", timeout=60_000)
    await page.get_by_role("link", name="Go to the home page").click()
    await expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=60_000)


async def test_stored_script(server: ParlourServer, visitors: Visitors, person: People) -> None:
    """In a room's name and description, in the chat, in a mail: read in a browser, run in none."""
    ann = await visitors.client("ann")
    room = await ann.creates_room(f"<b>{unique('x')}</b>", description=HOSTILE)
    await ann.writes(HOSTILE, to=room)
    await ann.writes('javascript:window.hacked=1 https://x.example/"onmouseover="window.hacked=1', to=room)
    mailed = f"{unique('bob')}@example.org"
    await ann.invites(mailed, to=room)
    page = await person("ann", at=server.url)
    await page.goto("/login")
    await logs_in(page, ann)
    await expect(page.get_by_text(room).first).to_be_visible(timeout=60_000)
    await expect(page.get_by_text("window.hacked").first).to_be_visible()
    await page.get_by_role("link", name=room).first.click()
    await page.get_by_role("button", name="Enter the room").click()
    await page.get_by_role("button", name="Chat").first.click()
    await expect(page.get_by_text("onerror").first).to_be_visible(timeout=60_000)
    assert await page.evaluate("window.hacked") is None
    await page.goto("/dev/mail")
    await expect(page.get_by_text(mailed).first).to_be_visible()
    assert await page.evaluate("window.hacked") is None
    mail = await server.expect_mail(mailed)
    assert "<b>" not in mail.html and "&lt;b&gt;" in mail.html
