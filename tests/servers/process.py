"""A child process that never outlives the tests, however they end."""

import asyncio
import ctypes
import os
import pwd
import random
import signal
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Protocol

_FIRST_PORT = 10_000
_MEASURING = ("COVERAGE_PROCESS_START", "COVERAGE_FILE")
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_libc = ctypes.CDLL(None)


def child_environment(home: Path, *, is_measured: bool = True) -> dict[str, str]:
    """Return the environment of a Parlour: of the tests' own, only the variables that measure coverage."""
    measuring = {name: os.environ[name] for name in _MEASURING if is_measured and name in os.environ}
    return {"PATH": os.environ["PATH"], "HOME": str(home), **measuring}


def dying_with_parent(sign: signal.Signals, user: pwd.struct_passwd | None = None) -> Callable[[], None]:
    """Return a `preexec_fn` that lets the kernel send `sign` to the child when the tests die.

    The child also becomes `user`, if given (uvloop's subprocesses have no argument for it).
    """
    parent = os.getpid()

    def arrange() -> None:
        if user is not None:
            os.setgroups([])
            os.setgid(user.pw_gid)
            os.setuid(user.pw_uid)
        # Set after the change of user, which would clear it.
        _libc.prctl(_PR_SET_PDEATHSIG, sign)
        if os.getppid() != parent:  # the tests died in between
            os.kill(os.getpid(), sign)

    return arrange


class Process(Protocol):
    """The part of `asyncio.subprocess.Process` that `ended` uses."""

    @property
    def returncode(self) -> int | None: ...

    def send_signal(self, signal: int, /) -> None: ...

    def kill(self) -> None: ...

    async def wait(self) -> int: ...


async def until_gone(pid: int) -> None:
    """Wait for the end of a process that is no child of the tests, and therefore announces none."""
    async with asyncio.timeout(60):
        while not _is_gone(pid):  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.02)


def _is_gone(pid: int) -> bool:
    """Return True for a zombie too: a process that nobody waits for stays in the table."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):  # the latter if it ends between opening and reading
        return True


async def ended(process: Process, sign: signal.Signals, patience: float = 60) -> int:
    """End a process by `sign`, or SIGKILL `patience` seconds later; return its exit code (-N: signal N)."""
    if process.returncode is None:
        process.send_signal(sign)
    try:
        return await asyncio.wait_for(process.wait(), patience)
    except TimeoutError:
        process.kill()
        return await process.wait()


@asynccontextmanager
async def logged(
    *command: str | Path,
    log: Path,
    environment: Mapping[str, str],
    cwd: Path | None = None,
    talks: bool = False,
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a program until the block ends; what it says is added to the file `log`.

    With `talks`, its standard input and output are the caller's.
    """
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=cwd,
            env=environment,
            stdin=asyncio.subprocess.PIPE if talks else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE if talks else output,
            stderr=output,
            start_new_session=True,
            preexec_fn=dying_with_parent(signal.SIGKILL),
        )
    try:
        yield process
    finally:
        await ended(process, signal.SIGKILL)


def free_port() -> int:
    """Find a free port below the range of ephemeral ports, and reserve it among the tests of this machine.

    The kernel gives it to no outgoing connection, so a restarted server can bind it again. A server takes
    seconds to bind it the first time, so an abstract Unix socket (unix(7)) keeps the port from other test
    processes until this one ends, however it ends.
    """
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.randrange(_FIRST_PORT, lowest)  # noqa: S311 - not a secret
        with socket.socket() as probe, socket.socket(socket.AF_UNIX) as reservation, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            reservation.bind(f"\0parlour-test-port-{port}")
            reservation.detach()  # open until the process ends
            return port


def tail(log: Path, offset: int = 0, limit: int = 20_000) -> str:
    """Return the end of a log: the last `limit` bytes at most, and none before `offset`."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(offset, end - limit))
        return file.read().decode(errors="replace")
