"""Parlour as a person starts it: `parlour serve` in a process of its own."""

import asyncio
import re
import resource
import signal
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx

from tests.servers.process import child_environment, dying_with_parent, ended, free_port, tail

_READY = re.compile(rb"Parlour is ready at (https?://\S+)")
PROGRAM = Path(sys.executable).parent / "parlour"


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
    `ulimit -n` sets it.
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
        self._process: asyncio.subprocess.Process | None = None
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
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                self._program,
                "serve",
                "--host",
                self._host,
                "--port",
                str(self._port),
                cwd=self.folder,
                env={**self._environment(), **self.settings},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                preexec_fn=self._arrange(),
            )
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._reading = asyncio.create_task(self._keep_output(self._process, ready))
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
        async with httpx.AsyncClient(base_url=self.address, timeout=60) as client:
            answer = await client.get("/dev/mail", headers={"Accept": "application/json"})
        answer.raise_for_status()
        mails = [Mail(**mail) for mail in answer.json()]
        return [mail for mail in mails if to is None or mail.to == to]

    async def expect_mail(self, to: str) -> Mail:
        """Return the oldest mail to `to` that no earlier call has returned; wait up to a minute for it."""
        async with asyncio.timeout(60):
            while len(mails := await self.mails(to)) <= self._read[to]:  # noqa: ASYNC110 - nothing to wait on
                await asyncio.sleep(0.05)  # /dev/mail announces no changes
        self._read[to] += 1
        return mails[-self._read[to]]

    async def expect_log(self, text: str, timeout: float = 60) -> str:  # noqa: ASYNC109 - reads better
        """Return the log's first line since `mark_log` that contains `text`; wait for it."""
        async with asyncio.timeout(timeout):
            while True:
                for line in self.log.read_bytes()[self._log_mark :].decode(errors="replace").splitlines():
                    if text in line:
                        return line
                await asyncio.sleep(0.05)  # a file announces no growth

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

    async def _keep_output(self, process: asyncio.subprocess.Process, ready: asyncio.Future[str]) -> None:
        """Copy stdout to the log until its end; `ready` gets the URL from it, or a failed start's error."""
        assert process.stdout is not None
        with self.log.open("ab", buffering=0) as log:
            async for line in process.stdout:
                log.write(line)
                if not ready.done() and (found := _READY.search(line)):
                    ready.set_result(found[1].decode().rstrip("/"))
        if not ready.done():
            code = await process.wait()
            ready.set_exception(RuntimeError(f"Parlour ended at its start with {code}:\n{tail(self.log)}"))
