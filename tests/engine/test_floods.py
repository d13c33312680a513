"""Much at once, from few or from many: others get their turn, and the oldest that is pending gives way."""

import asyncio
import json
import socket
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

import pytest

from parlour.engine import Engine, Reason
from parlour.engine.connection import Handshake
from parlour.engine.options import Options
from parlour.engine.packets import PING as PING_PACKET
from parlour.engine.session import TransportSession
from parlour.engine.sessions import TransportSessions
from parlour.engine.slices import ITEMS_A_TURN
from tests.engine.reference import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    TEXT,
    Client,
    Echo,
    RawSocket,
    frame,
    serving,
    until,
)
from tests.unit.engine.memory import MemoryTransport

pytestmark = pytest.mark.asyncio(loop_scope="module")  # each module on both event loops


ENDS: dict[str, Callable[[RawSocket], None]] = {
    "a Close frame": lambda raw: raw.writer.write(frame(CLOSE, b"")),
    "an end of file": lambda raw: raw.writer.write_eof(),
    "a reset": lambda raw: raw.reset(),
}


class TurnCounter:
    """Counts the turns of the event loop, and what happens in each."""

    def __init__(self) -> None:
        self.turn = 0
        self.happened: Counter[int] = Counter()
        self._handle = asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        self.turn += 1
        self._handle = asyncio.get_running_loop().call_soon(self._next)

    def note(self) -> None:
        self.happened[self.turn] += 1

    def stop(self) -> None:
        self._handle.cancel()


class Turns(Echo):
    """How many messages came in each turn of the event loop."""

    def __init__(self, session: TransportSession, handshake: Handshake, now: float) -> None:
        super().__init__(session, handshake, now)
        self.turn = 0
        self.messages: Counter[int] = Counter()
        self._next_turn()

    def _next_turn(self) -> None:
        self.turn += 1
        if self.closed is None:
            asyncio.get_running_loop().call_soon(self._next_turn)

    def on_message(self, text: str) -> None:
        self.messages[self.turn] += 1

    def on_binary(self, data: bytes) -> None:
        self.messages[self.turn] += 1


def turns_of(sessions: TransportSessions) -> Turns:
    (session,) = sessions.by_sid.values()
    assert isinstance(session.consumer, Turns)
    return session.consumer


async def test_the_packets_of_a_body_are_handled_a_few_at_a_time() -> None:
    sessions = TransportSessions(Options(path="/engine.io/"), Turns)
    async with serving(sessions) as port:
        client = Client(port, "/engine.io/")
        sid = await client.open_polling()
        turns = turns_of(sessions)
        assert await client.post(sid, "\x1e".join(["4"] * 2000)) == (200, "ok")
        assert turns.messages.total() == 2000
        assert max(turns.messages.values()) <= 32
        await client.close()


@pytest.mark.parametrize("body", ["\x1e".join(["6"] * 2001), "\x1e" * 499_000])
async def test_a_body_of_too_many_packets_is_refused(io: Client, echo: TransportSessions, body: str) -> None:
    sid = await io.open_polling()
    assert (await io.post(sid, body))[0] == 400
    assert echo.closed == {Reason.PARSE_ERROR: 1}


async def test_the_order_of_a_long_body_is_kept_and_its_end_is_the_sessions(io: Client) -> None:
    sid = await io.open_polling()
    packets = [f"4{number}" for number in range(1000)]
    assert await io.post(sid, "\x1e".join(packets)) == (200, "ok")
    got: list[str] = []
    while len(got) < 1000:
        got += (await io.poll(sid))[1].split("\x1e")
    assert got == packets
    assert (await io.post(sid, "\x1e".join(["6"] * 100 + ["1"] + ["4late"] * 100)))[0] == 200
    assert (await io.poll(sid))[0] == 400


FRAMES = {
    "messages": frame(TEXT, b"4"),
    "binary": frame(BINARY, b""),
    "needless packets": frame(TEXT, b"6"),
    "pings": frame(PING, b""),
    "fragments": frame(TEXT, b"4", fin=False) + frame(CONTINUATION, b""),
}


@pytest.mark.parametrize("kind", FRAMES)
async def test_many_small_frames_are_handled_a_few_at_a_time(kind: str) -> None:
    """Some 8 KB in a turn; what is read at first, in picows's growing buffer, comes to as much again."""
    sessions = TransportSessions(Options(path="/engine.io/"), Turns)
    async with serving(sessions) as port:
        raw = await RawSocket.connect(port, "/engine.io/")
        await raw.receive()
        turns = turns_of(sessions)
        first = turns.turn
        discarding = asyncio.create_task(raw.reader.read(-1))
        await raw.write(frame(BINARY, bytes(50_000)))  # after which picows's buffer is as large
        many = 100_000 // len(FRAMES[kind])
        await raw.write(FRAMES[kind] * many + frame(TEXT, b"1"))
        await until(lambda: not sessions.by_sid)
        assert turns.closed is Reason.TRANSPORT_CLOSE
        assert turns.turn - first >= 150_000 // (4 * 8192)
        assert max(turns.messages.values()) <= 20_000 // 6
        raw.abort()  # or the server waits for an answer to its close
        with suppress(ConnectionError):
            await discarding


