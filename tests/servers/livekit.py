"""A real LiveKit without Parlour, for tests of what speaks to it."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx
import jwt

from parlour.child_process import write_private
from parlour.sfu.configuration import livekit_configuration
from parlour.sfu.options import API_ADDRESS, KEY, SfuAccess, SfuOptions
from parlour.sfu.server import find_livekit, is_well
from tests.servers.process import dying_with_parent, ended, free_port
from tests.servers.redis import RedisServer
from tests.servers.turn import MEDIA

_WITHIN_SECONDS = 60
SOURCES = ["camera", "microphone", "screen_share", "screen_share_audio"]


def embedded_livekit() -> dict[str, str | int]:
    """Return the settings of a Parlour that runs a LiveKit beside it."""
    return {
        "PARLOUR_SFU": "embedded",
        "PARLOUR_SFU_PORT": free_port(),
        "PARLOUR_SFU_UDP_PORT": free_port(),
        "PARLOUR_MEDIA_DIR": str(MEDIA),
    }


def absent_livekit() -> dict[str, str | int]:
    """Return the settings of a Parlour whose SFU does not answer."""
    return {
        "PARLOUR_LIVEKIT_URL": f"http://127.0.0.1:{free_port()}",
        "PARLOUR_LIVEKIT_KEY": KEY,
        "PARLOUR_LIVEKIT_SECRET": "a secret that nobody asks for it has",  # nosec B105
    }


def moving_at_once(*, mesh_again_at: int) -> dict[str, str | int]:
    """Return the same for one whose calls move up at the third person, and down without a wait."""
    return {
        **embedded_livekit(),
        "PARLOUR_SFU_ABOVE": 2,
        "PARLOUR_MESH_AGAIN_AT": mesh_again_at,
        "PARLOUR_MESH_AGAIN_SECONDS": 0,
        "PARLOUR_TOPOLOGY_REST_SECONDS": 0,
    }


def moving_between(*sfus: "RunningLiveKit") -> dict[str, str | int]:
    """Return the settings of a Parlour with these SFUs, whose calls move up at the third person at once."""
    return {
        **sfus[0].settings(),
        "PARLOUR_LIVEKIT_URL": ",".join(sfu.access.url for sfu in sfus),
        "PARLOUR_SFU_ABOVE": 2,
        "PARLOUR_MESH_AGAIN_AT": 1,
        "PARLOUR_MESH_AGAIN_SECONDS": 0,
        "PARLOUR_TOPOLOGY_REST_SECONDS": 0,
    }


@dataclass(frozen=True)
class RunningLiveKit:
    """A LiveKit process, and tokens for it."""

    options: SfuOptions
    process: asyncio.subprocess.Process

    def settings(self) -> dict[str, str | int]:
        """Return the settings of a Parlour that uses this one."""
        return {
            "PARLOUR_LIVEKIT_URL": f"http://127.0.0.1:{self.options.api_port}",
            "PARLOUR_LIVEKIT_KEY": KEY,
            "PARLOUR_LIVEKIT_SECRET": self.options.secret,
        }

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.options.api_port}"

    @property
    def access(self) -> SfuAccess:
        url = f"http://127.0.0.1:{self.options.api_port}"
        return SfuAccess(name=url, url=url, key=KEY, secret=self.options.secret)

    def token(self, identity: str, room: str, **grants: object) -> str:
        """Return a token for a member, with the grants that Parlour gives unless others are named."""
        return self._signed(
            {"roomJoin": True, "room": room, "canPublishSources": SOURCES, **grants}, identity
        )

    async def make_room(self, room: str) -> None:
        headers = {"Authorization": f"Bearer {self._signed({'roomCreate': True})}"}
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.options.api_port}") as client:
            made = await client.post(
                "/twirp/livekit.RoomService/CreateRoom", json={"name": room}, headers=headers
            )
        made.raise_for_status()

    async def kill(self) -> None:
        """End it without a word to its clients."""
        self.process.kill()
        await self.process.wait()

    def _signed(self, grants: dict[str, object], identity: str = "the test") -> str:
        until = datetime.now(UTC) + timedelta(minutes=10)
        claims = {"iss": KEY, "sub": identity, "exp": until, "video": grants}
        return jwt.encode(claims, self.options.secret, "HS256")


@asynccontextmanager
async def livekit(folder: Path, *, redis: RedisServer | None = None) -> AsyncIterator[RunningLiveKit]:
    """Run a LiveKit on loopback, with its configuration in `folder`. Those with one Redis are one cluster."""
    options = SfuOptions(
        secret="a secret that the tests share with LiveKit",  # nosec B106
        api_port=free_port(),
        udp_port=free_port(),
        tcp_port=free_port(),
        address=None,
        is_local=True,
    )
    file = folder / "livekit.json"
    configuration = json.loads(livekit_configuration(options, address=ip_address(API_ADDRESS)))
    if redis is not None:
        configuration["redis"] = {"address": f"127.0.0.1:{redis.port}", "password": redis.password}
    write_private(file, json.dumps(configuration))
    with (folder / "livekit.log").open("wb") as said:
        process = await asyncio.create_subprocess_exec(
            find_livekit(MEDIA),
            *("--config", file),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=said,
            stderr=asyncio.subprocess.STDOUT,
            preexec_fn=dying_with_parent(signal.SIGKILL),
        )
    try:
        async with asyncio.timeout(_WITHIN_SECONDS):
            while not await is_well(options.api_port):
                if process.returncode is not None:
                    raise RuntimeError((folder / "livekit.log").read_text())
                await asyncio.sleep(0.02)
        yield RunningLiveKit(options, process)
    finally:
        await ended(process, signal.SIGKILL)


@asynccontextmanager
async def two_livekits(
    folder: Path, *, redis: RedisServer | None = None
) -> AsyncIterator[tuple[RunningLiveKit, RunningLiveKit]]:
    """Run two LiveKits, with folders of their own in `folder`: one cluster if they have a Redis."""
    folders = folder / "first", folder / "second"
    for own in folders:
        own.mkdir()
    async with livekit(folders[0], redis=redis) as first, livekit(folders[1], redis=redis) as second:
        yield first, second
