"""Engine.IO over WebSocket, and RFC 6455 where picows leaves it to us."""

import asyncio
import secrets
from contextlib import suppress
from typing import Any

import pytest

from parlour.engine import Reason
from parlour.engine.deflate import SMALLEST, inflated
from parlour.engine.sessions import TransportSessions
from parlour.engine.websocket import WebSocketTransport
from tests.engine.reference import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PATIENCE,
    PING,
    PONG,
    TEXT,
    Client,
    RawSocket,
    frame,
    until,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")  # each module on both event loops


@pytest.fixture
def options() -> dict[str, Any]:
    return {"max_payload": 70_000}


async def opened(io: Client) -> RawSocket:
    raw = await io.raw()
    opcode, payload = await raw.receive()
    assert (opcode, payload[:1]) == (TEXT, b"0")
    return raw


@pytest.mark.parametrize("text", ["4", "4hello", "4é€😀", "4" + "x" * 300, "4" + "x" * 69_999])
async def test_a_text_packet_comes_in_and_goes_out(io: Client, text: str) -> None:
    socket, _ = await io.open_websocket()
    await socket.send(text)
    assert await socket.text() == text


async def test_a_binary_packet_comes_in_and_goes_out(io: Client) -> None:
    socket, _ = await io.open_websocket()
    await socket.send(b"\x01\x02\x03\x04")
    assert await socket.data() == b"\x01\x02\x03\x04"


@pytest.mark.parametrize("text", ["abc", "", "7", "0{}", "2", "2probe", "11", "\x1e", "55"])
async def test_an_invalid_packet_closes_the_session(io: Client, echo: TransportSessions, text: str) -> None:
    socket, _ = await io.open_websocket()
    await socket.send(text)
    assert await socket.closed() == []
    assert echo.closed == {Reason.PARSE_ERROR: 1}
    assert not echo.by_sid


@pytest.mark.parametrize("packet", ["3", "5", "6"])
async def test_a_needless_packet_is_passed_over(io: Client, packet: str) -> None:
    socket, _ = await io.open_websocket()
    await socket.send(packet)
    await socket.send("4hello")
    assert await socket.text() == "4hello"


@pytest.mark.parametrize("size", [0, 3, 124, 125, 126, 400])
async def test_frames_in_single_bytes_are_understood(io: Client, size: int) -> None:
    raw = await opened(io)
    text = b"4" + b"x" * size
    await raw.write(frame(TEXT, text) + frame(TEXT, b"4after"), bytewise=True)
    assert await raw.receive() == (TEXT, text)
    assert await raw.receive() == (TEXT, b"4after")


async def test_frames_split_at_every_byte_are_understood(io: Client) -> None:
    raw = await opened(io)
    data = frame(TEXT, b"4" + b"x" * 130) + frame(PING, b"p") + frame(TEXT, "4é€😀".encode())
    for cut in range(1, len(data)):
        await raw.write(data[:cut])
        await asyncio.sleep(0)
        await raw.write(data[cut:])
        received = [await raw.receive() for _ in range(3)]
        assert sorted(received) == sorted([(TEXT, b"4" + b"x" * 130), (PONG, b"p"), (TEXT, "4é€😀".encode())])


async def test_many_frames_in_one_write_keep_their_order(io: Client) -> None:
    raw = await opened(io)
    await raw.write(b"".join(frame(TEXT, b"4%d" % number) for number in range(5000)))
    for number in range(5000):
        assert await raw.receive() == (TEXT, b"4%d" % number)


async def test_what_came_before_an_invalid_packet_is_answered(io: Client) -> None:
    raw = await opened(io)
    await raw.write(b"".join(frame(TEXT, text) for text in (b"4a", b"4b", b"x", b"4c")))
    assert [await raw.receive() for _ in range(2)] == [(TEXT, b"4a"), (TEXT, b"4b")]
    assert await raw.close_code() == 1008


