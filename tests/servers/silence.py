"""Databases that fall silent: connections stay open and are not refused, but answers cease."""

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Protocol, Self

from tests.servers.process import dying_with_parent


class Silent(Protocol):
    """A server that can fall silent and answer again."""

    def falls_silent(self) -> None: ...
    def answers_again(self) -> None: ...


class SilentProxy:
    """A TCP proxy that drops all data while it is silent.

    It acts like a frozen host, or a firewall that lost its state: connections from before or during the
    silence stay open and get no answer, not even after it.
    """

    def __init__(self, target: int) -> None:
        self.port = 0
        self._target = target
        self._is_silent = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def falls_silent(self) -> None:
        """Drop the data of all connections, present and new."""
        self._is_silent.set()

    def answers_again(self) -> None:
        """Forward the data of new connections; silenced connections stay silent."""
        self._is_silent = asyncio.Event()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        silent = self._is_silent
        try:
            if silent.is_set():
                await asyncio.Event().wait()
            back, forth = await asyncio.open_connection("127.0.0.1", self._target)
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(_passes(reader, forth, silent))
                    both.create_task(_passes(back, writer, silent))
            finally:
                forth.close()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()


async def _passes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, silent: asyncio.Event) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            if not silent.is_set():
                writer.write(data)
                await writer.drain()
    if not silent.is_set():
        writer.close()
    else:
        await asyncio.Event().wait()


class HangingFolder:
    """A folder on a FUSE file system. While its program is stopped, each access hangs in the kernel."""

    def __init__(self, folder: Path) -> None:
        self._below = folder / "below"
        self.path = folder / "hanging"
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        self._below.mkdir()
        self.path.mkdir()
        self._process = await asyncio.create_subprocess_exec(
            "bindfs",
            "-f",
            "-o",
            "attr_timeout=0,entry_timeout=0,negative_timeout=0",
            str(self._below),
            str(self.path),
            preexec_fn=dying_with_parent(signal.SIGKILL),
        )
        async with asyncio.timeout(120):
            while not os.path.ismount(self.path):  # noqa: ASYNC110 - bindfs announces no readiness
                await asyncio.sleep(0.02)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process is not None
        self.answers_again()
        self._process.terminate()
        await self._process.wait()
        unmounting = await asyncio.create_subprocess_exec(
            "umount", "--lazy", str(self.path), stderr=asyncio.subprocess.DEVNULL
        )
        await unmounting.wait()

    def falls_silent(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def answers_again(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)
