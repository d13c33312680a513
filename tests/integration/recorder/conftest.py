"""LiveKit alone, people in a call, and recorders of it."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from parlour.sfu.options import KEY, SfuOptions
from parlour.sfu.server import LiveKit, find_livekit, is_well
from tests.servers.checkout import ROOT
from tests.servers.process import child_environment, dying_with_parent, ended, free_port
from tests.servers.turn import MEDIA

PACKAGES = ROOT / ".tools" / "recording"
_WITHIN_SECONDS = 120


@asynccontextmanager
async def program(*command: str, folder: Path, log: Path) -> AsyncIterator[Process]:
    """Run a Python program that has the packages of the extra `recording`."""
    path = os.pathsep.join(map(str, (PACKAGES, ROOT)))
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *command,
            cwd=folder,
            env={**child_environment(folder), "PYTHONPATH": path},
            stdin=PIPE,
            stdout=PIPE,
            stderr=output,
            start_new_session=True,
            preexec_fn=dying_with_parent(signal.SIGKILL),
        )
    try:
        yield process
    finally:
        await ended(process, signal.SIGKILL)


@dataclass
class RunningRecorder:
    """A recorder, and what it has reported."""

    process: Process
    reports: list[dict[str, Any]] = field(default_factory=list)

    async def tells(self, line: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(line).encode() + b"\n")
        await self.process.stdin.drain()

    async def until(self, reached: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait for a report; fail where the recorder ends before."""
        assert self.process.stdout is not None
        async with asyncio.timeout(_WITHIN_SECONDS):
            while line := await self.process.stdout.readline():
                report: dict[str, Any] = json.loads(line)
                self.reports.append(report)
                if reached(report):
                    return report
        raise AssertionError(f"the recorder ended with {await self.process.wait()}: {self.reports[-3:]}")

    async def ends(self) -> int:
        async with asyncio.timeout(_WITHIN_SECONDS):
            return await self.process.wait()


@dataclass(frozen=True)
class Sfu:
    """A LiveKit, without a Parlour."""

    options: SfuOptions
    folder: Path

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.options.api_port}"

    def token(self, who: str, room: str, **grants: Any) -> str:
        until = datetime.now(UTC) + timedelta(minutes=10)
        video = {"roomJoin": True, "room": room, **grants}
        claims = {"iss": KEY, "sub": who, "exp": until, "video": video}
        return jwt.encode(claims, self.options.secret, "HS256")

    async def makes_room(self, room: str) -> None:
        bearer = {"Authorization": f"Bearer {self.token('parlour', room, roomCreate=True)}"}
        async with httpx.AsyncClient(base_url=self.url.replace("ws:", "http:")) as client:
            made = await client.post(
                "/twirp/livekit.RoomService/CreateRoom", json={"name": room}, headers=bearer
            )
        assert made.status_code == 200, made.text

    @asynccontextmanager
    async def call(self, room: str, *people: str) -> AsyncIterator[None]:
        """People whose pictures and sound say when they were made are in the room."""
        await self.makes_room(room)
        tokens = [self.token(who, room) for who in people]
        command = ("-m", "tests.integration.recorder.marked_call")
        async with program(*command, folder=self.folder, log=self.folder / "call.log") as process:
            assert process.stdin is not None
            process.stdin.write(json.dumps({"url": self.url, "tokens": tokens}).encode() + b"\n")
            yield

    @asynccontextmanager
    async def recorder(
        self, folder: Path, room: str, *, token: str | None = None, request: dict[str, Any] | None = None
    ) -> AsyncIterator[RunningRecorder]:
        command = ("-m", "parlour", "recorder")
        async with program(*command, folder=self.folder, log=self.folder / "recorder.log") as process:
            recorder = RunningRecorder(process)
            may = token or self.token("recorder", room, canPublish=False)
            await recorder.tells({"url": self.url, "token": may, "folder": str(folder), **(request or {})})
            yield recorder

    async def measured(self, folder: Path) -> Any:
        """Read the files of a recording, in a program that has the packages for it."""
        command = ("-m", "tests.integration.recorder.measured", str(folder))
        async with (
            asyncio.timeout(_WITHIN_SECONDS),
            program(*command, folder=self.folder, log=self.folder / "measured.log") as process,
        ):
            answer, _ = await process.communicate()
        assert process.returncode == 0, (self.folder / "measured.log").read_text()
        return json.loads(answer)


@pytest.fixture(scope="module")
async def sfu(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sfu]:
    folder = tmp_path_factory.mktemp("recorder")
    options = SfuOptions(
        secret="no wind at all, and then some rain, all day",
        api_port=free_port(),
        udp_port=free_port(),
        tcp_port=free_port(),
        address=None,
        is_local=True,
    )
    running = asyncio.create_task(LiveKit(find_livekit(MEDIA), options, folder).run())
    try:
        async with asyncio.timeout(_WITHIN_SECONDS):
            while not await is_well(options.api_port):
                assert not running.done(), running
                await asyncio.sleep(0.05)  # a port announces nothing
        yield Sfu(options, folder)
    finally:
        running.cancel()
        await asyncio.wait((running,))
