"""A call through an SFU is encrypted end to end: what LiveKit forwards is opened by members alone."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, WebSocketRoute, expect

from tests.conftest import StartServer
from tests.e2e.conftest import AtBrowser
from tests.e2e.participant import Participant, meet, room_path
from tests.e2e.test_security_code import code_with
from tests.integration.signaling.raw import RawSocket, raw_socket
from tests.people import Person, Visitors, done
from tests.servers.browser import People
from tests.servers.livekit import moving_at_once
from tests.servers.trial_page import build, served

pytestmark = pytest.mark.database("sqlite")

_PAGE = '<!doctype html><meta charset="utf-8"><body><script type="module" src="/eavesdropper.js"></script>'
_VECTORS = json.loads((Path(__file__).parents[2] / "docs" / "end-to-end-encryption.json").read_text("utf-8"))

_KEEP_KEYS = """
  window.frameKeys = [];
  const post = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (message, ...more) {
    if (message?.kind === "setKey") {
      const { participantIdentity: sender, key } = message.data;
      const salt = new TextEncoder().encode("LKFrameEncryptionKey");
      const algorithm = { name: "HKDF", hash: "SHA-256", salt, info: new Uint8Array(128) };
      window.frameKeys.push(
        crypto.subtle.deriveBits(algorithm, key, 256).then((bits) => [sender, [...new Uint8Array(bits)]]),
      );
    }
    return post.call(this, message, ...more);
  };
"""
"""Keeps the keys of frames that the page gives to LiveKit's worker, with whose they are."""
_GETS_UNDECODED = """
  async () => {
    const receivers = window.connections.flatMap((one) => one.getReceivers());
    const reports = await Promise.all(receivers.map((one) => one.getStats()));
    return reports
      .flatMap((report) => [...report.values()])
      .filter(({ type, kind }) => type === "inbound-rtp" && kind === "video")
      .some(({ packetsReceived, framesDecoded }) => packetsReceived > 300 && !framesDecoded);
  }
"""
"""Whether hundreds of packets of a picture have come, of which nothing was decoded."""
_FRAMES = 40
_MEMBER_KEY = re.compile('"memberKey":"[^"]+"')
_WITHOUT_KEY = re.compile(',"memberKey":"[^"]+"')
_KEY_OF_THE_SERVER = f'"memberKey":"{_VECTORS["members"]["bob"]["memberKey"]}"'


@pytest.fixture
async def eavesdropper(person: People, tmp_path: Path) -> AsyncIterator[Page]:
    """A page that takes what an SFU forwards."""
    folder = tmp_path / "page"
    await build("vite.config.ts", folder)
    (folder / "index.html").write_text(_PAGE)
    async with served(folder) as address:
        page = await person("eve", at=address)
        await page.goto("/")
        await page.wait_for_function("() => !!window.eavesdropper")
        yield page


class Eve:
    """A member by signaling, whose page takes what the SFU sends her, and who has opened no secret."""

    def __init__(self, page: Page, socket: RawSocket) -> None:
        self._page = page
        self._socket = socket
        self._ids: dict[str, str] = {}

    async def joins(self, room: str) -> None:
        claims = {"topologies": ["mesh", "sfu"], "memberKey": _VECTORS["members"]["ann"]["memberKey"]}
        joined = await self._socket.asks(json.dumps(["join", {"room": room, "resumable": True, **claims}]))
        self._ids = {peer["peerUsername"]: peer["peerID"] for peer in joined["peers"]}

    async def hears(self, event: str) -> dict[str, Any]:
        while True:
            name, *payload = json.loads((await self._socket.expects("42[")).removeprefix("42"))
            if name == event:
                return dict(payload[0])

    async def goes_to_the_sfu(self, url: str, token: str) -> None:
        await self._page.evaluate("(way) => window.eavesdropper.enter(...way)", [url, token])

    async def opens(self, sender: str, keys: list[list[int]]) -> int:
        """Count of the next frames of a sender, which are _FRAMES, those that one of the keys opens."""
        asked = [self._ids[sender], keys, _FRAMES]
        tried = await self._page.evaluate("(asked) => window.eavesdropper.tries(...asked)", asked)
        assert tried["frames"] == _FRAMES
        return int(tried["opened"])

    async def sends_openly(self) -> None:
        await self._page.evaluate("() => window.eavesdropper.sends()")

    async def keys_at(self, someone: Participant, sender: str) -> list[list[int]]:
        """Return the keys of frames of a sender that a page has had."""
        known = await someone.page.evaluate("() => Promise.all(window.frameKeys)")
        return [key for whose, key in known if whose == self._ids[sender]]


@pytest.fixture
async def calling(at_browser: AtBrowser) -> Callable[..., Awaitable[list[Participant]]]:
    """`ann, bob = await calling(accounts, room)`: they are in a call, and see each other."""

    async def call(accounts: list[Person], room: str) -> list[Participant]:
        people = [await at_browser(account) for account in accounts]
        for someone in people:
            await someone.page.add_init_script(_KEEP_KEYS)
            await someone.comes_to(room)
            await someone.enters()
        await meet(people)
        return people

    return call