async def test_a_whole_frame_does_not_wait_for_half_of_the_next(io: Client) -> None:
    raw = await opened(io)
    first, second = frame(TEXT, b"4a"), frame(TEXT, b"4b")
    await raw.write(first + first + second[:3])
    assert [await raw.receive() for _ in range(2)] == [(TEXT, b"4a")] * 2
    await raw.write(second[3:])
    assert await raw.receive() == (TEXT, b"4b")


@pytest.mark.parametrize(
    "last",
    [b"", frame(PING, b"p"), frame(PONG, b""), frame(TEXT, b"4c")[:3]],
    ids=["a text", "a ping", "a pong", "half of a frame"],  # masks are drawn anew, and workers compare names
)
async def test_texts_of_one_read_are_answered_whatever_ends_it(io: Client, last: bytes) -> None:
    texts = frame(TEXT, b"4a") + frame(TEXT, b"4b")
    raw = await opened(io)
    await raw.write(texts + last)
    received = [await raw.receive()]
    while received[-1] != (TEXT, b"4b"):
        received.append(await raw.receive())
    assert [payload for opcode, payload in received if opcode == TEXT] == [b"4a", b"4b"]


async def test_fragments_are_joined(io: Client) -> None:
    raw = await opened(io)
    text = "4é€😀 and more".encode()
    for cut in range(1, len(text)):
        await raw.write(frame(TEXT, text[:cut], fin=False) + frame(CONTINUATION, text[cut:]))
        assert await raw.receive() == (TEXT, text)
    await raw.write(b"".join(frame(TEXT if i == 0 else CONTINUATION, b"4", fin=i == 99) for i in range(100)))
    assert await raw.receive() == (TEXT, b"4" * 100)
    await raw.write(frame(BINARY, b"\x01", fin=False) + frame(CONTINUATION, b"") + b"")
    assert await raw.receive() == (BINARY, b"\x01")


async def test_a_ping_between_fragments_is_answered(io: Client) -> None:
    raw = await opened(io)
    await raw.write(frame(TEXT, b"4he", fin=False) + frame(PING, b"now") + frame(CONTINUATION, b"llo"))
    assert await raw.receive() == (PONG, b"now")
    assert await raw.receive() == (TEXT, b"4hello")


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (frame(CONTINUATION, b"4x"), 1002),
        (frame(TEXT, b"4x", fin=False) + frame(TEXT, b"4y"), 1002),
        (frame(TEXT, b"4x", reserved=0x40), 1002),
        (frame(BINARY, b"4x", reserved=0x20), 1002),
        (frame(TEXT, b"4x", masked=False), 1002),
        (frame(3, b"4x"), 1002),
        (frame(PING, b"x", fin=False), 1002),
        (frame(TEXT, b"4\xff"), 1007),
        (frame(TEXT, b"4\xed\xa0\x80"), 1007),
        (frame(TEXT, b"4\xff", fin=False) + frame(CONTINUATION, b""), 1007),
        (frame(TEXT, b"4" * 70_001), 1009),
        (frame(TEXT, b"4" * 40_000, fin=False) + frame(CONTINUATION, b"4" * 40_000), 1009),
        (frame(TEXT, b"4" * 60_000, fin=False) + frame(CONTINUATION, b"4" * 60_000, fin=False), 1009),
    ],
    ids=[
        "continuation of nothing",
        "text between fragments",
        "reserved bit without extension",
        "other reserved bit",
        "without a mask",
        "unknown opcode",
        "fragmented ping",
        "invalid UTF-8",
        "a surrogate in UTF-8",
        "invalid UTF-8 in fragments",
        "oversize frame",
        "oversize in fragments",
        "oversize before the end",
    ],
)
async def test_a_frame_against_the_rules_closes_the_session(
    io: Client, echo: TransportSessions, frames: bytes, code: int
) -> None:
    raw = await opened(io)
    await raw.write(frames)
    assert await raw.close_code() == code
    raw.abort()
    await until(lambda: not echo.by_sid)


