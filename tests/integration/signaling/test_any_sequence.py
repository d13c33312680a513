"""A thousand random joins, leaves, broken lines, dead lines, resumes and crashes against a real server."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from tests.conftest import StartServer
from tests.integration.signaling.member import PATIENCE_SECONDS, Member
from tests.people import Person, Visitors
from tests.servers import ParlourServer

MOVES, CRASHES = 1_000, 3
SEQUENCES, STEPS = 4, 100
"""At a time, until there were so many."""
numbers = st.integers(0, 5)


class RoomMachine(RuleBasedStateMachine):
    """Whoever is asked to do what is impossible now does what comes next to it: each step is a move."""

    loop: ClassVar[asyncio.AbstractEventLoop]
    server: ClassVar[ParlourServer]
    people: ClassVar[list[Person]]
    moves: ClassVar[int] = 0
    crashes: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.changed = asyncio.Event()
        self.crashed = False
        room = self.wait(self.people[0].creates_room())
        self.wait(self.people[0].invites(*self.people[1:], to=room))
        self.members = [Member(person, room, self.changed) for person in self.people]
        self.probe = Member(self.people[0], room, self.changed)

    def wait(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """In the loop of the tests, from the thread of this machine."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(120)

    def move(self, coroutine: Coroutine[Any, Any, None]) -> None:
        self.wait(coroutine)
        type(self).moves += 1

    @rule(number=numbers, resumable=st.sampled_from([True, True, False]))
    def joins_or_leaves(self, number: int, resumable: bool) -> None:
        member = self.members[number]
        self.move(member.leaves() if member.peer_id and member.connected else self._joins(member, resumable))

    @rule(number=numbers)
    def breaks_or_comes_back(self, number: int) -> None:
        member = self.members[number]
        self.move(self._breaks(member) if member.connected else self._joins(member, True))

    @rule(number=numbers)
    def comes_back_before_the_server_knows(self, number: int) -> None:
        self.move(self._replaces(self.members[number]))

    @precondition(lambda self: not self.crashed)
    @rule(sure=st.integers(0, 5))
    def the_server_crashes(self, sure: int) -> None:
        if sure == 0:
            self.crashed = True
            self.move(self._crash())
            type(self).crashes += 1

    @rule(sure=st.integers(0, 9))
    def it_gets_quiet(self, sure: int) -> None:
        if sure == 0:
            self.wait(self._quiet())

    def teardown(self) -> None:
        self.wait(self._quiet())
        self.wait(self._close())

    async def _joins(self, member: Member, resumable: bool) -> None:
        await member.joins(resumable=resumable or member.may_resume)

    async def _breaks(self, member: Member) -> None:
        member.breaks()

    async def _replaces(self, member: Member) -> None:
        """The old line hangs; without a visit that could be resumed, it is an ordinary coming."""
        if member.connected and member.may_resume:
            await member.connects()
        await self._joins(member, True)

    async def _crash(self) -> None:
        await self.server.kill()
        for member in (*self.members, self.probe):
            member.breaks()
        await self.server.start()

    async def _quiet(self) -> None:
        """Who is away is gone after the grace; then everybody sees what the server sees."""
        inside = {m.peer_id: m for m in self.members if m.connected and m.peer_id}
        expected = set(inside)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while any(member.view != expected - {peer} for peer, member in inside.items()):
                    self.changed.clear()
                    await self.changed.wait()
                await self._see(expected)
        except TimeoutError:
            views = {peer: sorted(member.view) for peer, member in inside.items()}
            raise AssertionError(f"in the room: {sorted(expected)}; views: {views}") from None

    async def _see(self, expected: set[str]) -> None:
        """One who joins is told who is there, by the server itself."""
        while True:
            await self.probe.joins(resumable=False)
            await self.probe.leaves()
            if self.probe.peers == expected:
                return
            self.changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(0.2):  # nobody is told that one who was alone is gone
                    await self.changed.wait()

    async def _close(self) -> None:
        for member in (*self.members, self.probe):
            await member.aclose()


@pytest.mark.database("sqlite")
async def test_every_view_is_the_servers_once_it_is_quiet(fresh_server: StartServer) -> None:
    # One person enters as often here as many do elsewhere.
    server = await fresh_server({"PARLOUR_RESUME_GRACE": 1, "PARLOUR_ENTRIES_PER_SECOND": 1_000})
    async with Visitors(server) as visitors:
        RoomMachine.loop = asyncio.get_running_loop()
        RoomMachine.server = server
        RoomMachine.people = list(
            await asyncio.gather(
                *(visitors.client(name) for name in ("ann", "bob", "carl", "dan", "eve", "fay"))
            )
        )
        how = settings(
            max_examples=SEQUENCES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        )
        while RoomMachine.moves < MOVES or RoomMachine.crashes < CRASHES:
            await asyncio.to_thread(run_state_machine_as_test, RoomMachine, settings=how)
