"""`python -m tests.soak.moves`: a call of three browsers that moves to an SFU and back again and again.

A fourth member, who is there as far as signaling goes, comes and goes, and each time the call moves. With
`--third` it is the third browser that does so. All that the others see and hear of each other is measured
meanwhile, and the server and its SFU are killed in the middle of some moves at the end (`--kills`).

Fails where a picture stands still for more than 300 ms, or a sound is missing for more than 200 ms, in a move
without a kill; or where a message of the chat or a raised hand is lost or doubled.
"""

import argparse
import asyncio
import json
import os
import signal
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from playwright.async_api import expect

from tests.conftest import SHOWN_WITHIN_MS
from tests.e2e.conftest import seating
from tests.e2e.continuity import Continuity, ContinuityWatch, keep_continuity
from tests.e2e.participant import Participant
from tests.integration.signaling.caller import KNOWS_SFU, Caller
from tests.people import Person, Visitors
from tests.servers import ParlourServer
from tests.servers.browser import CHROMIUM, People, chromium
from tests.servers.livekit import moving_at_once

LONGEST_PICTURE_GAP_MS = 300
LONGEST_SOUND_GAP_MS = 200
_WITHIN_SECONDS = 120
_FLAGS = ("--autoplay-policy=no-user-gesture-required",)


class Mover(Protocol):
    """Makes the call large enough for the SFU, and small enough for the mesh."""

    async def comes(self) -> None: ...
    async def goes(self) -> None: ...
    async def returns(self) -> None:
        """Come back after a crash of the server, if the mover is in the call and does not do so by itself."""


class ThirdBrowser:
    """Enters the room and leaves it, as a person does."""

    def __init__(self, person: Participant, room: str) -> None:
        self._person = person
        self._room = room

    async def comes(self) -> None:
        await self._person.comes_to(self._room)
        await self._person.enters()

    async def goes(self) -> None:
        await self._person.leaves()

    async def returns(self) -> None:
        """Browsers come back by themselves."""


class FourthMember:
    """Reports at once that it receives whatever way it is told to follow."""

    def __init__(self, server: ParlourServer, person: Person, room: str) -> None:
        self._server = server
        self._person = person
        self._room = room
        self._ending = AsyncExitStack()
        self._reporting: asyncio.Task[None] | None = None

    async def comes(self) -> None:
        self._caller = await Caller(self._server, self._person, self._ending).connects()
        answer = await self._caller.joins(self._room, **KNOWS_SFU)
        assert "room" in answer, answer
        self._reporting = asyncio.create_task(self._report())

    async def goes(self) -> None:
        await self._stop_reporting()
        await self._caller.leaves()
        await self._ending.aclose()

    async def returns(self) -> None:
        if self._reporting is not None:
            await self._stop_reporting()
            move = await self._caller.returns(self._room)
            await self._caller.reports("receiving", move["epoch"])
            self._reporting = asyncio.create_task(self._report())

    async def _stop_reporting(self) -> None:
        if self._reporting is not None:
            self._reporting.cancel()
            await asyncio.gather(self._reporting, return_exceptions=True)
            self._reporting = None

    async def _report(self) -> None:
        while True:
            told = await self._caller.hears("sfu")
            await self._caller.reports("receiving", told["epoch"])


