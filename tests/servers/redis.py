"""A Redis server that the tests start and end."""

import asyncio
import os
import secrets
import shutil
import signal
import tempfile
from pathlib import Path
from typing import Self

from tests.servers.process import dying_with_parent, ended, free_port, tail

_READY = b"Ready to accept connections"
_READY_WITHIN_SECONDS = 120


class RedisServer:
    """Redis on a port and in a folder of its own, with a password and without persistence.

    `stop()` discards all data; `start()` brings an empty server back at the same address. Between `freeze()`
    and `thaw()` the server is up but silent. With a certificate and its key, it speaks TLS alone.
    """

    def __init__(self, tls: tuple[Path, Path] | None = None) -> None:
        self._tls = tls
        self.port = free_port()
        self.password = secrets.token_urlsafe(16)
        self.folder = Path(tempfile.mkdtemp(prefix="parlour-redis-"))
        self.log = self.folder / "redis.log"
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        scheme = "redis" if self._tls is None else "rediss"
        return f"{scheme}://:{self.password}@127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        assert self._process is not None, "Redis is not running"
        return self._process.pid

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    async def start(self) -> None:
        """Start the server and wait until it accepts connections."""
        program = shutil.which("redis-server")
        if program is None:
            raise RuntimeError("'redis-server' is missing: 'make test' installs the package 'redis-server'.")
        process = self._process = await asyncio.create_subprocess_exec(
            program,
            *self._listening(),
            "--bind", "127.0.0.1",
            "--requirepass", self.password,
            "--save", "",
            "--appendonly", "no",
            cwd=self.folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=dying_with_parent(signal.SIGKILL),
        )  # fmt: skip
        ready = asyncio.Event()
        self._reading = asyncio.create_task(self._keep_output(process, ready))
        async with asyncio.timeout(_READY_WITHIN_SECONDS):
            await ready.wait()
        if process.returncode is not None:
            raise RuntimeError(f"Redis ended at its start:\n{tail(self.log)}")

    def _listening(self) -> list[str | Path]:
        if self._tls is None:
            return ["--port", str(self.port)]
        certificate, key = self._tls
        files: list[str | Path] = ["--tls-cert-file", certificate, "--tls-key-file", key]
        return ["--port", "0", "--tls-port", str(self.port), *files, "--tls-auth-clients", "no"]

    async def stop(self, sign: signal.Signals = signal.SIGKILL) -> None:
        if self._process is not None:
            await ended(self._process, sign)
            self._process = None
        if self._reading is not None:
            await self._reading
            self._reading = None

    def freeze(self) -> None:
        """Suspend the server: the kernel still accepts connections, but no command is answered."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, sign: signal.Signals) -> None:
        os.kill(self.pid, sign)

    async def _keep_output(self, process: asyncio.subprocess.Process, ready: asyncio.Event) -> None:
        assert process.stdout is not None
        with self.log.open("ab", buffering=0) as log:
            async for line in process.stdout:
                log.write(line)
                if _READY in line:
                    ready.set()
        await process.wait()
        ready.set()
