"""A person enters a call of one or two others in a real browser, from the click to the last picture.

Each person has a browser process of their own, all on the same cores; bench/node/entries.mjs drives them. The
floor is measured in the same browsers: bare peer connections whose descriptions go through a bare relay.
"""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from bench.client import Lost
from bench.machine import busy_share
from bench.outcome import FLOOR, PARLOUR, Figure, Figures
from bench.seed import FOURS, PASSWORD
from bench.servers import NODE_FOLDER
from bench.slices import Run
from tests.servers.process import dying_with_parent

PROGRAMS = {"chromium": Path("/usr/bin/chromium"), "firefox": Path("/usr/bin/firefox-esr")}
TARGETS = {2: 230.0, 3: 400.0}
"""Milliseconds to the last picture, by the number of people in the call."""
FLOOR_TARGET = 1.4
ENTRIES_AT_A_TIME = 6
"""Entries of Parlour, then as many of the floor: the others have to enter anew each time."""
WITHIN_SECONDS = 240
_LINE = 1 << 20
_FIRST_ROOM = 480
"""The rooms of four are shared with other workloads: people log in anew here, which ends no session there."""

STEPS = {
    "join sent": "join sent",
    "acknowledged": "join acknowledged",
    "add-peer": "last add-peer",
    "description sent": "last offer sent",
    "description received": "last answer received",
    "remote set": "last answer set",
    "ice connected": "ICE connected",
    "connection connected": "DTLS connected",
    "key frame received": "key frame received",
    "seen": "last picture seen",
}
"""Titles of the steps by their names in bench/node/entries/watch.js: of several connections, the last one."""


def entry_figures(browser: str, people: int) -> tuple[Figure, ...]:
    last = Figure(
        key="seen",
        title=f"Click to last picture, {people} people, {browser.capitalize()}",
        unit="ms",
        own_target=TARGETS[people],
        target=FLOOR_TARGET,
    )
    others = Figure(key="others", title="Click to the others seeing the newcomer", unit="ms")
    steps = (Figure(key=key, title=f"Click to {STEPS[key]}", unit="ms") for key in STEPS if key != "seen")
    return (last, others, *steps)


@dataclass(frozen=True, slots=True)
class Marks:
    """The steps that a page noted, in milliseconds since the epoch, in their order."""

    times: Sequence[tuple[str, float]]

    @classmethod
    def read(cls, notes: Sequence[dict[str, Any]]) -> Self:
        return cls([(note["step"], note["at"]) for note in notes])

    def first(self, step: str) -> float:
        return min(self.of(step))

    def last(self, step: str) -> float:
        return max(self.of(step))

    def of(self, step: str) -> list[float]:
        return [at for name, at in self.times if name == step]


def figures(entry: dict[str, Any]) -> Figures:
    """Return the milliseconds from the click to each step that was noted."""
    newcomer = Marks.read(entry["newcomer"])
    click = newcomer.first("click")
    others = max(Marks.read(notes).last("seen") for notes in entry["others"])
    found = {step: newcomer.last(step) - click for step in STEPS if newcomer.of(step)}
    return found | {"others": others - click}


def steps_between(found: Figures) -> Iterator[tuple[str, float]]:
    """Yield the steps in the order of `STEPS` with the time since the step before, which counts from 0 up.

    ICE may be connected before a page hears that its description is set, so a step can take no time.
    """
    reached = 0.0
    known = [step for step in STEPS if step in found]
    for step in known:
        now = max(reached, found[step])
        yield step, now - reached
        reached = now


def entries(browser: str, people: int, index: int) -> Callable[[Run], Coroutine[Any, Any, None]]:
    """Return a workload; `index` is its own, so that no two share a room."""

    async def measure(run: Run) -> None:
        if not PROGRAMS[browser].exists():
            run.outcome.missing = f"{PROGRAMS[browser]} is missing; `make test-packages` installs it."
            return
        run.outcome.others.append(await busy_share(0.5))
        (server,) = run.servers
        room = _FIRST_ROOM + index
        at_a_time = min(ENTRIES_AT_A_TIME, run.rounds)
        job = {
            "browser": browser,
            "url": f"http://localhost:{server.port}",
            "room": FOURS.room(room),
            "people": [run.seed.people[number].username for number in FOURS.people(room)][:people],
            "password": PASSWORD,
            "rounds": max(1, run.rounds // at_a_time),
            "entries": at_a_time,
        }
        found: dict[str, list[Figures]] = {PARLOUR: [], FLOOR: []}
        async for entry in _drive(job):
            found[entry["subject"]].append(figures(entry))
            run.say(f"    {run.outcome.workload}: {entry['subject']}, entry {len(found[entry['subject']])}")
        for own, floor in zip(found[PARLOUR], found[FLOOR], strict=True):
            run.outcome.rounds.append({PARLOUR: own, FLOOR: floor})

    return measure


async def _drive(job: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """Run the browsers and yield each entry. Raises Lost if they fail, TimeoutError if they hang."""
    driver = await asyncio.create_subprocess_exec(
        "node",
        NODE_FOLDER / "entries.mjs",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LINE,
        preexec_fn=dying_with_parent(signal.SIGTERM),
    )
    assert driver.stdin is not None
    assert driver.stdout is not None
    try:
        async with asyncio.timeout(WITHIN_SECONDS):
            driver.stdin.write(json.dumps(job).encode())
            driver.stdin.close()
            async for line in driver.stdout:
                yield json.loads(line)
            if code := await driver.wait():
                raise Lost(f"the browsers' driver ended with {code}")
    finally:
        if driver.returncode is None:
            driver.terminate()  # it ends its browsers
            await driver.wait()
