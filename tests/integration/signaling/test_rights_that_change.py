"""Who may no longer be in a call leaves it at once, whatever changed: room, person or another process."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, select

from parlour.db.tables import admissions, rooms
from tests.integration.http.storage import database_of, room_of
from tests.integration.signaling.raw import raw_socket
from tests.integration.signaling.resuming_client import ResumingClient, introduced
from tests.integration.signaling.test_attendance import attendance
from tests.integration.signaling.test_attendance_survives import INSTANT, moment
from tests.people import Visitors
from tests.servers import ParlourServer


@dataclass(frozen=True)
class Scene:
    """Ann's room: bob is invited, carl knows the password; all three are in its call."""

    ann: ResumingClient
    bob: ResumingClient
    carl: ResumingClient


@pytest.fixture
async def scene(server: ParlourServer) -> AsyncIterator[Scene]:
    async with Visitors(server) as people, AsyncExitStack() as ending:
        persons = [await people.client(name) for name in ("ann", "bob", "carl")]
        room = room_of(persons[0])
        await persons[0].invites(persons[1], to=room)
        await persons[2].enters(room)
        ann, bob, carl = [
            await ending.enter_async_context(ResumingClient(person, room)) for person in persons
        ]
        for newcomer, others in ((ann, ()), (bob, (ann,)), (carl, (ann, bob))):
            await newcomer.joins()
            await introduced(newcomer, *others)
        yield Scene(ann, bob, carl)


async def stays_out(visitor: ResumingClient, code: str) -> None:
    """Neither as a newcomer nor as one who goes on."""
    for join in (
        {"room": visitor.room},
        {"room": visitor.room, "resumable": True, "resume": visitor.token, "known": [], "received": 0},
    ):
        answer = await visitor.socket.asks(json.dumps(["join", join]))
        assert (answer["ok"], answer["code"]) == (False, code)


async def test_who_is_not_invited_leaves_a_room_that_becomes_an_event(scene: Scene) -> None:
    ann, bob, carl = scene.ann, scene.bob, scene.carl
    before = datetime.now(UTC)
    await ann.person.makes_event(ann.room)
    assert (await carl.socket.expects_event("removed"))["code"] == "not_invited"
    for stays in (ann, bob):
        await stays.hears("remove-peer", peerID=carl.peer_id)
    await stays_out(carl, "not_invited")
    await ann.reaches(bob, "between us")

    rows = await attendance(ann.person, ann.room)
    assert {row["email"] for row in rows} == {ann.person.email, bob.person.email}
    assert all(row["left_at"] is None and moment(row["joined_at"]) >= before - INSTANT for row in rows)
    bob.breaks()
    assert (await bob.joins())["resumed"] is True
    await bob.socket.asks('["leave"]')
    left = {row["email"]: row["left_at"] for row in await attendance(ann.person, ann.room)}
    assert left[bob.person.email] is not None
    assert left[ann.person.email] is None


@pytest.mark.database("sqlite")
async def test_who_is_away_for_a_moment_does_not_come_back(scene: Scene) -> None:
    ann, carl = scene.ann, scene.carl
    carl.breaks()
    await ann.person.makes_event(ann.room)
    await ann.hears("remove-peer", peerID=carl.peer_id)
    await carl.connects()
    await stays_out(carl, "not_invited")


async def test_joins_under_way_do_not_slip_through(scene: Scene) -> None:
    """They were permitted before; the room becomes an event; they enter."""
    ann, carl = scene.ann, scene.carl
    async with AsyncExitStack() as ending:
        sockets = [await ending.enter_async_context(raw_socket(carl.person.server)) for _ in range(8)]
        for socket in sockets:
            await socket.identifies(carl.person.token or "")
            await socket.sends(f"42{json.dumps(['join', {'room': ann.room}])}")
        await asyncio.gather(
            ann.person.makes_event(ann.room),
            *(socket.sends(f"42{json.dumps(['join', {'room': ann.room}])}") for socket in sockets),
        )
        for socket in sockets:  # in the order of the socket: after what came before
            answer = await socket.asks(json.dumps(["join", {"room": ann.room}]))
            while answer["ok"]:
                answer = await socket.asks(json.dumps(["join", {"room": ann.room}]))
            assert answer["code"] == "not_invited"
    await stays_out(carl, "not_invited")


async def test_what_another_process_changed_is_seen(scene: Scene) -> None:
    """Nobody tells this server: it asks now and then."""
    ann, carl = scene.ann, scene.carl
    with database_of(ann.person.server) as connection:
        room = select(rooms.c.id).where(rooms.c.name == ann.room).scalar_subquery()
        connection.execute(delete(admissions).where(admissions.c.room_id == room))
    async with asyncio.timeout(60):
        while not (await heard(carl)).startswith('42["removed"'):
            pass
    await ann.hears("remove-peer", peerID=carl.peer_id)
    await stays_out(carl, "not_admitted")


async def heard(visitor: ResumingClient) -> str:
    return await visitor.socket.frame(60)
