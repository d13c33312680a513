"""The program that a recorder reports to: the one that started it, and after that has died the next one."""

import asyncio
import os
import socket
import stat
import sys
import threading
from contextlib import suppress
from pathlib import Path

import msgspec

from parlour.recorder_lines import CONTROL_SOCKET, LONGEST_LINE, Report

LOG = "recorder.log"
_FILE_MODE = 0o600


class Listener:
    """Reports are lines to it. While there is none, they are dropped; so are those that it does not take."""

    def __init__(self, descriptor: int) -> None:
        """`descriptor` is the first listener's end: the recorder's standard output."""
        self._descriptor: int | None = descriptor
        self._connection: asyncio.StreamWriter | None = None
        self._writing = threading.Lock()

    def report(self, report: Report) -> None:
        """Write a report at once, from any thread."""
        with (
            self._writing,
            suppress(OSError),
        ):  # it is gone, which the end of the input says too, or does not read
            if self._descriptor is not None:
                os.write(self._descriptor, msgspec.json.encode(report) + b"\n")

    async def next(self, folder: Path, *, within: float) -> asyncio.StreamReader | None:
        """Wait at the folder's socket for another listener. Return what it says, None if none has come.

        Raises OSError.
        """
        self._leave()
        _log_to_a_file(folder)
        with socket.socket(socket.AF_UNIX) as door:
            door.setblocking(False)
            _bind(door, folder)
            try:
                async with asyncio.timeout(within):
                    connection, _ = await asyncio.get_running_loop().sock_accept(door)
            except TimeoutError:
                return None
            finally:
                (folder / CONTROL_SOCKET).unlink(missing_ok=True)
        self._descriptor = connection.fileno()
        lines, self._connection = await asyncio.open_unix_connection(sock=connection, limit=LONGEST_LINE)
        return lines

    def _leave(self) -> None:
        """Say nothing more to a listener that is gone. A thread writes to no descriptor that is closed."""
        with self._writing:
            self._descriptor = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _bind(door: socket.socket, folder: Path) -> None:
    """Listen at the folder's socket, in the place of one that a crash has left.

    The path may be longer than the 107 bytes of a socket's, so the folder is named by a descriptor.
    """
    (folder / CONTROL_SOCKET).unlink(missing_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        door.bind(f"/proc/self/fd/{descriptor}/{CONTROL_SOCKET}")
    finally:
        os.close(descriptor)
    door.listen(1)


def _log_to_a_file(folder: Path) -> None:
    """Have the log go to a file if it goes to a pipe, whose reader may be gone too."""
    if stat.S_ISFIFO(os.fstat(sys.stderr.fileno()).st_mode):
        file = os.open(folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, _FILE_MODE)
        os.dup2(file, sys.stderr.fileno())
        os.close(file)
