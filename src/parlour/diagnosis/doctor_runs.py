"""Runs of `parlour doctor` for the server's administrators: each is a process of its own, within bounds."""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

import msgspec
import structlog

DOCTOR = (sys.executable, "-P", "-m", "parlour", "doctor", "--json", "--port")
"""The command, without its port. `-P`: a folder `parlour` where the server runs is not imported."""
LONGEST_SECONDS = 60.0
LARGEST_OUTPUT = 1_000_000
LOST_AFTER = timedelta(seconds=LONGEST_SECONDS + 30)
"""The time after which a run that has not ended is one of a process that has."""

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


def _ignore_change() -> None:
    pass


class DoctorRuns:
    """Runs the command, one at a time. The findings of the last run are kept in memory.

    A run may also be another process's, as long as that lives. `on_change` is called for those of this one.
    """

    def __init__(self, command: DoctorCommand, *, clock: Callable[[], datetime]) -> None:
        self._command = command
        self._clock = clock
        self._running: asyncio.Task[None] | None = None
        self._state = DoctorState()
        self.on_change: Callable[[], None] = _ignore_change

    @property
    def state(self) -> DoctorState:
        since = self._state.running_since
        if since is not None and self._clock() - since > LOST_AFTER:
            return DoctorState(None, self._state.ended_at, self._state.findings)
        return self._state

    def take(self, state: DoctorState) -> None:
        """Take over what another process does or has found."""
        if self._running is None or self._running.done():
            self._state = state

    def start(self) -> None:
        """Start a run, unless one is under way."""
        if self.state.running_since is None:
            self._change(DoctorState(self._clock(), self._state.ended_at, self._state.findings))
            self._running = asyncio.create_task(self._run(), name="doctor")

    def _change(self, state: DoctorState) -> None:
        self._state = state
        self.on_change()

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
        self._change(DoctorState(None, self._clock(), findings))

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
