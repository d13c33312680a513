"""A database that falls silent: a host that froze, packets that are dropped, a file system that hangs.

Nothing of the server waits for it for good. What needs it is refused, what does not goes on.
"""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import Databases
from tests.integration.signaling.resuming_client import ResumingClient, candidate, introduced
from tests.people import Person, Visitors, done, unique
from tests.servers import ParlourServer
from tests.servers.silence import HangingFolder, Silent, SilentProxy

MORE_THAN_THE_POOL = 30
MORE_THAN_MAY_WAIT = 100
"""Events of one connection that wait for another one: with so many the server once hung up."""


@dataclass(frozen=True)
class Scene:
    """Ann and bob in the call of ann's room."""

    database: Silent
    server: ParlourServer
    ann: ResumingClient
    bob: ResumingClient


@pytest.fixture
async def scene(database: str, databases: Databases, tmp_path: Path) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as ending:
        silent: HangingFolder | SilentProxy
        settings = {}
        url = await databases.create(database)
        if url is None:
            silent = await ending.enter_async_context(HangingFolder(tmp_path))
            settings = {"PARLOUR_DATA_DIR": str(silent.path / "data")}
        else:
            port = httpx.URL(url).port
            assert port is not None
            silent = await ending.enter_async_context(SilentProxy(port))
            url = url.replace(f":{port}/", f":{silent.port}/")
        server = await ending.enter_async_context(ParlourServer(tmp_path, url, settings))
        ending.callback(silent.answers_again)
        people = await ending.enter_async_context(Visitors(server))
        persons = [await people.client(name) for name in ("ann", "bob")]
        room = await persons[0].creates_room()
        await persons[0].invites(persons[1], to=room)
        ann, bob = [await ending.enter_async_context(ResumingClient(person, room)) for person in persons]
        await ann.joins()
        await bob.joins()
        await introduced(bob, ann)
        yield Scene(silent, server, ann, bob)


def assert_unavailable(answer: httpx.Response) -> None:
    assert answer.status_code == 503, answer.text
    assert answer.json()["code"] == "unavailable"
    assert int(answer.headers["retry-after"]) > 0


async def rooms_of(ann: Person) -> list[str]:
    """More rooms than there are connections: messages of one room wait for each other, and need only one."""
    return [await ann.creates_room() for _ in range(MORE_THAN_THE_POOL)]


def requests(ann: Person, rooms: list[str]) -> list[Coroutine[Any, Any, httpx.Response]]:
    """More than there are connections. SQLite may read from its memory, so these write."""
    return [
        ann.get("/readyz"),
        ann.post("/client/login", {"username": ann.username, "password": ann.password}),
        ann.http.post("/guest", json={"email": unique("guest") + "@example.org"}),
        *(ann.post("/message", {"roomname": room, "message": "hello"}) for room in rooms),
    ]


async def test_what_needs_it_is_refused_and_works_when_it_is_back(scene: Scene) -> None:
    """Twice: what was given up the first time is missed by nobody the second time. What is asked for when it
    is back is asked for one after the other: all at once, a slow machine may need longer than the server lets
    any of them wait.
    """
    ann = scene.ann.person
    rooms = await rooms_of(ann)
    for _ in range(2):
        scene.database.falls_silent()
        for answer in await asyncio.gather(*requests(ann, rooms)):
            assert_unavailable(answer)
        assert (await ann.get("/healthz")).status_code == 200
        assert_unavailable(await ann.get("/readyz"))
        scene.database.answers_again()
        async with asyncio.timeout(60):
            while (await ann.get("/readyz")).status_code != 200:
                pass
        for request in requests(ann, rooms):
            done(await request)


