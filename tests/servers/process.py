"""A child process that never outlives the tests, however they end."""

import asyncio
import ctypes
import os
import pwd
import random
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_FIRST_PORT = 10_000
_MEASURING = ("COVERAGE_PROCESS_START", "COVERAGE_FILE")
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_libc = ctypes.CDLL(None)


def child_environment(home: Path, *, is_measured: bool = True) -> dict[str, str]:
    """Of a Parlour: nothing of the tests' own but what measures which lines ran (`make measure`)."""
    measuring = {name: os.environ[name] for name in _MEASURING if is_measured and name in os.environ}
    return {"PATH": os.environ["PATH"], "HOME": str(home), **measuring}


def dying_with_parent(sign: signal.Signals, user: pwd.struct_passwd | None = None) -> Callable[[], None]:
    """What a child runs before its program: from then on the kernel sends it `sign` when the tests die.

    With `user` it also becomes that user (uvloop's subprocesses have no argument for it).
    """
    parent = os.getpid()

    def arrange() -> None:
        if user is not None:
            os.setgroups([])
            os.setgid(user.pw_gid)
            os.setuid(user.pw_uid)
        # After the change of user, which would undo it.
        _libc.prctl(_PR_SET_PDEATHSIG, sign)
        if os.getppid() != parent:  # the tests died in between
            os.kill(os.getpid(), sign)

    return arrange


async def ended(process: asyncio.subprocess.Process, sign: signal.Signals, patience: float = 15) -> int:
    """Sends `sign`, and after `patience` seconds kills. Returns the exit code (negative: the signal)."""
    if process.returncode is None:
        process.send_signal(sign)
    try:
        return await asyncio.wait_for(process.wait(), patience)
    except TimeoutError:
        process.kill()
        return await process.wait()


def free_port() -> int:
    """A port that was free a moment ago, and that the system gives to no connection.

    So it is free again when a server that went away comes back to it.
    """
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.randrange(_FIRST_PORT, lowest)  # noqa: S311 - not a secret
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def tail(log: Path, offset: int = 0, limit: int = 20_000) -> str:
    """The end of a log, at most `limit` bytes, nothing from before `offset`."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(offset, end - limit))
        return file.read().decode(errors="replace")
