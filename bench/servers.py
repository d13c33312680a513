"""The servers that are measured: Parlour as a person starts it, and Node's socket.io beside it."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.machine import (
    ProcessClock,
    kernel_seconds,
    low_priority_seconds,
    pinned,
    resident_bytes,
)
from bench.seed import Seed

HOST = "127.0.0.1"
READY = re.compile(r"is ready at http://[^:]+:(\d+)")
NODE_FOLDER = Path(__file__).parent / "node"
STOP_WITHIN_SECONDS = 20


@dataclass(slots=True)
class Server:
    """A server process, pinned to a core if one is given. After a restart it listens on the same port."""

    name: str
    core: int | None
    seed: Seed
    port: int = 0
    _process: subprocess.Popen[str] | None = None
    _clock: ProcessClock | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def settings(self) -> dict[str, str]:
        raise NotImplementedError

    def start(self) -> None:
        """Start the server and wait until it says that it is ready. Raises RuntimeError if it ends first."""
        log = self.seed.folder / f"{self.name}.log"
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                self.command(),
                cwd=self.seed.folder,
                env={"PATH": os.environ["PATH"], "HOME": str(self.seed.folder), **self.settings()},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                preexec_fn=pinned(self.core),  # noqa: PLW1509 - this process has one thread
            )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if found := READY.search(line):
                self.port = int(found[1])
                self._clock = ProcessClock(self.pid)
                return
        self.stop()
        ending = log.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise RuntimeError(f"{self.name} did not start:\n{ending}")

    async def end(self) -> None:
        """End the server as a service manager would, without blocking the loop: the clients live on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(STOP_WITHIN_SECONDS):
            while self._process.poll() is None:  # noqa: ASYNC110 - a process has no event to wait for
                await asyncio.sleep(0.005)
        self.stop()

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} is not running"
        return self._process.pid

    def cpu(self) -> float:
        """Return the CPU seconds that the server has used since its start."""
        assert self._clock is not None
        return self._clock.seconds()

    def kernel(self) -> float:
        """Return the CPU seconds that the server has spent in the kernel since its start."""
        return kernel_seconds(self.pid)

    def hashing(self) -> float:
        """Return the part of `cpu` that is spent on hashing passwords, whose threads have a low priority."""
        return low_priority_seconds(self.pid)

    def resident(self) -> int:
        """Return the bytes of memory that the server occupies now (resident set)."""
        return resident_bytes(self.pid)


@dataclass(slots=True)
class Parlour(Server):
    """Parlour with its defaults, apart from rate limits too high for the load to meet."""

    name: str = field(default="Parlour", init=False)

    def command(self) -> list[str]:
        program = Path(sys.executable).parent / "parlour"
        return [str(program), "serve", "--host", HOST, "--port", str(self.port)]

    def settings(self) -> dict[str, str]:
        return {
            "PARLOUR_DATA_DIR": str(self.seed.folder),
            "PARLOUR_DATABASE_URL": self.seed.database_url,
            "PARLOUR_SECRET_KEY": self.seed.secret,
            # Messages are counted as ever, but the load must not meet limits that are made for people.
            "PARLOUR_RELAYS_PER_SECOND": "1000000",
            "PARLOUR_ENTRIES_PER_SECOND": "1000000",
            "PARLOUR_OTHERS_PER_SECOND": "1000000",
            "PARLOUR_MESSAGES_PER_MINUTE": "1000000",
            "PARLOUR_WRITES_PER_MINUTE": "1000000",
        }


@dataclass(slots=True)
class Node(Server):
    """The reference: Node's socket.io (bench/node/server.js) with the same accounts and rooms."""

    name: str = field(default="Node", init=False)

    def command(self) -> list[str]:
        return ["node", str(NODE_FOLDER / "server.js"), str(self.seed.node_file), str(self.port)]

    def settings(self) -> dict[str, str]:
        return {"NODE_ENV": "production"}


def install_node_packages() -> None:
    """Install the packages of bench/node/package-lock.json unless they are installed already."""
    installed = NODE_FOLDER / "node_modules" / ".package-lock.json"
    locked = NODE_FOLDER / "package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= locked.stat().st_mtime:
        return
    subprocess.run(["npm", "ci", "--loglevel=error"], cwd=NODE_FOLDER, check=True, stdout=subprocess.DEVNULL)


def socketio_version() -> str:
    """Return the version of socket.io that the Node server runs."""
    found = re.search(
        r'"version": "([^"]+)"',
        (NODE_FOLDER / "node_modules" / "socket.io" / "package.json").read_text(encoding="utf-8"),
    )
    return found[1] if found else "unknown"
