"""People whom the signaling tests share, since a registration costs more than a whole test."""

import asyncio
from contextlib import AsyncExitStack
from itertools import count
from typing import Self

import httpx

from tests.people import Person, Residents, Visitors
from tests.servers import ParlourServer
from tests.servers.parlour import NO_TLS

TEN = ("ann", "bob", "carl", "dora", "emil", "fay", "gil", "hope", "ivan", "jo")


class Town:
    """A cache of people: each name is the same person all run. Tests that end sessions take a `newcomer`."""

    def __init__(self, server: ParlourServer) -> None:
        self.server = server
        self._visitors = Visitors(server)
        self._residents = Residents(self._visitors)
        self._leaving = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._leaving.enter_async_context(self._visitors)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._leaving.aclose()

    async def person(self, name: str) -> Person:
        return await self._residents.client(name)

    async def people(self, *names: str) -> list[Person]:
        return await asyncio.gather(*(self.person(name) for name in names))

    async def newcomer(self, name: str = "new") -> Person:
        """Register a client who is logged in and unknown to all other tests."""
        return await self._visitors.client(name)

    async def stranger(self, name: str, *, client: bool = True) -> Person:
        """Make a person who has not registered yet."""
        return await self._visitors.stranger(name, client=client)

    async def guest(self, name: str = "gus") -> Person:
        return await self._visitors.guest(name)

    async def at(self, address: str, person: Person) -> Person:
        """Make the same account at a computer of this address, not logged in there yet."""
        twin = await self._visitors.same(person)
        twin.http = await self._leaving.enter_async_context(
            httpx.AsyncClient(
                base_url=self.server.url,
                transport=httpx.AsyncHTTPTransport(local_address=address, verify=NO_TLS),
                timeout=30,
            )
        )
        return twin

    async def stranger_at(self, address: str, *, client: bool) -> Person:
        """Make a person at that address who has not registered yet."""
        return await self.at(address, await self._visitors.stranger(client=client))

    async def room(self, creator: Person, *invited: Person, event: bool = False) -> str:
        room = await (creator.creates_event() if event else creator.creates_room())
        if invited:
            await creator.invites(*invited, to=room)
        return room


_numbers = count(1)


def unused_address() -> str:
    """Return a loopback address that no other test connects from, out of 127.0.0.0/8."""
    number = next(_numbers)
    return f"127.77.{number // 250}.{number % 250 + 1}"
