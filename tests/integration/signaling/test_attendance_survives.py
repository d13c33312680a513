"""The attendance stays truthful over lost lines, restarts and crashes: one row a visit."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select

from parlour.db.tables import event_log
from tests.conftest import StartServer
from tests.integration.http.storage import database_of
from tests.integration.signaling.resuming_client import ResumingClient
from tests.integration.signaling.test_attendance import attendance, until_closed
from tests.people import Visitors
from tests.servers import ParlourServer

AMPLE, SHORT = 30, 3
"""Seconds: time to come back, however busy the machine is; and a grace whose end is waited for."""
INSTANT = timedelta(milliseconds=1)
"""Times are told in milliseconds."""


@pytest.fixture
def grace() -> int:
    return AMPLE


@pytest.fixture
async def parlour(fresh_server: StartServer, grace: int) -> ParlourServer:
    return await fresh_server({"PARLOUR_RESUME_GRACE": grace})


@pytest.fixture
async def ann(parlour: ParlourServer) -> AsyncIterator[ResumingClient]:
    """In the call of an event of her own."""
    async with Visitors(parlour) as people, AsyncExitStack() as ending:
        person = await people.client("ann")
        ann = await ending.enter_async_context(ResumingClient(person, await person.creates_event()))
        await ann.joins()
        yield ann


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def test_a_lost_line_is_no_departure(ann: ResumingClient) -> None:
    ann.breaks()
    assert (await ann.joins())["resumed"] is True
    [row] = await attendance(ann.person, ann.room)
    assert row["left_at"] is None


@pytest.mark.parametrize("grace", [SHORT])
async def test_who_does_not_come_back_left_when_the_line_was_lost(ann: ResumingClient) -> None:
    """And not when the grace was over, which is when the row is closed."""
    before = datetime.now(UTC)
    ann.breaks()
    [row] = await until_closed(ann.person, ann.room, ann.person.email)
    over = datetime.now(UTC)
    assert before - INSTANT <= moment(row["left_at"]) <= over - timedelta(seconds=SHORT) + INSTANT
    assert (await ann.joins())["resumed"] is False
    assert [row["left_at"] is None for row in await attendance(ann.person, ann.room)] == [False, True]


async def test_a_crash_closes_at_the_last_proof_and_a_resume_opens_again(
    ann: ResumingClient, parlour: ParlourServer
) -> None:
    """The proof is written from time to time: waited for where it is kept."""
    [first] = await attendance(ann.person, ann.room)
    await parlour.kill()
    died = datetime.now(UTC)
    await parlour.start()
    [row] = await attendance(ann.person, ann.room)
    assert moment(row["joined_at"]) <= moment(row["left_at"]) <= died
    ann.breaks()
    assert (await ann.joins())["resumed"] is True
    [row] = await attendance(ann.person, ann.room)
    assert (row["joined_at"], row["left_at"]) == (first["joined_at"], None)
    await ann.socket.asks('["leave"]')
    [row] = await attendance(ann.person, ann.room)
    assert moment(row["left_at"]) > died


async def test_presence_is_proven_while_it_lasts(ann: ResumingClient, parlour: ParlourServer) -> None:
    async with asyncio.timeout(60):
        while not proven_for(parlour, timedelta(seconds=5)):  # noqa: ASYNC110 - nobody is told of them
            await asyncio.sleep(0.5)
    await parlour.kill()
    await parlour.start()
    [row] = await attendance(ann.person, ann.room)
    stayed = moment(row["left_at"]) - moment(row["joined_at"])
    assert timedelta(seconds=5) < stayed < timedelta(seconds=60)


def proven_for(parlour: ParlourServer, least: timedelta) -> bool:
    """Whether the database has a proof of presence so long after the coming."""
    with database_of(parlour) as connection:
        visit = connection.execute(select(event_log)).one()
    return visit.seen_at is not None and visit.seen_at - visit.joined_at > least


@pytest.mark.database("sqlite")
async def test_a_restart_is_no_departure(ann: ResumingClient, parlour: ParlourServer) -> None:
    asked = datetime.now(UTC)
    await parlour.terminate()
    ended = datetime.now(UTC)
    await parlour.start()
    [row] = await attendance(ann.person, ann.room)
    assert asked - timedelta(seconds=5) < moment(row["left_at"]) <= ended, "the last proof is that of the end"
    ann.breaks()
    await ann.joins()
    [row] = await attendance(ann.person, ann.room)
    assert row["left_at"] is None


@pytest.mark.database("sqlite")
async def test_what_clients_say_contradicts_nothing(ann: ResumingClient) -> None:
    for move in ("j", "l", "j", "l", "l"):
        await ann.person.moves(move, ann.room)
    [row] = await attendance(ann.person, ann.room)
    assert row["left_at"] is None, "the server sees her there"
    ann.breaks()
    await ann.person.moves("l", ann.room)
    assert (await ann.joins())["resumed"] is True
    [row] = await attendance(ann.person, ann.room)
    assert row["left_at"] is None
    await ann.socket.asks('["leave"]')
    await ann.person.moves("l", ann.room)
    [row] = await attendance(ann.person, ann.room)
    assert row["left_at"] is not None


@pytest.mark.database("sqlite")
async def test_who_says_it_before_the_server_sees_it(ann: ResumingClient) -> None:
    await ann.socket.asks('["leave"]')
    await ann.person.moves("j", ann.room)
    await ann.joins()
    assert [row["left_at"] is None for row in await attendance(ann.person, ann.room)] == [False, True]
    await ann.socket.asks('["leave"]')
    rows = await attendance(ann.person, ann.room)
    assert [row["left_at"] is None for row in rows] == [False, False]


@pytest.mark.database("sqlite")
async def test_two_computers_over_a_crash(ann: ResumingClient, parlour: ParlourServer) -> None:
    """The second one comes back first; neither is counted beside the other."""
    async with ResumingClient(ann.person, ann.room) as second:
        await second.joins()
        await parlour.kill()
        await parlour.start()
        for one in (second, ann):
            one.breaks()
            await one.joins()
        rows = await attendance(ann.person, ann.room)
        assert [row["left_at"] is None for row in rows].count(True) == 1
        await second.socket.asks('["leave"]')
        rows = await attendance(ann.person, ann.room)
        assert [row["left_at"] is None for row in rows].count(True) == 1
        await ann.socket.asks('["leave"]')
        rows = await attendance(ann.person, ann.room)
        assert all(row["left_at"] for row in rows)
        ends = [(moment(row["joined_at"]), moment(row["left_at"])) for row in rows]
        assert all(one[1] <= other[0] for one, other in pairwise(ends)), "no overlap"
