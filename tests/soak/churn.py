"""`python -m tests.soak.churn`: hundreds of sockets that come, go, break and come back, beside a browser.

Fails where the server's memory or that of the browser's tab grows by more than 5 %, or where the server
keeps a task or a file handle of clients that have gone.
"""

import argparse
import asyncio
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import CDPSession

from tests.e2e.participant import Participant
from tests.integration.signaling.member import Member
from tests.people import Person, Visitors
from tests.servers import ParlourServer
from tests.servers.browser import People, chromium

GRACE = 3
PERSONS = 20
ROOM_SIZE = 10
IN_THE_TABS_ROOM = 3
PAUSE_SECONDS = 2.0
POOL = 20
"""Parallel requests: at least the size of the server's pool of database connections."""
MOST_GROWTH = 0.05
WARM_UP, ENDS = 0.2, 0.2
"""Shares of the run: the warm-up, and the first and the last period, whose medians are compared."""


@dataclass(frozen=True, slots=True)
class Held:
    """Counts of a server's tasks and file handles while no client is connected."""

    tasks: int
    sockets: int
    files: int


@dataclass(slots=True)
class Samples:
    """Bytes over time; time is the share of the whole run that had passed."""

    name: str
    found: list[tuple[float, float]] = field(default_factory=list)

    def growth(self) -> float:
        return self._median(1 - ENDS, 1) / self._median(WARM_UP, WARM_UP + ENDS) - 1

    def line(self) -> str:
        first, last = self._median(WARM_UP, WARM_UP + ENDS), self._median(1 - ENDS, 1)
        return f"{self.name}: {first / 1e6:.1f} MB, at the end {last / 1e6:.1f} MB ({self.growth():+.1%})"

    def _median(self, begin: float, end: float) -> float:
        return statistics.median(value for share, value in self.found if begin <= share <= end)


async def held(server: ParlourServer, person: Person) -> Held:
    """Count the server's tasks and files, once the pool of database connections has grown to its limit."""
    await asyncio.gather(*(person.post("/room/check", {}) for _ in range(POOL * 2)))
    answer = server.folder / "tasks"
    answer.unlink(missing_ok=True)
    os.kill(server.pid, signal.SIGUSR1)
    async with asyncio.timeout(10):
        while not answer.exists():  # noqa: ASYNC110 - a file announces no creation
            await asyncio.sleep(0.05)
    links = []
    for handle in Path(f"/proc/{server.pid}/fd").iterdir():
        try:
            links.append(str(handle.readlink()))
        except FileNotFoundError:
            continue
    sockets = sum(link.startswith("socket:") for link in links)
    return Held(tasks=int(answer.read_text()), sockets=sockets, files=len(links) - sockets)


async def churn(member: Member, until: float) -> int:
    """Let a client, resumable two times of three, move until a time; return the count of its moves."""
    moves = 0
    while time.monotonic() < until:
        await asyncio.sleep(random.expovariate(1 / PAUSE_SECONDS))
        match random.random():  # noqa: S311 - nothing depends on its secrecy
            case chance if not member.connected or not member.peer_id:
                await member.joins(resumable=member.may_resume or chance < 0.67)
            case chance if chance < 0.4:
                member.breaks()
            case chance if chance < 0.7 and member.may_resume:
                await member.connects()
                await member.joins(resumable=True)
            case _:
                await member.leaves()
        moves += 1
    return moves


async def sample(server: ParlourServer, tab: CDPSession, seconds: float) -> tuple[Samples, Samples]:
    memory, heap = Samples("server"), Samples("browser tab")
    began = time.monotonic()
    while (share := (time.monotonic() - began) / seconds) < 1:
        pages = int(Path(f"/proc/{server.pid}/statm").read_text().split()[1])
        memory.found.append((share, pages * os.sysconf("SC_PAGE_SIZE")))
        await tab.send("HeapProfiler.collectGarbage")
        metrics = (await tab.send("Performance.getMetrics"))["metrics"]
        found = {metric["name"]: metric["value"] for metric in metrics}
        heap.found.append((share, found["JSHeapUsedSize"]))
        await asyncio.sleep(max(0.5, seconds / 300))
    return memory, heap


