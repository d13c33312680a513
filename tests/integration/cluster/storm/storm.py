"""People who come, go, break and come back at random, while disasters befall the nodes of a cluster."""

import asyncio
import random
import sys
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from tests.integration.cluster.storm.checks import Interval
from tests.integration.cluster.storm.client import LineLost, Refused, StormClient
from tests.integration.cluster.storm.nodes import PROOF, Node
from tests.integration.cluster.storm.room import NotAtRest, StormRoom
from tests.integration.cluster.storm.stalls import Stalls
from tests.integration.cluster.storm.weather import Kinds, Weather
from tests.people import Person
from tests.servers import RedisServer

GRACE = 8
"""Seconds; more than it takes to see that a node has died, and a bit of time to come back."""
MARGIN = 2
LEASE = timedelta(seconds=5)
"""A lease of 4 s is lost by what happened in this time before its node noticed it."""
EXCUSED_SECONDS = 2.5
"""A lease may be lost if its node, Redis and this process, which is between them, were kept from running for
so long in that time: four renewals fail in a row then, for each of which there are 0.8 s. On two cores these
are 0.9 s of five at most where nothing else runs, and some 2 s beside three busy programs.
"""
STEPS_AT_A_TIME = 1
"""The steps of each client in each of the five parts of a round."""
ACCEPTABLE = {
    "join": {"unavailable"},
    "other": {"unavailable", "peer_not_found", "peer_busy"},
}
"""The refusals that may come of others who leave, and of disasters."""
KEPT_STEPS = 5_000
SHOWN_STEPS = 400

NOTHING = 10
"""The weight of no step at all."""
JOINS = {"join", "plain join", "join and break", "return", "break and return", "hang and return"}

Step = Callable[[], Awaitable[None]]
_Steps = dict[str, tuple[int, Step]]
"""Their weights, and what they do."""


@dataclass(frozen=True)
class Plan:
    """The course of a run. `spread` is the number of nodes at which the people of a room may be."""

    seed: int
    steps: int
    spread: int
    disasters: Sequence[Kinds]


