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
    """One mail of /dev/mail."""

    to: str
    subject: str
    text: str
    html: str
    sent_at: str


class ParlourServer:
    """One server on a port of its own; after a restart, on the same one.

    `url` is what the server prints, its public URL; `address` is where it listens.
    `program` may be the `parlour` of another checkout.
    `settings` are environment variables by their full names. Nothing else of the environment reaches the
    server, and it runs in `folder`, so that no `.env` of the checkout does either. `open_files` is what
    `ulimit -n` would set.
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
        """Returns when the server has said that it is ready. Raises RuntimeError where it ends instead."""
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
        """On PostgreSQL the same lines run as on SQLite, so measuring them once is enough."""
        return child_environment(self.folder, is_measured=self.database_url.startswith("sqlite"))

    def _arrange(self) -> Callable[[], None]:
        dying, files = dying_with_parent(signal.SIGKILL), self._open_files

        def arrange() -> None:
            dying()
            if files is not None:
                resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

        return arrange

    async def terminate(self) -> int:
        """Ends the server as a service manager would. Returns its exit code."""
        return await self.end(signal.SIGTERM)

    async def kill(self) -> int:
        """Ends the server as a power cut would."""
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
        """What /dev/mail shows, newest first."""
        async with httpx.AsyncClient(base_url=self.address, timeout=30) as client:
            answer = await client.get("/dev/mail", headers={"Accept": "application/json"})
        answer.raise_for_status()
        mails = [Mail(**mail) for mail in answer.json()]
        return [mail for mail in mails if to is None or mail.to == to]

    async def expect_mail(self, to: str) -> Mail:
        """The oldest mail to `to` that no earlier call has returned; waits a little where there is none."""
        async with asyncio.timeout(30):
            while len(mails := await self.mails(to)) <= self._read[to]:  # noqa: ASYNC110 - nothing to wait on
                await asyncio.sleep(0.05)  # /dev/mail tells nobody that it changed
        self._read[to] += 1
        return mails[-self._read[to]]

    async def expect_log(self, text: str, timeout: float = 30) -> str:  # noqa: ASYNC109 - reads better
        """The log's first line since the test's start that holds `text`; waits for it."""
        async with asyncio.timeout(timeout):
            while True:
                for line in self.log.read_text(errors="replace")[self._log_mark :].splitlines():
                    if text in line:
                        return line
                await asyncio.sleep(0.05)  # a file tells nobody that it grew

    def mark_log(self) -> None:
        """From here on is what the running test caused."""
        self._log_mark = self.log.stat().st_size if self.log.exists() else 0

    def log_since_mark(self) -> str:
        return tail(self.log, self._log_mark)

    async def end(self, sign: signal.Signals) -> int:
        """Returns the exit code, negative where the signal itself ended it."""
        if self._process is None:
            return 0
        code = await ended(self._process, sign)
        if self._reading is not None:
            await self._reading
        self._process = self._reading = None
        return code

    async def _keep_output(self, process: asyncio.subprocess.Process, ready: asyncio.Future[str]) -> None:
        """Copies stdout to the log until its end, and picks the address out of it."""
        assert process.stdout is not None
        with self.log.open("ab", buffering=0) as log:
            async for line in process.stdout:
                log.write(line)
                if not ready.done() and (found := _READY.search(line)):
                    ready.set_result(found[1].decode().rstrip("/"))
        if not ready.done():
            code = await process.wait()
            ready.set_exception(RuntimeError(f"Parlour ended at its start with {code}:\n{tail(self.log)}"))
