"""The attendance of an event is what the server saw of its call."""

import asyncio
from typing import Any

import pytest

from tests.integration.signaling.conftest import Connect, Peers
from tests.integration.signaling.inbox import PATIENCE_SECONDS
from tests.integration.signaling.town import Town
from tests.people import Person, done

sqlite = pytest.mark.database("sqlite")
one_kind = pytest.mark.kinds("js-websocket")


async def attendance(creator: Person, room: str) -> list[dict[str, Any]]:
    answer = done(await creator.get("/event/log", params={"room": room}))
    rows: list[dict[str, Any]] = answer.json()["attendance"]
    return rows


async def until_closed(creator: Person, room: str, email: str) -> list[dict[str, Any]]:
    """The rows of this person, once none is open: a disconnect is acknowledged to nobody."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            rows = [row for row in await attendance(creator, room) if row["email"] == email]
            if all(row["left_at"] for row in rows):
                return rows


async def test_joining_and_leaving(peers: Peers) -> None:
    async with peers("ann", "bob", event=True) as (ann, bob):
        rows = {row["email"]: row for row in await attendance(ann.person, ann.room)}
        assert rows.keys() == {ann.person.email, bob.person.email}
        assert all(row["left_at"] is None for row in rows.values())
        assert rows[bob.person.email]["username"] == bob.shown_as
        await bob.may("leave")
        [left] = await until_closed(ann.person, ann.room, bob.person.email)
        assert left["joined_at"] <= left["left_at"]
        assert left["joined_at"].endswith("Z")


async def test_disconnecting(peers: Peers) -> None:
    async with peers("ann", "bob", event=True) as (ann, bob):
        await bob.close()
        [row] = await until_closed(ann.person, ann.room, bob.person.email)
        assert row["left_at"]
        [still] = [r for r in await attendance(ann.person, ann.room) if r["email"] == ann.person.email]
        assert still["left_at"] is None


@one_kind
async def test_each_visit_is_a_row(peers: Peers) -> None:
    async with peers("ann", "bob", event=True) as (ann, bob):
        for _ in range(2):
            await bob.may("leave")
            await bob.joins(ann.room)
        await bob.may("leave")
        rows = await until_closed(ann.person, ann.room, bob.person.email)
        assert len(rows) == 3


@sqlite
@one_kind
async def test_what_clients_say_over_http_doubles_nothing(peers: Peers) -> None:
    """Existing clients log their own moves beside joining and leaving."""
    async with peers("ann", "bob", event=True) as (ann, bob):
        await bob.person.moves("j", ann.room)
        await bob.person.moves("l", ann.room)
        await bob.may("leave")
        rows = await until_closed(ann.person, ann.room, bob.person.email)
        assert len(rows) == 1


@sqlite
@one_kind
async def test_at_two_computers_until_the_last_one_leaves(peers: Peers, connect: Connect) -> None:
    async with peers("ann", "bob", event=True) as (ann, bob):
        elsewhere = await connect(bob.person)
        await elsewhere.joins(ann.room)
        await bob.may("leave")
        [row] = [r for r in await attendance(ann.person, ann.room) if r["email"] == bob.person.email]
        assert row["left_at"] is None
        await elsewhere.may("leave")
        assert len(await until_closed(ann.person, ann.room, bob.person.email)) == 1


@sqlite
@one_kind
async def test_refused_join_is_no_visit(connect: Connect, town: Town) -> None:
    ann, carl = await town.people("ann", "carl")
    room = await town.room(ann, event=True)
    await (await connect(carl)).may_not("join", {"room": room}, code="not_invited")
    assert await attendance(ann, room) == []
