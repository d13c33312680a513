"""A CONNECT without identity: it waits, gets nothing, and goes when somebody logs in from its address.

Each test connects from a loopback address of its own, so that what others log in to does not count here.
"""

import asyncio
import json

import pytest

from tests.integration.signaling.client import marks
from tests.integration.signaling.conftest import Peers, Raw
from tests.integration.signaling.raw import RawSocket, raw_socket
from tests.integration.signaling.town import Town, unused_address
from tests.servers.stopwatch import Stopwatch

pytestmark = pytest.mark.database("sqlite")

MOST_PER_ADDRESS = 100
LATE_SECONDS = 5.0
"""What a busy machine adds until it is seen here that a transport was closed."""


async def waits(raw: Raw, address: str, **how: object) -> RawSocket:
    """A transport that has said CONNECT and been heard."""
    socket = await raw(address=address, **how)
    await socket.sends("40")
    assert await socket.is_open()
    return socket


async def test_released_by_a_login(raw: Raw, town: Town, address: str) -> None:
    ann = await town.at(address, await town.person("ann"))
    socket = await waits(raw, address)
    await ann.logs_in()
    assert await socket.expects_close() == []


async def test_released_by_a_guests_verification(raw: Raw, town: Town, address: str) -> None:
    gus = await town.stranger_at(address, client=False)
    socket = await waits(raw, address)
    await gus.registers()
    assert await socket.is_open(), "to register is not to be somebody"
    await gus.confirms()
    assert await socket.expects_close() == []


async def test_released_by_a_refresh(raw: Raw, town: Town, address: str) -> None:
    new = await town.newcomer()
    here = await town.at(address, new)
    here.http.cookies.set("jwt", new.cookie)
    socket = await waits(raw, address)
    await here.refreshes()
    assert await socket.expects_close() == []


async def test_not_by_what_logs_nobody_in(raw: Raw, town: Town, address: str) -> None:
    ann = await town.at(address, await town.person("ann"))
    new = await town.stranger_at(address, client=True)
    socket = await waits(raw, address)
    wrong = {"username": ann.username, "password": "not the password"}
    assert (await ann.post("/client/login", wrong)).status_code == 401
    assert (await ann.http.get("/refresh")).status_code == 401
    assert (await ann.put("/guest/verify", params={"token": "forged"})).status_code == 403
    assert (await ann.put("/logout")).status_code == 204
    assert (await ann.get("/room/check")).status_code == 405
    await new.registers()
    await new.confirms()  # a client's email: no login yet
    assert await socket.is_open()
    await ann.logs_in()
    assert await socket.expects_close() == []


async def test_not_by_a_login_from_elsewhere(raw: Raw, town: Town, address: str) -> None:
    elsewhere = await town.at(unused_address(), await town.person("ann"))
    near = await town.at(address, elsewhere)
    socket = await waits(raw, address)
    await elsewhere.logs_in()
    assert await socket.is_open()
    await near.logs_in()
    assert await socket.expects_close() == []


async def test_all_of_an_address_are_released(raw: Raw, town: Town, address: str) -> None:
    ann = await town.at(address, await town.person("ann"))
    sockets = [await waits(raw, address) for _ in range(5)]
    await ann.logs_in()
    assert await asyncio.gather(*(socket.expects_close() for socket in sockets)) == [[]] * 5


async def test_connect_that_comes_after_the_login(raw: Raw, town: Town, address: str) -> None:
    """The transport opened before the login, so it has no cookie, though it says CONNECT only now."""
    ann = await town.at(address, await town.person("ann"))
    socket = await raw(address=address)
    await ann.logs_in()
    await socket.sends("40")
    assert await socket.expects_close() == []


async def test_handshake_that_crosses_the_answer_to_the_login(raw: Raw, town: Town, address: str) -> None:
    """It left without the cookie and arrived after the login: it is not kept for half a minute."""
    ann = await town.at(address, await town.person("ann"))
    await ann.logs_in()
    socket = await raw(address=address)
    await socket.sends("40")
    assert await socket.expects_close() == []


@pytest.mark.parametrize("auth", ["", "{}", '{"token":null}'])
async def test_no_token_in_any_form(raw: Raw, town: Town, address: str, auth: str) -> None:
    ann = await town.at(address, await town.person("ann"))
    socket = await raw(address=address)
    await socket.sends("40" + auth)
    assert await socket.is_open()
    await ann.logs_in()
    assert await socket.expects_close() == []


async def test_cookie_of_a_session_that_was_ended_waits(raw: Raw, town: Town, address: str) -> None:
    new = await town.newcomer()
    cookie = new.cookie
    await new.http.put("/logout")
    socket = await waits(raw, address, cookie=cookie)
    here = await town.at(address, new)
    await here.logs_in()
    assert await socket.expects_close() == []


@pytest.mark.kinds("js-websocket")
async def test_who_waits_is_let_into_nothing(peers: Peers, raw: Raw, town: Town, address: str) -> None:
    async with peers("ann", "bob") as (ann, bob):
        visitor = await town.at(address, ann.person)
        socket = await waits(raw, address)
        for number, event in enumerate(
            (
                ["username", ann.shown_as],
                ["join", {"room": ann.room, "username": ann.shown_as}],
                ["offer-sdp", bob.description(ann)],
                ["offer-ice", bob.candidate(ann)],
                ["chat-message", {"message": "hello"}],
                ["leave"],
            )
        ):
            await socket.sends("42" + json.dumps(event), f"42{number}" + json.dumps(event))
        await socket.sends("40", "41")
        assert await socket.is_open()
        await marks(bob, ann)
        await visitor.logs_in()
        assert await socket.expects_close() == []
        await marks(ann, bob)
        assert await ann.person.reads(ann.room) == []


async def test_waiting_transports_are_limited(raw: Raw, town: Town, address: str) -> None:
    """The one too many goes at once; those that wait stay, and so does who waits elsewhere."""
    ann = await town.at(address, await town.person("ann"))
    # At once: those who wait are let go after half a minute.
    sockets = list(await asyncio.gather(*(waits(raw, address) for _ in range(MOST_PER_ADDRESS))))
    elsewhere = await waits(raw, unused_address())
    async with raw_socket(town.server, address=address) as too_many:
        await too_many.sends("40")
        assert await too_many.expects_close() == []
    assert all([await socket.is_open() for socket in (*sockets, elsewhere)])
    # A place is free again where somebody gave up.
    await sockets.pop().close()
    sockets.pop().breaks()
    sockets.append(await waits_at_last(raw, address))
    await ann.logs_in()
    assert await asyncio.gather(*(socket.expects_close() for socket in sockets)) == [[]] * len(sockets)
    assert await elsewhere.is_open()


async def waits_at_last(raw: Raw, address: str) -> RawSocket:
    """Once the server has noticed that others went."""
    async with asyncio.timeout(60):
        while True:
            socket = await raw(address=address)
            await socket.sends("40")
            if await socket.is_open() and await socket.is_open():
                return socket


async def test_at_most_thirty_seconds(half_a_minute: "asyncio.Task[tuple[list[str], Stopwatch]]") -> None:
    """Then the transport is closed, without a packet."""
    frames, watch = await half_a_minute
    assert frames == []
    assert watch.seconds + watch.held_up >= 25, str(watch)
    assert watch.seconds <= 30 + LATE_SECONDS, str(watch)
