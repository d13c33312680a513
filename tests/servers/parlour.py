"""Parlour as a person starts it: `parlour serve` in a process of its own."""

import asyncio
import os
import re
import resource
import signal
import ssl
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

import httpx

from tests.servers.forked import ForkedProcess, Forks
from tests.servers.process import child_environment, dying_with_parent, ended, free_port, tail

_READY = re.compile(rb"Parlour is ready at (https?://\S+)")
PROGRAM = Path(sys.executable).parent / "parlour"
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""An empty TLS context: loading the system's certificates for each client would dominate a test's time."""


@dataclass(frozen=True)
class Mail:
    """A mail as /dev/mail lists it."""

    to: str
    subject: str
    text: str
    html: str
    sent_at: str


class ParlourServer:
    """A server process on a free port, which a restart keeps.

    `url` is the public URL that the server prints; `address` is the URL of its listening socket.
    `program` may be the `parlour` of another checkout.
    `settings` are environment variables by their full names. The server gets no others, and it runs in
    `folder`, so that it reads no `.env` of the checkout either. `open_files` is its limit on open files, as
    `ulimit -n` sets it. It is forked where `Forks` can.
    """

    def __init__(
        self,
        folder: Path,
        database_url: str | None = None,
        settings: Mapping[str, str | int] | None = None,
        host: str = "127.0.0.1",
        open_files: int | None = None,
        program: Path = PROGRAM,
    ) -> None:
        self.folder = folder
        self.log = folder / "parlour.log"
        self.database_url = database_url or f"sqlite:///{folder / 'data' / 'parlour.db'}"
        self.settings: dict[str, str] = {
            "PARLOUR_DATA_DIR": str(folder / "data"),
            **({"PARLOUR_DATABASE_URL": database_url} if database_url else {}),
            **{name: str(value) for name, value in (settings or {}).items()},
        }
        self.url = ""
        self._host = host
        self._open_files = open_files
        self._program = program
        self._port = free_port()
        self._log_mark = 0
        self._read: Counter[str] = Counter()
        self._process: asyncio.subprocess.Process | ForkedProcess | None = None
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.kill()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.terminate()

    async def start(self) -> None:
        """Start the server and wait until it says that it is ready. Raises RuntimeError if it ends first."""
        arguments = ("serve", "--host", self._host, "--port", str(self._port))
        environment = {**self._environment(), **self.settings}
        forks = Forks.of(environment) if self._program == PROGRAM else None
        with self.log.open("ab") as log:
            if forks is None:
                self._process = await asyncio.create_subprocess_exec(
                    self._program,
                    *arguments,
                    cwd=self.folder,
                    env=environment,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=log,
                    start_new_session=True,
                    preexec_fn=self._arrange(),
                )
                assert self._process.stdout is not None
                output = self._process.stdout
            else:
                output, writing = await _pipe()
                with writing, tempfile.TemporaryFile() as nothing:
                    self._process = await forks.start(
                        *arguments,
                        folder=self.folder,
                        environment=environment,
                        files=(nothing.fileno(), writing.fileno(), log.fileno()),
                        open_files=self._open_files,
                    )
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._reading = asyncio.create_task(self._keep_output(self._process, output, ready))
        self.url = await ready

    def _environment(self) -> dict[str, str]:
        """Return the environment. Coverage is measured on SQLite only: PostgreSQL runs the same lines."""
        return child_environment(self.folder, is_measured=self.database_url.startswith("sqlite"))

    def _arrange(self) -> Callable[[], None]:
        dying, files = dying_with_parent(signal.SIGKILL), self._open_files

        def arrange() -> None:
            dying()
            if files is not None:
                resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

        return arrange

    async def terminate(self) -> int:
        """End the server as a service manager would, and return its exit code."""
        return await self.end(signal.SIGTERM)

    async def kill(self) -> int:
        """End the server as a power cut would, and return its exit code."""
        return await self.end(signal.SIGKILL)

    async def restart(self) -> None:
        await self.terminate()
        await self.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        assert self._process is not None, "the server is not running"
        return self._process.pid

    async def mails(self, to: str | None = None) -> list[Mail]:
        """Return the mails of /dev/mail, newest first."""
        async with httpx.AsyncClient(base_url=self.address, verify=NO_TLS, timeout=60) as client:
            of = {} if to is None else {"to": to}
            answer = await client.get("/dev/mail", params=of, headers={"Accept": "application/json"})
        answer.raise_for_status()
        mails = [Mail(**mail) for mail in answer.json()]
        return [mail for mail in mails if to is None or mail.to == to]

    async def expect_mail(self, to: str) -> Mail:
        """Return the oldest mail to `to` that no earlier call has returned; wait up to a minute for it."""
        async with asyncio.timeout(60):
            while len(mails := await self.mails(to)) <= self._read[to]:  # noqa: ASYNC110 - nothing to wait on
                await asyncio.sleep(0.02)  # /dev/mail announces no changes
        self._read[to] += 1
        return mails[-self._read[to]]

    async def expect_log(self, text: str, timeout: float = 60) -> str:  # noqa: ASYNC109 - reads better
        """Return the log's first line since `mark_log` that contains `text`; wait for it."""
        async with asyncio.timeout(timeout):
            while True:
                for line in self.log_lines(since_mark=True):
                    if text in line:
                        return line
                await asyncio.sleep(0.05)  # a file announces no growth

    def log_lines(self, *, since_mark: bool = False) -> list[str]:
        """Return the log's whole lines. The last one may be half written, as a reader sees bytes of a file
        before their write has returned: it is left out until it has its end.
        """
        if not self.log.exists():
            return []
        with self.log.open("rb") as log:
            log.seek(self._log_mark if since_mark else 0)
            whole, _, _ = log.read().rpartition(b"\n")
        return whole.decode(errors="replace").splitlines()

    def mark_log(self) -> None:
        """Mark the log's end: later lines belong to the running test."""
        self._log_mark = self.log.stat().st_size if self.log.exists() else 0

    def log_since_mark(self) -> str:
        return tail(self.log, self._log_mark)

    async def end(self, sign: signal.Signals) -> int:
        """Send a signal, wait for the end and return the exit code: -N if signal N itself ended it."""
        if self._process is None:
            return 0
        code = await ended(self._process, sign)
        if self._reading is not None:
            await self._reading
        self._process = self._reading = None
        return code

    async def _keep_output(
        self,
        process: asyncio.subprocess.Process | ForkedProcess,
        output: asyncio.StreamReader,
        ready: asyncio.Future[str],
    ) -> None:
        """Copy stdout to the log until its end; `ready` gets the URL from it, or a failed start's error."""
        with self.log.open("ab", buffering=0) as log:
            async for line in output:
                log.write(line)
                if not ready.done() and (found := _READY.search(line)):
                    ready.set_result(found[1].decode().rstrip("/"))
        if not ready.done():
            code = await process.wait()
            ready.set_exception(RuntimeError(f"Parlour ended at its start with {code}:\n{tail(self.log)}"))


class _OutputProtocol(asyncio.StreamReaderProtocol):
    """Closes the transport at the end, as that of a subprocess does."""

    def eof_received(self) -> bool:
        super().eof_received()
        return False


async def _pipe() -> tuple[asyncio.StreamReader, BinaryIO]:
    """Open a pipe: what reads from it, and the end that is written to."""
    reading, writing = os.pipe()
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: _OutputProtocol(reader), os.fdopen(reading, "rb", buffering=0)
    )
    return reader, os.fdopen(writing, "wb", buffering=0)