class Storm:
    """One run; `steps` counts what was done."""

    def __init__(self, plan: Plan, nodes: Sequence[Node], redis: RedisServer) -> None:
        self.steps: Counter[str] = Counter()
        self.rounds: list[str] = []
        self._plan = plan
        self._nodes = nodes
        self._redis = redis
        self._chance = random.Random(plan.seed)  # noqa: S311 - to be repeated
        self._began = time.monotonic()
        self._journal: deque[tuple[str, str]] = deque(maxlen=KEPT_STEPS)
        self._disasters: list[Interval] = []
        self._closing = AsyncExitStack()
        self._stalls = Stalls(self._processes)
        self.rooms: list[StormRoom] = []

    async def __aenter__(self) -> Self:
        await self._closing.enter_async_context(self._stalls)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._closing.aclose()

    async def add_room(
        self, creator: Person, people: Sequence[Person], watcher: Person, *, is_event: bool
    ) -> None:
        name = await creator.creates_room()
        await creator.invites(*people, watcher, to=name)
        if is_event:
            await creator.makes_event(name)
        number = len(self.rooms)
        nodes = [self._nodes[(number + step) % len(self._nodes)] for step in range(self._plan.spread)]
        room = StormRoom(
            name,
            creator,
            people,
            nodes,
            watcher=watcher,
            certain_grace=GRACE - MARGIN,
            struck_at=self._struck_at,
            is_event=is_event,
            chance=random.Random(self._chance.random()),  # noqa: S311 - to be repeated
        )
        for client in room.clients:
            self._closing.push_async_callback(client.aclose)
        self.rooms.append(room)

    async def run(self) -> None:
        """Go on until there were so many steps and each disaster. Raises AssertionError with a report."""
        deck: list[Kinds] = []
        while deck or self.steps.total() < self._plan.steps:
            if not deck:
                deck = self._chance.sample(self._plan.disasters, len(self._plan.disasters))
            weather = Weather(deck.pop(), self._nodes, self._redis, self._chance)
            try:
                await self._round(weather)
            except Exception as error:
                raise AssertionError(self._report(error)) from error
            sys.stdout.write(f"{self.steps.total()} of {self._plan.steps} steps; {self.rounds[-1]}\n")
            sys.stdout.flush()

    async def _round(self, weather: Weather) -> None:
        began = time.monotonic()
        for node in self._nodes:
            node.server.mark_log()
        self._note("", f"round {len(self.rounds) + 1}: {weather}")
        if weather.is_calm:
            for room in self.rooms:
                room.be_patient()
        await self._some_steps(time_passes=weather.outlasts_a_lease)
        for node in weather.concerned:
            node.struck_at = time.monotonic()
        struck = datetime.now(UTC)
        for disaster in weather.disasters:
            await asyncio.gather(
                self._some_steps(time_passes=weather.outlasts_a_lease), self._later(disaster.strikes)
            )
            self._note("", f"{disaster} has struck")
        await self._some_steps(time_passes=weather.outlasts_a_lease)
        await weather.is_noticed()
        self._note("", f"{weather} is noticed")
        await self._some_steps()
        for disaster in weather.endings:
            await asyncio.gather(self._some_steps(), self._later(disaster.ends))
            self._note("", f"{disaster} is over")
        self._expect_leases(weather)
        is_calm = weather.is_calm and not any(node.has_lost_a_lease() for node in self._nodes)
        if not is_calm:
            self._disasters.append((struck - PROOF, datetime.now(UTC) + timedelta(seconds=GRACE)))
        is_over = time.monotonic()
        await asyncio.gather(*(room.rest(is_calm=is_calm, disasters=self._disasters) for room in self.rooms))
        for node in self._nodes:
            node.expect_clean_log()
        self.steps[weather.name] += 1
        for node in self._nodes:
            node.struck_at = None
        now = time.monotonic()
        self.rounds.append(f"{weather}: {is_over - began:.1f} s, at rest after {now - is_over:.1f} s")
        self._note("", f"at rest: {self.rounds[-1]}")

    def _processes(self) -> list[int]:
        redis = [self._redis.pid] if self._redis.is_running else []
        return [*(node.server.pid for node in self._nodes if not node.is_dead), *redis]

    def _expect_leases(self, weather: Weather) -> None:
        """Have no node lose its lease without a disaster, unless the machine kept it, Redis or this process
        from running. Raises AssertionError.
        """
        for node in self._nodes:
            if node in weather.concerned and not weather.keeps_leases:
                continue
            for ended in node.leases_ended_at():
                processes = {node.server.pid, self._redis.pid}
                seconds = self._stalls.seconds(processes, ended - LEASE, ended + timedelta(seconds=0.5))
                self._note(
                    "", f"node {node.number} lost its lease at {ended:%X}, held up for {seconds:.2f} s"
                )
                assert seconds >= EXCUSED_SECONDS, (
                    f"{weather}: node {node.number} lost its lease at {ended:%X} without a reason: "
                    f"it, Redis and the test were held up for {seconds:.2f} s in the {LEASE.seconds} s before"
                )
                self.rounds.append(
                    f"node {node.number} lost its lease, since it was held up for {seconds:.1f} s"
                )

    def _struck_at(self, address: str) -> float | None:
        return next((node.struck_at for node in self._nodes if node.address == address), None)

    async def _later(self, act: Step) -> None:
        """Act while the steps of people are under way."""
        for _ in range(self._chance.randrange(40)):
            await asyncio.sleep(0)
        await act()

    # Steps of people

    async def _some_steps(self, *, time_passes: bool = False) -> None:
        async with asyncio.TaskGroup() as group:
            for room in self.rooms:
                for client in room.clients:
                    chance = random.Random(self._chance.random())  # noqa: S311 - to be repeated
                    group.create_task(self._steps_of(_Actor(room, client, chance, time_passes=time_passes)))

    async def _steps_of(self, actor: "_Actor") -> None:
        for _ in range(STEPS_AT_A_TIME):
            name, step = actor.choose()
            if step is None:
                continue
            outcome = ""
            try:
                await step()
            except Refused as refused:
                outcome = f": {refused.code}"
                if refused.code not in ACCEPTABLE["join" if name in JOINS else "other"]:
                    actor.room.faults.append(f"{actor.client.name}: {name} was refused with {refused.code}")
            except LineLost as error:
                outcome = f": {error}"
                actor.give_up()
            self.steps[name] += 1
            self._note(actor.room.name, f"{actor.client.name} {name} at {actor.where}{outcome}")

    # The report

    def _note(self, room: str, text: str) -> None:
        self._journal.append((room, f"{time.monotonic() - self._began:.3f} {text}"))

    def _report(self, error: Exception) -> str:
        """Tell the steps, and what the clients of the rooms that failed have received."""
        failed = [room for room in self.rooms if isinstance(error, NotAtRest) and room.name in str(error)]
        names = {room.name for room in failed or self.rooms}
        steps = [text for room, text in self._journal if room in names or not room]
        lines = [
            f"{error!r}" if not isinstance(error, AssertionError) else str(error),
            f"seed {self._plan.seed}, steps {self.steps.total()}: {dict(self.steps)}",
            *self.rounds,
            "--- steps",
            *steps[-SHOWN_STEPS:],
        ]
        for room in failed:
            for client in room.clients:
                lines += [f"--- {client.name} in {room.name}", *client.log]
        return "\n".join(lines)


