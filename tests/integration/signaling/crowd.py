"""As many members of a call as it takes, of one account, without media."""

import asyncio
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from tests.integration.signaling.member import Member
from tests.people import Person


class Crowd:
    """The server has to let one account into a call as often (`PARLOUR_VISITS_PER_PERSON`)."""

    def __init__(self, person: Person, room: str) -> None:
        self._person = person
        self._room = room
        self._size = 0
        self._leaving = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._leaving.aclose()

    async def grows(self, *, to: int) -> None:
        """Until so many are in the call."""
        while self._size < to:
            self._size += 1
            member = Member(self._person, self._room, asyncio.Event())
            self._leaving.push_async_callback(member.aclose)
            await member.joins(resumable=False)
