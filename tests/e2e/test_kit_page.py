"""The page of all components, which `make dev` serves: in each theme, with more contrast, small and large."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect

from tests.conftest import SHOWN_WITHIN_MS
from tests.e2e.axe import violations
from tests.e2e.look import fits
from tests.servers.browser import People
from tests.servers.checkout import ROOT
from tests.servers.process import dying_with_parent, ended, free_port

_WEB = ROOT / "web"
_STARTED_WITHIN_SECONDS = 120
_WIDTHS = (320, 2560)
_MODES = (
    {"color_scheme": "light", "contrast": "no-preference", "forced_colors": "none"},
    {"color_scheme": "dark", "contrast": "no-preference", "forced_colors": "none"},
    {"color_scheme": "light", "contrast": "more", "forced_colors": "none"},
    {"color_scheme": "dark", "contrast": "more", "forced_colors": "none"},
    {"color_scheme": "dark", "contrast": "no-preference", "forced_colors": "active"},
)
# Forced colours take backgrounds away: two states that differ by those alone would look the same.
_SAME_LOOKS = """
  () => {
    const look = (element, part) => {
      const style = getComputedStyle(element, part);
      const { borderColor, borderStyle, borderWidth, backgroundColor, color } = style;
      return [borderColor, borderStyle, borderWidth, backgroundColor, color].join(" ");
    };
    const pairs = [
      [".switch[data-selected] .switch-track", ".switch:not([data-selected]) .switch-track"],
      [".checkbox[data-selected] .checkbox-box", ".checkbox:not([data-selected]) .checkbox-box"],
      [".choice[data-selected]", ".choice:not([data-selected])"],
      [".control[data-selected]", ".control:not([data-selected])"],
      [".theme-choice [data-selected]", ".theme-choice .button:not([data-selected])"],
      [".button.primary:not([data-disabled])", ".button.primary[data-disabled]"],
      [".field[data-invalid] input", ".field:not([data-invalid]) input"],
      [".tile[data-speaking]", ".tile:not([data-speaking])", "::after"],
    ];
    return pairs.filter(([one, other, part]) =>
      look(document.querySelector(one), part) === look(document.querySelector(other), part));
  }
"""


@pytest.fixture
async def vite() -> AsyncIterator[str]:
    """The address of Vite alone: the page asks no server."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        "node",
        _WEB / "node_modules" / "vite" / "bin" / "vite.js",
        *("--host", "127.0.0.1", "--port", str(port), "--strictPort", "--clearScreen", "false"),
        cwd=_WEB,
        env={**os.environ, "NO_COLOR": "1"},  # with CI set, it would colour the line that is waited for
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        preexec_fn=dying_with_parent(signal.SIGKILL),
    )
    assert process.stdout is not None
    async with asyncio.timeout(_STARTED_WITHIN_SECONDS):
        async for line in process.stdout:
            if b"Local:" in line:
                break
    yield f"http://127.0.0.1:{port}"
    await ended(process, signal.SIGTERM)


async def test_each_component_in_each_mode(vite: str, person: People, pytestconfig: pytest.Config) -> None:
    page = await person("nobody", at=vite)
    page.set_default_timeout(SHOWN_WITHIN_MS)
    await page.goto("/kit/")
    await expect(page.get_by_role("heading", name="The kit")).to_be_visible()
    folder = pytestconfig.rootpath / "test-results" / "screenshots"
    complaints: list[str] = []
    for number, mode in enumerate(_MODES):
        await page.emulate_media(reduced_motion="reduce", **mode)  # type: ignore[arg-type]
        for width in _WIDTHS:
            await page.set_viewport_size({"width": width, "height": 900})
            where = f"{' '.join(mode.values())} at {width} px"
            if not await fits(page, width):
                complaints.append(f"{where}: {await page.evaluate(_WIDE)}")
            if pytestconfig.getoption("--pictures"):
                folder.mkdir(parents=True, exist_ok=True)
                await page.screenshot(path=folder / f"kit-{number}-{width}.png", full_page=True)
        # axe takes the colours of the page, and not the system's.
        if mode["forced_colors"] == "none":
            name = " ".join(mode.values())
            complaints += [f"{name}: {found}" for found in await violations(page)]
    complaints += [f"The same look, forced: {pair}" for pair in await page.evaluate(_SAME_LOOKS)]
    assert not complaints, "\n".join(complaints)
    await _notes_work(page)


_WIDE = """
  () => [...document.querySelectorAll("body *")]
    .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
    .map((one) => `${one.tagName}.${one.className}`).slice(0, 5).join(", ")
"""


async def _notes_work(page: Page) -> None:
    """What the page opens is the same as in the client."""
    await page.get_by_role("button", name="Open a dialog").click()
    await expect(page.get_by_role("dialog", name="Rename the room")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Show a toast").click()
    await expect(page.get_by_role("alertdialog", name="Link copied")).to_be_visible()


def test_no_build_holds_the_page() -> None:
    built = ROOT / "src" / "parlour" / "_web"
    assert (built / "index.html").is_file()
    assert not (built / "kit").exists()
    scripts = "\n".join(script.read_text(encoding="utf-8") for script in (built / "assets").glob("*.js"))
    assert not re.search("Rename the room|Datenschutzgrundverordnungs", scripts)
