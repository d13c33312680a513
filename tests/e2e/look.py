"""Pages in light, in dark and on a phone, and the rules that each page has to keep."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.async_api import Page, ViewportSize
from playwright.async_api import TimeoutError as PlaywrightTimeout

from tests.e2e.axe import OF_COLOURS, violations

_UNNAMED = re.compile(
    r"^\s*- (button|link|textbox|searchbox|checkbox|switch|radio|combobox)\b(?! \")", re.MULTILINE
)


@dataclass(frozen=True)
class Look:
    """A colour scheme and a size of the window."""

    name: str
    dark: bool
    viewport: ViewportSize
    audit: Literal["whole", "colours", "none"]
    """axe judges a page by all of its rules once, and by those of colours once for each theme."""


SETTLED_WITHIN_MS = 60_000


LOOKS = (
    Look("light", dark=False, viewport={"width": 1280, "height": 800}, audit="whole"),
    Look("dark", dark=True, viewport={"width": 1280, "height": 800}, audit="colours"),
    Look("phone", dark=False, viewport={"width": 320, "height": 640}, audit="none"),
)


class Photographer:
    """A check of pages in every look. `complaints` lists pages wider than the window and unnamed controls.

    The checks read the document, which needs no rendered frame. A screenshot does, and a browser that gets
    no core renders none, so screenshots are only taken on demand, into `folder`.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self.complaints: list[str] = []

    async def takes(self, page: Page, name: str, *, audited: bool = True) -> None:
        """Check `page` in every look, also by axe if `audited`; afterwards it has the first look again."""
        await _shows_what_was_opened(page)
        for look in LOOKS:
            await _wear(page, look)
            where = f"{name} ({look.name})"
            if not await fits(page, look.viewport["width"]):
                width = await page.evaluate("document.documentElement.scrollWidth")
                self.complaints.append(f"{where}: {width} px wide in {look.viewport['width']}")
            if not look.dark:  # colours name nothing
                snapshot = await page.locator("body").aria_snapshot()
                self.complaints += [
                    f"{where}: a {found[1]} without a name" for found in _UNNAMED.finditer(snapshot)
                ]
            if audited and look.audit != "none":
                only = OF_COLOURS if look.audit == "colours" else ()
                self.complaints += [f"{where}: {found}" for found in await violations(page, only=only)]
            if self._folder is not None:
                picture = self._folder / f"{name}-{look.name}.png"
                await page.screenshot(path=picture, animations="disabled")
        await _wear(page, LOOKS[0])


async def _shows_what_was_opened(page: Page) -> None:
    """Wait for the menu of each button that is expanded.

    A menu is loaded once its button is pressed. One that opens in the middle of an audit hides the rest of
    the page, and axe, which has not seen the menu, misses the page's landmark and heading.
    """
    await page.wait_for_function(
        "() => !document.querySelector('[aria-haspopup][aria-expanded=true]:not([aria-controls])')",
        polling=20,
        timeout=SETTLED_WITHIN_MS,
    )


async def fits(page: Page, width: int) -> bool:
    """True if the page fits, once elements that follow the window's size, such as a menu, have moved."""
    narrow = "(width) => document.documentElement.scrollWidth <= width"
    try:
        await page.wait_for_function(narrow, arg=width, polling=20, timeout=SETTLED_WITHIN_MS)
    except PlaywrightTimeout:
        return False
    return True


async def _wear(page: Page, look: Look) -> None:
    # Without motion, colours are at once what they stay.
    await page.emulate_media(color_scheme="dark" if look.dark else "light", reduced_motion="reduce")
    await page.set_viewport_size(look.viewport)
    # The page learns of its size a little later. Polled: by default, Playwright waits for frames.
    await page.wait_for_function(
        "([dark, width]) =>"
        " innerWidth === width && matchMedia('(prefers-color-scheme: dark)').matches === dark",
        arg=[look.dark, look.viewport["width"]],
        polling=20,
    )