@dataclass(frozen=True)
class Moved:
    """A move as people saw and heard it: tiles by who looked, and at whom."""

    name: str
    tiles: dict[tuple[str, str], Continuity]
    log: str
    is_killed: bool

    @property
    def picture(self) -> float:
        return max(tile.picture for tile in self.tiles.values())

    @property
    def sound(self) -> float:
        return max(tile.sound for tile in self.tiles.values())

    @property
    def echo(self) -> float:
        return max(tile.echo for tile in self.tiles.values())

    @property
    def fails(self) -> bool:
        return self.picture > LONGEST_PICTURE_GAP_MS or self.sound > LONGEST_SOUND_GAP_MS

    def __str__(self) -> str:
        return (
            f"{self.name}: picture {self.picture:.0f} ms, sound {self.sound:.0f} ms, echo {self.echo:.0f} ms"
        )

    def story(self) -> str:
        """Tell the gaps of the tiles that had a long one, and what the server says of the move."""
        lines = [f"the story of {self.name}:"]
        for (viewer, seen), tile in self.tiles.items():
            for kind, gaps, most in (
                ("picture", tile.pictures, LONGEST_PICTURE_GAP_MS),
                ("sound", tile.sounds, LONGEST_SOUND_GAP_MS),
            ):
                lines += [
                    f"  {gap.at / 1e3:.3f}: no {kind} of {seen} at {viewer} for {gap.ms:.0f} ms"
                    f" ({gap.raw or gap.ms:.0f} by the clock)"
                    for gap in gaps
                    if gap.ms > most
                ]
        told = (line for line in self.log.splitlines() if '"topology.' in line or '"sfu.' in line)
        return "\n".join([*lines, *(f"  {line}" for line in told)])


@dataclass
class Call:
    """The call that is measured."""

    server: ParlourServer
    room: str
    people: Sequence[Participant]
    watches: dict[str, ContinuityWatch]
    mover: Mover
    written: list[str] = field(default_factory=list)

    async def move(self, name: str, *, kind: str, kill: str = "") -> Moved:
        """Have the call move, with a message of the chat in the middle, until all see and hear each other."""
        await asyncio.gather(*(watch.restart() for watch in self.watches.values()))
        self.server.mark_log()
        acting = asyncio.create_task(self.mover.comes() if kind == "sfu" else self.mover.goes())
        await self.server.expect_log("topology.moved", timeout=_WITHIN_SECONDS)
        if kill:
            await self._kill(kill)
        text = f"a message in {name}"
        await self._write(text)
        await acting
        await self._until_settled(kind)
        await self.meet()
        read = {one.name: await self.watches[one.name].read() for one in self.people}
        tiles = {
            (viewer, seen): found for viewer, all_seen in read.items() for seen, found in all_seen.items()
        }
        return Moved(name, tiles, self.server.log_since_mark(), bool(kill))

    async def _write(self, text: str) -> None:
        """Write a message in the chat. Only the first of several has the author's name above it."""
        writer = self.people[1]
        await writer.field("Message").fill(text)
        await writer.field("Message").press("Enter")
        await expect(
            writer.page.get_by_role("log").get_by_role("article").filter(has_text=text)
        ).to_have_count(1)
        self.written.append(text)

    async def meet(self) -> None:
        await asyncio.gather(*(one.sees_and_hears(*others(one, self.people)) for one in self.people))

    async def _until_settled(self, kind: str) -> None:
        async with asyncio.timeout(_WITHIN_SECONDS):
            while True:
                told = [line for line in self.server.log_since_mark().splitlines() if '"topology.' in line]
                if told and "topology.settled" in told[-1] and f'"kind": "{kind}"' in told[-1]:
                    return
                await asyncio.sleep(0.05)  # a file announces no growth

    async def _kill(self, what: str) -> None:
        if what == "the server":
            await self.server.kill()
            await self.server.start()
            await self.mover.returns()
            return
        for line in reversed(self.server.log.read_text().splitlines()):
            if '"sfu.ready"' in line:
                os.kill(json.loads(line)["pid"], signal.SIGKILL)
                return

    async def expect_nothing_lost(self) -> list[str]:
        """Return what is wrong with the chat and the raised hand."""
        reader, writer = self.people[0], self.people[1]
        articles = reader.page.get_by_role("log").get_by_role("article")
        faults = []
        for text in self.written:
            count = await articles.filter(has_text=text).count()
            if count != 1:
                faults.append(f"{text!r} is there {count} times")
        mark = writer.tile(reader.name).get_by_role("img", name="Hand raised, number 1", exact=True)
        if await mark.count() != 1:
            faults.append("the raised hand is not seen")
        return faults