async def test_a_character_split_between_fragments_is_whole(io: Client) -> None:
    raw = await opened(io)
    await raw.write(frame(TEXT, b"4\xf0\x9f", fin=False) + frame(CONTINUATION, b"\x98\x80"))
    assert await raw.receive() == (TEXT, "4😀".encode())


async def test_a_close_frame_is_answered(io: Client, echo: TransportSessions) -> None:
    raw = await opened(io)
    await raw.write(frame(CLOSE, (1000).to_bytes(2, "big")))
    assert await raw.close_code() == 1000
    assert await asyncio.wait_for(raw.reader.read(), PATIENCE) == b""
    await until(lambda: not echo.by_sid)
    assert echo.closed == {Reason.TRANSPORT_CLOSE: 1}


async def test_a_close_packet_closes_the_websocket(io: Client, echo: TransportSessions) -> None:
    socket, _ = await io.open_websocket()
    await socket.send("1")
    assert await socket.closed() == []
    assert not echo.by_sid


async def test_a_connection_that_is_reset_ends_the_session(io: Client, echo: TransportSessions) -> None:
    raw = await opened(io)
    raw.abort()
    await until(lambda: not echo.by_sid)


@pytest.mark.parametrize("options", [{"close_timeout": 0.05}])
async def test_a_client_that_does_not_answer_a_close_frame_is_dropped(
    io: Client, echo: TransportSessions
) -> None:
    raw = await opened(io)
    await raw.write(frame(TEXT, b"1"))
    assert await raw.close_code() == 1000
    assert not echo.by_sid
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await raw.receive()


@pytest.mark.parametrize("extension", [None, "permessage-deflate"])
@pytest.mark.parametrize("options", [{"max_send_buffer": 10_000_000, "compression": True}])
async def test_frames_that_wait_for_a_slow_reader_arrive_as_they_were_sent(
    io: Client, echo: TransportSessions, extension: str | None
) -> None:
    """Whatever is sent behind them, since a frame of which nothing has left yet waits with its head."""
    headers = [] if extension is None else [f"Sec-WebSocket-Extensions: {extension}"]
    slow = await io.raw("Connection: Upgrade", *headers)
    await slow.receive()
    (session,) = echo.by_sid.values()
    assert isinstance(session.transport, WebSocketTransport)
    sent: list[tuple[int, bytes]] = []

    def send(size: int) -> None:
        text = b"4" + secrets.token_hex(size).encode()
        session.send(text)
        sent.append((TEXT, text))

    while not session.transport.buffered():
        send(20_000)
    for size in (20_000, 70_000, 10, 150, 9_000, 20_000):
        send(size)
    data = secrets.token_bytes(20_000)
    session.send_binary(data)
    sent.append((BINARY, data))
    send(10)
    for opcode, expected in sent:
        kind, payload = await slow.receive()
        is_deflated = extension is not None and opcode == TEXT and len(expected) >= SMALLEST
        assert kind == opcode
        assert (inflated(payload, len(expected)) if is_deflated else payload) == expected


@pytest.mark.parametrize("options", [{"max_send_buffer": 100_000, "max_payload": 1_000_000}])
async def test_a_slow_reader_is_cut_off_and_others_do_not_wait(io: Client, echo: TransportSessions) -> None:
    slow, quick = await opened(io), await io.open_websocket()
    flood = frame(TEXT, b"4" + b"x" * 500_000)
    while len(echo.by_sid) == 2:
        with suppress(ConnectionError, TimeoutError):
            await asyncio.wait_for(slow.write(flood), 0.2)
        await quick[0].send("4hello")
        assert await quick[0].text() == "4hello"
    await until(lambda: len(echo.by_sid) == 1)
    assert echo.closed == {Reason.SLOW_READER: 1}
    await quick[0].raw.close()  # the error of the flood's last write holds this frame for a while
