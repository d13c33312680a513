"""Connections that are passed on to an SFU, in whose place an echo stands, on both event loops."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import jwt
import pytest
import uvicorn
from uvicorn.server import ServerState

from parlour.http.first_request import first_request_protocol
from parlour.http.protocol import HttpBounds, HttpLimits
from parlour.http.proxies import TrustedProxies
from parlour.http.tls import ServerCertificate
from parlour.http.tunnel.ends import READ_BYTES, TunnelLimits
from parlour.http.tunnel.tunnels import Tunnels, TunnelSurroundings
from parlour.sfu.options import SfuAccess
from parlour.sfu.sfus import Sfus
from parlour.sfu.tokens import SfuVisitor
from parlour.sfu_link import SfuNumber, SfuRights
from parlour.wire.signaling import PeerId
from tests.engine.reference import PATIENCE, reference_engine, until
from tests.servers.certificate import self_signed

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""The example of RFC 6455, section 1.3."""
OPEN = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
SECRET = "a north wind that blows all day long"
ROOM, ANN = "7-1-abc", PeerId("peer-of-ann")
PIECE = 64 * 1024
MANY = 64 * 1024 * 1024
KERNEL = 16 * 1024 * 1024
"""More than the kernel keeps of a connection on loopback for a reader that does not read."""

Behaviour = Callable[["Echo", asyncio.StreamReader, asyncio.StreamWriter], Any]