@pytest.mark.parametrize("way", ENDS)
async def test_connections_that_end_at_the_same_moment_are_ended_a_few_at_a_time(way: str) -> None:
    turns = TurnCounter()

    class Ended(Echo):
        def on_close(self, reason: Reason) -> None:
            super().on_close(reason)
            turns.note()

    sessions = TransportSessions(Options(path="/engine.io/"), Ended)
    async with serving(sessions) as port:
        raws = [await RawSocket.connect(port, "/engine.io/") for _ in range(3 * ITEMS_A_TURN)]
        for raw in raws:
            ENDS[way](raw)
        await until(lambda: not sessions.by_sid)
        assert turns.happened.total() == len(raws)
        assert max(turns.happened.values()) <= ITEMS_A_TURN
        assert sessions.closed == {Reason.TRANSPORT_CLOSE: len(raws)}
        for raw in raws:
            raw.abort()
    turns.stop()


async def test_sessions_that_are_due_at_the_same_moment_are_handled_a_few_at_a_time() -> None:
    turns = TurnCounter()

    class Due(Echo):
        def on_deadline(self, now: float) -> None:
            turns.note()

    sessions = TransportSessions(Options(path="/engine.io/", ping_interval=0.2), Due)
    transports = [MemoryTransport() for _ in range(3 * ITEMS_A_TURN)]
    for transport in transports:
        sessions.open(transport, Handshake(address="127.0.0.1"))
    await until(lambda: all(PING_PACKET in transport.sent for transport in transports))
    assert max(turns.happened.values()) <= ITEMS_A_TURN
    turns.stop()
    await sessions.close()


async def test_after_an_error_of_the_protocol_nothing_is_read(
    io: Client, echo: TransportSessions, caplog: pytest.LogCaptureFixture
) -> None:
    raw = await io.raw()
    await raw.receive()
    raw.writer.write(b"\x8c" + bytes(200_000))
    await until(lambda: not echo.by_sid)
    assert len([record for record in caplog.records if record.name == "parlour.engine.picows"]) <= 2


@pytest.mark.parametrize("options", [{"max_unfinished": 600_000}])
async def test_frames_that_do_not_end_are_bounded_for_all_together(client: Client, engine: Engine) -> None:
    """As fragments are: what a frame that is not whole has brought lies in a buffer of its connection."""
    raws = [await client.raw() for _ in range(3)]
    whole = frame(TEXT, b"42" + b"x" * 250_000)
    for raw in raws:
        await raw.receive()
        await raw.write(frame(TEXT, b"40"))
        await raw.receive()
    await raws[0].write(whole[:-1])
    await until(lambda: engine.sessions.unfinished.total > 200_000)
    for raw in raws[1:]:
        await raw.write(whole[:-1])
    await until(lambda: len(engine.sessions.by_sid) == 2)
    assert engine.counters().closed == {Reason.DISPLACED: 1}
    for raw in raws[1:]:
        await raw.write(whole[-1:])
        assert await raw.close_code() == 1008
        raw.abort()
    assert engine.sessions.unfinished.total == 0
    raws[0].abort()


@pytest.mark.parametrize("options", [{"max_connect": 2000}])
async def test_who_is_in_no_namespace_sends_little_in_fragments(client: Client, engine: Engine) -> None:
    raw = await client.raw()
    await raw.receive()
    await raw.write(frame(TEXT, b"40", fin=False) + frame(CONTINUATION, b"x" * 1000, fin=False) * 2)
    assert await raw.close_code() == 1009
    assert engine.counters().closed == {Reason.TOO_LARGE: 1}


@pytest.mark.parametrize("options", [{"max_unfinished": 600_000}])
async def test_what_is_not_whole_yet_is_bounded_for_all_together(client: Client, engine: Engine) -> None:
    """The one that has begun first gives way, and who sends whole messages is not held up."""
    oldest, *others = [await client.raw() for _ in range(3)]
    for raw in (oldest, *others):
        await raw.receive()
        await raw.write(frame(TEXT, b"40"))
        await raw.receive()
    connected = await client.connect()
    part = frame(CONTINUATION, b"x" * 10_000, fin=False)
    await oldest.write(frame(TEXT, b"42", fin=False))
    await until(lambda: engine.sessions.unfinished.total)
    for raw in (oldest, *others):
        await raw.write((frame(TEXT, b"42", fin=False) if raw is not oldest else b"") + part * 25)
    await until(lambda: len(engine.sessions.by_sid) == 3)
    assert engine.counters().closed == {Reason.DISPLACED: 1}
    for raw in others:
        await raw.write(frame(CONTINUATION, b"", fin=True))
        assert await raw.close_code() == 1008
        raw.abort()
    assert engine.sessions.unfinished.total == 0
    await connected.send('42["message","' + "x" * 500_000 + '"]')
    assert (await connected.text()).startswith('42["message-back","x')
    oldest.abort()


