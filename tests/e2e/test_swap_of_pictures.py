"""A tile's picture and sound change from one connection to another."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from tests.conftest import people_at
from tests.servers.browser import People
from tests.servers.trial_page import build, served

_SWAPS = 6
_NUMBERS = 1 << 11
"""Frames are numbered up to this, and from 0 again."""
_MOST_FRAMES_BEHIND = 8
"""Less than 300 ms at 30 frames per second, where the way itself is not later."""


@pytest.fixture
async def page_at(tmp_path: Path) -> AsyncIterator[str]:
    """The address of a page that holds the tile's video alone."""
    await build("swap/vite.config.ts", tmp_path / "page")
    async with served(tmp_path / "page") as address:
        yield address


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