async def echoes(_: "Echo", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(OPEN + b"Sec-WebSocket-Accept: " + ACCEPT + b"\r\n\r\nhello")
    while data := await reader.read(64 * 1024):
        writer.write(data)
        await writer.drain()


async def says(answer: bytes, _: "Echo", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(answer)
    await reader.read()


async def floods(_echo: "Echo", _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(OPEN + b"Sec-WebSocket-Accept: " + ACCEPT + b"\r\n\r\n")
    for _ in range(MANY // PIECE):
        writer.write(bytes(PIECE))
        await writer.drain()


async def reads_nothing(echo: "Echo", _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(OPEN + b"Sec-WebSocket-Accept: " + ACCEPT + b"\r\n\r\n")
    await echo.over.wait()


async def counts(echo: "Echo", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(OPEN + b"Sec-WebSocket-Accept: " + ACCEPT + b"\r\n\r\n")
    while data := await reader.read(64 * 1024):
        echo.received += len(data)


class Echo:
    """A server in the place of an SFU."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.heads: list[bytes] = []
        self.open = 0
        self.received = 0
        self.over = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            self.heads.append(await reader.readuntil(b"\r\n\r\n"))
            await self.behaviour(self, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            writer.transport.abort()


class Running:
    """A server with tunnels in this loop, and clients of it."""

    def __init__(self, port: int, state: ServerState, echo: Echo, sfus: Sfus, tunnels: Tunnels) -> None:
        self.port, self.state, self.echo, self.sfus, self.tunnels = port, state, echo, sfus, tunnels
        self.sfu = next(iter(sfus.by_number.values()))
        self.tls: ssl.SSLContext | None = None
        self.behind: asyncio.Server
        self.writers: list[asyncio.StreamWriter] = []

    def token(self, *, now: float | None = None, peer_id: PeerId = ANN) -> str:
        return self.sfu.tokens.sign(SfuVisitor(ROOM, peer_id), SfuRights(), now or time.time()).text

    def request(
        self, path: str = "/rtc", *lines: str, query: str | None = None, number: int | None = None
    ) -> bytes:
        query = f"auto_subscribe=0&access_token={self.token()}&sdk=js" if query is None else query
        named = self.sfu.number if number is None else number
        head = [
            f"GET /livekit/{named:08x}{path}?{query} HTTP/1.1",
            "Host: meet.example.org",
            "Connection: keep-alive, Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {KEY.decode()}",
            *lines,
        ]
        return "\r\n".join([*head, "", ""]).encode()

    async def connects(self, *pieces: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, bytes]:
        """Send a request, and return the head of the answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=self.tls)
        self.writers.append(writer)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        async with asyncio.timeout(PATIENCE):
            return reader, writer, await reader.readuntil(b"\r\n\r\n")

    async def opens(self, *pieces: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer, head = await self.connects(*(pieces or (self.request(),)))
        assert head == OPEN + b"Sec-WebSocket-Accept: " + ACCEPT + b"\r\n\r\n"
        return reader, writer

    async def status(self, *pieces: bytes) -> int:
        reader, _, head = await self.connects(*pieces)
        async with asyncio.timeout(PATIENCE):
            await reader.read()  # the server hangs up
        return int(head.split()[1])


@asynccontextmanager
async def running(
    behaviour: Behaviour = echoes, *, certificate: ServerCertificate | None = None, **limits: Any
) -> AsyncIterator[Running]:
    echo = Echo(behaviour)
    behind = await asyncio.start_server(echo.serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{behind.sockets[0].getsockname()[1]}/below"
    sfus = Sfus([SfuAccess(name=url, url=url, key="key", secret=SECRET)], partial(datetime.now, UTC))
    surroundings = TunnelSurroundings(
        base_path="/meet",
        headers={"X-Frame-Options": "DENY"},
        origin_allowed=lambda origin, host: origin in (None, f"https://{host}"),
        client_address=TrustedProxies(["127.0.0.1"]).client_address,
    )
    tunnels = Tunnels(sfus, surroundings, TunnelLimits(**limits))
    engine = reference_engine()
    bounds = HttpBounds(HttpLimits(), {}, None, tunnels)
    config = uvicorn.Config(nothing, ws=engine.websocket_protocol_class(), lifespan="off", log_config=None)
    config.load()
    state, loop = ServerState(), asyncio.get_running_loop()
    http: Any = first_request_protocol(bounds, engine, certificate)
    server = await loop.create_server(
        lambda: http(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    found = Running(server.sockets[0].getsockname()[1], state, echo, sfus, tunnels)
    found.behind = behind
    try:
        yield found
    finally:
        server.close()
        behind.close()
        echo.over.set()
        for writer in found.writers:
            writer.transport.abort()
        await tunnels.close()
        await until(lambda: not state.connections and not echo.open and not len(tunnels))
        await engine.close(grace=0.5)


async def all_of(reader: asyncio.StreamReader) -> bytes:
    """Read until the server hangs up, in whichever way."""
    found = b""
    async with asyncio.timeout(PATIENCE):
        with suppress(ConnectionError):
            while data := await reader.read(PIECE):
                found += data
    return found


async def nothing(_scope: Any, _receive: Any, _send: Any) -> None:
    raise AssertionError


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("certificate")
    chain, key = folder / "cert.pem", folder / "key.pem"
    self_signed(chain, key)
    return chain, key


async def test_bytes_are_passed_on_as_they_are() -> None:
    async with running() as server:
        for request in (server.request(), server.request("/rtc/v1"), b"\r\n" + server.request()):
            for pieces in ((request,), (request[:40], request[40:])):
                reader, writer = await server.opens(*pieces)
                assert await reader.readexactly(5) == b"hello"  # it came with the head
                sent = bytes(range(256)) * 2000
                writer.write(sent)
                async with asyncio.timeout(PATIENCE):
                    assert await reader.readexactly(len(sent)) == sent
        below = server.request().replace(b"GET /", b"GET /meet/")
        await server.opens(below)


async def test_bytes_are_passed_on_through_tls(certificate: tuple[Path, Path]) -> None:
    async with running(certificate=ServerCertificate(*certificate)) as server:
        server.tls = ssl.create_default_context(cafile=certificate[0])
        reader, writer = await server.opens()
        sent = bytes(range(256)) * 2000
        writer.write(sent)
        async with asyncio.timeout(PATIENCE):
            assert await reader.readexactly(5 + len(sent)) == b"hello" + sent


async def test_the_head_is_written_anew() -> None:
    async with running() as server:
        request = server.request(
            "/rtc",
            "Cookie: session=secret",
            "Origin: https://meet.example.org",
            "X-Forwarded-For: 192.0.2.7",
            "X-Forwarded-Host: evil.example.org",
            "Sec-WebSocket-Extensions: permessage-deflate",
            "Sec-WebSocket-Protocol: chat",
            "User-Agent: a browser",
        )
        await server.opens(request)
        bearer = server.request("/rtc", f"Authorization: Bearer {server.token()}", query="")
        await server.opens(bearer.replace(b"/rtc? ", b"/rtc "))
        lines = server.echo.heads[0].decode().split("\r\n")
        token = server.token()
        assert lines[0] == "GET /below/rtc?auto_subscribe=0&sdk=js HTTP/1.1"
        assert lines[1].startswith("Host: 127.0.0.1:")
        assert [line for line in lines[2:] if not line.startswith("Authorization: ")] == [
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {KEY.decode()}",
            "X-Forwarded-For: 192.0.2.7",
            "User-Agent: a browser",
            "",
            "",
        ]
        assert [len(head.split(b"Bearer ")[1].split(b"\r\n")[0]) for head in server.echo.heads] == [
            len(token)
        ] * 2
        assert server.echo.heads[1].startswith(b"GET /below/rtc HTTP/1.1\r\n")


async def test_what_does_not_fit_never_reaches_the_sfu() -> None:
    async with running() as server:
        token, other = server.token(), jwt.encode({"iss": "key", "sub": "ann"}, SECRET, "HS256")
        forged = jwt.encode(jwt.decode(token, options={"verify_signature": False}), SECRET + "!", "HS256")
        get, end, own = server.request(), b"\r\n\r\n", "Origin: https://meet.example.org"
        refused = {
            server.request("/rtc/agent"): 404,
            server.request("/agent"): 404,
            server.request("/rtc/"): 404,
            server.request("/%72tc"): 404,
            server.request("/../rtc"): 404,
            server.request(number=server.sfu.number ^ 1): 404,
            server.request(query=f"access_token={forged}"): 401,
            server.request(query=f"access_token={other}"): 401,
            server.request(query=f"access_token={server.token(now=time.time() - 90)}"): 401,
            server.request(query=f"access_token={token}&access_token={token}"): 401,
            server.request(query=f"access_token={token}x"): 401,
            server.request(query=""): 401,
            server.request(query=f"access_token={token}&a=\x01"): 400,
            server.request(query=f"access_token={token}&a={'b' * 8000}"): 431,
            server.request("/rtc", "Origin: https://evil.example.org"): 403,
            server.request("/rtc", "Origin: null"): 403,
            server.request("/rtc", own, own): 403,
            server.request("/rtc", f"Sec-WebSocket-Key: {KEY.decode()}"): 400,
            server.request("/rtc", "Content-Length: 5"): 400,
            get.replace(b"13", b"12"): 400,
            get.replace(b"HTTP/1.1", b"HTTP/1.0"): 400,
            get.replace(b"GET", b"POST"): 400,
            get.replace(KEY, b"AAAA"): 400,
            get.replace(end, b"\r\na: " + b"b" * 16_000 + end): 431,
        }
        for request, status in refused.items():
            assert (request, await server.status(request)) == (request, status)
        assert not server.echo.heads


async def test_a_token_that_livekit_renews_is_read() -> None:
    async with running() as server:
        claims = jwt.decode(server.token(), options={"verify_signature": False})
        renewed = jwt.encode(claims | {"nbf": int(time.time())}, SECRET, "HS256")
        await server.opens(server.request(query=f"access_token={renewed}"))
        early = jwt.encode(claims | {"nbf": int(time.time()) + 60}, SECRET, "HS256")
        assert await server.status(server.request(query=f"access_token={early}")) == 401


class _Calls:
    """Calls that know who is in one room."""

    def __init__(self, *members: PeerId) -> None:
        self.members = frozenset(members)

    def sfu_is_unwell(self, sfu: SfuNumber) -> None: ...

    def sfu_is_well(self, sfu: SfuNumber) -> None: ...

    def sfu_is_drained(self, sfu: SfuNumber) -> None: ...

    def sfu_rooms(self) -> list[tuple[SfuNumber, str]]:
        return []

    def sfu_lost_rooms(self, sfu: SfuNumber, rooms: Iterable[str]) -> None: ...

    def sfu_has_rooms(self, _sfu: SfuNumber, _rooms: Iterable[str]) -> None:
        """Nothing comes of it."""

    def sfu_members(self, _sfu: SfuNumber, room: str) -> frozenset[PeerId] | None:
        return self.members if room == ROOM else None


async def test_who_has_left_the_call_does_not_come_back_with_a_valid_token() -> None:
    async with running() as server:
        server.sfus.listener = _Calls(ANN)
        bob = server.token(peer_id=PeerId("peer-of-bob"))
        assert await server.status(server.request(query=f"access_token={bob}")) == 401
        await server.opens()


WRONG = {
    b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n": 404,
    b"HTTP/1.1 401 Unauthorized\r\n\r\n": 401,
    b"HTTP/1.1 500 Internal Server Error\r\n\r\n": 503,
    b"HTTP/1.1 200 OK\r\n\r\n": 503,
    b"nonsense\r\n\r\n": 503,
    OPEN + b"Sec-WebSocket-Accept: " + ACCEPT[1:] + b"\r\n\r\n": 503,
    OPEN + b"Sec-WebSocket-Accept: " + ACCEPT + b"\r\nSec-WebSocket-Extensions: x\r\n\r\n": 503,
    OPEN + b"a: " + b"b" * 9_000: 503,
    b"": 503,
}


@pytest.mark.parametrize(("answer", "status"), WRONG.items(), ids=range(len(WRONG)))
async def test_an_answer_that_opens_nothing(answer: bytes, status: int) -> None:
    async with running(partial(says, answer), answer_seconds=5.0 if answer else 0.1) as server:
        assert await server.status(server.request()) == status


async def test_an_sfu_that_is_not_there() -> None:
    async with running() as server:
        server.behind.close()
        await server.behind.wait_closed()
        assert await server.status(server.request()) == 503


async def test_each_end_ends_the_other() -> None:
    async with running() as server:
        reader, writer = await server.opens()
        assert server.echo.open == 1
        writer.close()
        await until(lambda: not server.echo.open)

    async with running(partial(says, OPEN + b"Sec-WebSocket-Accept: " + ACCEPT + b"\r\n\r\nbye")) as server:
        reader, writer = await server.opens()
        writer.write_eof()
        async with asyncio.timeout(PATIENCE):
            assert await reader.read() == b"bye"


async def test_a_client_that_reads_nothing_costs_little_and_is_ended() -> None:
    async with running(floods, stuck_seconds=0.3) as server:
        reader, _ = await server.opens()
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        await until(lambda: not server.echo.open)
        assert server.tunnels.shared.unread.total == 0
        reader._transport.resume_reading()  # type: ignore[attr-defined]
        assert len(await all_of(reader)) < KERNEL


async def test_an_sfu_that_reads_nothing_costs_little_and_is_ended() -> None:
    async with running(reads_nothing, stuck_seconds=0.3, burst=MANY, rate=MANY) as server:
        _, writer = await server.opens()
        sent = 0
        with suppress(ConnectionError):
            while sent < MANY:
                writer.write(bytes(PIECE))
                sent += PIECE
                await writer.drain()
        assert sent < KERNEL


async def test_what_a_client_sends_is_counted() -> None:
    burst, rate = 128 * 1024, 1024 * 1024
    async with running(counts, burst=burst, rate=rate) as server:
        began = time.monotonic()
        _, writer = await server.opens()
        writer.write(bytes(2 * burst))
        await until(lambda: server.echo.received > burst)
        for _ in range(200):
            await asyncio.sleep(0)
        earned = (time.monotonic() - began) * rate
        assert server.echo.received <= burst + earned + READ_BYTES
    async with running(counts, burst=burst, rate=8 * 1024 * 1024) as server:
        _, writer = await server.opens()
        writer.write(bytes(8 * burst))
        await until(lambda: server.echo.received == 8 * burst)


async def test_further_tunnels_of_a_person_end_the_oldest() -> None:
    async with running(of_person=2) as server:
        tunnels = [await server.opens() for _ in range(3)]
        assert await all_of(tunnels[0][0]) == b"hello"
        tunnels[2][1].write(b"still there")
        assert await tunnels[2][0].readexactly(16) == b"hellostill there"
        bob = server.token(peer_id=PeerId("bob"))
        await server.opens(server.request(query=f"access_token={bob}"))
        assert len(server.tunnels) == 3


async def test_tunnels_are_limited() -> None:
    async with running(tunnels=1) as server:
        await server.opens()
        assert await server.status(server.request()) == 503


async def test_a_tunnel_through_which_nothing_comes_is_ended() -> None:
    async with running(idle_seconds=0.1) as server:
        reader, _ = await server.opens()
        assert await all_of(reader) == b"hello"
        await until(lambda: not server.echo.open)


async def test_they_end_with_the_server() -> None:
    async with running() as server:
        reader, _ = await server.opens()
        for connection in list(server.state.connections):
            connection.shutdown()
        assert await all_of(reader) == b"hello"
        await until(lambda: not server.echo.open)
