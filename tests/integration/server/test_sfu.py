"""The SFU that runs beside Parlour, a real LiveKit: its API on loopback, its end and its return."""

import asyncio
import json
import os
import re
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from parlour.options import Options
from parlour.settings import Settings
from parlour.sfu.options import API_ADDRESS, KEY, SfuAccess, SfuOptions
from parlour.sfu.server import is_well
from parlour.sfu.tokens import SfuTokens, SfuVisitor
from parlour.sfu_link import SfuRights
from parlour.wire.signaling import PeerId
from tests.servers import ParlourServer
from tests.servers.command import run_parlour
from tests.servers.livekit import embedded_livekit
from tests.servers.process import free_port, until_gone

READY = re.compile(r'"pid": (\d+).*"event": "sfu.ready"')
WEBHOOK = '"route": "/livekit/webhook", "status": 200'
_WITHIN_SECONDS = 60
_SERVICE = "twirp/livekit.RoomService"


def settings() -> dict[str, str | int]:
    return {
        "PARLOUR_SECRET_KEY": "north wind, south wind, and no wind at all",
        **embedded_livekit(),
    }


@dataclass(frozen=True)
class Forwarding:
    """A Parlour with its SFU, and what Parlour knows of it."""

    server: ParlourServer
    options: SfuOptions
    access: SfuAccess

    @property
    def path(self) -> str:
        """Return the path of LiveKit below Parlour's own address."""
        return f"/livekit/{self.access.number:08x}"

    def token_of_a_member(self, peer_id: str, room: str, *, now: float | None = None) -> str:
        """Return a token as calls make it."""
        tokens = SfuTokens(self.access.key, self.access.secret)
        return tokens.sign(SfuVisitor(room, PeerId(peer_id)), SfuRights(), now or time.time()).text

    @property
    def port(self) -> int:
        return self.options.api_port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def token(self, *, secret: str | None = None, **grants: Any) -> str:
        until = datetime.now(UTC) + timedelta(minutes=1)
        claims = {"iss": KEY, "sub": "ann", "exp": until, "video": grants}
        return jwt.encode(claims, secret or self.options.secret, "HS256")

    async def asks(self, method: str, *, token: str, **body: Any) -> httpx.Response:
        """Ask LiveKit's room service."""
        async with httpx.AsyncClient(base_url=self.url) as client:
            authorization = {"Authorization": f"Bearer {token}"}
            return await client.post(f"/{_SERVICE}/{method}", json=body, headers=authorization)

    async def validates(self, token: str) -> int:
        """Ask whether a person could enter with a token."""
        async with httpx.AsyncClient(base_url=self.url) as client:
            return (await client.get("/rtc/validate", params={"access_token": token})).status_code

    def ready(self) -> list[int]:
        """Return the process ids of all that have been ready so far."""
        return [int(pid) for pid in READY.findall(self.server.log.read_text())]

    async def next_ready(self, *, after: int) -> int:
        async with asyncio.timeout(_WITHIN_SECONDS):
            while len(found := self.ready()) <= after:  # noqa: ASYNC110 - a file announces nothing
                await asyncio.sleep(0.02)
        return found[-1]


@pytest.fixture(scope="module")
async def forwarding(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Forwarding]:
    folder, chosen = tmp_path_factory.mktemp("sfu"), settings()
    values: dict[str, Any] = {name.removeprefix("PARLOUR_").lower(): value for name, value in chosen.items()}
    options = Options(Settings(_env_file=None, **values, data_dir=folder / "data"), 8000)
    embedded, (access,) = options.embedded_sfu(), options.sfus()
    assert embedded is not None
    async with ParlourServer(folder, None, chosen) as server:
        found = Forwarding(server, embedded.options, access)
        await found.next_ready(after=0)
        yield found
    await until_gone(found.ready()[-1])


async def test_rooms_are_made_by_parlour_alone(forwarding: Forwarding) -> None:
    may_enter = forwarding.token(roomJoin=True, room="7-1")
    assert await forwarding.validates(may_enter) == 404
    made = await forwarding.asks("CreateRoom", token=forwarding.token(roomCreate=True), name="7-1")
    assert (made.status_code, made.json()["name"]) == (200, "7-1")
    assert await forwarding.validates(may_enter) == 200
    for wrong in (
        forwarding.token(roomJoin=True, room="7-2"),
        forwarding.token(secret="south wind, and no wind at all, all day long", roomJoin=True, room="7-1"),
    ):
        assert await forwarding.validates(wrong) in (401, 404)
    assert (await forwarding.asks("CreateRoom", token=may_enter, name="7-3")).status_code == 401


