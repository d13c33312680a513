"""A tile's picture and sound change from one connection to another."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from tests.conftest import people_at
from tests.servers.browser import People
from tests.servers.checkout import ROOT

_WEB = ROOT / "web"
_BUILT_WITHIN_SECONDS = 120
_SWAPS = 6
_NUMBERS = 1 << 11
"""Frames are numbered up to this, and from 0 again."""
_MOST_FRAMES_BEHIND = 8
"""Less than 300 ms at 30 frames per second, where the way itself is not later."""
_KINDS = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}


@pytest.fixture
async def page_at(tmp_path: Path) -> AsyncIterator[str]:
    """The address of a page that holds the tile's video alone."""
    folder = tmp_path / "page"
    vite = await asyncio.create_subprocess_exec(
        "node",
        _WEB / "node_modules" / "vite" / "bin" / "vite.js",
        *("build", "--config", _WEB / "trials" / "swap" / "vite.config.ts", "--outDir", folder),
        cwd=_WEB,
        env={**os.environ, "NO_COLOR": "1"},
        stdin=asyncio.subprocess.DEVNULL,
    )
    async with asyncio.timeout(_BUILT_WITHIN_SECONDS):
        assert await vite.wait() == 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
        path = folder / (asked.removeprefix("/") or "index.html")
        body = path.read_bytes() if path.is_file() else b""
        status = "200 OK" if path.is_file() else "404 Not Found"
        kind = _KINDS.get(path.suffix, "text/plain")
        head = (
            f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
            "Connection: close\r\n\r\n"
        )
        writer.write(head.encode() + body)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_swap_is_neither_seen_nor_heard(person: People, page_at: str) -> None:
    """The picture is never black, nor older than by the way that is later; one element alone is heard."""
    await _swaps_unseen(await person("ann", at=page_at))


async def test_a_swap_is_neither_seen_nor_heard_in_firefox(
    firefox_browser: Browser, request: pytest.FixtureRequest, page_at: str
) -> None:
    """The same in Firefox."""
    async with people_at(firefox_browser, request) as people:
        await _swaps_unseen(await people("ann", at=page_at))


async def _swaps_unseen(page: Page) -> None:
    await page.goto("/")
    await page.wait_for_function("() => !!window.trial")
    await page.locator("body").click()  # lets the page play sound
    await page.evaluate("() => trial.start()")
    looks: list[dict[str, Any]] = await page.evaluate("times => trial.swap(times)", _SWAPS)
    assert [look for look in looks if look["shown"] is None] == []
    assert [look for look in looks if look["heard"] != 1] == []
    assert [look for look in looks if _frames_behind(look) > _MOST_FRAMES_BEHIND] == []
    assert [look for look in looks if look["height"] == 0] == []


def _frames_behind(look: dict[str, Any]) -> int:
    """How much older the picture is than what both ways had brought at that moment."""
    behind = [(way - look["shown"]) % _NUMBERS for way in look["ways"]]
    return min(0 if frames > _NUMBERS // 2 else frames for frames in behind)