@pytest.mark.database("postgres")  # to close a file of a file system that hangs takes the kernel as long
async def test_a_server_ends_while_its_database_is_silent(scene: Scene) -> None:
    rooms = await rooms_of(scene.ann.person)
    scene.database.falls_silent()
    asking = [asyncio.create_task(request) for request in requests(scene.ann.person, rooms)]
    assert_unavailable(await scene.ann.person.get("/readyz"))
    assert await scene.server.terminate() == -signal.SIGTERM, "not killed for being slow"
    await asyncio.gather(*asking, return_exceptions=True)


async def acknowledgements(visitor: ResumingClient, *numbers: int) -> dict[int, dict[str, Any]]:
    """Those that were asked for by these numbers, in whatever order; events in between are passed over."""
    found: dict[int, dict[str, Any]] = {}
    while found.keys() < set(numbers):
        frame = await visitor.socket.frame()
        if frame.startswith("43"):
            number, _, arguments = frame.removeprefix("43").partition("[")
            found[int(number)] = json.loads(f"[{arguments}")[0]
    return found


async def test_a_call_goes_on(scene: Scene) -> None:
    """Candidates pass a message of the chat that waits for the database, and so does who leaves."""
    ann, bob = scene.ann, scene.bob
    scene.database.falls_silent()
    await ann.socket.sends('42900["chat-message",{"message":"hello"}]')
    for number in range(MORE_THAN_MAY_WAIT):
        offer = {"peerID": bob.peer_id, "iceCandidate": candidate(str(number))}
        await ann.socket.sends(f"42{json.dumps(['offer-ice', offer])}")
    for number in range(MORE_THAN_MAY_WAIT):
        await bob.hears("ice-candidate", iceCandidate=candidate(str(number)))
    answer = json.loads((await ann.socket.expects("43900[")).removeprefix("43900"))
    assert (answer[0]["ok"], answer[0]["code"]) == (False, "unavailable")

    await ann.socket.sends('42901["chat-message",{"message":"hello again"}]', '42["leave"]')
    await bob.hears("remove-peer", peerID=ann.peer_id)


async def test_a_disconnect_overtakes(scene: Scene) -> None:
    """Nobody stays as a ghost because messages of theirs wait."""
    ann, bob = scene.ann, scene.bob
    await ann.socket.asks('["leave"]')
    await bob.hears("remove-peer", peerID=ann.peer_id)
    ann.token = None
    await ann.joins(resumable=False)
    await bob.hears("add-peer", peerID=ann.peer_id)
    scene.database.falls_silent()
    for number in range(5):
        await ann.socket.sends(f'42["chat-message",{{"message":"{number}"}}]')
    ann.breaks()
    await bob.hears("remove-peer", peerID=ann.peer_id)


async def test_who_sends_more_than_may_wait_is_refused_and_stays(scene: Scene) -> None:
    ann, bob = scene.ann, scene.bob
    scene.database.falls_silent()
    for number in range(MORE_THAN_MAY_WAIT):
        await ann.socket.sends(f'42{number}["chat-message",{{"message":"{number}"}}]')
    refused = await acknowledgements(ann, *range(MORE_THAN_MAY_WAIT))
    assert {answer["code"] for answer in refused.values()} == {"unavailable"}
    await ann.reaches(bob, "still here")


async def test_who_leaves_is_not_brought_in_by_a_join_under_way(scene: Scene) -> None:
    """The join waits for the database, the leave does not."""
    ann, bob = scene.ann, scene.bob
    await ann.socket.asks('["leave"]')
    await bob.hears("remove-peer", peerID=ann.peer_id)
    join = json.dumps(["join", {"room": ann.room}])
    await ann.socket.sends(f"42900{join}", '42901["leave"]')
    answer = (await acknowledgements(ann, 900, 901))[900]
    assert answer["ok"] or answer["code"] == "join_cancelled"
    offer = {"peerID": bob.peer_id, "iceCandidate": candidate("too late")}
    refused = await ann.socket.asks(json.dumps(["offer-ice", offer]))
    assert (refused["ok"], refused["code"]) == (False, "not_in_call")
