"""A page of the tests that holds a part of the web client alone, built by Vite."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from tests.servers.checkout import ROOT

_WEB = ROOT / "web"
_BUILT_WITHIN_SECONDS = 120
_KINDS = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}


async def build(config: str, folder: Path) -> None:
    """Build what a configuration below `web/trials` names."""
    vite = await asyncio.create_subprocess_exec(
        "node",
        _WEB / "node_modules" / "vite" / "bin" / "vite.js",
        *("build", "--config", _WEB / "trials" / config, "--outDir", folder),
        cwd=_WEB,
        env={**os.environ, "NO_COLOR": "1"},
        stdin=asyncio.subprocess.DEVNULL,
    )
    async with asyncio.timeout(_BUILT_WITHIN_SECONDS):
        assert await vite.wait() == 0


@asynccontextmanager
async def served(folder: Path, headers: Mapping[str, str] | None = None) -> AsyncIterator[str]:
    """Serve the files of a folder, `index.html` at its root, with further headers; give the address."""
    further = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
        path = folder / (asked.removeprefix("/") or "index.html")
        body = path.read_bytes() if path.is_file() else b""
        status = "200 OK" if path.is_file() else "404 Not Found"
        head = (
            f"HTTP/1.1 {status}\r\nContent-Type: {_KINDS.get(path.suffix, 'text/plain')}\r\n"
            f"Content-Length: {len(body)}\r\n{further}Connection: close\r\n\r\n"
        )
        writer.write(head.encode() + body)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
