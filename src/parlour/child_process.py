"""A program that runs beside Parlour: it is found, started, watched, and ended with Parlour."""

import asyncio
import os
import shutil
import signal
import subprocess  # nosec B404
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from parlour.db.private_files import make_private_folder

END_SECONDS = 2.0
_SBIN = ("/usr/local/sbin", "/usr/sbin", "/usr/bin")
_LAST_LINES = 5
_LINE_BYTES = 4096
_ANSWER_SECONDS = 10.0


def find_executable(name: str) -> Path | None:
    """Look for an executable in PATH, and where Debian keeps servers."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *_SBIN])
    found = shutil.which(name, path=path)
    return None if found is None else Path(found)


def find_built(name: str, folder: Path) -> Path | None:
    """Look for a program in the folder where Parlour builds such, then as `find_executable` does."""
    own = folder / name
    return own if os.access(own, os.X_OK) else find_executable(name)


def answer_to(program: Path, question: str) -> str | None:
    """Return the output of a program that was asked by one argument, such as for its version. Return None
    if it fails, or does not end within 10 seconds.
    """
    try:
        asked = subprocess.run(  # noqa: S603  # nosec B603
            (program, question),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_ANSWER_SECONDS,
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return asked.stdout if asked.returncode == 0 else None


def ending_with_parent(command: Sequence[str]) -> Sequence[str]:
    """Return a command line that gets SIGTERM from the kernel when Parlour ends, however that happens, where
    setpriv is installed.

    A program that reads its standard input until the end can see to that itself.
    """
    guard = shutil.which("setpriv")
    return command if guard is None else (guard, "--pdeathsig", "TERM", "--", *command)


def keep_files_here() -> None:
    """Have the program that is about to start get no file beside the three standard ones.

    Runs in the fork. uvloop closes few of the others, and a file of Parlour, or of whatever has started it,
    would stay open while a program outlives them: a pipe, whose reader waits for its end.
    """
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - numbers
        if int(name) > 2:
            with suppress(OSError):  # the descriptor of this very folder
                os.set_inheritable(int(name), False)


def write_private(file: Path, text: str) -> None:
    """Write a file that nobody else may read, in a folder that nobody else may list."""
    make_private_folder(file.parent)
    file.unlink(missing_ok=True)
    with open(file, "x", encoding="utf-8", opener=_owner_only) as opened:
        opened.write(text)


class ChildProcess:
    """A running program. `last` holds the last lines that it said."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        on_line: Callable[[str], None],
    ) -> None:
        self.pid = process.pid
        self.last: deque[str] = deque(maxlen=_LAST_LINES)
        self._process = process
        self._on_line = on_line

    @classmethod
    async def start(
        cls,
        command: Sequence[str],
        *,
        folder: Path,
        on_line: Callable[[str], None],
    ) -> "ChildProcess":
        """Start the program in `folder`; `on_line` gets each line of its output. Raises OSError."""
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        return cls(process, on_line)

    async def wait(self) -> int:
        """Wait until it ends by itself, and return its exit status; a cancelled wait ends it."""
        reading = asyncio.create_task(self._read_output())
        try:
            status = await self._process.wait()
            await reading
        finally:
            await self._end()
            reading.cancel()
        return status

    def send_signal(self, number: int) -> None:
        """Do as the function of this name."""
        send_signal(self._process, number)

    async def _read_output(self) -> None:
        if self._process.stdout is None:
            return
        while True:
            try:
                line = await self._process.stdout.readline()
            except ValueError:  # a line above the limit of the reader, which has dropped it
                continue
            if not line:
                return
            text = line[:_LINE_BYTES].decode(errors="replace").rstrip()
            self.last.append(text)
            self._on_line(text)

    async def _end(self) -> None:
        await end_process(self._process, signal.SIGTERM, within=END_SECONDS)


async def end_process(process: asyncio.subprocess.Process, sign: signal.Signals, *, within: float) -> bool:
    """Send a signal, and SIGKILL after `within` seconds; return True if that was needed."""
    if process.returncode is not None:
        return False
    send_signal(process, sign)
    try:
        await asyncio.wait_for(process.wait(), within)
    except TimeoutError:
        send_signal(process, signal.SIGKILL)
        await process.wait()
        return True
    return False


def send_signal(process: asyncio.subprocess.Process, number: int) -> None:
    """Send a signal to a program; nothing happens where it has ended."""
    with suppress(ProcessLookupError):
        process.send_signal(number)


def _owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
