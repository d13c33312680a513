"""The people whom the signaling tests share, since to register one costs more than a whole test."""

import asyncio
import ssl
from contextlib import AsyncExitStack
from itertools import count
from typing import Self

import httpx

from tests.people import Person, Visitors
from tests.servers import ParlourServer

_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Spares each computer the loading of the system's certificates."""

TEN = ("ann", "bob", "carl", "dora", "emil", "fay", "gil", "hope", "ivan", "jo")


class Town:
    """Each name is one person for the whole run. Who ends a session asks for a `newcomer`."""

    def __init__(self, server: ParlourServer) -> None:
        self.server = server
        self._visitors = Visitors(server)
        self._known: dict[str, Person] = {}
        self._knocking: dict[str, asyncio.Lock] = {}
        self._leaving = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._leaving.enter_async_context(self._visitors)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._leaving.aclose()

    async def person(self, name: str) -> Person:
        async with self._knocking.setdefault(name, asyncio.Lock()):
            if name not in self._known:
                self._known[name] = await self.newcomer(name)
        return self._known[name]

    async def people(self, *names: str) -> list[Person]:
        return await asyncio.gather(*(self.person(name) for name in names))

    async def newcomer(self, name: str = "new") -> Person:
        """Registered and logged in, unknown to all other tests."""
        return await self._visitors.client(name)

    async def stranger(self, name: str, *, client: bool = True) -> Person:
        """Somebody who has not registered yet."""
        return await self._visitors.stranger(name, client=client)

    async def guest(self, name: str = "gus") -> Person:
        return await self._visitors.guest(name)

    async def at(self, address: str, person: Person) -> Person:
        """The same account at a computer of this address; not logged in there yet."""
        twin = await self._visitors.same(person)
        twin.http = await self._leaving.enter_async_context(
            httpx.AsyncClient(
                base_url=self.server.url,
                transport=httpx.AsyncHTTPTransport(local_address=address, verify=_NO_TLS),
                timeout=30,
            )
        )
        return twin

    async def stranger_at(self, address: str, *, client: bool) -> Person:
        """Somebody at that address whom the server does not know yet."""
        return await self.at(address, await self._visitors.stranger(client=client))

    async def room(self, creator: Person, *invited: Person, event: bool = False) -> str:
        room = await (creator.creates_event() if event else creator.creates_room())
        if invited:
            await creator.invites(*invited, to=room)
        return room


_numbers = count(1)


def unused_address() -> str:
    """A loopback address that no other test connects from: Linux has 16 million of them."""
    number = next(_numbers)
    return f"127.77.{number // 250}.{number % 250 + 1}"
