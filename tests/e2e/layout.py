"""Faults of a call's layout: elements outside the window, or over other elements."""

from playwright.async_api import Page, ViewportSize

SIZES = (
    (3440, 1440),
    (320, 568),
    (1366, 768),
    (844, 390),
    (390, 844),
    (1280, 800),
    (768, 1024),
    (1024, 768),
)
"""Sizes in an order in which each differs much from its predecessor."""

_FAULTS = """
async ({ width, height, panel }) => {
  const frame = () => new Promise(requestAnimationFrame);
  // Observers of sizes run at the end of a frame.
  const settled = async () => { await frame(); await new Promise((done) => setTimeout(done)); };
  const faults = [];
  const expect = (kept, what) => kept || faults.push(what);
  const within = (inner, outer) =>
    inner.left >= outer.left - 1 && inner.right <= outer.right + 1 &&
    inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1;
  const said = ({ left, top, right, bottom }) => [left, top, right, bottom].map(Math.round).join(" ");
  const examine = (when) => {
    const view = { left: 0, top: 0, right: innerWidth, bottom: innerHeight };
    const { scrollWidth, scrollHeight } = document.documentElement;
    expect(scrollWidth <= innerWidth && scrollHeight <= innerHeight,
      `${when}: the page is ${scrollWidth} x ${scrollHeight}`);
    const controls = '[role="toolbar"] button, aside textarea, aside [type="submit"]';
    for (const control of document.querySelectorAll(controls)) {
      const box = control.getBoundingClientRect();
      const name = control.ariaLabel ?? control.type;
      expect(box.width > 0 && within(box, view), `${when}: ${name} at ${said(box)}`);
    }
    const floor = document.querySelector(".stage-floor");
    const tiles = [...floor.querySelectorAll('[role="group"]')];
    const onPage = tiles.filter((tile) => tile.checkVisibility());
    expect(onPage.length === tiles.length || onPage.length >= 1 && floor.querySelector("nav"),
      `${when}: ${onPage.length} of ${tiles.length} tiles and no pages`);
    const boxes = [...onPage, ...floor.querySelectorAll("nav")].map((tile) => tile.getBoundingClientRect());
    boxes.forEach((box, at) => {
      expect(box.width >= 60 && box.height >= 45, `${when}: tile ${at} of ${said(box)}`);
      expect(within(box, floor.getBoundingClientRect()), `${when}: tile ${at} at ${said(box)}`);
      expect(floor.parentElement.classList.contains("pair") || boxes.slice(at + 1).every((other) =>
        other.left >= box.right - 1 || other.right <= box.left + 1 ||
        other.top >= box.bottom - 1 || other.bottom <= box.top + 1), `${when}: tile ${at} overlaps`);
    });
  };
  while (innerWidth !== width || innerHeight !== height) await frame();
  await settled();
  examine("resized");
  const open = document.querySelector("aside")?.ariaLabel ?? null;
  if (open !== panel) {
    const named = [...document.querySelectorAll('[role="toolbar"] button, .call-bar button')];
    named.find((button) => (button.ariaLabel ?? "").startsWith(panel ?? open)).click();
    while ((document.querySelector("aside")?.ariaLabel ?? null) !== panel) await frame();
    await settled();
    examine(panel ? `${panel} opened` : `${open} closed`);
  }
  return faults;
}
"""
"""A script in the page: it waits for its size, looks, opens or closes the panel, and looks again."""


async def layout_faults(page: Page, width: int, height: int, *, panel: str | None) -> list[str]:
    """Return the faults in a window of this size, with this panel open, or with none."""
    await page.set_viewport_size(ViewportSize(width=width, height=height))
    faults: list[str] = await page.evaluate(_FAULTS, {"width": width, "height": height, "panel": panel})
    return faults