class _Actor:
    """A client that chooses its next step."""

    def __init__(
        self, room: StormRoom, client: StormClient, chance: random.Random, *, time_passes: bool
    ) -> None:
        """`time_passes`: a grace will be over before all are asked to agree."""
        self.room = room
        self.client = client
        self._chance = chance
        self._time_passes = time_passes

    @property
    def where(self) -> str:
        return next((str(node.number) for node in self.room.nodes if self._is_at(node)), "-")

    def choose(self) -> tuple[str, Step | None]:
        """Return the name of a step, and the step; None where nothing can be done now."""
        up = [node for node in self.room.nodes if node.is_up]
        if not up:
            return "", None
        if any(self._is_at(node) and not node.is_up for node in self.room.nodes):
            steps = self._at_a_node_that_is_silent(up)
        elif not self.client.is_inside:
            steps = self._from_outside(up)
        else:
            steps = self._from_inside(up)
        names = [*steps, ""]
        [name] = self._chance.choices(names, [*(weight for weight, _ in steps.values()), NOTHING])
        return name, steps[name][1] if name else None

    def _is_at(self, node: Node) -> bool:
        return node.address == self.client.address

    def _at_a_node_that_is_silent(self, up: list[Node]) -> _Steps:
        if not self._may_resume():
            return {}
        return {"hang and return": (10, lambda: self._comes_back(self.client.hangs, up))}

    def _from_outside(self, up: list[Node]) -> _Steps:
        if self.client.visit is not None:
            steps: _Steps = {"return": (80, lambda: self._comes_back(self._keeps_line, up))}
            if self._time_passes:
                steps["stay away"] = 5, self._stays_away
            return steps
        steps = {
            "join": (70, lambda: self._joins(up, resumable=True)),
            "plain join": (15, lambda: self._joins(up, resumable=False)),
            "write over HTTP": (10, lambda: self._writes(self._chance.choice(up))),
        }
        if self._time_passes:
            steps["join and break"] = 5, lambda: self._joins_and_breaks(up)
        return steps

    def _from_inside(self, up: list[Node]) -> _Steps:
        client = self.client
        steps: _Steps = {
            "relay": (30, self._relays),
            "write": (12, lambda: self._writes(None)),
            "write over HTTP": (4, lambda: self._writes(self._chance.choice(up))),
            "leave": (10, client.leaves),
            "break": (4, self._breaks),
            "record": (2, lambda: client.records(recording=self._chance.random() < 0.5)),
        }
        if self._may_resume():
            steps |= {
                "break and return": (14, lambda: self._comes_back(client.breaks, up)),
                "hang and return": (8, lambda: self._comes_back(client.hangs, up)),
                "end visit later": (3, lambda: self._ends_visit(up)),
            }
        return steps

    def _may_resume(self) -> bool:
        return self.client.visit is not None and self.client.visit.token is not None

    def give_up(self) -> None:
        """Nothing was answered: the line is lost."""
        self.client.breaks()

    def _keeps_line(self) -> None:
        """Ask again over the same line."""

    async def _joins(self, up: list[Node], *, resumable: bool) -> None:
        if not self.client.is_connected:
            await self.client.connects(self._chance.choice(up).address)
        await self.client.enters(resumable=resumable)

    async def _joins_and_breaks(self, up: list[Node]) -> None:
        joining = asyncio.create_task(self._joins(up, resumable=True))
        for _ in range(self._chance.randrange(60)):
            await asyncio.sleep(0)
        self.client.goes_for_good()
        await joining

    async def _comes_back(self, leaves: Callable[[], None], up: list[Node]) -> None:
        leaves()
        await self._joins(up, resumable=True)

    async def _breaks(self) -> None:
        self.client.breaks()

    async def _stays_away(self) -> None:
        self.client.goes_for_good()

    async def _ends_visit(self, up: list[Node]) -> None:
        self.client.leaves_without_line()
        await self.client.connects(self._chance.choice(up).address)
        await self.client.ends_what_it_left()

    async def _relays(self) -> None:
        visit = self.client.visit
        assert visit is not None
        peers = sorted(visit.view)
        chosen = [self._chance.choice(peers) for _ in range(self._chance.randrange(1, 5))] if peers else []
        for outcome in await asyncio.gather(*map(self.client.relays, chosen), return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def _writes(self, node: Node | None) -> None:
        await self.room.write(self.client, node)
