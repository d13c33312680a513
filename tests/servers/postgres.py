"""A PostgreSQL server that the tests start and end."""

import asyncio
import itertools
import os
import pwd
import secrets
import shutil
import signal
import tempfile
from pathlib import Path
from typing import Self

import psycopg
from psycopg import sql

from tests.servers.process import dying_with_parent, ended, free_port, tail

_USER = "parlour"


class PostgresServer:
    """Debian's PostgreSQL on a port and in a folder of its own; no cluster of the machine is touched.

    After `stop()`, `start()` brings it back with its data and at the same address. It never syncs to the
    disk, for speed: data survive the end of the server, not of the machine.
    """

    def __init__(self) -> None:
        self.port = free_port()
        self.password = secrets.token_urlsafe(16)
        # Not pytest's tmp_path: the user `postgres` may not enter its parents, and the path of a Unix socket
        # has 107 characters at most.
        self.folder = Path(tempfile.mkdtemp(prefix="parlour-postgres-"))
        self.log = self.folder / "postgres.log"
        self._programs = _programs()
        self._process: asyncio.subprocess.Process | None = None
        self._numbers = itertools.count(1)

    async def __aenter__(self) -> Self:
        try:
            await self._make_cluster()
            await self.start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    async def start(self) -> None:
        """Start the server and wait until it accepts connections."""
        self._process = await self._spawn(
            "postgres",
            "-D", str(self.folder / "data"),
            "-c", f"port={self.port}",
            "-c", "listen_addresses=127.0.0.1",
            "-c", f"unix_socket_directories={self.folder}",
            "-c", "fsync=off",
            "-c", "synchronous_commit=off",
            "-c", "full_page_writes=off",
            "-c", "max_connections=300",
        )  # fmt: skip
        async with asyncio.timeout(120):
            while not await self._answers():
                if self._process.returncode is not None:
                    raise RuntimeError(f"PostgreSQL ended at its start:\n{tail(self.log)}")
                await asyncio.sleep(0.05)  # PostgreSQL announces no readiness

    async def stop(self, sign: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: SIGINT closes connections and shuts down in order, SIGQUIT acts as a crash."""
        if self._process is not None:
            await ended(self._process, sign)
            self._process = None

    def url(self, database: str) -> str:
        return f"postgresql://{_USER}:{self.password}@127.0.0.1:{self.port}/{database}"

    async def create_database(self, name: str | None = None, *, template: str = "template1") -> str:
        """Create a copy of the database `template`, which must have no connections; return its URL."""
        name = name or f"parlour_{next(self._numbers)}"
        async with await psycopg.AsyncConnection.connect(self.url("postgres"), autocommit=True) as connection:
            await connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )
        return self.url(name)

    async def _make_cluster(self) -> None:
        password = self.folder / "password"
        password.write_text(self.password)
        if (user := _unprivileged()) is not None:
            for path in (self.folder, password):
                os.chown(path, user.pw_uid, user.pw_gid)
        making = await self._spawn(
            "initdb",
            "--pgdata", str(self.folder / "data"),
            "--username", _USER,
            "--pwfile", str(password),
            "--auth", "scram-sha-256",
            "--encoding", "UTF8",
            "--locale", "C.UTF-8",
            "--no-sync",
        )  # fmt: skip
        if await making.wait() != 0:
            raise RuntimeError(f"PostgreSQL made no cluster:\n{tail(self.log)}")

    async def _spawn(self, program: str, *arguments: str) -> asyncio.subprocess.Process:
        with self.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                self._programs / program,
                *arguments,
                cwd=self.folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # A new session: Ctrl-C is for the tests, which then end the server in order.
                start_new_session=True,
                preexec_fn=dying_with_parent(signal.SIGQUIT, _unprivileged()),
            )

    async def _answers(self) -> bool:
        try:
            async with await psycopg.AsyncConnection.connect(self.url("postgres"), connect_timeout=30):
                return True
        except psycopg.OperationalError:
            return False


def _unprivileged() -> pwd.struct_passwd | None:
    """Return the user `postgres` of Debian's package if this is root, since PostgreSQL refuses root."""
    return pwd.getpwnam("postgres") if os.geteuid() == 0 else None


def _programs() -> Path:
    """Find the folder of the newest PostgreSQL's programs, which Debian keeps out of the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    if initdb := shutil.which("initdb"):
        return Path(initdb).resolve().parent
    raise RuntimeError("PostgreSQL's programs are missing: 'make test' installs the package 'postgresql'.")
