"""Faults of pages that are enlarged, or in small windows: what is wider, cut off, covered or out of reach."""

from playwright.async_api import Page, ViewportSize

_FAULTS = """
  () => {
    const faults = new Set();
    const named = (element) => {
      const text = element.ariaLabel ?? element.textContent.trim().slice(0, 30);
      return `<${element.localName} class="${element.className}"> "${text}"`.slice(0, 90);
    };
    const isSeen = (element) => element.checkVisibility({ visibilityProperty: true })
      && !element.closest("[inert], [aria-hidden=true]");
    const hides = (overflow) => ["hidden", "clip"].includes(overflow);
    const directionOf = (text) => (/^[^\\p{L}]*\\p{Script=Arabic}/u.test(text) ? "rtl" : "ltr");
    const { scrollWidth } = document.documentElement;
    if (scrollWidth > innerWidth) faults.add(`the page is ${scrollWidth} wide in ${innerWidth}`);

    /* What surrounds a text and cuts it off; null where nothing does, or dots say so. */
    const cutter = (element, text, words) => {
      for (let around = element; around && around !== document.body; around = around.parentElement) {
        const style = getComputedStyle(around);
        if (style.webkitLineClamp !== "none") return null;
        if (style.textOverflow === "ellipsis") {
          const isCut = around.scrollWidth > around.clientWidth;
          return isCut && style.direction !== directionOf(words) ? around : null;
        }
        const box = around.getBoundingClientRect();
        const isWider = text.left < box.left - 1 || text.right > box.right + 1;
        const isHigher = text.top < box.top - 2 || text.bottom > box.bottom + 2;
        if (hides(style.overflowX) && isWider || hides(style.overflowY) && isHigher) return around;
        if (["auto", "scroll"].includes(style.overflowY)) return null;
      }
      return null;
    };
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const { currentNode: words } = texts;
      const element = words.parentElement;
      if (!words.data.trim() || !isSeen(element) || element.closest(".unseen, noscript, textarea")) continue;
      const range = new Range();
      range.selectNodeContents(words);
      const text = range.getBoundingClientRect();
      if (text.width === 0) continue;
      const around = cutter(element, text, words.data);
      if (around) faults.add(`${named(element)} is cut off by ${named(around)}`);
      const button = element.closest("button, .button, [role=menuitem], .badge");
      const box = button?.getBoundingClientRect();
      const isDotted = getComputedStyle(element).textOverflow === "ellipsis";
      const leaves = box && (text.left < box.left - 1 || text.right > box.right + 1
        || text.top < box.top - 2 || text.bottom > box.bottom + 2);
      if (leaves && !isDotted) faults.add(`the text leaves ${named(button)}`);
    }

    const modal = document.querySelector(".modal, .popover");
    const controls = (modal ?? document).querySelectorAll(
      "button, a[href], input, textarea, select, summary, [role=menuitem]");
    for (const control of controls) {
      const isDrawnByLabel = control.matches("input[type=checkbox], input[type=radio]");
      const shown = isDrawnByLabel ? control.closest("label") : control;
      // Those that no key reaches are doubles: for screen readers, or for the mouse.
      if (!isSeen(shown) || shown.matches("button[tabindex='-1']")) continue;
      shown.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
      const { left, top, right, bottom } = shown.getBoundingClientRect();
      if (right - left < 2) continue;
      const name = `${named(shown)} at ${[left, top, right, bottom].map(Math.round).join(" ")}`;
      const isOutside = left < -1 || right > innerWidth + 1 || bottom < 8 || top > innerHeight - 8;
      if (isOutside) faults.add(`${name} is out of reach`);
      const y = (Math.max(top, 0) + Math.min(bottom, innerHeight)) / 2;
      const above = isOutside ? null : document.elementFromPoint((left + right) / 2, y);
      // A note beside what has the focus goes away with it.
      const isFree = !above || shown.contains(above) || above.contains(shown) || above.closest(".tooltip");
      if (!isFree) faults.add(`${name} is below ${named(above)}`);
    }
    scrollTo(0, 0);
    return [...faults].slice(0, 12);
  }
"""


async def faults_at(page: Page, width: int, height: int, *, root_px: int = 16) -> list[str]:
    """Return the faults in a window of this size, once it is laid out, with the root's text this large."""
    await page.set_viewport_size(ViewportSize(width=width, height=height))
    await page.evaluate("(px) => { document.documentElement.style.fontSize = `${px}px`; }", root_px)
    await page.evaluate(
        """async ({ width, height }) => {
          const frame = () => new Promise(requestAnimationFrame);
          while (innerWidth !== width || innerHeight !== height) await frame();
          await frame();
          await new Promise((done) => setTimeout(done));
        }""",
        {"width": width, "height": height},
    )
    found: list[str] = await page.evaluate(_FAULTS)
    return found
