"""The focus of a page: where a keyboard takes it, and whether one sees it there."""

from playwright.async_api import Locator, Page
from playwright.async_api import TimeoutError as PlaywrightTimeout

_MOST_PRESSES = 40
_ROUND = ("Tab", "Shift+Tab")
"""These keys go round the whole page, and through the browser."""
# The label around a hidden field has its ring, and the card around a title has the title's.
_FAULT = """
  (mayLeave) => {
    const focused = document.activeElement;
    if (!focused || focused === document.body) return mayLeave ? null : "nothing has the focus";
    // Where an element went away, one of these takes its place as a whole: nothing that one could press.
    if (focused.matches("h1, [role=dialog], [role=menu]")) return null;
    const shown = focused.closest("label[data-focus-visible]") ?? focused;
    const name = `<${focused.localName}> "${focused.ariaLabel ?? focused.textContent.trim().slice(0, 40)}"`;
    const hasRing = (part) => {
      const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(shown, part);
      const isDrawn = !/, 0\\)$|\\/ 0\\)$|^transparent$/.test(outlineColor);
      const isOutlined = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 && isDrawn;
      return isOutlined || /0px 0px 0px [2-9]/.test(boxShadow);
    };
    if (![null, "::after"].some(hasRing)) return `${name} has no ring`;
    const isShown = shown.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    if (!isShown) return `${name} is not shown`;
    const { left, top, right, bottom } = shown.getBoundingClientRect();
    const isWithin = left >= -1 && top >= -1 && right <= innerWidth + 1 && bottom <= innerHeight + 1;
    if (!isWithin) return `${name} is at ${[left, top, right, bottom].map(Math.round)}`;
    const [x, y] = [(left + right) / 2, (top + bottom) / 2];
    const above = document.elementFromPoint(x, y);
    const isFree = shown.contains(above) || above?.contains(focused);
    return isFree ? null : `${name} is below <${above?.localName} class="${above?.className}">`;
  }
"""


class Keyboard:
    """The keyboard of a page. Each stop of the focus has to be in sight, and to have a ring."""

    def __init__(self, page: Page) -> None:
        self._page = page

    async def types(self, text: str) -> None:
        await self._page.keyboard.type(text)

    async def presses(self, key: str) -> None:
        await self._page.keyboard.press(key)
        await self.sees_the_focus()

    async def goes_to(self, target: Locator, *, by: str = "Tab") -> None:
        """Press a key until `target` has the focus, and look at each stop on the way."""
        await target.wait_for(state="attached")
        for _ in range(_MOST_PRESSES):
            if await self._is_at(target):
                break
            await self._page.keyboard.press(by)
            # Between the page's end and its beginning lies the browser itself.
            await self.sees_the_focus(may_leave=by in _ROUND)
        assert await self._is_at(target), f"{_MOST_PRESSES} times {by} do not lead to {target}"
        await self.sees_the_focus()

    async def focused(self) -> str:
        """Return the name of what has the focus: its label, or the text in it."""
        name: str = await self._page.evaluate(
            "document.activeElement.ariaLabel ?? document.activeElement.textContent.trim()"
        )
        return name

    async def sees_the_focus(self, *, may_leave: bool = False) -> None:
        """Wait until it is drawn and scrolled to; what follows the focus may take a frame.

        It is not lost; it is beyond the page at most where it `may_leave`.
        """
        try:
            await self._page.wait_for_function(
                f"(mayLeave) => ({_FAULT.strip()})(mayLeave) === null", arg=may_leave, polling=20
            )
        except PlaywrightTimeout:
            raise AssertionError(await self._page.evaluate(_FAULT, may_leave)) from None

    async def _is_at(self, target: Locator) -> bool:
        found: bool = await target.evaluate_all("(all) => all.includes(document.activeElement)")
        return found