async def test_what_the_sfu_forwards_is_opened_by_members_alone(
    fresh_server: StartServer,
    calling: Callable[..., Awaitable[list[Participant]]],
    eavesdropper: Page,
) -> None:
    """Codes stay as they were in the mesh, and who has left opens nothing more."""
    settings = moving_at_once(mesh_again_at=1)
    server = await fresh_server(settings)
    await server.expect_log("sfu.ready")
    async with Visitors(server) as visitors, raw_socket(server) as socket:
        accounts = [await visitors.client(name) for name in ("ann", "bob", "eve")]
        room = await accounts[0].creates_room()
        await accounts[0].invites(*accounts[1:], to=room)
        ann, bob = people = await calling(accounts[:2], room)
        codes = await asyncio.gather(code_with(ann, bob.name), code_with(bob, ann.name))
        assert codes[0] == codes[1]

        eve = Eve(eavesdropper, socket)
        await socket.identifies(accounts[2].token or "")
        await eve.joins(room)
        told = await eve.hears("topology")
        assert (told["kind"], told["encrypted"]) == ("sfu", True)
        await eve.hears("sender-key")
        await eve.goes_to_the_sfu(f"ws://127.0.0.1:{settings['PARLOUR_SFU_PORT']}", told["token"])
        await meet(people)
        keys = await eve.keys_at(bob, ann.name)
        assert await eve.opens(ann.name, keys) == _FRAMES
        assert await eve.opens(ann.name, [[0] * 32, *await eve.keys_at(ann, bob.name)]) == 0
        for someone, other in ((ann, bob), (bob, ann)):
            label = f"Security code with {other.name}: {codes[0]}"
            await expect(someone.page.get_by_role("img", name=label)).to_be_visible()

        await eve.sends_openly()
        await ann.page.wait_for_function(_GETS_UNDECODED, polling=200)

        keys = await eve.keys_at(bob, ann.name)
        await bob.leaves()
        while await eve.opens(ann.name, keys):
            """The secret is new some moments after the leave; the test's own bound ends this."""
        assert await eve.opens(ann.name, await eve.keys_at(ann, ann.name)) == _FRAMES
        assert await eve.opens(ann.name, keys) == 0


async def test_a_server_that_says_another_member_key_is_seen_by_the_codes(
    visitors: Visitors, at_browser: AtBrowser
) -> None:
    """A dishonest server is played between ann and hers: it says a key of its own for bob's."""
    accounts = [await visitors.client(name) for name in ("ann", "bob")]
    ann, bob = people = [await at_browser(account) for account in accounts]

    def between(page: WebSocketRoute) -> None:
        server = page.connect_to_server()
        server.on_message(lambda message: page.send(_MEMBER_KEY.sub(_KEY_OF_THE_SERVER, str(message))))

    await ann.page.route_web_socket(re.compile("/socket.io/"), between)
    room = await accounts[0].creates_room()
    await accounts[0].invites(accounts[1], to=room)
    for someone in people:
        await someone.comes_to(room)
        await someone.enters()
    await meet(people)
    codes = await asyncio.gather(code_with(ann, bob.name), code_with(bob, ann.name))
    assert codes[0] != codes[1]


async def test_a_server_that_strips_all_keys_is_not_followed_where_the_room_asks_for_encryption(
    fresh_server: StartServer, at_browser: AtBrowser
) -> None:
    """A dishonest server is played between the pages and theirs: it takes all keys away, and what it knows of
    the room. The links end in the mark.
    """
    server = await fresh_server(moving_at_once(mesh_again_at=1))
    await server.expect_log("sfu.ready")

    def between(page: WebSocketRoute) -> None:
        honest = page.connect_to_server()
        page.on_message(lambda message: honest.send(_WITHOUT_KEY.sub("", str(message))))

    async with Visitors(server) as visitors:
        accounts = [await visitors.client(name) for name in ("ann", "bob", "cyd")]
        room = await accounts[0].creates_room()
        await accounts[0].invites(*accounts[1:], to=room)
        people = [await at_browser(account) for account in accounts]
        for someone in people:
            await someone.page.route_web_socket(re.compile("/socket.io/"), between)
            await someone.page.goto(f"{room_path(room)}#e2ee")
            await someone.fills_login()
            await expect(someone.page.get_by_text("Encrypted end to end")).to_be_visible()
            await someone.enters()
        for someone in people:
            notice = someone.page.get_by_text(
                "The server asked this call to go through it without end-to-end"
            )
            await expect(notice).to_be_visible()
        await meet(people)


async def test_a_call_that_its_creator_has_encrypted_goes_on_encrypted(
    fresh_server: StartServer, calling: Callable[..., Awaitable[list[Participant]]]
) -> None:
    server = await fresh_server({**moving_at_once(mesh_again_at=1), "PARLOUR_SFU_ABOVE": 1})
    await server.expect_log("sfu.ready")
    async with Visitors(server) as visitors:
        accounts = [await visitors.client(name) for name in ("ann", "bob")]
        room = await accounts[0].creates_room(encryption="off")
        await accounts[0].invites(accounts[1], to=room)
        ann, bob = people = await calling(accounts, room)
        await server.expect_log("topology.settled")
        assert await ann.page.evaluate("window.frameKeys.length") == 0
        server.mark_log()
        done(await accounts[0].post("/room/change", {"room": room, "encryption": "on"}))
        await server.expect_log("topology.settled")
        await meet(people)
        assert await bob.page.evaluate("window.frameKeys.length") > 0
        await ann.button("People").click()
        await expect(ann.page.get_by_text("This call is encrypted end to end, whichever way")).to_be_visible()
