"""A process of `parlour recorder`: started, told, heard, ended (docs/recorder.md)."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec
import structlog

from parlour.child_process import end_process
from parlour.recorder_lines import Instruction, RecordingRequest, Report

COMMAND = (sys.executable, "-P", "-m", "parlour", "recorder")
"""`-P`: a folder `parlour` where the server runs is not imported."""
END_SECONDS = 5.0
LONGEST_REPORT = 65_536
SILENT_SECONDS = 600.0
"""A recorder tells each second how it goes, and each hundredth of its mixed file."""

log = structlog.get_logger("parlour.recordings")

_decoder: msgspec.json.Decoder[Report] = msgspec.json.Decoder(Report)


class RunningRecorder:
    """A recorder, which writes its log to the server's own standard error."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.pid = process.pid
        self._process = process

    async def tell(self, line: RecordingRequest | Instruction) -> None:
        """Send it a line. One that has ended is told nothing."""
        if self._process.stdin is None:
            return
        with suppress(ConnectionError):
            self._process.stdin.write(msgspec.json.encode(line) + b"\n")
            await self._process.stdin.drain()

    async def hear(self) -> Report | None:
        """Return its next report, None once it has ended. Raises TimeoutError after SILENT_SECONDS."""
        if self._process.stdout is None:
            return None
        async with asyncio.timeout(SILENT_SECONDS):
            while True:
                try:
                    line = await self._process.stdout.readline()
                    return _decoder.decode(line) if line else None
                except ValueError:  # a line that is too long, or no report
                    log.warning("recorder.not_understood", pid=self.pid)

    def interrupt(self) -> None:
        """Have it end, so that another one can go on in its folder."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)


@asynccontextmanager
async def running_recorder(request: RecordingRequest, folder: Path) -> AsyncIterator[RunningRecorder]:
    """Run a recorder in a working folder. At the end of the block it is ended, within END_SECONDS.

    Raises OSError.
    """
    starting = asyncio.create_task(
        asyncio.create_subprocess_exec(
            *COMMAND,
            cwd=folder,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LONGEST_REPORT,
        )
    )
    try:
        process = await asyncio.shield(starting)  # else a server that ends now would leave a process
        recorder = RunningRecorder(process)
        await recorder.tell(request)
        yield recorder
    finally:
        process = await starting
        await end_process(process, signal.SIGTERM, within=END_SECONDS)
