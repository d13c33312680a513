"""LiveKit alone, people in a call, and recorders of it."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.servers.checkout import ROOT
from tests.servers.livekit import RunningLiveKit, livekit
from tests.servers.process import child_environment, logged
from tests.servers.recording import PACKAGES

_WITHIN_SECONDS = 120


@asynccontextmanager
async def program(*command: str, folder: Path, log: Path) -> AsyncIterator[Process]:
    """Run a Python program that has the packages of the extra `recording`."""
    path = os.pathsep.join(map(str, (PACKAGES, ROOT)))
    environment = {**child_environment(folder), "PYTHONPATH": path}
    run = logged(sys.executable, *command, log=log, environment=environment, cwd=folder, talks=True)
    async with run as process:
        yield process


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


@asynccontextmanager
async def marked_call(url: str, tokens: Sequence[str], *, folder: Path) -> AsyncIterator[None]:
    """Have people at a LiveKit whose pictures and sound say when they were made."""
    command = ("-m", "tests.integration.recorder.marked_call")
    async with program(*command, folder=folder, log=folder / "call.log") as process:
        assert process.stdin is not None
        process.stdin.write(json.dumps({"url": url, "tokens": tokens}).encode() + b"\n")
        yield


@dataclass(frozen=True)
class Sfu:
    """A LiveKit, without a Parlour."""

    livekit: RunningLiveKit
    folder: Path

    def token(self, who: str, room: str, **grants: object) -> str:
        return self.livekit.token(who, room, **grants)

    async def makes_room(self, room: str) -> None:
        await self.livekit.make_room(room)

    @asynccontextmanager
    async def call(self, room: str, *people: str) -> AsyncIterator[None]:
        """People whose pictures and sound say when they were made are in the room."""
        await self.makes_room(room)
        tokens = [self.token(who, room) for who in people]
        async with marked_call(self.livekit.url, tokens, folder=self.folder):
            yield

    @asynccontextmanager
    async def recorder(
        self, folder: Path, room: str, *, token: str | None = None, request: dict[str, Any] | None = None
    ) -> AsyncIterator[RunningRecorder]:
        command = ("-m", "parlour", "recorder")
        async with program(*command, folder=self.folder, log=self.folder / "recorder.log") as process:
            recorder = RunningRecorder(process)
            may = token or self.token("recorder", room, canPublish=False)
            where = {"url": self.livekit.url, "token": may, "folder": str(folder)}
            await recorder.tells({**where, **(request or {})})
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
    async with livekit(folder) as running:
        yield Sfu(running, folder)
