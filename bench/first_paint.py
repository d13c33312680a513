"""`python -m bench.first_paint`: how soon a stranger sees the home page, here and over a slow line.

Chromium slows its network down itself (CDP, Network.emulateNetworkConditions), with 150 ms of latency, and
has nothing in its cache. `--program` measures the `parlour` of another checkout.
"""

import argparse
import asyncio
import statistics
import tempfile
from pathlib import Path

from playwright.async_api import Browser

from tests.servers import ParlourServer
from tests.servers.browser import chromium
from tests.servers.parlour import PROGRAM

LINES = {"no limit": None, "1.6 Mbit/s": 1_600_000, "750 kbit/s": 750_000}
LATENCY_MS = 150
FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
RECEIVED = (
    "performance.getEntriesByType('resource').reduce((sum, one) => sum + one.transferSize, 0)"
    " + performance.getEntriesByType('navigation')[0].transferSize"
)
SHOWN = "performance.now()"


async def visit(browser: Browser, url: str, bits_per_second: int | None) -> tuple[float, float, int]:
    """Return the milliseconds to the first paint and to the heading, and the bytes transferred."""
    context = await browser.new_context()
    page = await context.new_page()
    if bits_per_second is not None:
        cdp = await context.new_cdp_session(page)
        await cdp.send("Network.enable")
        rate = bits_per_second / 8
        conditions = {"offline": False, "latency": LATENCY_MS, "uploadThroughput": rate}
        await cdp.send("Network.emulateNetworkConditions", {**conditions, "downloadThroughput": rate})
    await page.goto(url, wait_until="commit", timeout=120_000)
    await page.wait_for_selector("h1", timeout=120_000)
    shown = await page.evaluate(SHOWN)
    painted = float(await (await page.wait_for_function(FIRST_PAINT)).json_value())
    received = await page.evaluate(RECEIVED)
    await context.close()
    return painted, shown, received


async def measure(program: Path, rounds: int) -> None:
    with tempfile.TemporaryDirectory(prefix="parlour-bench-") as folder:
        async with ParlourServer(Path(folder), program=program) as server, chromium() as browser:
            for line, bits_per_second in LINES.items():
                found = [await visit(browser, server.url, bits_per_second) for _ in range(rounds)]
                painted, shown, received = (statistics.median(column) for column in zip(*found, strict=True))
                print(
                    f"{line}: first paint {painted / 1000:.2f} s, page {shown / 1000:.2f} s, "
                    f"{received / 1000:.0f} KB"
                )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=Path, default=PROGRAM)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    asyncio.run(measure(options.program, options.rounds))
