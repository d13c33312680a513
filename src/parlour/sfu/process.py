"""LiveKit's process, which outlives a crash of Parlour: the Parlour that comes back goes on with it.

When Parlour dies, a shell between the two sends it one SIGTERM. From then on it serves until nobody is
connected to it, at which it looks every 5 s, and ends by itself: so calls notice nothing, and it stays for no
longer than they do. The kernel could send that signal too (PR_SET_PDEATHSIG), but sends it for each thread of
Parlour, and the second one ends LiveKit at once. What it says goes to a file, since a program in Go is ended
by its first line to a pipe that nobody reads.
"""

import asyncio
import fcntl
import os
import signal
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Protocol, TextIO

from parlour.child_process import END_SECONDS, keep_files_here
from parlour.db.private_files import OWNER_ONLY_FILE

MOST_LOG_BYTES = 1_000_000
"""The file of what it says is emptied when it is larger."""
_START_SECONDS = 10.0
_LOOK_SECONDS = 0.5
_CHUNK_BYTES = 64 * 1024
_LINE_BYTES = 4096
_LAST_LINES = 5
_GUARD = """
exec 3<&0
"$@" </dev/null >&2 3<&- &
served=$!
echo "$served"
exec >&2
(read -r _ <&3; sleep 1; kill -TERM "$served") &
watching=$!
wait "$served"
status=$?
kill "$watching"
exit "$status"
"""
"""Runs a command, says its process id, and sends it SIGTERM a second after standard input has ended: LiveKit
takes no notice of a signal that comes while it starts, up to 100 ms after it listens."""


class Running(Protocol):
    """A process that runs, or has ended."""

    @property
    def pid(self) -> int: ...

    async def wait(self) -> int | None:
        """Wait until it has ended. Return its exit status, None if it is no child of this process."""

    def send_signal(self, sign: signal.Signals, /) -> None:
        """Send a signal; nothing happens where it has ended."""


class Child:
    """A process that was started here, by a shell that is its parent, and ends with its status."""

    def __init__(self, shell: asyncio.subprocess.Process, pid: int) -> None:
        self.pid = pid
        self._shell = shell

    @classmethod
    async def start(cls, command: Sequence[str], *, folder: Path, log: Path) -> "Child":
        """Start a program whose output goes to the file `log`, which is emptied.

        Raises OSError, TimeoutError, or ValueError if the shell does not say its process id.
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC
        output = os.open(log, flags, OWNER_ONLY_FILE)
        try:
            shell = await asyncio.create_subprocess_exec(
                *("/bin/sh", "-c", _GUARD, "parlour-sfu", *command),
                cwd=folder,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=output,
                start_new_session=True,  # an interrupt of the terminal is Parlour's alone
                preexec_fn=keep_files_here,
            )
        finally:
            os.close(output)
        try:
            async with asyncio.timeout(_START_SECONDS):
                said = b"" if shell.stdout is None else await shell.stdout.readline()
            return cls(shell, int(said))
        except BaseException:
            if shell.stdin is not None:
                shell.stdin.close()  # for the shell it is as if Parlour had died
            raise

    async def wait(self) -> int | None:
        return await self._shell.wait()

    def send_signal(self, sign: signal.Signals, /) -> None:
        if self._shell.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, sign)


class Found:
    """A process that an earlier Parlour started. Its descriptor (pidfd_open(2)) means it and no successor."""

    def __init__(self, pid: int, descriptor: int) -> None:
        self.pid = pid
        self._descriptor = descriptor

    @classmethod
    def by_command(cls, pid: int, arguments: Sequence[str]) -> "Found | None":
        """Return the process of this id, if it was started with these arguments."""
        if not hasattr(os, "pidfd_open"):  # Linux alone has it
            return None
        try:
            descriptor = os.pidfd_open(pid)
        except OSError:
            return None
        try:
            _, *found = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
        except (OSError, ValueError):
            found = []
        if found == [os.fsencode(argument) for argument in arguments]:
            return cls(pid, descriptor)
        os.close(descriptor)
        return None

    def is_of(self, program: Path) -> bool:
        """Return True if it runs this file, and not one that has been replaced since."""
        try:
            return Path(f"/proc/{self.pid}/exe").samefile(program)
        except OSError:
            return False

    async def wait(self) -> int | None:
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._descriptor, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(self._descriptor)
        return None

    def send_signal(self, sign: signal.Signals, /) -> None:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._descriptor, sign)

    def close(self) -> None:
        os.close(self._descriptor)


async def end(process: Running) -> None:
    """End a LiveKit at once: SIGTERM alone has it wait until nobody is connected, another signal ends it.

    It gets SIGKILL after END_SECONDS.
    """
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGINT)
    try:
        await asyncio.wait_for(process.wait(), END_SECONDS)
    except TimeoutError:
        process.send_signal(signal.SIGKILL)
        await process.wait()


@contextmanager
def held_record(file: Path) -> Iterator[TextIO | None]:
    """Open the file that names the process, and lock it for as long as this process lives and uses it.

    Yields None if another Parlour has it.
    """
    with open(file, "a+", encoding="ascii", opener=_private) as record:
        try:
            fcntl.flock(record, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            record.seek(0)
            yield record


def note(record: TextIO, pid: int) -> None:
    """Write the id of a process into the record."""
    record.truncate(0)
    record.write(str(pid))
    record.flush()


def noted(record: TextIO) -> int | None:
    """Read the id of a process from the record."""
    text = record.read(20)
    return int(text) if text.isdecimal() and int(text) > 0 else None


class LogFollower:
    """Reads what a process adds to a file, which is emptied before it grows too large.

    What is not read when the file is emptied is lost. `last` holds the last lines.
    """

    def __init__(self, descriptor: int, on_line: Callable[[str], None]) -> None:
        self.last: deque[str] = deque(maxlen=_LAST_LINES)
        self._descriptor = descriptor
        self._on_line = on_line
        self._begun = b""

    def read(self) -> None:
        """Read what has come since, 64 KB at most."""
        *lines, begun = (self._begun + os.read(self._descriptor, _CHUNK_BYTES)).split(b"\n")
        self._begun = begun[:_LINE_BYTES]
        for line in lines:
            text = line[:_LINE_BYTES].decode(errors="replace").rstrip()
            self.last.append(text)
            self._on_line(text)
        if os.fstat(self._descriptor).st_size > MOST_LOG_BYTES:
            os.ftruncate(self._descriptor, 0)
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            self._begun = b""

    async def follow(self) -> None:
        """Read on until this is cancelled: a file does not announce that it grows."""
        while True:
            self.read()
            await asyncio.sleep(_LOOK_SECONDS)


@asynccontextmanager
async def followed(log: Path, on_line: Callable[[str], None], *, at_end: bool) -> AsyncIterator[LogFollower]:
    """Follow a file from its beginning or its end, and up to the last line that is there at the end."""
    descriptor = os.open(log, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, OWNER_ONLY_FILE)
    try:
        os.lseek(descriptor, 0, os.SEEK_END if at_end else os.SEEK_SET)
        follower = LogFollower(descriptor, on_line)
        following = asyncio.create_task(follower.follow())
        try:
            yield follower
        finally:
            following.cancel()
            follower.read()
    finally:
        os.close(descriptor)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, OWNER_ONLY_FILE)