def others(one: Participant, people: Sequence[Participant]) -> list[str]:
    return [other.name for other in people if other is not one]


@asynccontextmanager
async def call_of(folder: Path, *, by_third: bool) -> AsyncIterator[Call]:
    """Set up the server, the browsers, and a call that is a mesh."""
    measured = 2 if by_third else 3
    settings = {**moving_at_once(mesh_again_at=measured), "PARLOUR_SFU_ABOVE": measured}
    async with AsyncExitStack() as ending:
        server = await ending.enter_async_context(ParlourServer(folder, None, settings))
        await server.expect_log("sfu.well")
        visitors = await ending.enter_async_context(Visitors(server))
        accounts = [await visitors.client(name) for name in ("ann", "bob", "cyd", "dan")]
        room = await accounts[0].creates_room()
        await accounts[0].invites(*accounts[1:], to=room)
        people = []
        for account in accounts[:3]:
            browser = await ending.enter_async_context(chromium(CHROMIUM, *_FLAGS))
            one = await seating(People(browser))(account, bypass_csp=True)
            await keep_continuity(one.page)
            people.append(one)
        for one in people[:measured]:
            await one.comes_to(room)
            await one.enters()
        watches = {
            one.name: ContinuityWatch(one.page, *others(one, people[:measured])) for one in people[:measured]
        }
        mover: Mover = ThirdBrowser(people[2], room) if by_third else FourthMember(server, accounts[3], room)
        call = Call(server, room, people[:measured], watches, mover)
        await call.meet()
        await asyncio.gather(*(watch.begin() for watch in watches.values()))
        await asyncio.gather(*(one.opens("Chat") for one in call.people))
        await people[0].button("Hand and reactions").click()
        await people[0].button("Raise hand").click()
        yield call


async def soak(moves: int, *, kills: int, by_third: bool) -> int:
    with tempfile.TemporaryDirectory() as folder:
        async with call_of(Path(folder), by_third=by_third) as call:
            found = []
            for number in range(moves + kills):
                kind, way = ("mesh", "down") if number % 2 else ("sfu", "up")
                kill = (
                    "" if number < moves else ("the server", "the server", "the SFU", "the SFU")[number % 4]
                )
                name = f"move {number + 1} {way}" + (f" with {kill} killed" if kill else "")
                found.append(moved := await call.move(name, kind=kind, kill=kill))
                say(str(moved))
                if moved.fails:
                    say(moved.story())
            return verdict(found, await call.expect_nothing_lost())


def verdict(found: Sequence[Moved], faults: Sequence[str]) -> int:
    for title, chosen in (
        ("up", [one for one in found if not one.is_killed and one.name.endswith("up")]),
        ("down", [one for one in found if not one.is_killed and one.name.endswith("down")]),
        ("with a kill", [one for one in found if one.is_killed]),
    ):
        for kind in ("picture", "sound", "echo") if chosen else ():
            gaps = [getattr(one, kind) for one in chosen]
            median, most = statistics.median(gaps), max(gaps)
            say(f"{len(gaps)} {title}: {kind}: median {median:.0f} ms, most {most:.0f} ms")
    failures = [*faults, *(one.name for one in found if one.fails and not one.is_killed)]
    for failure in failures:
        say(f"FAILED: {failure}")
    return 1 if failures else 0


def say(text: str) -> None:
    sys.stdout.write(f"moves: {text}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.soak.moves", description=__doc__)
    parser.add_argument("--moves", type=int, default=40)
    parser.add_argument("--kills", type=int, default=4)
    parser.add_argument("--third", action="store_true", help="the third browser comes and goes")
    options = parser.parse_args()
    expect.set_options(timeout=SHOWN_WITHIN_MS)
    sys.exit(asyncio.run(soak(options.moves, kills=options.kills, by_third=options.third)))


if __name__ == "__main__":
    main()
