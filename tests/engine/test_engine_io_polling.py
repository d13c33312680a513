"""Engine.IO protocol 4, section "HTTP long-polling": payloads, limits, overlapping requests."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from parlour.engine import Reason
from parlour.engine.sessions import TransportSessions
from tests.engine.reference import PATIENCE, Client, is_polled, until

pytestmark = pytest.mark.asyncio(loop_scope="module")  # each module on both event loops


@pytest.mark.parametrize(
    "payload", ["4hello", "4test1\x1e4test2\x1e4test3", "4hello\x1ebAQIDBA==", "4", "4é€😀"]
)
async def test_a_payload_of_packets_comes_in_and_goes_out(io: Client, payload: str) -> None:
    sid = await io.open_polling()
    assert await io.post(sid, payload.encode()) == (200, "ok")
    assert await io.poll(sid) == (200, payload)


async def test_a_poll_waits_for_a_packet(io: Client) -> None:
    sid = await io.open_polling()
    poll = asyncio.create_task(io.poll(sid))
    assert await io.post(sid, "4hello") == (200, "ok")
    assert await poll == (200, "4hello")


@pytest.mark.parametrize(
    "body",
    [
        b"abc",
        b"",
        b"4hello\x1e",
        b"4hello\x1eabc",
        b"b!!!!",
        b"bAQI",
        b"4\xff\xfe",
        b"0{}",
        b"7",
        b"11",
        b"\x1e",
    ],
)
async def test_an_invalid_payload_closes_the_session(
    io: Client, echo: TransportSessions, body: bytes
) -> None:
    sid = await io.open_polling()
    assert (await io.post(sid, body))[0] == 400
    assert (await io.poll(sid))[0] == 400
    assert echo.closed == {Reason.PARSE_ERROR: 1}


async def test_a_body_in_single_bytes_is_one_payload(io: Client) -> None:
    sid = await io.open_polling()

    async def body() -> AsyncIterator[bytes]:
        for byte in "4one\x1e4zwei 😀\x1ebAQID".encode():
            yield bytes([byte])
            await asyncio.sleep(0)

    assert await io.post(sid, body()) == (200, "ok")
    assert await io.poll(sid) == (200, "4one\x1e4zwei 😀\x1ebAQID")


async def test_a_request_in_single_bytes_is_understood(io: Client) -> None:
    sid = await io.open_polling()
    body = "4one\x1e4two"
    request = (
        f"POST /engine.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: x\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", io.port)
    for byte in request.encode():
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0)
    assert (await asyncio.wait_for(reader.readline(), PATIENCE)).startswith(b"HTTP/1.1 200 ")
    writer.close()
    assert await io.poll(sid) == (200, "4one\x1e4two")


async def test_many_packets_in_one_body(io: Client) -> None:
    sid = await io.open_polling()
    packets = [f"4{number}" for number in range(1000)]
    assert await io.post(sid, "\x1e".join(packets)) == (200, "ok")
    polled: list[str] = []
    while len(polled) < 1000:
        status, payload = await io.poll(sid)
        assert status == 200
        assert len(payload.split("\x1e")) <= 16
        polled += payload.split("\x1e")
    assert polled == packets


@pytest.mark.parametrize("options", [{"max_payload": 1000}])
async def test_an_oversize_body_is_refused_and_closes_the_session(
    io: Client, echo: TransportSessions
) -> None:
    sid = await io.open_polling()
    assert await io.post(sid, "4" + "x" * 999) == (200, "ok")
    assert (await io.post(sid, "4" + "x" * 1000))[0] == 413
    assert (await io.poll(sid))[0] == 400
    assert echo.closed == {Reason.TOO_LARGE: 1}


@pytest.mark.parametrize("options", [{"max_payload": 1000}])
async def test_an_oversize_body_of_unknown_length_is_refused(io: Client, echo: TransportSessions) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b"4" * 300

    sid = await io.open_polling()
    assert (await io.post(sid, body()))[0] == 413
    assert (await io.poll(sid))[0] == 400


async def test_two_polls_at_once_close_the_session(io: Client, echo: TransportSessions) -> None:
    sid = await io.open_polling()
    answers = await asyncio.gather(io.poll(sid), io.poll(sid))
    assert sorted(status for status, _ in answers) == [200, 400]
    assert "1" in [text for _, text in answers]
    assert (await io.poll(sid))[0] == 400
    assert echo.closed == {Reason.OVERLAP: 1}


async def test_two_posts_at_once_close_the_session(io: Client, echo: TransportSessions) -> None:
    sid = await io.open_polling()
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"4one"
        begun.set()
        await may_end.wait()

    first = asyncio.create_task(io.post(sid, body()))
    await begun.wait()
    async with asyncio.timeout(PATIENCE):
        while (await io.post(sid, "4two"))[0] == 200:
            pass  # the head of the first was not read yet
    may_end.set()
    await first
    assert (await io.poll(sid))[0] == 400
    assert echo.closed == {Reason.OVERLAP: 1}


async def test_a_cancelled_poll_closes_the_session(io: Client, echo: TransportSessions) -> None:
    sid = await io.open_polling()
    _reader, writer = await asyncio.open_connection("127.0.0.1", io.port)
    writer.write(f"GET /engine.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    await writer.drain()
    writer.close()
    await until(lambda: not echo.by_sid)
    assert (await io.poll(sid))[0] == 400


async def test_a_client_that_vanishes_during_a_post_loses_its_session(
    io: Client, echo: TransportSessions
) -> None:
    sid = await io.open_polling()
    _, writer = await asyncio.open_connection("127.0.0.1", io.port)
    head = f"POST /engine.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: x\r\n"
    writer.write(f"{head}Content-Length: 9\r\n\r\n4h".encode())
    await writer.drain()
    writer.close()
    await until(lambda: not echo.by_sid)
    assert echo.closed == {Reason.TRANSPORT_ERROR: 1}


@pytest.mark.parametrize("options", [{"max_send_buffer": 2000}])
async def test_a_client_that_does_not_poll_is_cut_off(io: Client, echo: TransportSessions) -> None:
    sid = await io.open_polling()
    assert await io.post(sid, "4" + "x" * 1500) == (200, "ok")
    assert await io.post(sid, "4" + "x" * 1500) == (200, "ok")
    assert (await io.poll(sid))[0] == 400
    assert echo.closed == {Reason.SLOW_READER: 1}


async def test_a_close_packet_ends_the_session_and_the_waiting_poll(
    io: Client, echo: TransportSessions
) -> None:
    sid = await io.open_polling()
    poll = asyncio.create_task(io.poll(sid))
    await until(lambda: is_polled(echo, sid))
    assert await io.post(sid, "1") == (200, "ok")
    assert await poll == (200, "6")
    assert (await io.poll(sid))[0] == 400


async def test_nothing_after_a_close_packet_is_heard(io: Client, echo: TransportSessions) -> None:
    sid = await io.open_polling()
    assert await io.post(sid, "4one\x1e1\x1e4two") == (200, "ok")
    assert not echo.by_sid


async def test_answers_are_not_cached(io: Client) -> None:
    _, headers = await io.headers("GET", "EIO=4&transport=polling", {})
    assert headers["cache-control"] == "no-store"
    assert headers["content-type"] == "text/plain; charset=UTF-8"
