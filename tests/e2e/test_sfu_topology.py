"""The web client's part that sends and gets media through an SFU, in Chromium on a real LiveKit."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.servers.browser import People
from tests.servers.checkout import ROOT
from tests.servers.livekit import RunningLiveKit, livekit

_WEB = ROOT / "web"
_BUILT_WITHIN_SECONDS = 120
_PAGE = b'<!doctype html><meta charset="utf-8"><body><script type="module" src="/sfu.js"></script>'


@pytest.fixture
async def script(tmp_path: Path) -> Path:
    """The folder with the page's script, which holds `call/sfu` alone."""
    folder = tmp_path / "page"
    vite = await asyncio.create_subprocess_exec(
        "node",
        _WEB / "node_modules" / "vite" / "bin" / "vite.js",
        *("build", "--config", _WEB / "trials" / "vite.config.ts", "--outDir", folder),
        cwd=_WEB,
        env={**os.environ, "NO_COLOR": "1"},
        stdin=asyncio.subprocess.DEVNULL,
    )
    async with asyncio.timeout(_BUILT_WITHIN_SECONDS):
        assert await vite.wait() == 0
    return folder


@pytest.fixture
async def sfu(tmp_path: Path) -> AsyncIterator[RunningLiveKit]:
    folder = tmp_path / "livekit"
    folder.mkdir()
    async with livekit(folder) as running:
        yield running


@pytest.fixture
async def page_at(script: Path, sfu: RunningLiveKit) -> AsyncIterator[str]:
    """The address of the page, which is served below a policy as strict as Parlour's own."""
    connect = f"{sfu.url} {sfu.url.replace('ws', 'http', 1)}"
    policy = f"default-src 'none'; script-src 'self'; connect-src {connect}"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
        path = script / asked.removeprefix("/")
        body = path.read_bytes() if path.is_file() else _PAGE
        kind = "text/javascript" if path.suffix == ".js" else "text/html"
        head = (
            f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
            f"Content-Security-Policy: {policy}\r\nConnection: close\r\n\r\n"
        )
        writer.write(head.encode() + body)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_two_people_on_a_real_sfu(person: People, page_at: str, sfu: RunningLiveKit) -> None:
    """Pictures come as large as they are wished for, voices are told apart from silence, and nothing is said
    to the console.
    """
    said: list[str] = []
    page = await person("ann and bob", at=page_at)
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    await page.goto("/")
    await page.wait_for_function("() => !!window.trial")
    await sfu.make_room("7-1")
    for name, other in (("ann", "bob"), ("bob", "ann")):
        way = {"url": sfu.url, "token": sfu.token(name, "7-1")}
        await page.evaluate("([name, way, others]) => trial.enter(name, way, others)", [name, way, [other]])
    await page.evaluate("() => Promise.all([trial.useDevices('ann'), trial.useDevices('bob')])")
    await page.evaluate("() => trial.pictures('bob', 'ann')")
    await page.evaluate("() => trial.voice('bob', 'ann')")
    await page.evaluate("() => Promise.all([trial.screen('ann', 'bob'), trial.gestures('bob', 'ann')])")
    await page.evaluate("() => trial.measured('bob', 'ann')")
    await page.evaluate("() => trial.leave('ann')")
    await page.evaluate("() => trial.gone('bob', 'ann')")
    assert said == []
    await sfu.kill()
    await page.evaluate("() => trial.state('bob', 'reconnecting')")
