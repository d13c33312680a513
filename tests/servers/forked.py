"""A process that has imported Parlour, and becomes `parlour` in a fork of itself: most of a start is imports.

    process = await Forks().start("serve", folder=folder, environment={…}, files=(stdin, stdout, stderr))

What runs is the program itself, in a process of its own with an environment of its own. Programs with other
imports or other variables of Python's, and those whose coverage is measured, are started as any program is.
"""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from tests.servers.process import dying_with_parent

_PROGRAM = Path(__file__).with_name("forking_program.py")
_LONGEST_MESSAGE = 1 << 16
_NONE = 0
"""The id of no process."""


class ForkedProcess:
    """A `parlour` that was forked, with what the tests use of `asyncio.subprocess.Process`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    @property
    def returncode(self) -> int | None:
        return self._ended.result() if self._ended.done() else None

    def send_signal(self, sign: int) -> None:
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, sign)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int:
        return await asyncio.shield(self._ended)

    def ended(self, code: int) -> None:
        """The forking process tells it; -N if signal N ended this one."""
        self._ended.set_result(code)


class Forks:
    """Starts the forking process with the first fork."""

    running: ClassVar["Forks | None"] = None
    """The one that forks servers and commands while tests run; None elsewhere, such as in measurements."""

    def __init__(self) -> None:
        self._channel: socket.socket | None = None
        self._parent: asyncio.subprocess.Process | None = None
        self._begun: asyncio.Queue[int] = asyncio.Queue()
        self._running: dict[int, ForkedProcess] = {}
        self._ended: dict[int, int] = {}
        """The exit codes of processes that have ended before they were known here."""
        self._starting = asyncio.Lock()

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Forks | None":
        """Return what forks a `parlour` in this environment; None where it has to be started."""
        others = {name for name in environment if not name.startswith("PARLOUR_")}
        return cls.running if others <= {"PATH", "HOME"} else None

    async def start(
        self,
        *arguments: str,
        folder: Path,
        environment: Mapping[str, str],
        files: tuple[int, int, int],
        open_files: int | None = None,
    ) -> ForkedProcess:
        """Run `parlour` with these arguments; `files` are its standard input, output and error."""
        order = {
            "arguments": arguments,
            "folder": str(folder),
            "environment": dict(environment),
            "open_files": open_files,
        }
        async with self._starting:
            socket.send_fds(await self._opened(), [json.dumps(order).encode()], files)
            pid = await self._begun.get()
        if pid == _NONE:
            raise RuntimeError("The process that forks Parlour has ended.")
        process = self._running[pid] = ForkedProcess(pid)
        if pid in self._ended:
            self._end(pid, self._ended.pop(pid))
        return process

    async def aclose(self) -> None:
        """End the forking process, which takes along what it has forked."""
        if self._channel is None or self._parent is None:
            return
        asyncio.get_running_loop().remove_reader(self._channel)
        self._channel.close()
        await self._parent.wait()

    async def _opened(self) -> socket.socket:
        if self._channel is None:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self._parent = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-P",  # the modules beside the program are no packages
                    _PROGRAM,
                    str(theirs.fileno()),
                    env={"PATH": os.environ["PATH"]},
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                    preexec_fn=dying_with_parent(signal.SIGKILL),
                )
            asyncio.get_running_loop().add_reader(ours, self._hear, ours)
            self._channel = ours
        return self._channel

    def _hear(self, channel: socket.socket) -> None:
        message = channel.recv(_LONGEST_MESSAGE)
        if not message:
            asyncio.get_running_loop().remove_reader(channel)
            self._begun.put_nowait(_NONE)
            return
        news: dict[str, Any] = json.loads(message)
        if "code" in news:
            self._end(news["pid"], news["code"])
        else:
            self._begun.put_nowait(news["pid"])

    def _end(self, pid: int, code: int) -> None:
        if pid in self._running:
            self._running.pop(pid).ended(code)
        else:
            self._ended[pid] = code
