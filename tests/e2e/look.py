"""How a page looks: in light, in dark, and on a phone; and what any page has to keep to."""

import re
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Page, ViewportSize
from playwright.async_api import TimeoutError as PlaywrightTimeout

_UNNAMED = re.compile(
    r"^\s*- (button|link|textbox|searchbox|checkbox|switch|radio|combobox)\b(?! \")", re.MULTILINE
)


@dataclass(frozen=True)
class Look:
    name: str
    dark: bool
    viewport: ViewportSize


SETTLED_WITHIN_MS = 20_000


LOOKS = (
    Look("light", dark=False, viewport={"width": 1280, "height": 800}),
    Look("dark", dark=True, viewport={"width": 1280, "height": 800}),
    Look("phone", dark=False, viewport={"width": 390, "height": 844}),
)


class Photographer:
    """Looks at each page in each look; `complaints`: what does not fit, or has no name.

    What is judged is in the document, which needs no frame. A picture does: a browser that gets no core
    draws none for as long as that lasts, so pictures are for people who ask for them, into `folder`.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self.complaints: list[str] = []

    async def takes(self, page: Page, name: str) -> None:
        """`page` as it is, in every look; afterwards it has the first look again."""
        for look in LOOKS:
            await _wear(page, look)
            where = f"{name} ({look.name})"
            if not await _fits(page, look.viewport["width"]):
                width = await page.evaluate("document.documentElement.scrollWidth")
                self.complaints.append(f"{where}: {width} px wide in {look.viewport['width']}")
            snapshot = await page.locator("body").aria_snapshot()
            self.complaints += [
                f"{where}: a {found[1]} without a name" for found in _UNNAMED.finditer(snapshot)
            ]
            if self._folder is not None:
                picture = self._folder / f"{name}-{look.name}.png"
                await page.screenshot(path=picture, animations="disabled")
        await _wear(page, LOOKS[0])


async def _fits(page: Page, width: int) -> bool:
    """Once what follows the window's size, such as an open menu, has found its new place."""
    fits = "(width) => document.documentElement.scrollWidth <= width"
    try:
        await page.wait_for_function(fits, arg=width, polling=20, timeout=SETTLED_WITHIN_MS)
    except PlaywrightTimeout:
        return False
    return True


async def _wear(page: Page, look: Look) -> None:
    await page.emulate_media(color_scheme="dark" if look.dark else "light")
    await page.set_viewport_size(look.viewport)
    # The page is told of its size a little later. Not by a frame, which is the default: see Photographer.
    await page.wait_for_function(
        "([dark, width]) =>"
        " innerWidth === width && matchMedia('(prefers-color-scheme: dark)').matches === dark",
        arg=[look.dark, look.viewport["width"]],
        polling=20,
    )