async def rooms_of(persons: Sequence[Person], count: int) -> list[str]:
    rooms = [await persons[number % len(persons)].creates_room() for number in range(count)]
    for number, room in enumerate(rooms):
        await persons[number % len(persons)].invites(*persons, to=room)
    return rooms


async def gone(members: Sequence[Member]) -> None:
    """Disconnect all members, and wait for the end of their graces."""
    for member in members:
        await member.aclose()
        member.gone()
    await asyncio.sleep(GRACE + 2)  # members who are away hear no event


async def soak(seconds: float, sockets: int) -> int:
    async with AsyncExitStack() as ending:
        folder = Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="parlour-soak-")))
        settings: dict[str, str | int] = {
            "PARLOUR_RESUME_GRACE": GRACE,
            "PARLOUR_ACCESS_TOKEN_TTL": 86_400,
            # A few accounts have the connections of many.
            "PARLOUR_SOCKETS_PER_PERSON": 1_000,
            "PARLOUR_ENTRIES_PER_SECOND": 1_000,
            "PYTHONPATH": str(Path(__file__).parent / "probe"),
        }
        server = await ending.enter_async_context(ParlourServer(folder, settings=settings))
        people = await ending.enter_async_context(Visitors(server))
        persons = [await people.client(f"p{number}") for number in range(PERSONS)]
        rooms = await rooms_of(persons, max(1, sockets // ROOM_SIZE))
        changed = asyncio.Event()
        members = [
            Member(persons[number % PERSONS], rooms[number // ROOM_SIZE % len(rooms)], changed)
            for number in range(sockets)
        ]
        say(f"{sockets} sockets in {len(rooms)} rooms, and a browser, for {seconds:g} s")
        await asyncio.gather(*(member.joins(resumable=True) for member in members))
        await gone(members)
        before = await held(server, persons[0])

        browser = await ending.enter_async_context(chromium())
        pages = People(browser)
        ending.push_async_callback(pages.leave)
        ann = Participant(await pages("ann", server.url), persons[0])
        await ann.comes_to(rooms[0])
        await ann.enters()
        tab = await ann.page.context.new_cdp_session(ann.page)
        await tab.send("Performance.enable")
        beside = [Member(person, rooms[0], changed) for person in persons[1 : 1 + IN_THE_TABS_ROOM]]
        elsewhere = members[ROOM_SIZE:] if len(rooms) > 1 else []
        until = time.monotonic() + seconds
        measured, *moves = await asyncio.gather(
            sample(server, tab, seconds), *(churn(member, until) for member in (*elsewhere, *beside))
        )
        assert isinstance(measured, tuple)
        say(f"{sum(move for move in moves if isinstance(move, int))} joins, leaves, breaks and resumes")
        await ann.page.close()
        await gone([*elsewhere, *beside])
        after = await held(server, persons[0])
        return verdict(measured, before, after, pages.faults)


def verdict(measured: Sequence[Samples], before: Held, after: Held, faults: Sequence[str]) -> int:
    for samples in measured:
        say(samples.line())
    say(f"with nobody there: {before} before, {after} after")
    failures = [*faults, *(f"{one.name} grew" for one in measured if one.growth() > MOST_GROWTH)]
    if after.tasks > before.tasks or after.sockets > before.sockets or after.files > before.files:
        failures.append("something was left behind")
    for failure in failures:
        say(f"FAILED: {failure}")
    return 1 if failures else 0


def say(text: str) -> None:
    sys.stdout.write(f"soak: {text}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.soak.churn", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--sockets", type=int, default=200)
    options = parser.parse_args()
    sys.exit(asyncio.run(soak(options.seconds, options.sockets)))


if __name__ == "__main__":
    main()
