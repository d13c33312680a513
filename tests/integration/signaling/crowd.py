"""A call of many members without media, all of a single account."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from tests.integration.signaling.member import Member
from tests.people import Person


class Crowd:
    """Members of a call. The server has to admit an account so often (`PARLOUR_VISITS_PER_PERSON`)."""

    def __init__(self, person: Person, room: str, *, topologies: Sequence[str] = ()) -> None:
        self._person = person
        self._room = room
        self._topologies = topologies
        self.members: list[Member] = []
        self.changed = asyncio.Event()
        """Set after each message to any of them."""
        self._leaving = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._leaving.aclose()

    async def grows(self, *, to: int) -> None:
        """Add members until the crowd has `to` of them."""
        while len(self.members) < to:
            member = Member(self._person, self._room, self.changed, topologies=self._topologies)
            self.members.append(member)
            self._leaving.push_async_callback(member.aclose)
            await member.joins(resumable=bool(self._topologies))

    async def shrinks(self, *, to: int) -> None:
        """Have the latest members leave until the crowd has `to` of them."""
        while len(self.members) > to:
            await self.members.pop().leaves()
