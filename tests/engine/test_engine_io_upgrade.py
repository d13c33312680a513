"""Engine.IO protocol 4, section "Upgrade": from long-polling to WebSocket."""

import asyncio

import aiohttp
import pytest

from parlour.engine import Reason
from parlour.engine.sessions import TransportSessions
from tests.engine.reference import Client, Socket, is_polled, until

pytestmark = pytest.mark.asyncio(loop_scope="module")  # each module on both event loops


async def probed(io: Client, sid: str) -> Socket:
    socket = await io.websocket(f"&sid={sid}")
    await socket.send("2probe")
    assert await socket.text() == "3probe"
    return socket


async def upgraded(io: Client, sid: str) -> Socket:
    socket = await probed(io, sid)
    await socket.send("5")
    await socket.send("4hello")
    assert await socket.text() == "4hello"
    return socket


async def test_a_session_moves_to_websocket(io: Client, echo: TransportSessions) -> None:
    sid = await io.open_polling()
    socket = await probed(io, sid)
    assert await io.poll(sid) == (200, "6")
    await socket.send("5")
    await socket.send("4hello")
    assert await socket.text() == "4hello"
    assert echo.by_sid[sid].transport.name == "websocket"


async def test_a_probe_ends_the_poll_that_waits(io: Client, echo: TransportSessions) -> None:
    sid = await io.open_polling()
    poll = asyncio.create_task(io.poll(sid))
    await until(lambda: is_polled(echo, sid))
    await probed(io, sid)
    assert await poll == (200, "6")


async def test_what_was_sent_during_the_upgrade_arrives_in_order(io: Client) -> None:
    sid = await io.open_polling()
    assert await io.post(sid, "4one") == (200, "ok")
    socket = await probed(io, sid)
    assert await io.post(sid, "4two\x1ebAQID") == (200, "ok")
    await socket.send("5")
    await socket.send("4three")
    assert [await socket.text(), await socket.text()] == ["4one", "4two"]
    assert await socket.data() == b"\x01\x02\x03"
    assert await socket.text() == "4three"


async def test_polling_goes_on_till_the_upgrade_packet(io: Client) -> None:
    sid = await io.open_polling()
    await probed(io, sid)
    assert await io.post(sid, "4hello") == (200, "ok")
    assert await io.poll(sid) == (200, "4hello")


async def test_http_requests_are_refused_after_the_upgrade(io: Client) -> None:
    sid = await io.open_polling()
    socket = await upgraded(io, sid)
    assert (await io.poll(sid))[0] == 400
    assert (await io.post(sid, "4hello"))[0] == 400
    await socket.send("4still")
    assert await socket.text() == "4still"


async def test_a_second_websocket_is_closed_after_the_upgrade(io: Client) -> None:
    sid = await io.open_polling()
    socket = await upgraded(io, sid)
    second = await io.websocket(f"&sid={sid}")
    assert await second.closed() == []
    await socket.send("4still")
    assert await socket.text() == "4still"


async def test_a_second_websocket_is_closed_during_the_upgrade(io: Client) -> None:
    sid = await io.open_polling()
    socket = await probed(io, sid)
    second = await io.websocket(f"&sid={sid}")
    assert await second.closed() == []
    await socket.send("5")
    await socket.send("4hello")
    assert await socket.text() == "4hello"


async def test_a_websocket_session_takes_no_second_websocket(io: Client) -> None:
    socket, handshake = await io.open_websocket()
    second = await io.websocket(f"&sid={handshake['sid']}")
    assert await second.closed() == []
    await socket.send("4still")
    assert await socket.text() == "4still"


@pytest.mark.parametrize("packet", ["5", "4hello", "2", "2other", "3probe", "6", "1", "abc", b"4"])
async def test_a_websocket_that_does_not_probe_first_is_closed(io: Client, packet: str | bytes) -> None:
    sid = await io.open_polling()
    socket = await io.websocket(f"&sid={sid}")
    await socket.send(packet)
    assert await socket.closed() == []
    assert await io.post(sid, "4still") == (200, "ok")
    assert await io.poll(sid) == (200, "4still")


async def test_a_second_probe_closes_the_websocket_alone(io: Client) -> None:
    sid = await io.open_polling()
    socket = await probed(io, sid)
    await socket.send("2probe")
    assert await socket.closed() == []
    assert await io.post(sid, "4still") == (200, "ok")
    assert await io.poll(sid) == (200, "4still")


async def test_a_second_upgrade_packet_is_harmless(io: Client) -> None:
    sid = await io.open_polling()
    socket = await upgraded(io, sid)
    await socket.send("5")
    await socket.send("4still")
    assert await socket.text() == "4still"


async def test_polling_goes_on_when_the_probing_websocket_is_lost(
    io: Client, echo: TransportSessions
) -> None:
    sid = await io.open_polling()
    socket = await probed(io, sid)
    await socket.raw.close()
    await until(lambda: not echo.by_sid[sid].is_upgrading)
    poll = asyncio.create_task(io.poll(sid))
    assert await io.post(sid, "4still") == (200, "ok")
    assert await poll == (200, "4still")
    await upgraded(io, sid)


@pytest.mark.parametrize("options", [{"upgrade_timeout": 0.5, "ping_timeout": 2.0}])
async def test_a_websocket_that_never_upgrades_is_closed(io: Client) -> None:
    sid = await io.open_polling()
    socket = await probed(io, sid)
    assert await socket.closed() == []
    assert await io.post(sid, "4still") == (200, "ok")
    assert await io.poll(sid) == (200, "4still")


async def test_a_close_packet_during_the_upgrade_closes_both_transports(
    io: Client, echo: TransportSessions
) -> None:
    sid = await io.open_polling()
    socket = await probed(io, sid)
    assert await io.post(sid, "1") == (200, "ok")
    assert await socket.closed() == []
    assert (await io.poll(sid))[0] == 400
    assert echo.closed == {Reason.TRANSPORT_CLOSE: 1}


async def test_a_session_that_the_server_closes_during_the_upgrade_ends_when_it_has_moved(
    io: Client, echo: TransportSessions
) -> None:
    sid = await io.open_polling()
    socket = await probed(io, sid)
    echo.by_sid[sid].close(Reason.FORCED_CLOSE)
    assert (await io.poll(sid))[0] == 400
    await socket.send("5")
    assert await socket.closed() == []


@pytest.mark.parametrize("options", [{"upgrade_timeout": 0.5, "ping_timeout": 2.0}])
async def test_a_closed_session_that_does_not_move_is_dropped(io: Client, echo: TransportSessions) -> None:
    sid = await io.open_polling()
    socket = await probed(io, sid)
    echo.by_sid[sid].close(Reason.FORCED_CLOSE)
    assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSED
