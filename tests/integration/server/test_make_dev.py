"""`make dev`: Vite before a server that starts again when its code changes."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

import httpx

from tests.integration.signaling.python import PythonClient
from tests.servers.checkout import copy_checkout, environment
from tests.servers.process import dying_with_parent, free_port

PASSWORD = "parlour for all"
PATIENCE_SECONDS = 120


class Development:
    """What `make dev` runs, in a copy of the checkout. `url` is what a browser opens."""

    def __init__(self, checkout: Path) -> None:
        self.checkout = checkout
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.process: asyncio.subprocess.Process | None = None
        self._said: list[str] = []

    async def start(self) -> Self:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            self.checkout / "tools" / "dev",
            *("--port", str(self.port), "--server-port", str(free_port())),
            # Vite colours what it says then, in a pipe as in a terminal.
            env=environment(self.checkout, self.checkout) | {"FORCE_COLOR": "1"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=dying_with_parent(signal.SIGTERM),
        )
        return self

    async def says(self, text: str) -> None:
        """Reads on to a line that holds `text`."""
        assert self.process is not None
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for line in self.process.stdout:
                self._said.append(line.decode(errors="replace"))
                if text in self._said[-1]:
                    return
        raise AssertionError(f"never said {text!r}:\n{''.join(self._said)}")

    async def interrupt(self) -> int:
        """Ctrl-C, which a terminal sends to all of the group. Returns when its last process has ended."""
        assert self.process is not None
        assert self.process.stdout is not None
        os.killpg(self.process.pid, signal.SIGINT)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.process.stdout.read()
            return await self.process.wait()


@asynccontextmanager
async def development(checkout: Path) -> AsyncIterator[Development]:
    running = Development(checkout)
    try:
        yield await running.start()
    finally:
        if running.process is not None and running.process.returncode is None:
            os.killpg(running.process.pid, signal.SIGKILL)
            await running.process.wait()


async def connected(url: str, transport: str, cookie: str) -> PythonClient:
    """As the web client does it: identified by its cookie, which counts at Parlour's own origin alone."""
    client = PythonClient("alice", None)
    client.open(url, transport=transport, auth=None, headers={"Cookie": f"jwt={cookie}", "Origin": url})
    await client.inbox.take("connect", PATIENCE_SECONDS)
    return client


async def test_a_person_meets_behind_vite_and_sees_the_code_change(tmp_path: Path) -> None:
    checkout = copy_checkout(tmp_path / "parlour")
    async with development(checkout) as dev:
        await dev.says("Ctrl-C ends it")
        origin = {"Origin": dev.url}
        async with httpx.AsyncClient(base_url=dev.url, timeout=PATIENCE_SECONDS, headers=origin) as alice:
            page = await alice.get("/r/Salon")
            assert "/@vite/client" in page.text
            assert "react" in (await alice.get("/src/main.tsx")).text
            assert (await alice.get("/dev/mail")).is_success

            login = await alice.post("/client/login", json={"username": "alice", "password": PASSWORD})
            assert login.is_success, login.text
            assert (await alice.get("/refresh")).json()["username"] == "alice"

            sockets = [
                await connected(dev.url, transport, alice.cookies["jwt"])
                for transport in ("websocket", "polling")
            ]
            for socket in sockets:
                await socket.joins("Salon")
            await sockets[0].expects("add-peer", peerID=sockets[1].peer_id, createOffer=False)

            package = checkout / "src" / "parlour" / "__init__.py"
            changed = package.read_text().replace('__version__ = "', '__version__ = "changed-')
            package.write_text(changed)
            await dev.says("A file has changed")
            await dev.says("Parlour is ready")
            assert (await alice.get("/config")).json()["version"].startswith("changed-")
            for socket in sockets:
                await socket.close()

            package.write_text(f"{changed}\na mistake\n")
            await dev.says("SyntaxError")
            await dev.says("starts again when a file has changed")
            package.write_text(changed)
            await dev.says("Parlour is ready")

            assert (await alice.put("/logout")).status_code == httpx.codes.NO_CONTENT
            assert (await alice.get("/refresh")).status_code == httpx.codes.UNAUTHORIZED

        assert (checkout / ".dev" / "data" / "parlour.db").is_file()
        assert not (checkout / "data").exists()
        assert await dev.interrupt() == 0