@pytest.mark.parametrize("options", [{"max_connect": 2000}])
async def test_who_is_in_no_namespace_sends_little(client: Client, engine: Engine) -> None:
    sid = await client.open_polling()
    assert (await client.post(sid, "40" + json.dumps({"token": "x" * 2000})))[0] == 413
    raw = await client.raw()
    await raw.receive()
    await raw.write(frame(TEXT, b"x" * 900_000))
    assert await raw.close_code() == 1009
    assert engine.counters().closed[Reason.TOO_LARGE] == 2
    connected = await client.connect()
    await connected.send('42["message","' + "x" * 500_000 + '"]')
    assert (await connected.text()).startswith('42["message-back","x')


async def test_a_claim_that_is_too_large_is_none(client: Client, engine: Engine) -> None:
    socket_, _ = await client.open_websocket()
    await socket_.send("40" + json.dumps({"token": [[] for _ in range(30_000)]}))
    assert await socket_.closed() == []
    assert engine.counters().closed == {Reason.PARSE_ERROR: 1}


UPGRADE = (
    "Host: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
PENDING = {"max_pending": 3, "max_pending_per_address": 3}


@pytest.mark.parametrize("options", [PENDING])
async def test_the_oldest_that_is_in_no_namespace_gives_way(client: Client, engine: Engine) -> None:
    connected = await client.connect()
    waiting, _ = await client.open_websocket()
    await waiting.send('40{"wait":60.0}')
    await until(lambda: not len(engine.sessions.pending))
    silent, _ = await client.open_websocket()
    polling = await client.open_polling()
    await client.open_polling()
    assert engine.counters().closed == {}
    newcomer, _ = await client.open_websocket()
    assert await silent.closed() == []
    await client.open_polling()
    assert (await client.poll(polling))[0] == 400
    assert engine.counters().closed == {Reason.DISPLACED: 2}
    assert len(engine.sessions.pending) == 3
    await newcomer.send("40")
    assert (await newcomer.text()).startswith("40")
    await connected.send('42["message","still here"]')
    assert await connected.text() == '42["message-back","still here"]'
    assert engine.counters().sessions == 5


@pytest.mark.parametrize("options", [PENDING])
async def test_who_was_refused_or_left_is_pending_again(client: Client, engine: Engine) -> None:
    refused, _ = await client.open_websocket()
    await refused.send('40{"refuse":1}')
    assert (await refused.text()).startswith("44")
    left = await client.connect()
    await left.send("41")
    await until(lambda: len(engine.sessions.pending) == 2)
    await left.send("40")
    assert (await left.text()).startswith("40")
    await until(lambda: len(engine.sessions.pending) == 1)


@pytest.mark.parametrize("options", [{"max_pending_per_address": 2, "address_group": lambda address: "one"}])
async def test_addresses_of_one_group_are_one(client: Client, engine: Engine) -> None:
    sids = [await client.open_polling() for _ in range(3)]
    assert (await client.poll(sids[0]))[0] == 400
    assert engine.counters().closed == {Reason.DISPLACED: 1}


@pytest.mark.parametrize("options", [{"max_send_buffer": 50_000_000, "ping_interval": 600.0}])
async def test_who_does_not_read_is_hung_up_on(echo: TransportSessions) -> None:
    """Though they go on sending, and leave less unread than they may."""
    loop, upgrade = asyncio.get_running_loop(), "GET /engine.io/?EIO=4&transport=websocket HTTP/1.1\r\n"
    async with serving(echo, unread_seconds=0.5) as port:
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.setblocking(False)
            await loop.sock_connect(deaf, ("127.0.0.1", port))
            await loop.sock_sendall(deaf, (upgrade + UPGRADE).encode())
            assert (await loop.sock_recv(deaf, 4096)).startswith(b"HTTP/1.1 101")
            message = frame(TEXT, b"4" + b"x" * 900_000)
            with suppress(ConnectionError):
                for _ in range(10):
                    await loop.sock_sendall(deaf, message)
                while not echo.closed:
                    await loop.sock_sendall(deaf, frame(TEXT, b"3"))
            await until(lambda: echo.closed)
    assert echo.closed == {Reason.TRANSPORT_CLOSE: 1}
