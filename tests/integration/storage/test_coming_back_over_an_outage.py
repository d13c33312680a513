"""The database is away when people in a call lose their line: they come back, and nobody else gets in."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from parlour.db.tables import bans, refresh_sessions, rooms, users
from tests.integration.http.storage import database_of
from tests.integration.signaling.raw import raw_socket
from tests.integration.signaling.resuming_client import ResumingClient, introduced
from tests.people import Person, Visitors
from tests.servers import ParlourServer, PostgresServer


@dataclass(frozen=True)
class Scene:
    """Ann and bob in the call of ann's room; carl is invited, and not there."""

    postgres: PostgresServer
    server: ParlourServer
    ann: ResumingClient
    bob: ResumingClient
    carl: Person


@pytest.fixture
async def scene(postgres: PostgresServer, tmp_path: Path) -> AsyncIterator[Scene]:
    url = await postgres.create_database()
    async with AsyncExitStack() as ending:
        server = await ending.enter_async_context(ParlourServer(tmp_path, url, {"PARLOUR_RESUME_GRACE": 60}))
        people = await ending.enter_async_context(Visitors(server))
        persons = [await people.client(name) for name in ("ann", "bob", "carl")]
        room = await persons[0].creates_room()
        await persons[0].invites(*persons[1:], to=room)
        ann, bob = [await ending.enter_async_context(ResumingClient(person, room)) for person in persons[:2]]
        await ann.joins()
        await bob.joins()
        await introduced(bob, ann)
        yield Scene(postgres, server, ann, bob, persons[2])


async def test_who_was_in_the_call_comes_back_to_it(scene: Scene) -> None:
    ann, bob = scene.ann, scene.bob
    before = bob.peer_id
    await scene.postgres.stop()
    bob.breaks()
    assert (await ann.proposes(bob, "meanwhile"))["ok"] is True
    answer = await bob.joins()
    assert (answer["resumed"], answer["peerID"], answer["received"]) == (True, before, 0)
    await bob.hears("ice-candidate")
    await bob.reaches(ann, "back, and nobody saw anything")
    bob.hangs()
    assert (await bob.joins())["resumed"] is True, "before the server knows that the line is dead"
    await ann.reaches(bob, "again")

    await scene.postgres.start()
    await scene.server.expect_log("trust.checked")
    await ann.reaches(bob, "still there")
    await bob.reaches(ann, "and so am I")
    await bob.person.writes("hello", to=bob.room)


async def test_nobody_else_gets_in_and_nowhere_else(scene: Scene) -> None:
    bob = scene.bob
    elsewhere = await bob.person.creates_room()
    await scene.postgres.stop()
    async with raw_socket(scene.server) as socket:
        await socket.sends("40" + json.dumps({"token": scene.carl.token}))
        assert await socket.expects_close() == [], "who is not in a call has to wait"
    async with raw_socket(scene.server) as socket:
        await socket.sends("40" + json.dumps({"token": f"{bob.person.token}x"}))
        assert json.loads((await socket.expects("44"))[2:])["data"]["code"] == "invalid_token"
    bob.breaks()
    await bob.connects()
    for join in (
        {"room": elsewhere, "resumable": True},
        {"room": bob.room, "resumable": True},
        {"room": bob.room, "resumable": True, "resume": scene.ann.token},
    ):
        answer = await bob.socket.asks(json.dumps(["join", join]))
        assert (answer["ok"], answer["code"]) == (False, "unavailable"), join
    assert (await bob.joins())["resumed"] is True


async def test_who_had_logged_out_stays_out(scene: Scene) -> None:
    bob = scene.bob
    await bob.person.put("/logout")
    await scene.ann.hears("remove-peer", peerID=bob.peer_id)
    await scene.postgres.stop()
    async with raw_socket(scene.server) as socket:
        await socket.sends("40" + json.dumps({"token": bob.person.token}))
        assert json.loads((await socket.expects("44"))[2:])["data"]["code"] == "invalid_token"


async def test_a_session_that_was_ended_behind_the_servers_back_ends(scene: Scene) -> None:
    ann, bob = scene.ann, scene.bob
    with database_of(scene.server) as connection:
        his = select(users.c.id).where(users.c.email == bob.person.email).scalar_subquery()
        connection.execute(
            update(refresh_sessions)
            .where(refresh_sessions.c.user_id == his)
            .values(revoked_at=now() - timedelta(hours=1))  # so long ago that nobody looks for it
        )
    await comes_back_over_an_outage(scene)
    ended = await bob.socket.expects_event("session-ended")
    assert ended["code"] == "invalid_token"
    await bob.socket.expects_close()
    await ann.hears("remove-peer", peerID=bob.peer_id)


async def test_who_was_banned_behind_the_servers_back_is_put_out(scene: Scene) -> None:
    ann, bob = scene.ann, scene.bob
    with database_of(scene.server) as connection:
        room = select(rooms.c.id).where(rooms.c.name == bob.room).scalar_subquery()
        email = bob.person.email
        connection.execute(insert(bans).values(room_id=room, email=email, email_key=email, banned_at=now()))
    await comes_back_over_an_outage(scene)
    assert (await bob.socket.expects_event("removed"))["code"] == "banned"
    await ann.hears("remove-peer", peerID=bob.peer_id)


async def comes_back_over_an_outage(scene: Scene) -> None:
    """Bob, while the database knew nothing to say."""
    await scene.postgres.stop()
    scene.bob.breaks()
    assert (await scene.bob.joins())["resumed"] is True
    await scene.ann.reaches(scene.bob, "nobody can be asked")
    await scene.postgres.start()


def now() -> datetime:
    return datetime.now(UTC)
