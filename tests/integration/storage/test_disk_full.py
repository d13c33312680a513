"""The disk is full, for as long as no file of the server may grow any more."""

import resource
import sqlite3
from contextlib import closing

import httpx
import pytest

from tests.conftest import StartServer
from tests.integration.signaling.resuming_client import ResumingClient
from tests.people import Visitors, done
from tests.servers import ParlourServer

TEXT = "x" * 4_000
ENOUGH = 2_000


def files_may_have(server: ParlourServer, size: int | None) -> None:
    """The soft limit alone, which may be raised again. The server gets an error where it writes more."""
    _, hard = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (hard if size is None else size, hard))


async def until_refused(write: "Write") -> tuple[list[str], httpx.Response]:
    """The ids of what was stored, and the first refusal."""
    stored: list[str] = []
    for number in range(ENOUGH):
        answer = await write(f"m-{number}")
        if answer.status_code != 200:
            return stored, answer
        stored.append(f"m-{number}")
    raise AssertionError("the disk was never full")


class Write:
    def __init__(self, visitor: ResumingClient) -> None:
        self._visitor = visitor

    async def __call__(self, message_id: str) -> httpx.Response:
        body = {"roomname": self._visitor.room, "message": TEXT, "message_id": message_id}
        return await self._visitor.person.post("/message", body)


@pytest.mark.database("sqlite")
async def test_a_full_disk_is_a_refusal_and_harms_nothing(fresh_server: StartServer) -> None:
    server = await fresh_server()
    data = server.folder / "data"
    async with Visitors(server) as people:
        ann = await people.client("ann")
        bob = await people.client("bob")
        room = await ann.creates_room()
        await ann.invites(bob, to=room)
        async with ResumingClient(ann, room) as here, ResumingClient(bob, room) as there:
            write = Write(here)
            largest = max(file.stat().st_size for file in data.glob("parlour.db*"))
            files_may_have(server, largest + 200_000)
            stored, refused = await until_refused(write)
            assert stored
            assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
            assert refused.headers["retry-after"] == "5"
            assert (await write("m-again")).status_code == 503

            assert (await ann.get("/readyz")).status_code == 200, "it can be read"
            await here.joins()
            await there.joins()
            await here.hears("add-peer", peerID=there.peer_id)
            await there.hears("add-peer", peerID=here.peer_id)
            await here.reaches(there, "a call needs no disk")

            files_may_have(server, None)
            assert (await write("m-again")).status_code == 200
        ids = await all_ids(people_of=here)
        assert ids == [*stored, "m-again"]
    await server.terminate()
    with closing(sqlite3.connect(data / "parlour.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        count = database.execute("SELECT count(*), count(DISTINCT message_id) FROM messages").fetchone()
    assert count == (len(stored) + 1, len(stored) + 1)


async def all_ids(people_of: ResumingClient) -> list[str]:
    """In the order in which they were written."""
    found: list[str] = []
    more = True
    while more:
        params = {"roomname": people_of.room, "limit": 100} | ({"before": found[-1]} if found else {})
        page = done(await people_of.person.get("/message", params=params)).json()
        found += [message["message_id"] for message in page["messages"]]
        more = page["more"]
    return found[::-1]