async def test_people_reach_it_at_parlours_own_address(forwarding: Forwarding) -> None:
    made = await forwarding.asks("CreateRoom", token=forwarding.token(roomCreate=True), name="7-5")
    assert made.status_code == 200
    ann, elsewhere = (forwarding.token_of_a_member("ann", room) for room in ("7-5", "7-6"))
    expired = forwarding.token_of_a_member("ann", "7-5", now=time.time() - 90)
    url = forwarding.server.address.replace("http", "ws", 1) + forwarding.path
    async with connect(
        f"{url}/rtc?access_token={ann}&protocol=16&auto_subscribe=0", compression=None
    ) as socket:
        async with asyncio.timeout(_WITHIN_SECONDS):
            joined = await socket.recv()
        assert isinstance(joined, bytes)
        assert (joined[0], b"7-5" in joined, b"ann" in joined) == (0x0A, True, True)  # SignalResponse.join
    await forwarding.server.expect_log(WEBHOOK)
    async with httpx.AsyncClient(base_url=forwarding.server.address + forwarding.path) as client:
        for token, status, words in (
            (ann, 200, "success"),
            (elsewhere, 404, "requested room does not exist"),
            (expired, 401, None),
        ):
            answer = await client.get("/rtc/validate", params={"access_token": token})
            assert answer.status_code == status
            assert words in (None, answer.text)
        for number in ("zzzzzzzz", "1_2", "0x1", "%D9%A1", "1" * 6000, "00000000"):
            unknown = f"{forwarding.server.address}/livekit/{number}/rtc/validate"
            assert (await client.get(unknown, params={"access_token": ann})).status_code == 404
        without_offer = await client.get("/rtc/v1/validate", params={"access_token": ann})
        assert (without_offer.status_code, without_offer.headers["x-frame-options"]) == (400, "DENY")
        for service in ("/twirp/livekit.RoomService/ListRooms", "/agent", "/rtc", "/"):
            assert (await client.get(service, params={"access_token": ann})).status_code == 404
    with pytest.raises(InvalidStatus, match="404"):
        await connect(f"{url}/rtc?access_token={elsewhere}")
    with pytest.raises(InvalidStatus, match="403"):
        await connect(f"{url}/rtc?access_token={ann}", origin=Origin("https://evil.example.org"))


async def test_it_comes_back(forwarding: Forwarding) -> None:
    before = forwarding.ready()
    os.kill(before[-1], signal.SIGKILL)
    await until_gone(before[-1])
    await forwarding.next_ready(after=len(before))
    assert await is_well(forwarding.port)


async def test_people_on_it_notice_no_crash_of_parlour(forwarding: Forwarding) -> None:
    """It goes on while a person is connected, and ends with the Parlour that has found it."""
    server, before = forwarding.server, forwarding.ready()
    await forwarding.asks("CreateRoom", token=forwarding.token(roomCreate=True), name="7-8")
    url = forwarding.url.replace("http", "ws", 1)
    token = forwarding.token(roomJoin=True, room="7-8")
    async with connect(f"{url}/rtc?access_token={token}&protocol=16", compression=None) as person:
        await person.recv()
        server.mark_log()
        await server.kill()
        assert await is_well(forwarding.port)
        await server.start()
        await server.expect_log("sfu.found")
        assert await forwarding.next_ready(after=len(before)) == before[-1]
        await (await person.ping())
        await server.terminate()
        await until_gone(before[-1])
    await server.start()
    await forwarding.next_ready(after=len(before) + 1)


async def test_it_does_not_outlive_a_crash_of_parlour_for_nobody(forwarding: Forwarding) -> None:
    server, before = forwarding.server, forwarding.ready()
    await server.kill()
    await until_gone(before[-1])
    await server.start()
    assert await forwarding.next_ready(after=len(before)) != before[-1]


async def test_one_with_other_settings_takes_the_place_of_what_a_crash_left(forwarding: Forwarding) -> None:
    server, before = forwarding.server, forwarding.ready()
    await server.kill()
    server.settings["PARLOUR_SFU_UDP_PORT"] = str(free_port())
    await server.start()
    second = await forwarding.next_ready(after=len(before))
    assert second != before[-1]
    await until_gone(before[-1])
    assert await is_well(forwarding.port)


async def test_another_program_at_its_port_is_named(forwarding: Forwarding) -> None:
    server, before = forwarding.server, forwarding.ready()
    await server.terminate()
    server.mark_log()
    async with await asyncio.start_server(
        lambda _reader, writer: writer.close(), API_ADDRESS, forwarding.port
    ):
        await server.start()
        taken = json.loads(await server.expect_log("sfu.port_taken"))
    assert (taken["port"], f"(process {os.getpid()})" in taken["by"]) == (forwarding.port, True)
    await forwarding.next_ready(after=len(before))


async def test_without_a_program_it_says_what_to_do(tmp_path: Path) -> None:
    chosen = {"PARLOUR_MEDIA_DIR": str(tmp_path)}
    ended = await run_parlour("serve", "--sfu", "--port", "0", folder=tmp_path, settings=chosen)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "parlour: PARLOUR_SFU: LiveKit is not installed; run `parlour media install --sfu`.\n"
    )
