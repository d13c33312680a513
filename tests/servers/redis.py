"""Redis servers, and the sentinels of a master and its replica, which the tests start and end."""

import asyncio
import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

from redis.asyncio import Redis

from tests.servers.process import dying_with_parent, ended, free_port, tail

_READY = (b"Ready to accept connections", b"Sentinel ID is")
_READY_WITHIN_SECONDS = 120
_DOWN_AFTER_MILLISECONDS = 500
_FAILOVER_MILLISECONDS = 3_000
MASTER_NAME = "parlour-master"


class RedisServer:
    """Redis on a port and in a folder of its own, with a password and without persistence.

    `stop()` discards all data; `start()` brings an empty server back at the same address. Between `freeze()`
    and `thaw()` the server is up but silent. With a certificate and its key, it speaks TLS alone. A replica
    has the password of its master.
    """

    def __init__(self, tls: tuple[Path, Path] | None = None, replica_of: "RedisServer | None" = None) -> None:
        self.tls = tls
        self._replica_of = replica_of
        self.port = free_port()
        self.password: str = secrets.token_urlsafe(16) if replica_of is None else replica_of.password
        self.folder = Path(tempfile.mkdtemp(prefix="parlour-redis-"))
        self.log = self.folder / "redis.log"
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        scheme = "redis" if self.tls is None else "rediss"
        return f"{scheme}://:{self.password}@127.0.0.1:{self.port}/0"

    @property
    def is_running(self) -> bool:
        return self._process is not None

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
            *self._arguments(),
            cwd=self.folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=dying_with_parent(signal.SIGKILL),
        )
        ready = asyncio.Event()
        self._reading = asyncio.create_task(self._keep_output(process, ready))
        async with asyncio.timeout(_READY_WITHIN_SECONDS):
            await ready.wait()
        if process.returncode is not None:
            raise RuntimeError(f"Redis ended at its start:\n{tail(self.log)}")

    async def ask(self, *command: str) -> Any:
        """Send a command to a server without TLS, and return the plain answer."""
        client: Any = Redis(port=self.port, password=self.password, decode_responses=True)
        async with client:
            return await client.execute_command(*command)

    def _arguments(self) -> list[str | Path]:
        following: list[str | Path] = []
        if self._replica_of is not None:
            following = ["--replicaof", f"127.0.0.1 {self._replica_of.port}"]
        return [
            *self._listening(),
            *("--bind", "127.0.0.1"),
            *("--requirepass", self.password),
            *("--masterauth", self.password),
            *("--save", ""),
            *("--appendonly", "no"),
            *("--repl-diskless-sync-delay", "0"),
            *following,
        ]

    def _listening(self) -> list[str | Path]:
        if self.tls is None:
            return ["--port", str(self.port)]
        certificate, key = self.tls
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
                if any(words in line for words in _READY):
                    ready.set()
        await process.wait()
        ready.set()


class SentinelServer(RedisServer):
    """A sentinel that watches a master, with a password of its own, which all sentinels of a master share. It
    speaks TLS where the master does, with the same certificate.
    """

    def __init__(self, master: RedisServer, password: str, *, quorum: int) -> None:
        super().__init__(tls=master.tls)
        self.password = password
        self._settings = self.folder / "sentinel.conf"
        lines = [
            *self._listening_lines(),
            "bind 127.0.0.1",
            f"requirepass {password}",
            f"sentinel sentinel-pass {password}",
            f"sentinel monitor {MASTER_NAME} 127.0.0.1 {master.port} {quorum}",
            f"sentinel auth-pass {MASTER_NAME} {master.password}",
            f"sentinel down-after-milliseconds {MASTER_NAME} {_DOWN_AFTER_MILLISECONDS}",
            f"sentinel failover-timeout {MASTER_NAME} {_FAILOVER_MILLISECONDS}",
        ]
        self._settings.write_text("\n".join(lines))

    def _listening_lines(self) -> list[str]:
        if self.tls is None:
            return [f"port {self.port}"]
        certificate, key = self.tls
        files = [f"tls-cert-file {certificate}", f"tls-key-file {key}", f"tls-ca-cert-file {certificate}"]
        return ["port 0", f"tls-port {self.port}", *files, "tls-auth-clients no", "tls-replication yes"]

    def _arguments(self) -> list[str | Path]:
        return [self._settings, "--sentinel"]


class ReplicatedRedis:
    """A master, its replica, and three sentinels, two of which have to agree that the master is gone."""

    def __init__(self) -> None:
        self.master = RedisServer()
        self.replica = RedisServer(replica_of=self.master)
        self.sentinels = [SentinelServer(self.master, secrets.token_urlsafe(16), quorum=2)]
        self.sentinels += [
            SentinelServer(self.master, self.sentinels[0].password, quorum=2) for _ in range(2)
        ]
        self._ending = AsyncExitStack()

    @property
    def url(self) -> str:
        """The first sentinel that it names is not there."""
        hosts = ",".join(f"127.0.0.1:{port}" for port in (free_port(), *(one.port for one in self.sentinels)))
        return (
            f"redis+sentinel://:{self.master.password}@{hosts}/{MASTER_NAME}/0"
            f"?sentinel_password={self.sentinels[0].password}"
        )

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as ending:
            for server in (self.master, self.replica):
                await ending.enter_async_context(server)
            await self._until(self._is_replicated)
            for sentinel in self.sentinels:
                await ending.enter_async_context(sentinel)
            await self._until(self._is_watched)
            self._ending = ending.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._ending.aclose()

    async def fails_over(self) -> None:
        """Order the sentinels to make the replica the master; the master is to be its replica. Returns once
        all sentinels know that.
        """
        await self.sentinels[0].ask("SENTINEL", "FAILOVER", MASTER_NAME)
        await self._until(self._has_failed_over)

    async def _has_failed_over(self) -> bool:
        ports = [
            (await one.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER_NAME))[1] for one in self.sentinels
        ]
        return ports == [str(self.replica.port)] * 3 and await self._is_watched()

    async def _is_replicated(self) -> bool:
        return bool((await self.replica.ask("INFO", "replication"))["master_link_status"] == "up")

    async def _is_watched(self) -> bool:
        """Each sentinel knows the replica and both others."""
        for sentinel in self.sentinels:
            answer = await sentinel.ask("SENTINEL", "MASTER", MASTER_NAME)
            known = dict(zip(answer[::2], answer[1::2], strict=True))
            if (known["num-slaves"], known["num-other-sentinels"]) != ("1", "2"):
                return False
        return True

    async def _until(self, is_so: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(_READY_WITHIN_SECONDS):
            while not await is_so():  # noqa: ASYNC110 - Redis announces neither
                await asyncio.sleep(0.1)
