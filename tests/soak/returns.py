"""`python -m tests.soak.returns`: how long it takes to be back. The figures of docs/reliability.md.

From the loss of a line, or the readiness of a server that was killed, to the acknowledgement that the
visit goes on; and how late they are removed who do not come back.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from tests.integration.signaling.member import Member
from tests.people import Visitors
from tests.servers import ParlourServer

GRACE = 2
ROOM_SIZE = 6
SETTINGS: dict[str, str | int] = {
    "PARLOUR_RESUME_GRACE": GRACE,
    # A few accounts have the connections of many.
    "PARLOUR_SOCKETS_PER_PERSON": 1_000,
    "PARLOUR_ENTRIES_PER_SECOND": 1_000,
}


def say(name: str, seconds: Sequence[float]) -> None:
    found = sorted(value * 1000 for value in seconds)
    sys.stdout.write(f"{name}: median {statistics.median(found):.0f} ms, worst {found[-1]:.0f} ms\n")
    sys.stdout.flush()


async def back(member: Member) -> float:
    """Join again; return the seconds to the acknowledgement."""
    began = time.monotonic()
    await member.joins(resumable=True)
    assert member.resumed
    return time.monotonic() - began


async def lost_lines(members: Sequence[Member], rounds: int) -> list[float]:
    """Break the members' lines in turn; return the seconds to their return."""
    found = []
    for _ in range(rounds):
        for member in members:
            member.breaks()
            found.append(await back(member))
    return found


async def crashes(server: ParlourServer, members: Sequence[Member], rounds: int) -> list[float]:
    """Kill the server; return the seconds to the return of each member, all at once, after its start."""
    found = []
    for _ in range(rounds):
        await server.kill()
        for member in members:
            member.breaks()
        await server.start()
        found += await asyncio.gather(*(back(member) for member in members))
    return found


async def removals(members: Sequence[Member], changed: asyncio.Event, rounds: int) -> list[float]:
    """Break a member's line for good; return the seconds beyond the grace until the others are told."""
    found = []
    others = members[1:ROOM_SIZE]
    for _ in range(rounds):
        members[0].breaks()
        began = time.monotonic()
        async with asyncio.timeout(GRACE + 10):
            while any(members[0].peer_id in other.view for other in others):
                changed.clear()
                await changed.wait()
        found.append(time.monotonic() - began - GRACE)
        members[0].gone()
        await members[0].joins(resumable=True)
    return found


async def measure(sockets: int, rounds: int) -> None:
    async with AsyncExitStack() as ending:
        folder = Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="parlour-returns-")))
        server = await ending.enter_async_context(ParlourServer(folder, settings=SETTINGS))
        people = await ending.enter_async_context(Visitors(server))
        persons = [await people.client(f"p{number}") for number in range(ROOM_SIZE)]
        rooms = [await persons[0].creates_room() for _ in range(sockets // ROOM_SIZE)]
        for room in rooms:
            await persons[0].invites(*persons[1:], to=room)
        changed = asyncio.Event()
        members = [Member(person, room, changed) for room in rooms for person in persons]
        for member in members:
            ending.push_async_callback(member.aclose)
            await member.joins(resumable=True)
        say("a lost line", await lost_lines(members, rounds))
        say(f"{len(members)} clients at once after SIGKILL", await crashes(server, members, rounds))
        say("later than the grace", await removals(members, changed, rounds))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.soak.returns", description=__doc__)
    parser.add_argument("--sockets", type=int, default=120)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    asyncio.run(measure(options.sockets, options.rounds))


if __name__ == "__main__":
    main()
