"""`python -m bench.siege`: all ways to stop the server at once, against three at browsers and 50 others.

Says before and during the attacks how long a candidate takes, whether a picture froze, who was hung up
on, how long an honest login waits and what the server occupies; then what each attack met. Ends by itself.
`--checkout` is the server's: that of an older version shows what it was like before.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import uvloop

from bench.machine import ProcessClock, raise_open_files, resident_bytes
from bench.seed import CROWDS, FOURS, Person
from bench.siege import report
from bench.siege.attack import Order
from bench.siege.attackers import ATTACKS
from bench.siege.people import ANSWER_SECONDS, AtBrowsers, Relay, Requests, Talk, log_in, look_at_health
from bench.siege.report import Phase, Siege
from tests.servers import ParlourServer

ROOT = Path(__file__).parents[2]
SECONDS, QUIET_SECONDS = 120.0, 20.0
ROOMS = 10_000
CALLS, CALL_SIZE = CROWDS.count, 6
"""Eight calls of six members, of which two calls have a seventh: fifty members."""
BROWSERS = 3
SAMPLE_EVERY_SECONDS = 0.25
LAST_ANSWERS_SECONDS = 30.0
BEGIN_SECONDS = 120.0
"""Time for fifty connections and three browsers to join their calls."""

_SOW = """
import asyncio, dataclasses, json, sys
from pathlib import Path
from bench.seed import sow
seed = asyncio.run(sow(Path(sys.argv[1]), people=0, room_count=int(sys.argv[2])))
people = [dataclasses.asdict(person) for person in seed.people]
print(json.dumps({"secret": seed.secret, "url": seed.database_url, "people": people}))
"""
"""Script that seeds the database in the server's own checkout, whose schema may differ from ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sown:
    """The output of the seeding script."""

    secret: str
    url: str
    people: Sequence[Person]


def main() -> None:
    options = _options()
    raise_open_files()
    with tempfile.TemporaryDirectory(prefix="parlour-siege-") as folder:
        _say(f"Seeding {options.rooms:,} rooms by {options.checkout}")
        sown = _sow(options.checkout, Path(folder), options.rooms)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            siege = runner.run(_bounded(options, Path(folder), sown))
    print(report.text(siege), flush=True)
    if options.json:
        options.json.write_text(json.dumps(report.figures(siege), indent=2) + "\n", encoding="utf-8")
    if not siege.held:
        sys.exit(1)


def _sow(checkout: Path, folder: Path, rooms: int) -> Sown:
    found = subprocess.run(
        [checkout / ".venv/bin/python", "-c", _SOW, str(folder), str(rooms)],
        cwd=checkout,
        stdout=subprocess.PIPE,
        check=True,
    )
    return msgspec.json.decode(found.stdout.splitlines()[-1], type=Sown)


async def _bounded(options: argparse.Namespace, folder: Path, sown: Sown) -> Siege:
    """Bound the whole run, since a server or a browser may stop answering."""
    async with asyncio.timeout(BEGIN_SECONDS + QUIET_SECONDS + options.seconds + 2 * ANSWER_SECONDS):
        return await _siege(options, folder, sown)


async def _siege(options: argparse.Namespace, folder: Path, sown: Sown) -> Siege:
    settings = {"PARLOUR_SECRET_KEY": sown.secret, "PARLOUR_DATA_DIR": str(folder)}
    program = options.checkout / ".venv/bin/parlour"
    async with ParlourServer(folder, sown.url, settings, program=program) as server:
        talk = Talk(_calls(sown.people))
        await talk.begin(_port(server))
        browsers_call = FOURS.count - 1
        viewers = [sown.people[place] for place in FOURS.people(browsers_call)][: options.browsers]
        async with AtBrowsers(server, viewers, FOURS.room(browsers_call)) as browsers:
            _say(f"{len(talk.members)} talk, {options.browsers} see each other; {QUIET_SECONDS:g} s of quiet")
            scene = Scene(server, talk, browsers, sown.people[1_000:1_100])
            quiet = await scene.watch(QUIET_SECONDS)
            _say(f"{len(options.attacks)} attacks at once for {options.seconds:g} seconds")
            attackers = await _attackers(_order(options, server, sown.people))
            besieged = await scene.watch(options.seconds)
            _say("The attacks are over")
            async with asyncio.timeout(LAST_ANSWERS_SECONDS):
                out, _ = await attackers.communicate()
        answer = msgspec.json.decode(out)
    return Siege(
        quiet=quiet,
        besieged=besieged,
        met=answer["met"],
        attackers_cpu=answer["cpu"] / options.seconds,
        version=_version(options.checkout),
    )


