"""Attacks below HTTP: heads without an end, requests without number, answers that nobody reads."""

import asyncio
import json
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.attacks.test_server import resident_kib
from tests.conftest import StartServer
from tests.integration.signaling.raw import raw_socket
from tests.people import Person, Visitors
from tests.servers import ParlourServer

pytestmark = pytest.mark.database("sqlite")

MIB = 1024 * 1024
FLOOD = 48 * MIB
FILES = 256
HANDSHAKES = 3_000
FLOODING, REQUESTS = 300, 20
MAY_GROW_KIB = 40 * 1024
"""Far below what is sent; the parts of a server that are used for the first time take some of it."""
GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /room/check HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
UPGRADE = (
    b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)


def port_of(server: ParlourServer) -> int:
    return httpx.URL(server.address).port or 0


async def flood(server: ParlourServer, start: bytes, again: bytes) -> tuple[bytes, int]:
    """Sends `start`, then `again` and again, till the server hangs up or 48 MB are on their way.

    The answer, and how many bytes were taken.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port_of(server))
    block = again * (64 * 1024 // len(again))
    taken = 0
    reading = asyncio.create_task(reader.read())
    with suppress(ConnectionError):
        writer.write(start)
        while taken < FLOOD and not reading.done():
            writer.write(block)
            await writer.drain()
            taken += len(block)
    answer = b""
    with suppress(ConnectionError):
        async with asyncio.timeout(60):
            answer = await reading
    writer.transport.abort()
    return answer, taken


@asynccontextmanager
async def healthy(server: ParlourServer) -> AsyncIterator[None]:
    """Others are answered all the while, at least ten times."""
    over = asyncio.Event()

    async def ask() -> None:
        async with httpx.AsyncClient(base_url=server.address, timeout=60) as client:
            asked = 0
            while asked < 10 or not over.is_set():
                assert (await client.get("/healthz")).status_code == 200
                asked += 1

    asking = asyncio.create_task(ask())
    try:
        yield
    finally:
        over.set()
        await asking


@pytest.mark.parametrize(
    ("start", "again"),
    [
        (GET, b"a: b\r\n"),
        (GET + b"a: ", b"b"),
        (GET, b"a"),
        (b"GET /", b"a"),
        (b"GET /healthz?", b"a"),
        (b"", b"a"),
        (UPGRADE, b"a: b\r\n"),
        (UPGRADE + b"Cookie: ", b"b"),
        (CHUNKED + b"2;", b"a"),
        (CHUNKED + b"2;a=", b"b"),
        (CHUNKED + b"2\r\n{}\r\n0\r\n", b"a: b\r\n"),
        (CHUNKED + b"2\r\n{}\r\n0\r\na: ", b"b"),
        (b"", b"\r\n"),
    ],
)
async def test_a_head_without_end(server: ParlourServer, start: bytes, again: bytes) -> None:
    """Headers, names, URLs, extensions of chunks and trailers: refused once they are too large."""
    before = resident_kib(server)
    async with healthy(server):
        answer, taken = await flood(server, start, again)
    assert resident_kib(server) - before < MAY_GROW_KIB
    refused = 400 if start == b"" else 431
    assert answer.startswith(b"HTTP/1.1 %d " % refused) or not answer, answer[:200]
    assert b"application/problem+json" in answer or not answer
    assert taken < FLOOD


async def test_pipelined_requests_without_number(server: ParlourServer) -> None:
    """Twelve connections send 3.2 MB of small requests each: what is not answered waits in the kernel."""
    loop = asyncio.get_running_loop()
    requests = b"GET /healthz HTTP/1.1\r\n\r\n" * 130_000
    before = resident_kib(server)
    connections = [socket.create_connection(("127.0.0.1", port_of(server))) for _ in range(12)]
    for connection in connections:
        connection.setblocking(False)
    sending = [asyncio.create_task(loop.sock_sendall(connection, requests)) for connection in connections]
    async with healthy(server):
        for connection in connections:
            assert (await loop.sock_recv(connection, 4096)).startswith(b"HTTP/1.1 200 ")
    assert resident_kib(server) - before < MAY_GROW_KIB
    for task in sending:
        task.cancel()
    await asyncio.gather(*sending, return_exceptions=True)
    for connection in connections:
        connection.close()


async def test_who_floods_with_requests_waits_for_himself(server: ParlourServer) -> None:
    """Three hundred connections of one address send twenty requests each; a newcomer is answered long before
    them. Once each turn of the event loop accepted one connection and began a request of each other one.

    The server stands still while all of that is sent, and its log tells in which order it answered, so how
    fast the test is does not matter.
    """
    flooding = [
        socket.create_connection(("127.0.0.1", port_of(server)), source_address=("127.7.0.1", 0))
        for _ in range(FLOODING)
    ]
    begins_at = server.log.stat().st_size
    os.kill(server.pid, signal.SIGSTOP)
    try:
        for connection in flooding:
            connection.sendall(b"GET /flood HTTP/1.1\r\n\r\n" * REQUESTS)
        newcomer = socket.create_connection(("127.0.0.1", port_of(server)))
        newcomer.sendall(b"GET /newcomer HTTP/1.1\r\n\r\n")
    finally:
        os.kill(server.pid, signal.SIGCONT)
    told = await answers_of(newcomer, 1)
    await asyncio.gather(*(answers_of(connection, REQUESTS) for connection in flooding))
    request_id = told.lower().partition(b"x-request-id: ")[2].partition(b"\r\n")[0].decode()
    await server.expect_log(request_id)
    before, found, _ = server.log.read_bytes()[begins_at:].decode().partition(request_id)
    assert found
    assert before.count("\n") < FLOODING


async def answers_of(connection: socket.socket, count: int) -> bytes:
    """Read until so many answers have begun, and hang up."""
    connection.setblocking(False)
    answers = b""
    while answers.count(b"HTTP/1.1 404 ") < count or not answers.endswith(b"}"):
        piece = await asyncio.get_running_loop().sock_recv(connection, 65_536)
        assert piece, "hung up"
        answers += piece
    connection.close()
    return answers


async def test_handshakes_without_number(server: ParlourServer, ann: Person) -> None:
    """Sessions that never say CONNECT: those of one address give way to each other, and to nobody else."""
    handshake = b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\n\r\n"
    polling = "/socket.io/?EIO=4&transport=polling"
    async with (
        httpx.AsyncClient(base_url=server.address, timeout=60) as http,
        raw_socket(server, address="127.77.0.1") as before,
    ):
        await before.identifies(ann.token or "")
        first = json.loads((await http.get(polling)).text[1:])["sid"]
        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(server))
        for _ in range(HANDSHAKES // 100):
            writer.write(handshake * 100)
            async with asyncio.timeout(60):
                for _ in range(100):
                    assert b"HTTP/1.1 200 OK" in await reader.readuntil(b"}")
        writer.close()
        assert (await http.get(f"{polling}&sid={first}")).status_code == 400, "it gave way"
        async with raw_socket(server) as newcomer:
            await newcomer.identifies(ann.token or "")
        assert await before.is_open()


async def test_as_many_connections_as_there_may_be_files(fresh_server: StartServer) -> None:
    """Silent ones give way; where all are at work, newcomers are told, and who is in a call stays in it."""
    server = await fresh_server({"PARLOUR_SOCKETS_PER_PERSON": 1000}, open_files=FILES)
    assert '"files": 256' in await server.expect_log("open_files.limit")
    async with Visitors(server) as people, AsyncExitStack() as ending:
        ann = await people.client("ann")
        await ann.logs_in()
        room = await ann.creates_room()
        (member,) = [await ending.enter_async_context(raw_socket(server))]
        await member.identifies(ann.token or "")
        assert (await member.asks(json.dumps(["join", {"room": room}])))["ok"]

        for _ in range(400):
            silent = ending.enter_context(socket.socket())
            silent.connect(("127.0.0.1", port_of(server)))
        assert await ann.reads(room) == []

        for _ in range(FILES):
            try:
                other = await ending.enter_async_context(raw_socket(server))
            except InvalidStatus as error:
                refused = error.response
                break
            await other.identifies(ann.token or "")
        assert refused.status_code == 503 and int(refused.headers["Retry-After"]) > 0
        assert (await member.asks('["chat-message", {"message": "still here"}]'))["ok"]
    async with httpx.AsyncClient(base_url=server.address, timeout=60) as client:
        assert (await client.get("/readyz")).status_code == 200
    assert "Too many open files" not in server.log.read_text()
