"""The choice of a connection's protocol by its first bytes, on both event loops.

A WebSocket handshake of the plain shape takes a short way past uvicorn and httptools. The test of equality
sends the same bytes to a server with that way and to a server without it.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
import uvloop
from hypothesis import given, settings
from uvicorn.server import ServerState

from parlour.engine import Engine, Handshake
from parlour.http.deadlines import Deadlines
from parlour.http.first_request import first_request_protocol
from parlour.http.protocol import HttpBounds, HttpLimits, HttpRefusal, http_protocol_class
from parlour.http.proxies import TrustedProxies
from tests.engine.reference import PATIENCE, RawSocket, reference_engine, until
from tests.engine.upgrade_heads import REQUIRED, deviations, head, heads

NO_ROOM = b"HTTP/1.1 503 No room\r\ncontent-length: 0\r\n\r\n"
SID = re.compile(rb'"sid":"([^"]+)"')


async def not_found(scope: Any, receive: Any, send: Any) -> None:
    """Answer with what uvicorn made of the request."""
    body = json.dumps([scope["path"], *(b": ".join(pair).decode("latin-1") for pair in scope["headers"])])
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 404, "headers": headers})
    await send({"type": "http.response.body", "body": body.encode()})


class Server:
    """A server in this loop; `short` has it choose the protocol by the first bytes."""

    def __init__(self, *, short: bool, **limits: Any) -> None:
        proxies = TrustedProxies(["127.0.0.1"])
        self.engine: Engine = reference_engine(
            prefix="/meet",
            origin_allowed=lambda origin, host: origin in (None, f"https://{host}"),
            client_address=proxies.client_address,
        )
        self.bounds = HttpBounds(HttpLimits(**limits), {HttpRefusal.NO_ROOM: NO_ROOM})
        self.state = ServerState()
        self.port = 0
        self._short = short
        self._writers: list[asyncio.StreamWriter] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Server"]:
        websocket = self.engine.websocket_protocol_class()
        config = uvicorn.Config(not_found, ws=websocket, lifespan="off", log_config=None)
        config.load()
        first: Any = first_request_protocol(self.bounds, self.engine)
        http: Any = first if self._short else http_protocol_class(self.bounds)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: http(config=config, server_state=self.state, app_state={}), "127.0.0.1", 0
        )
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await self.engine.close(grace=0.5)
            for writer in self._writers:
                writer.transport.abort()
            for connection in list(self.state.connections):
                connection.shutdown()
            await until(lambda: not self.state.connections)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect, and wait until the server has noticed."""
        before = len(self.state.connections)
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self._writers.append(writer)
        await until(lambda: len(self.state.connections) > before)
        return reader, writer

    async def opens(self, handshake: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self._writers.append(writer)
        writer.write(handshake)
        async with asyncio.timeout(PATIENCE):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        return reader, writer

    async def answers(self, *pieces: bytes) -> tuple[bytes, Handshake | None]:
        """Return the answer, and the handshake of the session that it opens."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        async with asyncio.timeout(PATIENCE):
            answer = await reader.readuntil(b"\r\n\r\n")
            if answer.startswith(b"HTTP/1.1 101 "):
                _, payload = await RawSocket(reader, writer).receive()
            else:
                length = re.search(rb"(?i)content-length: ([0-9]+)", answer)
                payload = await reader.readexactly(int(length[1]) if length else 0)
        handshake = None
        if found := SID.search(payload):
            session = self.engine.sessions.by_sid[found[1].decode()]
            consumer: Any = session.consumer
            handshake = consumer.handshake
        writer.transport.abort()
        return answer + SID.sub(b"", payload), handshake


@pytest.mark.parametrize(
    "new_loop", [uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"]
)
def test_both_ways_give_the_same_answer_and_handshake(
    new_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    with asyncio.Runner(loop_factory=new_loop) as runner:
        short, general = Server(short=True), Server(short=False)
        running = [server.running() for server in (short, general)]
        for one in running:
            runner.run(one.__aenter__())

        @settings(max_examples=200, deadline=None, derandomize=True)
        @given(written=heads())
        def same(written: bytes) -> None:
            assert runner.run(short.answers(written)) == runner.run(general.answers(written))

        for written in deviations():
            assert runner.run(short.answers(written)) == runner.run(general.answers(written)), written
        same()
        for one in running:
            runner.run(one.__aexit__(None, None, None))


on_both_loops = pytest.mark.asyncio(loop_scope="module")
PLAIN = head(*REQUIRED)


@on_both_loops
async def test_a_handshake_in_pieces_is_a_handshake() -> None:
    async with Server(short=True).running() as server:
        whole, _ = await server.answers(PLAIN)
        assert whole.startswith(b"HTTP/1.1 101 ")
        for size in (1, 20, len(PLAIN) - 1):
            assert await server.answers(PLAIN[:size], PLAIN[size:]) == await server.answers(PLAIN)
        assert await server.answers(
            PLAIN[:-2], b"X-Forwarded-For: 192.0.2.7\r\n\r\n"
        ) == await server.answers(PLAIN[:-2] + b"X-Forwarded-For: 192.0.2.7\r\n\r\n")


@on_both_loops
async def test_the_answer_and_the_open_packet_leave_together() -> None:
    async with Server(short=True).running() as server:
        reader, writer = await server.connect()
        writer.write(PLAIN)
        segment = await asyncio.wait_for(reader.read(4096), PATIENCE)
        assert segment.startswith(b"HTTP/1.1 101 ") and SID.search(segment) is not None


@on_both_loops
async def test_who_says_nothing_is_hung_up_on() -> None:
    async with Server(short=True).running() as server:
        reader, _ = await server.opens(PLAIN)
        server.bounds.first_requests = Deadlines(0.01)
        silent = [await server.connect() for _ in range(3)]
        for other, _ in silent:
            assert await gone(other)
        assert len(server.engine.sessions.by_sid) == 1
        assert not reader.at_eof()


@on_both_loops
async def test_silent_connections_give_way_and_websockets_do_not() -> None:
    async with Server(short=True, connections=3, surplus=1).running() as server:
        silent = [await server.connect() for _ in range(3)]
        sockets = []
        for number in range(3):
            sockets.append(await server.opens(PLAIN))
            assert await gone(silent[number][0])
        answer, _ = await server.answers(PLAIN)
        assert answer == NO_ROOM
        for _, writer in sockets:
            writer.transport.abort()
        await until(lambda: not server.state.connections)
        answer, _ = await server.answers(PLAIN)
        assert answer.startswith(b"HTTP/1.1 101 ")


@on_both_loops
async def test_the_slot_of_a_connection_stays_its_own() -> None:
    """A request that goes to the HTTP protocol is no newcomer, for which another would have to give way."""
    async with Server(short=True, connections=2, surplus=1).running() as server:
        waiting = await server.connect()
        for _ in range(3):
            answer, _ = await server.answers(b"GET / HTTP/1.1\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 404 ")
            await until(lambda: len(server.state.connections) == 1)
        waiting[1].write(PLAIN)
        assert (await waiting[0].readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")


@on_both_loops
async def test_the_end_of_the_server_is_the_end_of_silent_connections() -> None:
    async with Server(short=True).running() as server:
        reader, _ = await server.connect()
    assert await gone(reader)


async def gone(reader: asyncio.StreamReader) -> bool:
    try:
        return not await asyncio.wait_for(reader.read(), PATIENCE)
    except ConnectionResetError:
        return True
