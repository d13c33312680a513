"""Audits of pages by axe-core: WCAG 2.2 up to level AA, and axe's best practices."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from playwright.async_api import Page

_AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
# React Aria keeps what it has said for a while, with the ids of elements that may be gone by then.
_RUNS = """
  async ({ rules, only }) => {
    const { violations } = await axe.run({ exclude: [["[data-live-announcer]"]] }, {
      resultTypes: ["violations"],
      preload: false,
      ...(only.length > 0 ? { runOnly: only } : { rules }),
    });
    const reasons = ({ any, all, none }) =>
      [...any, ...all, ...none].map(({ message }) => message).join("; ");
    return violations.flatMap(({ id, nodes }) =>
      nodes.slice(0, 5).map((node) => `${id} at ${node.target.flat().join(" ")}: ${reasons(node)}`));
  }
"""
_RULES = {"target-size": {"enabled": True}}
"""Rules that axe leaves out unless asked: 24 CSS px for what one presses (WCAG 2.2, 2.5.8)."""
OF_COLOURS = ("color-contrast", "link-in-text-block")
"""The rules that look at colours: what a page that passed the others needs in another theme."""


@cache
def _axe() -> str:
    return _AXE.read_text(encoding="utf-8")


async def violations(page: Page, *, only: Sequence[str] = ()) -> list[str]:
    """Return what axe finds amiss on the page as it is now, by the rules `only` if some are given.

    The page keeps axe for the next audit.
    """
    if not await page.evaluate("() => 'axe' in window"):
        await page.evaluate(_axe())
    found: list[str] = await page.evaluate(_RUNS, {"rules": _RULES, "only": only})
    return found
