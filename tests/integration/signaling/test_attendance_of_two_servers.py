"""Two servers on one database keep their own rows of attendance, and end those of one that died."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.conftest import Databases, StartServer
from tests.integration.signaling.resuming_client import ResumingClient
from tests.integration.signaling.test_attendance import attendance
from tests.integration.signaling.test_attendance_survives import INSTANT, moment
from tests.people import Visitors
from tests.servers import ParlourServer

pytestmark = pytest.mark.database("postgres")


@dataclass(frozen=True)
class Scene:
    """Ann at her event on the first server, bob at the same event on the second."""

    first: ParlourServer
    second: ParlourServer
    ann: ResumingClient
    bob: ResumingClient

    async def rows(self) -> dict[str, dict[str, Any]]:
        found = await attendance(self.ann.person, self.ann.room)
        assert len(found) == 2
        return {row["email"]: row for row in found}


@pytest.fixture
async def scene(fresh_server: StartServer, databases: Databases, database: str) -> AsyncIterator[Scene]:
    url = await databases.create(database)
    same = {"PARLOUR_SECRET_KEY": "the same secret for both of these two servers"}
    async with AsyncExitStack() as ending:
        first = await fresh_server(same, database_url=url)
        ann = await (await ending.enter_async_context(Visitors(first))).client("ann")
        here = await ending.enter_async_context(ResumingClient(ann, await ann.creates_event()))
        await here.joins()
        second = await fresh_server(same, database_url=url)
        bob = await (await ending.enter_async_context(Visitors(second))).client("bob")
        await ann.invites(bob, to=here.room)
        there = await ending.enter_async_context(ResumingClient(bob, here.room))
        await there.joins()
        yield Scene(first, second, here, there)


async def test_a_start_closes_nobody_elses_rows(scene: Scene) -> None:
    assert all(row["left_at"] is None for row in (await scene.rows()).values())
    await scene.second.restart()
    assert (await scene.rows())[scene.ann.person.email]["left_at"] is None
    scene.bob.breaks()
    assert (await scene.bob.joins())["resumed"] is True
    assert all(row["left_at"] is None for row in (await scene.rows()).values())


async def test_a_living_server_ends_the_rows_of_a_dead_one(scene: Scene) -> None:
    """At the last proof of presence; its own go on."""
    bob = scene.bob.person
    await scene.second.kill()
    died = datetime.now(UTC)
    async with asyncio.timeout(150):  # the living one looks every ten seconds
        while (rows := await scene.rows())[bob.email]["left_at"] is None:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.5)  # to ask all the time would keep a core busy meanwhile
    assert moment(rows[bob.email]["joined_at"]) <= moment(rows[bob.email]["left_at"]) <= died + INSTANT
    assert rows[scene.ann.person.email]["left_at"] is None
