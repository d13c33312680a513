"""Runs of `parlour doctor` for the server's administrators: each is a process of its own, within bounds."""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import msgspec
import structlog

DOCTOR = (sys.executable, "-P", "-m", "parlour", "doctor", "--json", "--port")
"""The command, without its port. `-P`: a folder `parlour` where the server runs is not imported."""
LONGEST_SECONDS = 60.0
LARGEST_OUTPUT = 1_000_000

log = structlog.get_logger("parlour.diagnosis")


@dataclass(frozen=True, slots=True)
class DoctorCommand:
    """The command line of a run; `environment` is added to the server's own."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)


class Finding(msgspec.Struct, frozen=True):
    """A finding as `parlour doctor --json` prints it."""

    check: str
    verdict: Literal["ok", "warning", "failed", "skipped"]
    says: str
    todo: str = ""


@dataclass(frozen=True, slots=True)
class DoctorState:
    """The run that is under way since `running_since`, and what the one before it has found."""

    running_since: datetime | None = None
    ended_at: datetime | None = None
    findings: tuple[Finding, ...] = ()


class DoctorRuns:
    """Runs the command, one at a time. The findings of the last run are kept in memory."""

    def __init__(self, command: DoctorCommand, *, clock: Callable[[], datetime]) -> None:
        self._command = command
        self._clock = clock
        self._running: asyncio.Task[None] | None = None
        self.state = DoctorState()

    def start(self) -> None:
        """Start a run, unless one is under way."""
        if self._running is None or self._running.done():
            self.state = DoctorState(self._clock(), self.state.ended_at, self.state.findings)
            self._running = asyncio.create_task(self._run(), name="doctor")

    async def close(self) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def _run(self) -> None:
        try:
            findings = await self._findings()
        except (OSError, TimeoutError, msgspec.DecodeError) as error:
            log.warning("doctor.failed", error=type(error).__name__)
            findings = (_no_findings(error),)
        self.state = DoctorState(None, self._clock(), findings)

    async def _findings(self) -> tuple[Finding, ...]:
        """Raises OSError, TimeoutError, or msgspec.DecodeError for an output that is none."""
        starting = asyncio.create_task(
            asyncio.create_subprocess_exec(
                *self._command.arguments,
                env={**os.environ, **self._command.environment},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
            )
        )
        try:
            process = await asyncio.shield(starting)  # else a run that is closed now would leave a process
            async with asyncio.timeout(LONGEST_SECONDS):
                return msgspec.json.decode(await _output(process), type=tuple[Finding, ...])
        finally:
            process = await starting
            with suppress(ProcessLookupError):
                process.kill()
            await process.communicate()  # what is left in the pipe, which closes at its end alone


async def _output(process: asyncio.subprocess.Process) -> bytes:
    if process.stdout is None:
        return b""
    try:
        return await process.stdout.readexactly(LARGEST_OUTPUT)
    except asyncio.IncompleteReadError as ended:
        return ended.partial


def _no_findings(error: Exception) -> Finding:
    reason = "took too long" if isinstance(error, TimeoutError) else "ended without a result"
    return Finding(
        "doctor",
        "failed",
        f"the doctor itself {reason}.",
        "Run parlour doctor on the server, with its settings and as its user; see the server's log.",
    )
