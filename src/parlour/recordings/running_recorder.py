"""A process of `parlour recorder`: started, or taken over from a Parlour that has died; told, heard, ended
(docs/recorder.md).
"""

import asyncio
import os
import signal
import socket
import struct
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec
import structlog

from parlour.child_process import end_process, keep_files_here
from parlour.recorder_lines import CONTROL_SOCKET, Instruction, RecordingRequest, Report

COMMAND = (sys.executable, "-P", "-m", "parlour", "recorder")
"""`-P`: a folder `parlour` where the server runs is not imported."""
END_SECONDS = 5.0
ORPHAN_SECONDS = 60.0
"""The time for which a recorder records on after Parlour has died. After that the recording is forsaken."""
LONGEST_REPORT = 65_536
_CREDENTIALS = struct.calcsize("3i")
SILENT_SECONDS = 600.0
"""A recorder tells each second how it goes, and each hundredth of its mixed file."""

log = structlog.get_logger("parlour.recordings")

_decoder: msgspec.json.Decoder[Report] = msgspec.json.Decoder(Report)


class RunningRecorder:
    """A recorder, at the two ends of its lines. It ends by itself, or by SIGTERM."""

    def __init__(self, pid: int, reports: asyncio.StreamReader, lines: asyncio.StreamWriter) -> None:
        self.pid = pid
        self._reports = reports
        self._lines = lines

    async def tell(self, line: RecordingRequest | Instruction) -> None:
        """Send it a line. One that has ended is told nothing."""
        with suppress(ConnectionError):
            self._lines.write(msgspec.json.encode(line) + b"\n")
            await self._lines.drain()

    async def hear(self) -> Report | None:
        """Return its next report, None once it has ended. Raises TimeoutError after SILENT_SECONDS."""
        async with asyncio.timeout(SILENT_SECONDS):
            while True:
                try:
                    line = await self._reports.readline()
                    return _decoder.decode(line) if line else None
                except ConnectionError:
                    return None
                except ValueError:  # a line that is too long, or no report
                    log.warning("recorder.not_understood", pid=self.pid)

    def interrupt(self) -> None:
        """Have it end, so that another one can go on in its folder."""
        self.send_signal(signal.SIGTERM)

    def send_signal(self, sign: signal.Signals) -> None:
        """Send it a signal, unless its end has been heard: then its id may be another process's."""
        if not self._reports.at_eof():
            with suppress(ProcessLookupError):
                os.kill(self.pid, sign)


@asynccontextmanager
async def running_recorder(request: RecordingRequest, folder: Path) -> AsyncIterator[RunningRecorder]:
    """Run a recorder in a working folder, or go on with one that runs already. At the end of the block it is
    ended, within END_SECONDS.

    Raises OSError.
    """
    found = await _found(Path(request.folder))
    running = _started(folder) if found is None else _taken_over(found)
    async with running as recorder:
        await recorder.tell(request)
        yield recorder


@asynccontextmanager
async def _started(folder: Path) -> AsyncIterator[RunningRecorder]:
    """Start a recorder, which writes its log to the server's own standard error."""
    starting = asyncio.create_task(
        asyncio.create_subprocess_exec(
            *COMMAND,
            cwd=folder,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LONGEST_REPORT,
            start_new_session=True,  # an interrupt of the terminal is Parlour's alone
            preexec_fn=keep_files_here,
        )
    )
    try:
        process = await asyncio.shield(starting)  # else a server that ends now would leave a process
        if process.stdout is None or process.stdin is None:
            raise AssertionError("a process that was started with pipes has pipes")
        yield RunningRecorder(process.pid, process.stdout, process.stdin)
    finally:
        process = await starting
        await end_process(process, signal.SIGTERM, within=END_SECONDS)


@asynccontextmanager
async def _taken_over(found: socket.socket) -> AsyncIterator[RunningRecorder]:
    """Go on with a recorder, which is no child of this process: the end of its connection is its own end."""
    pid, _, _ = struct.unpack("3i", found.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS))
    reports, lines = await asyncio.open_unix_connection(sock=found, limit=LONGEST_REPORT)
    recorder = RunningRecorder(pid, reports, lines)
    log.info("recorder.found", pid=pid)
    try:
        yield recorder
    finally:
        recorder.interrupt()
        if not await _has_ended(reports):
            recorder.send_signal(signal.SIGKILL)
        lines.close()


async def _has_ended(reports: asyncio.StreamReader) -> bool:
    """Wait for END_SECONDS at most, and pass over what it still says."""
    with suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(END_SECONDS):
            while await reports.read(LONGEST_REPORT):
                pass
    return reports.at_eof()


async def _found(folder: Path) -> socket.socket | None:
    """Connect to the recorder that works in a folder and waits to be taken over; return None if none does.

    The folder is named by a descriptor, since its path may be too long for that of a socket.
    """
    connection = socket.socket(socket.AF_UNIX)
    connection.setblocking(False)
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            path = f"/proc/self/fd/{descriptor}/{CONTROL_SOCKET}"
            await asyncio.get_running_loop().sock_connect(connection, path)
        finally:
            os.close(descriptor)
    except OSError:
        connection.close()
        return None
    except BaseException:
        connection.close()
        raise
    return connection
