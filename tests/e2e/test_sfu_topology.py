"""The web client's part that sends and gets media through an SFU, in Chromium on a real LiveKit."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.servers.browser import People
from tests.servers.livekit import RunningLiveKit
from tests.servers.trial_page import build, served

_PAGE = '<!doctype html><meta charset="utf-8"><body><script type="module" src="/sfu.js"></script>'


@pytest.fixture
async def page_at(tmp_path: Path, sfu: RunningLiveKit) -> AsyncIterator[str]:
    """The address of the page, which is served below a policy as strict as Parlour's own."""
    folder = tmp_path / "page"
    await build("vite.config.ts", folder)
    (folder / "index.html").write_text(_PAGE)
    connect = f"{sfu.url} {sfu.url.replace('ws', 'http', 1)}"
    policy = f"default-src 'none'; script-src 'self'; connect-src {connect}"
    async with served(folder, {"Content-Security-Policy": policy}) as address:
        yield address


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
