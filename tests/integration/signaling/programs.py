"""The programs of tests/clients/programs, each in a process of its own.

A program that this machine cannot run is in no test, and the head of pytest's output names it: a skipped
test is easily taken for a pass.
"""

import asyncio
import json
import shutil
import signal
import sys
from collections import defaultdict, deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.servers.process import dying_with_parent, ended

_FOLDER = Path(__file__).parents[2] / "clients" / "programs"
_LIBRARIES = _FOLDER / "java" / "target" / "libraries"
_CLASSES = _FOLDER / "java" / "target" / "classes"
_BINARY = _FOLDER / "rust" / "target" / "debug" / "program"
PATIENCE_SECONDS = 120
"""The timeout of a line from a program."""


@dataclass(frozen=True)
class Program:
    """A program. `built`: the product of a build from `source`, None if it needs no build."""

    name: str
    command: tuple[str | Path, ...]
    source: Path
    built: Path | None = None

    @property
    def runs_here(self) -> bool:
        """True if the interpreter exists and any build is newer than the source."""
        if shutil.which(self.command[0]) is None:
            return False
        return self.built is None or (
            self.built.is_file() and self.built.stat().st_mtime >= self.source.stat().st_mtime
        )


def _javascript(version: str) -> Program:
    script = _FOLDER / "javascript" / "program.mjs"
    return Program(f"javascript-{version}", ("node", script, f"socket.io-client-{version}"), script)


PROGRAMS = [
    *map(_javascript, ("3.1", "4.0", "4.8")),
    Program(
        "python",
        (sys.executable, _FOLDER / "python" / "program.py"),
        _FOLDER / "python" / "program.py",
    ),
    Program(
        "java",
        # The optimizing compiler would cost a short run more than it gains.
        ("java", "-XX:TieredStopAtLevel=1", "-cp", f"{_LIBRARIES}/*:{_CLASSES}", "Program"),
        _FOLDER / "java" / "Program.java",
        _CLASSES / "Program.class",
    ),
    Program("rust", (_BINARY,), _FOLDER / "rust" / "src" / "main.rs", _BINARY),
]


def here() -> list[Program]:
    return [program for program in PROGRAMS if program.runs_here]


def left_out() -> list[str]:
    return [program.name for program in PROGRAMS if not program.runs_here]


class RunningProgram:
    """A process and its output, a lane for each kind of line: libraries order their callbacks differently."""

    def __init__(self, program: Program, *arguments: str) -> None:
        self._program = program
        self._arguments = arguments
        self._lanes: defaultdict[str, deque[dict[str, Any]]] = defaultdict(deque)
        self._said = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *self._program.command,
            *self._arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
            preexec_fn=dying_with_parent(signal.SIGKILL),
        )
        self._reading = asyncio.create_task(self._read(self._process))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None and self._reading is not None:
            await ended(self._process, signal.SIGKILL)
            await self._reading

    async def says(self, happened: str, **members: Any) -> None:
        """Read the next line of this kind, which has to have exactly these members."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not self._lanes[happened]:
                    self._said.clear()
                    await self._said.wait()
        except TimeoutError:
            raise AssertionError(
                f"{self._program.name} did not say {happened!r}; unread: {self.unread()}"
            ) from None
        said = self._lanes[happened].popleft()
        assert said == members, f"{self._program.name} said {happened!r} of {said}; unread: {self.unread()}"

    async def ends(self) -> None:
        """Wait until the program ends by itself, with exit code 0 and all of its lines read."""
        assert self._process is not None
        assert self._reading is not None
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await self._process.wait() == 0
        await self._reading
        self.has_said_no_more()

    def has_said_no_more(self) -> None:
        assert not (unread := self.unread()), f"{self._program.name} said {unread}"

    def may_have_said(self, happened: str) -> None:
        """Discard the unread lines of this kind."""
        self._lanes[happened].clear()

    def unread(self) -> list[str]:
        return [f"{kind} {said}" for kind, lane in self._lanes.items() for said in lane]

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            said = json.loads(line)
            self._lanes[said.pop("is")].append(said)
            self._said.set()
