"""What people are told of the connections of their call, on a line that is weak for a while."""

import json
import re
from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.seats import Seat

pytestmark = pytest.mark.database("sqlite")

JUDGED_WITHIN_MS = 90_000
"""Three windows of five seconds of the page, on a machine that may be busy."""
_IS_DRAWN = """
  (canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size > 2;
  }
"""


async def is_marked(here: Seat, about: Seat, mark: str) -> None:
    """Wait until the other's tile, and one's own, has this mark."""
    person = here.participant
    for name in (about.participant.name, f"{person.name} (you)"):
        marked = person.tile(name).get_by_role("img", name=mark)
        await expect(marked).to_be_visible(timeout=JUDGED_WITHIN_MS)


async def test_a_weak_line_is_marked_explained_drawn_and_saved(
    pair: tuple[Seat, Seat], tmp_path: Path
) -> None:
    ann, bob = pair
    person, other = ann.participant, bob.participant.name
    page = person.page
    await is_marked(ann, bob, "Good connection")

    bob.host.link.loss, bob.host.link.delay = 0.18, 0.03
    updates = page.get_by_role("status", name="Call updates")
    await expect(updates).to_contain_text(f"Connection with {other} is poor", timeout=JUDGED_WITHIN_MS)
    await is_marked(ann, bob, "Poor connection")

    opener = page.get_by_role("button", name=re.compile("^Connections"))
    await opener.press("Enter")
    panel = page.get_by_role("complementary", name="Connections")
    await expect(panel).to_be_focused()
    weak = panel.get_by_text(f"The connection between you and {other} is weak.")
    await expect(weak).to_be_visible()
    await _figures_are_there(panel, other)
    await _plot_is_drawn(panel, other)
    await _report_says_it_all(ann, panel, other, tmp_path)

    bob.host.link.loss = 0
    await is_marked(ann, bob, "Good connection")
    await expect(updates).to_contain_text(f"Connection with {other} is better again")
    await expect(weak).to_have_count(0)
    await page.keyboard.press("Escape")
    await expect(panel).to_have_count(0)
    await expect(opener).to_be_focused()


async def _figures_are_there(panel: Locator, other: str) -> None:
    line = panel.get_by_role("list", name="Connections now").get_by_role("listitem").filter(has_text=other)
    await line.locator("summary").press("Enter")
    figures = line.locator("dl")
    await expect(figures).to_be_visible()
    for figure in (
        r"Round trip\s*\d+ ms",
        r"Packet loss\s*[\d.]+% in",
        r"Sent\s*[\d.]+ [kM]bit/s",
        r"Path\s*direct, UDP",
    ):
        await expect(figures).to_contain_text(re.compile(figure))


async def _plot_is_drawn(panel: Locator, other: str) -> None:
    await expect(panel.get_by_role("img", name=re.compile(rf"^Round trip\. {other}: \d+ ms"))).to_be_visible()
    await panel.get_by_role("combobox", name="Last ten minutes").select_option("Packet loss")
    plot = panel.get_by_role("img", name=re.compile(rf"^Packet loss\. {other}: [\d.]+%"))
    await expect(plot).to_be_visible()
    assert await plot.locator("canvas").evaluate(_IS_DRAWN)


async def _report_says_it_all(ann: Seat, panel: Locator, other: str, folder: Path) -> None:
    page = ann.participant.page
    async with page.expect_download() as saving:
        await panel.get_by_role("button", name="Save a report").click()
    saved = await saving.value
    assert re.fullmatch(r"parlour-connections-[\dT-]+\.html", saved.suggested_filename)
    await saved.save_as(report := folder / "report.html")
    data = re.search(r'id="data">(.*)</script>', report.read_text(encoding="utf-8"))
    assert data
    [connection] = json.loads(data[1])["connections"]
    assert connection["username"] == other
    assert connection["standing"]["mark"] == "poor"
    assert max(window["lossIn"] or 0 for window in connection["windows"]) > 0.1

    opened = await page.context.new_page()
    await opened.goto(report.as_uri())
    await expect(opened.get_by_role("heading", name="Connection report")).to_be_visible()
    await expect(opened.get_by_role("table")).to_contain_text("Poor connection (direct, UDP)")
    await opened.close()
