"""Attacks on the server itself: paths, sizes, patience, numbers."""

import asyncio
import gzip
import socket
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.conftest import StartServer
from tests.people import Person
from tests.servers import ParlourServer

pytestmark = pytest.mark.database("sqlite")

ANONYMOUS = 10_000
PER_ADDRESS = 100


async def raw_answer(server: ParlourServer, request: bytes) -> bytes:
    """As sent: clients tidy paths up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(server.address).port)
    writer.write(request)
    async with asyncio.timeout(60):
        answer = await reader.read()
    writer.close()
    return answer


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../../settings.py",
        "/assets/..%2f..%2fsettings.py",
        "/assets/%2e%2e/%2e%2e/settings.py",
        "/assets/....//....//settings.py",
        "/assets//etc/passwd",
        "/assets/..\\..\\settings.py",
        "/docs/../../../app.py",
        "/docs/%2e%2e%2f%2e%2e%2fapp.py",
        "/assets/%00/../index.html",
        "/../../../../etc/passwd",
    ],
)
async def test_path_traversal_in_static_files(server: ParlourServer, path: str) -> None:
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answer = await raw_answer(server, request.encode())
    assert answer.split(b" ", 2)[1] in (b"400", b"404"), answer[:200]
    assert b"root:" not in answer and b"import" not in answer


async def test_zip_bomb(server: ParlourServer, ann: Person) -> None:
    """What is compressed is not unpacked: 100 MiB in 100 KB are no JSON."""
    bomb = gzip.compress(b'{"room":"' + b" " * 100 * 1024 * 1024 + b'"}', compresslevel=9)
    assert len(bomb) < 256 * 1024
    before = resident_kib(server)
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    answer = await ann.request("POST", "/event", content=bomb, headers=headers)
    assert answer.status_code == 422
    assert resident_kib(server) - before < 20 * 1024
    url = server.url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
    async with connect(url, compression="deflate", proxy=None) as socket:
        assert socket.protocol.extensions == []


HIDDEN = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n" % (len(HIDDEN) + 5),
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        b"Content-Length: 5\r\nContent-Length: %d\r\n" % (len(HIDDEN) + 5),
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding : chunked\r\nContent-Length: 5\r\n",
        b"Transfer-Encoding: chunked\nContent-Length: 5\r\n",
    ],
)
async def test_request_smuggling(server: ParlourServer, framing: bytes) -> None:
    """Where a proxy and the server could differ about a request's end, there is no second request."""
    start = b"POST /room/check HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    answer = await raw_answer(server, start + framing + b"\r\n0\r\n\r\n" + HIDDEN)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1
    clear = start + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n" + HIDDEN
    assert (await raw_answer(server, clear)).count(b"HTTP/1.1 200 ") == 2


async def test_slow_loris(fresh_server: StartServer) -> None:
    """Who takes for ever to ask is hung up on; meanwhile others are answered."""
    server = await fresh_server({"PARLOUR_REQUEST_TIMEOUT": 2})
    port = httpx.URL(server.address).port
    slow = [await asyncio.open_connection("127.0.0.1", port) for _ in range(300)]
    starts = [
        b"",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: ",
        b"POST /client/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: 100\r\n\r\n{",
    ]
    for number, (_, writer) in enumerate(slow):
        writer.write(starts[number % len(starts)])
    async with httpx.AsyncClient(base_url=server.address, timeout=60) as client:
        for _ in range(10):
            assert (await client.get("/healthz")).status_code == 200
    async with asyncio.timeout(60):
        for reader, writer in slow:
            with suppress(ConnectionError):
                await reader.read()
            writer.close()


async def test_ten_thousand_anonymous_sockets(server: ParlourServer, ann: Person) -> None:
    """They wait, cost little, and keep nobody out; those beyond the limit go at once."""
    before = resident_kib(server)
    port = httpx.URL(server.address).port or 0
    with ExitStack() as ending:
        for batch in range(ANONYMOUS // PER_ADDRESS):
            address = f"127.78.{batch // 250}.{batch % 250 + 1}"
            places = [ending.enter_context(socket.socket()) for _ in range(PER_ADDRESS)]
            await asyncio.gather(*(waits(place, address, port) for place in places))
        async with asyncio.timeout(60):
            await ann.creates_room()
        per_socket = (resident_kib(server) - before) / ANONYMOUS
        assert per_socket < 20, f"{per_socket:.1f} KiB a socket"
    async with asyncio.timeout(60):
        assert (await ann.get("/ice")).status_code == 200


async def waits(place: socket.socket, address: str, port: int) -> None:
    """A WebSocket that has said CONNECT without any identity."""
    loop = asyncio.get_running_loop()
    place.setblocking(False)
    place.bind((address, 0))
    await loop.sock_connect(place, ("127.0.0.1", port))
    await loop.sock_sendall(
        place,
        b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    )
    assert (await loop.sock_recv(place, 2048)).startswith(b"HTTP/1.1 101")
    await loop.sock_sendall(place, bytes([0x81, 0x82, 0, 0, 0, 0]) + b"40")


def resident_kib(server: ParlourServer) -> int:
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])
