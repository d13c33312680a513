"""A call is exactly as large as its window, whatever it looked like before."""

from collections.abc import AsyncIterator, Iterator, Sequence

import pytest
from playwright.async_api import ViewportSize, expect

from tests.conftest import StartServer
from tests.e2e.conftest import AtBrowser
from tests.e2e.participant import Participant
from tests.integration.signaling.crowd import Crowd
from tests.people import Visitors

pytestmark = pytest.mark.database("sqlite")

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
"""Each much unlike the one before."""
PANELS = (None, "Chat", "People")
_NO_DEVICES = """
navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("None", "NotFoundError"); };
"""

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
    const boxes = [...floor.querySelectorAll('[role="group"]')].map((tile) => tile.getBoundingClientRect());
    const scrolls = floor.scrollHeight > floor.clientHeight + 1;
    boxes.forEach((box, at) => {
      expect(box.width >= 60 && box.height >= 45, `${when}: tile ${at} of ${said(box)}`);
      expect(scrolls || within(box, floor.getBoundingClientRect()), `${when}: tile ${at} at ${said(box)}`);
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
    const named = [...document.querySelectorAll('[role="toolbar"] button')];
    named.find((button) => (button.ariaLabel ?? "").startsWith(panel ?? open)).click();
    while ((document.querySelector("aside")?.ariaLabel ?? null) !== panel) await frame();
    await settled();
    examine(panel ? `${panel} opened` : `${open} closed`);
  }
  return faults;
}
"""
"""In the page: waits for its size, looks, turns to the panel, and looks again."""


@pytest.fixture
async def visitors(fresh_server: StartServer) -> AsyncIterator[Visitors]:
    """At a server on which one account may be in a call many times."""
    async with Visitors(await fresh_server({"PARLOUR_VISITS_PER_PERSON": 64})) as visitors:
        yield visitors


def every_change(sizes: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Each size directly after each other one, 63 steps."""
    for at, size in enumerate(sizes):
        yield size
        for other in sizes[at + 1 :]:
            yield other
            yield size


async def test_any_number_of_people_in_every_window_after_every_other(
    visitors: Visitors, at_browser: AtBrowser
) -> None:
    """At each step the window changes, then the panel. Five people, whose layout differs most from window to
    window, see each window after each other one; a machine has no time for that with every number of people.
    """
    account, friend = await visitors.client("ann"), await visitors.client("bob")
    ann = await at_browser(account)
    room = await account.creates_room()
    await account.invites(friend, to=room)
    # What is said of a missing camera takes room, too.
    await ann.page.add_init_script(_NO_DEVICES)
    await ann.comes_to(room)
    await ann.enters()
    async with Crowd(friend, room) as crowd:
        for people in (*range(1, 10), 24):
            await crowd.grows(to=people - 1)
            await _expects_people(ann, people)
            steps = every_change(SIZES) if people == 5 else iter(SIZES)
            for step, (width, height) in enumerate(steps):
                panel = PANELS[(step + people) % len(PANELS)]
                await ann.page.set_viewport_size(ViewportSize(width=width, height=height))
                faults = await ann.page.evaluate(_FAULTS, {"width": width, "height": height, "panel": panel})
                assert not faults, f"{people} people, {width} x {height}: {faults}"


async def _expects_people(ann: Participant, count: int) -> None:
    await expect(ann.stage.get_by_role("group")).to_have_count(count)
