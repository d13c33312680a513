"""Transports without identity wait, and no longer than they may."""

import asyncio
import time

import pytest

from parlour.calls.cluster.node import MAX_LOGIN_WAIT_SECONDS
from parlour.calls.cluster.pending_connections import (
    ANSWER_SECONDS,
    MAX_PER_ADDRESS,
    PendingConnections,
)

HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"


async def settled() -> None:
    """Lets every task that can run do so."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_waits_as_long_as_the_contract_says() -> None:
    assert MAX_LOGIN_WAIT_SECONDS == 30
    assert MAX_PER_ADDRESS >= 20, "a family behind one router"


async def test_a_login_releases_those_of_its_address_alone() -> None:
    room = PendingConnections()
    here = [asyncio.create_task(room.wait(HERE)) for _ in range(3)]
    elsewhere = asyncio.create_task(room.wait(ELSEWHERE))
    await settled()
    assert room.count() == 4
    room.release(HERE)
    await asyncio.gather(*here)
    assert not elsewhere.done()
    assert room.count() == 1
    room.release(ELSEWHERE)
    await elsewhere
    assert room.count() == 0


async def test_time_runs_out() -> None:
    room = PendingConnections(max_wait=0.01)
    async with asyncio.timeout(5):
        await room.wait(HERE)
    assert room.count() == 0


async def test_too_many_of_one_address_do_not_wait() -> None:
    room = PendingConnections(max_per_address=2)
    waiting = [asyncio.create_task(room.wait(HERE)) for _ in range(2)]
    await settled()
    async with asyncio.timeout(5):
        await room.wait(HERE)
    other = asyncio.create_task(room.wait(ELSEWHERE))
    await settled()
    assert room.count() == 3
    room.release(HERE)
    room.release(ELSEWHERE)
    await asyncio.gather(*waiting, other)


async def test_one_who_hangs_up_makes_room() -> None:
    room = PendingConnections(max_per_address=1)
    gone = asyncio.create_task(room.wait(HERE))
    await settled()
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert room.count() == 0
    next_one = asyncio.create_task(room.wait(HERE))
    await settled()
    assert room.count() == 1
    room.release(HERE)
    await next_one


async def test_one_who_comes_after_a_login_waits_for_the_next() -> None:
    room = PendingConnections()
    first = asyncio.create_task(room.wait(HERE))
    await settled()
    room.release(HERE)
    second = asyncio.create_task(room.wait(HERE))
    await settled()
    assert first.done()
    assert not second.done()
    room.release(HERE)
    await second


async def test_a_login_with_nobody_waiting_is_nothing() -> None:
    room = PendingConnections()
    room.release(HERE)
    assert room.count() == 0


async def test_a_transport_from_before_the_login_does_not_wait_for_another() -> None:
    """It opened, somebody logged in, then it said CONNECT: it cannot have the cookie."""
    room = PendingConnections()
    opened = time.monotonic()
    room.release(HERE)
    async with asyncio.timeout(5):
        await room.wait(HERE, since=opened)
    assert room.count() == 0


async def test_a_transport_that_crossed_the_answer_to_the_login_waits_for_no_other() -> None:
    """It left the browser before the answer came there, so it has no cookie, and the server saw it after."""
    room = PendingConnections()
    room.release(HERE)
    async with asyncio.timeout(MAX_LOGIN_WAIT_SECONDS / 2):
        await room.wait(HERE, since=time.monotonic())
    assert room.count() == 0


async def test_a_transport_from_after_the_login_waits() -> None:
    room = PendingConnections()
    room.release(HERE)
    elsewhere = asyncio.create_task(room.wait(ELSEWHERE, since=0.0))
    waiting = asyncio.create_task(room.wait(HERE, since=time.monotonic() + ANSWER_SECONDS))
    await settled()
    assert room.count() == 2
    room.release(HERE)
    room.release(ELSEWHERE)
    await asyncio.gather(waiting, elsewhere)


async def test_all_addresses_together_are_limited() -> None:
    """Who has waited longest gives way, so that many addresses keep nobody out."""
    room = PendingConnections(max_waiting=2)
    waiting = [asyncio.create_task(room.wait(f"192.0.2.{host}")) for host in range(3)]
    await settled()
    assert [task.done() for task in waiting] == [True, False, False]
    assert room.count() == 2
    for host in range(3):
        room.release(f"192.0.2.{host}")
    await asyncio.gather(*waiting)
    assert room.count() == 0


async def test_a_network_of_ipv6_is_one_address() -> None:
    """Its owner chooses from 2 ** 64 addresses; HTTP may use another one than the socket."""
    room = PendingConnections(max_per_address=2)
    waiting = [asyncio.create_task(room.wait(f"2001:db8:1:2::{host}")) for host in range(2)]
    await settled()
    async with asyncio.timeout(5):
        await room.wait("2001:db8:1:2:ffff::1")
    elsewhere = asyncio.create_task(room.wait("2001:db8:1:3::1"))
    await settled()
    assert room.count() == 3
    room.release("2001:db8:1:2:abcd::9")
    await asyncio.gather(*waiting)
    assert not elsewhere.done()
    room.release("2001:db8:1:3::1")
    await elsewhere
