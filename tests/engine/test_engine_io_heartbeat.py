"""Engine.IO protocol 4, section "Heartbeat": pings from the server, pongs from the client."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from parlour.engine import Reason
from parlour.engine.sessions import TransportSessions
from tests.engine.reference import QUICK, Client, Metronome

pytestmark = pytest.mark.asyncio(loop_scope="module")  # each module on both event loops


@pytest.fixture
def options() -> dict[str, Any]:
    return QUICK


INTERVAL, TIMEOUT = QUICK["ping_interval"], QUICK["ping_timeout"]
TICK = TIMEOUT / 20
LATE = 0.1
"""Seconds, and what the machine kept the whole process from running for."""
room_for_answers = pytest.mark.parametrize("options", [{**QUICK, "ping_timeout": 2.0}])
"""Where it is not the subject, how soon a client has to answer, and its end is waited for."""
as_late_as_one_likes = pytest.mark.parametrize("options", [{**QUICK, "ping_timeout": 60.0}])


@pytest_asyncio.fixture(loop_scope="module")
async def metronome() -> AsyncIterator[Metronome]:
    async with Metronome() as metronome:
        yield metronome


def in_time(late: float, metronome: Metronome) -> bool:
    """Where it stood still after the server began to count and before the client did, all comes early."""
    return -2 * TICK - metronome.stalled < late < LATE + metronome.stalled


@as_late_as_one_likes
async def test_polling_is_pinged_and_stays_with_pongs(io: Client) -> None:
    sid = await io.open_polling()
    for _ in range(3):
        assert await io.poll(sid) == (200, "2")
        assert await io.post(sid, "3") == (200, "ok")


@as_late_as_one_likes
async def test_websocket_is_pinged_and_stays_with_pongs(io: Client) -> None:
    socket, _ = await io.open_websocket()
    for _ in range(3):
        assert await socket.text() == "2"
        await socket.send("3")


@as_late_as_one_likes
async def test_the_ping_interval_is_kept(io: Client, metronome: Metronome) -> None:
    socket, _ = await io.open_websocket()
    loop = asyncio.get_running_loop()
    opened = loop.time()
    for number in range(1, 5):
        assert await socket.text() == "2"
        late = loop.time() - opened - number * INTERVAL
        assert in_time(late, metronome), f"ping {number} came {late:.3f} s late"
        await socket.send("3")


async def test_a_missing_pong_closes_a_websocket(
    io: Client, echo: TransportSessions, metronome: Metronome
) -> None:
    loop = asyncio.get_running_loop()
    socket, _ = await io.open_websocket()
    opened = loop.time()
    assert await socket.closed() == ["2"]
    assert in_time(loop.time() - opened - INTERVAL - TIMEOUT, metronome)
    assert echo.closed == {Reason.PING_TIMEOUT: 1}
    assert not echo.by_sid


@room_for_answers
async def test_a_missing_pong_closes_a_polling_session(io: Client, echo: TransportSessions) -> None:
    sid = await io.open_polling()
    assert await io.poll(sid) == (200, "2")
    assert await io.poll(sid) == (200, "1")
    assert (await io.poll(sid))[0] == 400
    assert echo.closed == {Reason.PING_TIMEOUT: 1}


async def test_a_session_that_nobody_polls_ends_at_its_time(io: Client, echo: TransportSessions) -> None:
    sid = await io.open_polling()
    # Nothing can be awaited: the rule is about this very time, and a tick of the wheel.
    await asyncio.sleep(INTERVAL + TIMEOUT + 2 * TICK)
    assert (await io.post(sid, "3"))[0] == 400
    assert not echo.by_sid


async def test_a_late_pong_does_not_help(io: Client, echo: TransportSessions) -> None:
    socket, _ = await io.open_websocket()
    assert await socket.text() == "2"
    assert await socket.closed() == []
    assert echo.closed == {Reason.PING_TIMEOUT: 1}


async def test_a_pong_before_the_ping_does_not_help(io: Client) -> None:
    socket, _ = await io.open_websocket()
    await socket.send("3")
    assert await socket.closed() == ["2"]


@room_for_answers
async def test_messages_are_no_pongs(io: Client) -> None:
    socket, _ = await io.open_websocket()
    assert await socket.text() == "2"
    await socket.send("4hello")
    assert await socket.closed() == ["4hello"]


@room_for_answers
async def test_the_heartbeat_goes_on_after_an_upgrade(io: Client) -> None:
    sid = await io.open_polling()
    socket = await io.websocket(f"&sid={sid}")
    await socket.send("2probe")
    assert await socket.text() == "3probe"
    await socket.send("5")
    for _ in range(2):
        assert await socket.text() == "2"
        await socket.send("3")
    assert await socket.closed() == ["2"]


@room_for_answers
async def test_a_process_that_stalls_reads_pongs_before_it_judges(
    io: Client, echo: TransportSessions
) -> None:
    socket, _ = await io.open_websocket()
    assert await socket.text() == "2"
    await socket.send("3")
    time.sleep(INTERVAL + 2.0)  # noqa: ASYNC251 -- the server runs in this very loop: it stands still
    await socket.send("4hello")
    assert "4hello" in [await socket.text(), await socket.text()]
