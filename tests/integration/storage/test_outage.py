"""PostgreSQL goes away under a running server, and comes back."""

import signal
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.people import Person, Visitors
from tests.servers import ParlourServer, PostgresServer


def assert_unavailable(answer: httpx.Response) -> None:
    assert answer.status_code == 503, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "unavailable"
    assert int(answer.headers["retry-after"]) > 0


async def requests(ann: Person, room: str) -> list[httpx.Response]:
    """Each with a database in it: with and without login, reading and writing."""
    return [
        await ann.post("/room/check", {}),
        await ann.post("/message", {"roomname": room, "message": "hello"}),
        await ann.post("/client/login", {"username": ann.username, "password": ann.password}),
        await ann.http.post("/guest", json={"email": f"guest-{ann.email}"}),
        await ann.http.get("/refresh"),
    ]


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGQUIT], ids=["stopped", "crashed"])
async def test_a_server_outlives_its_database(
    postgres: PostgresServer, tmp_path: Path, end: signal.Signals
) -> None:
    url = await postgres.create_database()
    async with ParlourServer(tmp_path, url) as server, Visitors(server) as visitors:
        ann = await visitors.client()
        room = await ann.creates_room()
        assert (await ann.get("/readyz")).status_code == 200

        # The tests' PostgreSQL commits asynchronously: what came before the crash is to survive it.
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            await connection.execute("CHECKPOINT")
        await postgres.stop(end)
        for answer in await requests(ann, room):
            assert_unavailable(answer)
        assert_unavailable(await ann.get("/readyz"))
        assert (await ann.get("/healthz")).status_code == 200
        assert (await ann.get("/")).status_code == 200, "pages need no database"

        await postgres.start()
        assert (await ann.get("/readyz")).status_code == 200
        for answer in await requests(ann, room):
            assert answer.status_code == 200, answer.text
        assert [message["message"] for message in await ann.reads(room)] == ["hello"]
        bob = await visitors.client("bob")
        await bob.enters(room)

    log = server.log.read_text()
    assert postgres.password not in log
    assert ann.email not in log
