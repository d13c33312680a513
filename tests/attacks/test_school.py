"""A school behind one address: nobody there meets a limit, save the one who guesses passwords."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from parlour.accounts.passwords.hashing import Passwords
from tests.conftest import StartServer
from tests.integration.http.storage import event_of, import_client
from tests.integration.signaling.raw import RawSocket, raw_socket
from tests.people import PASSWORD, Person, Visitors
from tests.servers import ParlourServer

pytestmark = pytest.mark.database("sqlite")

PEOPLE, ROOM, NEWCOMERS, TYPISTS = 240, 10, 10, 20
"""In rooms of ten; so many register only now, and so many mistype their password once. Each login and each
registration costs a real Argon2id hash, some 50 ms of a core, which is most of the time that this takes."""
HEARD = 20
"""Fewer guesses than that are looked at: ten are free, and after each further one the wait doubles."""
AT_A_TIME = 50
"""As many logins wait for an answer at once: more would only wait longer for the hashes."""


async def pupil(people: Visitors, password_hash: str, *, number: int) -> Person:
    """Known to the server, unless they are to register."""
    person = await people.stranger(f"pupil{number}")
    if number >= NEWCOMERS:
        import_client(
            person.server,
            email=person.email,
            username=person.username or "",
            password_hash=password_hash,
        )
    return person


async def comes_in(person: Person, room: str, *, number: int) -> None:
    if number < NEWCOMERS:
        await person.registers()
        await person.confirms()
    elif number < NEWCOMERS + TYPISTS:
        body = {"username": person.username, "password": f"{PASSWORD}!"}
        assert (await person.http.post("/client/login", json=body)).status_code == 401
    await person.logs_in()
    assert room in await person.sees()


@asynccontextmanager
async def everybody_in(
    server: ParlourServer, pupils: list[Person], rooms: list[str]
) -> AsyncIterator[list[RawSocket]]:
    """All connect at once, as after a cut, and join."""
    async with AsyncExitStack() as leaving:
        opened = (leaving.enter_async_context(raw_socket(server)) for _ in pupils)
        sockets = await asyncio.gather(*opened)
        for socket, one, room in zip(sockets, pupils, rooms, strict=True):
            await socket.identifies(one.token or "")
            answer = await socket.asks(json.dumps(["join", {"room": room}]))
            assert answer["ok"], answer
        yield sockets


async def guesses(mallory: Person, victim: Person, until: asyncio.Event) -> Counter[int]:
    """One password after the other, five a second, and till most of them were refused unheard."""
    told: Counter[int] = Counter()
    over = asyncio.create_task(until.wait())
    while told[401] < HEARD and not (over.done() and told[429] > told[401]):
        body = {"username": victim.username, "password": f"guess {told.total()}"}
        told[(await mallory.http.post("/client/login", json=body)).status_code] += 1
        await asyncio.wait({over}, timeout=0.2)
    return told


async def test_a_school_behind_one_address(fresh_server: StartServer) -> None:
    server = await fresh_server()
    passwords = Passwords()
    password_hash = await passwords.hash(PASSWORD)
    passwords.close()
    async with Visitors(server) as people:
        pupils = [await pupil(people, password_hash, number=number) for number in range(PEOPLE)]
        teacher, mallory = pupils[-1], await people.stranger("mallory")
        victim = await pupil(people, password_hash, number=PEOPLE)
        await teacher.logs_in()
        rooms = []
        for first in range(0, PEOPLE, ROOM):
            room = event_of(teacher)
            await teacher.invites(*pupils[first : first + ROOM], to=room)
            rooms += [room] * ROOM

        over = asyncio.Event()
        guessing = asyncio.create_task(guesses(mallory, victim, over))
        places = asyncio.Semaphore(AT_A_TIME)

        async def arrives(number: int) -> None:
            async with places:
                await comes_in(pupils[number], rooms[number], number=number)

        await asyncio.gather(*(arrives(number) for number in range(PEOPLE)))
        for _ in range(2):
            async with everybody_in(server, pupils, rooms) as sockets:
                asked = [socket.asks('["chat-message",{"message":"here"}]') for socket in sockets]
                assert all(answer["ok"] for answer in await asyncio.gather(*asked))
                for socket in sockets:
                    socket.breaks()
        assert len(await teacher.reads(rooms[-1])) == 2 * ROOM
        over.set()
        told = await guessing
    assert told[401] < HEARD and told[429] > told[401], told
    assert set(told) == {401, 429}