@dataclass(frozen=True, slots=True)
class Scene:
    """The honest users: members of calls, browsers and visitors that log in."""

    server: ParlourServer
    talk: Talk
    browsers: AtBrowsers
    visitors: Sequence[Person]

    async def watch(self, seconds: float) -> Phase:
        await self.browsers.watch()
        clock = ProcessClock(self.server.pid)
        cpu = clock.seconds()
        begun = asyncio.get_running_loop().time()
        memory = [0]
        sampling = asyncio.create_task(self._sample(memory))
        async with asyncio.TaskGroup() as everything:
            relay: asyncio.Task[Relay] = everything.create_task(self.talk.go_on(seconds))
            logins: asyncio.Task[Requests] = everything.create_task(
                log_in(self.server, self.visitors, seconds)
            )
            health: asyncio.Task[Requests] = everything.create_task(look_at_health(self.server, seconds))
            await relay
            cpu = (clock.seconds() - cpu) / (asyncio.get_running_loop().time() - begun)
            flows = await self.browsers.flows()
            hung_up = self.browsers.hung_up
        sampling.cancel()
        return Phase(
            relay=relay.result(),
            flows=flows,
            browsers_hung_up=hung_up,
            logins=logins.result(),
            health=health.result(),
            cpu=cpu,
            memory=max(memory),
        )

    async def _sample(self, memory: list[int]) -> None:
        """Record the server's memory until cancelled."""
        while True:
            memory.append(resident_bytes(self.server.pid))
            await asyncio.sleep(SAMPLE_EVERY_SECONDS)


def _calls(people: Sequence[Person]) -> dict[str, list[Person]]:
    sizes = [CALL_SIZE + (index < 2) for index in range(CALLS)]
    return {
        CROWDS.room(index): [people[place] for place in CROWDS.people(index)[:size]]
        for index, size in enumerate(sizes)
    }


def _order(options: argparse.Namespace, server: ParlourServer, people: Sequence[Person]) -> Order:
    browsers_call, other_room = FOURS.count - 1, FOURS.count - 2
    return Order(
        port=_port(server),
        seconds=options.seconds,
        attacks=options.attacks,
        creator=people[FOURS.people(other_room)[1]],
        call=CROWDS.room(0),
        call_intruder=people[CROWDS.people(0)[-1]],
        browsers_call=FOURS.room(browsers_call),
        browsers_intruder=people[FOURS.people(browsers_call)[-1]],
        other_room=FOURS.room(other_room),
        other_intruder=people[FOURS.people(other_room)[0]],
    )


async def _attackers(order: Order) -> asyncio.subprocess.Process:
    attackers = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.siege.attackers",
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert attackers.stdin is not None
    attackers.stdin.write(msgspec.json.encode(order) + b"\n")
    await attackers.stdin.drain()
    return attackers


def _port(server: ParlourServer) -> int:
    return int(server.address.rpartition(":")[2])


def _version(checkout: Path) -> str:
    found = subprocess.run(
        ["git", "log", "-1", "--format=%h of %cs"], cwd=checkout, capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or str(checkout)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.siege", description=__doc__)
    parser.add_argument("--checkout", type=Path, default=ROOT, help="whose server is besieged (%(default)s)")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of the attacks (%(default)s)")
    parser.add_argument("--rooms", type=int, default=ROOMS, help="that there are (%(default)s)")
    parser.add_argument("--attacks", type=_names, default=list(ATTACKS), help="; ".join(ATTACKS))
    parser.add_argument(
        "--browsers", type=int, choices=range(BROWSERS + 1), default=BROWSERS, help="(%(default)s)"
    )
    parser.add_argument("--json", type=Path, help="a file for the figures")
    options = parser.parse_args()
    options.checkout = options.checkout.resolve()
    return options


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(";") if name.strip()]
    unknown = [name for name in names if name not in ATTACKS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no such attack: {'; '.join(unknown)}")
    return names


def _say(text: str) -> None:
    print(f"==> {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
