"""permessage-deflate (RFC 7692), against a client that is not ours: the websockets library."""

from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from parlour.engine import Reason
from parlour.engine.sessions import TransportSessions
from tests.engine.reference import CLOSE, CONTINUATION, TEXT, Client, frame, until

pytestmark = pytest.mark.asyncio(loop_scope="module")  # each module on both event loops

DESCRIPTION = "4" + "a=rtpmap:96 VP8/90000\r\n" * 200
LIMIT = 70_000
RSV1 = 0x40


@pytest.fixture
def options() -> dict[str, Any]:
    return {"compression": True, "max_payload": LIMIT}


def opened(io: Client, *, offers: bool = True) -> connect:
    url = f"{io.url}?EIO=4&transport=websocket".replace("http", "ws", 1)
    return connect(url, compression="deflate" if offers else None)


def agreed(socket: ClientConnection) -> list[str]:
    return [extension.name for extension in socket.protocol.extensions]


async def test_long_messages_are_compressed_both_ways(io: Client) -> None:
    async with opened(io) as socket:
        assert agreed(socket) == ["permessage-deflate"]
        await socket.recv()
        for text in (DESCRIPTION, "4short", DESCRIPTION, "4" + "é" * 2000):
            await socket.send(text)
            assert await socket.recv() == text


async def test_fragments_of_a_compressed_message_are_joined(io: Client) -> None:
    async with opened(io) as socket:
        await socket.recv()
        await socket.send([DESCRIPTION[:1000], DESCRIPTION[1000:]])
        assert await socket.recv() == DESCRIPTION


async def test_nothing_is_compressed_for_who_does_not_offer_it(io: Client, echo: TransportSessions) -> None:
    async with opened(io, offers=False) as socket:
        assert agreed(socket) == []
        await socket.recv()
        await socket.send(DESCRIPTION)
        assert await socket.recv() == DESCRIPTION


@pytest.mark.parametrize("options", [{"max_payload": LIMIT}])
async def test_compression_is_off_by_default(io: Client) -> None:
    async with opened(io) as socket:
        assert agreed(socket) == []


async def test_a_message_that_inflates_beyond_the_limit_closes_the_session(
    io: Client, echo: TransportSessions
) -> None:
    async with opened(io) as socket:
        await socket.recv()
        await socket.send("4" + "x" * 20 * LIMIT)
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009
    await until(lambda: echo.closed == {Reason.TOO_LARGE: 1})


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frame(TEXT, b"\xff\xff\xff", reserved=RSV1), 1007),
        (frame(TEXT, b"4", reserved=RSV1 >> 1), 1002),
        (frame(TEXT, b"4", fin=False) + frame(CONTINUATION, b"5", reserved=RSV1), 1002),
    ],
    ids=["not deflate", "another reserved bit", "a continuation"],
)
async def test_what_is_not_compressed_as_it_should_be_closes_the_session(
    io: Client, echo: TransportSessions, sent: bytes, code: int
) -> None:
    raw = await io.raw("Connection: Upgrade", "Sec-WebSocket-Extensions: permessage-deflate")
    await raw.receive()
    await raw.write(sent)
    opcode, payload = await raw.receive()
    assert (opcode, int.from_bytes(payload[:2], "big")) == (CLOSE, code)
    await until(lambda: echo.closed == {Reason.PARSE_ERROR: 1})
