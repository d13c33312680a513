"""Boxes of a page that change from one frame to the next while nothing happens there."""

import asyncio

from playwright.async_api import Page

_WITHIN_SECONDS = 120
# An element whose parent moves as well is moved along, so the outermost one is named.
_MOVED = """
  async ({ frames, still }) => {
    const frame = () => new Promise(requestAnimationFrame);
    const boxes = () => new Map([...document.querySelectorAll("body, body *")].map((element) => {
      const { left, top, width, height } = element.getBoundingClientRect();
      return [element, [left, top, width, height].map((length) => Math.round(length * 64) / 64).join(" ")];
    }));
    const named = ({ localName, className, ariaLabel }) =>
      `<${localName} class="${className.baseVal ?? className}"${ariaLabel ? ` "${ariaLabel}"` : ""}>`;
    const found = new Map();
    let before = boxes();
    for (let count = 0; count < frames; count++) {
      await frame();
      const now = boxes();
      const moved = (element) => before.has(element) && now.get(element) !== before.get(element);
      for (const element of now.keys()) {
        const isOurs = still === null || element.closest(still);
        if (isOurs && moved(element) && !(element.parentElement && moved(element.parentElement)))
          found.set(named(element), `from ${before.get(element)} to ${now.get(element)}`);
      }
      before = now;
    }
    return [...found].slice(0, 10).map(([name, change]) => `${name} ${change}`);
  }
"""


async def moved(page: Page, *, frames: int = 30, still: str | None = None) -> list[str]:
    """Return which boxes change within so many frames; `still` selects those that matter, and all in them."""
    async with asyncio.timeout(_WITHIN_SECONDS):
        found: list[str] = await page.evaluate(_MOVED, {"frames": frames, "still": still})
    return found
