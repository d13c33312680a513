"""`python -m bench.large_call`: what a call of 300 people costs a browser, 25 of whom show themselves.

All but one are sockets without a browser; those that show themselves send small pictures to the LiveKit
beside Parlour, and some speak in turns. Everything runs on this machine. Prints a table in Markdown.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Page

from bench.machine import ProcessClock
from tests.e2e.media import keep_connections
from tests.e2e.participant import Participant
from tests.integration.recorder.conftest import program
from tests.integration.signaling.crowd import Crowd
from tests.people import Visitors
from tests.servers import ParlourServer
from tests.servers.browser import CHROMIUM, People, chromium
from tests.servers.livekit import embedded_livekit
from tests.servers.stopwatch import descendants

PUBLISHERS = Path(__file__).with_name("publishers.py")
SPEAKERS = 3
SETTLE_SECONDS = 15.0
_LONG_TASKS = """
  window.longTasks = [];
  new PerformanceObserver((list) => longTasks.push(...list.getEntries().map(({ duration }) => duration)))
    .observe({ entryTypes: ["longtask"] });
"""
_FIGURES = """
  async () => {
    const open = window.connections.filter(({ connectionState }) => connectionState === "connected");
    const all = await Promise.all(open.map((one) => one.getStats()));
    const reports = all.flatMap((report) => [...report.values()]);
    const inbound = reports.filter(({ type }) => type === "inbound-rtp");
    const flowing = (kind) => inbound.filter((one) => one.kind === kind).length;
    return {
      connections: window.connections.filter(({ connectionState }) => connectionState !== "closed").length,
      pictures: flowing("video"),
      voices: flowing("audio"),
      tiles: document.querySelectorAll(".tile:not([hidden])").length,
      elements: document.querySelectorAll("*").length,
      heap: Math.round(performance.memory.usedJSHeapSize / 1e6),
      longTasks: window.longTasks.splice(0).map(Math.round),
    };
  }
"""


@asynccontextmanager
async def call_of(people: int, publishers: int, folder: Path) -> AsyncIterator[Page]:
    """Have all come, and a browser the last."""
    settings = {
        **embedded_livekit(),
        "PARLOUR_PEOPLE_PER_CALL": 512,
        "PARLOUR_VISITS_PER_PERSON": 512,
        "PARLOUR_SOCKETS_PER_PERSON": 600,
        "PARLOUR_ENTRIES_PER_SECOND": 1000,
    }
    async with (
        ParlourServer(folder, settings=settings) as server,
        Visitors(server) as visitors,
        chromium(CHROMIUM) as browser,
    ):
        ann, others = await visitors.client("ann"), await visitors.client("bob")
        room = await ann.creates_room()
        await ann.invites(others, to=room)
        page = await People(browser)("ann", at=server.url)
        await keep_connections(page)
        await page.add_init_script(_LONG_TASKS)
        async with Crowd(others, room, topologies=["mesh", "sfu"]) as crowd:
            began = time.monotonic()
            await crowd.grows(to=people - 1)
            say(f"{people - 1} have joined within {time.monotonic() - began:.1f} s")
            async with sending(crowd, publishers, server.address, folder):
                someone, began = Participant(page, ann), time.monotonic()
                await someone.comes_to(room)
                await someone.enters()
                say(f"The browser is in within {time.monotonic() - began:.1f} s")
                await asyncio.sleep(SETTLE_SECONDS)
                yield page


@asynccontextmanager
async def sending(crowd: Crowd, publishers: int, address: str, folder: Path) -> AsyncIterator[None]:
    """Have the last ones of a crowd send pictures: they come to the front."""
    senders = crowd.members[-publishers:]
    async with asyncio.timeout(60):
        while not all(member.way for member in senders):
            crowd.changed.clear()
            await crowd.changed.wait()
    async with program(str(PUBLISHERS), folder=folder, log=folder / "publishers.log") as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("a program of which both are pipes")
        url = address.replace("http", "ws", 1) + str(senders[0].way["url"])
        asked = {"url": url, "tokens": [member.way["token"] for member in senders], "speakers": SPEAKERS}
        process.stdin.write(json.dumps(asked).encode() + b"\n")
        await process.stdin.drain()
        async with asyncio.timeout(120):
            if not await process.stdout.readline():
                raise RuntimeError((folder / "publishers.log").read_text())
        say("All who show themselves send")
        yield


async def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="parlour-large-") as name:
        async with call_of(options.people, options.publishers, Path(name)) as page:
            for what, act in (("first page", stay), ("next page", turn), ("list of people", listed)):
                await act(page)
                if options.pictures:
                    await page.screenshot(path=options.pictures / f"{what.replace(' ', '-')}.png")
                found.append({"what": what, **await figures(page, options.seconds)})
                say(json.dumps(found[-1]))
    return found


async def stay(_page: Page) -> None:
    """The page that one sees at first is measured as it is."""


async def turn(page: Page) -> None:
    await page.keyboard.press("PageDown")
    await asyncio.sleep(5)


async def listed(page: Page) -> None:
    await page.get_by_role("button", name="People").click()
    await asyncio.sleep(5)


async def figures(page: Page, seconds: float) -> dict[str, Any]:
    await page.evaluate(_FIGURES)
    clocks = [ProcessClock(pid) for pid in descendants(os.getpid()) if "chrom" in command_of(pid)]
    before = sum(clock.seconds() for clock in clocks)
    await asyncio.sleep(seconds)
    cores = (sum(clock.seconds() for clock in clocks) - before) / seconds
    page_figures: dict[str, Any] = await page.evaluate(_FIGURES)
    return {"cores": round(cores, 2), **page_figures}


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text()
    except OSError:  # it has ended
        return ""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def table(found: list[dict[str, Any]]) -> str:
    heads = [name for name in found[0] if name != "longTasks"]
    lines = [f"| {' | '.join([*heads, 'long tasks (ms)'])} |", "|" + " --- |" * (len(heads) + 1)]
    for one in found:
        longest = ", ".join(map(str, sorted(one["longTasks"], reverse=True)[:5])) or "none"
        lines.append(f"| {' | '.join(str(one[head]) for head in heads)} | {longest} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.large_call", description=__doc__)
    parser.add_argument("--people", type=int, default=300, help="how many are in the call")
    parser.add_argument("--publishers", type=int, default=25, help="how many of them show themselves")
    parser.add_argument("--seconds", type=float, default=15.0, help="how long each row is measured")
    parser.add_argument("--pictures", type=Path, help="a folder for screenshots")
    options = parser.parse_args()
    print(table(asyncio.run(measure(options))))


if __name__ == "__main__":
    main()
