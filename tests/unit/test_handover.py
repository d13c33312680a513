"""Which worker a request belongs to, and how connections get there."""

import asyncio
import os
import resource
import socket
from collections.abc import AsyncIterator

import pytest

from parlour.handover import (
    INBOX_BYTES,
    Arrival,
    Arrivals,
    Handover,
    Kind,
    WorkerPlace,
    open_inbox,
    session_prefix,
    worker_of_session,
)

ASKED = b"GET /socket.io/?EIO=4&transport=polling&sid=1.abc HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (ASKED, ("/socket.io/", 1)),
        (b"POST /meet/socket.io/?sid=12.abc&EIO=4 HTTP/1.1\r\n", ("/meet/socket.io/", 12)),
        (b"GET /socket.io/?EIO=4&t=Pq%20x&sid=3.a", ("/socket.io/", 3)),
        (b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\n", None),
        (b"GET /socket.io/?EIO=4&xsid=1.abc HTTP/1.1\r\n", None),
        (b"GET /socket.io/?EIO=4&sid=abc HTTP/1.1\r\n", None),
        (b"GET /socket.io/?EIO=4&sid=100.abc HTTP/1.1\r\n", None),
        (b"GET /socket.io/?EIO=4 HTTP/1.1\r\nX: &sid=1.a\r\n\r\n", None),
        (b"GET /socket.io/#?sid=1.a HTTP/1.1\r\n", None),
        (b"", None),
    ],
)
def test_the_session_names_its_worker(head: bytes, found: tuple[str, int] | None) -> None:
    assert worker_of_session(head) == found


def test_a_long_head_without_a_session_is_judged_at_once() -> None:
    for head in (
        b"GET /" + b"a" * 200_000,
        b"GET /?" + b"a&" * 200_000,
        b"GET /?" + b"a" * 200_000 + b"&sid=1.a",
    ):
        assert worker_of_session(head) is None


class Pair:
    """Two workers in this process; `arrived` has what the second one gets."""

    def __init__(self) -> None:
        inboxes = [open_inbox() for _ in range(2)]
        self.files = [one for inbox in inboxes for one in inbox]
        self.first, self.second = (self._worker(number) for number in range(2))
        self.arrived: asyncio.Queue[Arrival] = asyncio.Queue()
        self.second.start(self.arrived.put_nowait)

    def _worker(self, number: int) -> Handover:
        inbox, *inboxes = (os.dup(file.fileno()) for file in (self.files[2 * number], *self.files[1::2]))
        return Handover(WorkerPlace(number, (), inbox, tuple(inboxes)), serves="/socket.io/".__eq__)


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    made = Pair()
    yield made
    made.second.stop()
    made.first.close()
    made.second.close()
    for one in made.files:
        one.close()


@pytest.fixture
async def accepted() -> AsyncIterator[tuple[socket.socket, asyncio.BaseTransport]]:
    """A client's end of a connection, and the transport of the server's."""
    client, server = socket.socketpair()
    with client:
        transport, _ = await asyncio.get_running_loop().connect_accepted_socket(asyncio.Protocol, server)
        yield client, transport
        transport.abort()


@pytest.mark.parametrize("size", [0, 100, 300_000], ids=["nothing more", "some", "more than a message holds"])
async def test_a_connection_arrives_with_what_was_read(
    pair: Pair, accepted: tuple[socket.socket, asyncio.Transport], size: int
) -> None:
    client, transport = accepted
    data = ASKED + os.urandom(size)
    assert pair.first.takes(transport, data)
    transport.abort()
    async with asyncio.timeout(10):
        arrival = await pair.arrived.get()
        assert (arrival.kind, arrival.data) == (Kind.ASKS, data)
        with arrival.connection:
            arrival.connection.sendall(b"an answer")
            assert client.recv(100) == b"an answer"


async def test_a_long_request_stays_while_no_file_is_left(
    pair: Pair, accepted: tuple[socket.socket, asyncio.Transport]
) -> None:
    """Whoever sends it must neither raise an exception here nor have a part of it handed over."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    next_file = os.dup(0)
    os.close(next_file)
    resource.setrlimit(resource.RLIMIT_NOFILE, (next_file, hard))
    try:
        assert not pair.first.takes(accepted[1], ASKED + bytes(20_000))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_a_connection_whose_request_cannot_be_received_is_closed(pair: Pair) -> None:
    """A limit of open files that leaves room for the connection alone: its client may ask again, but would
    wait for an answer to a request that nobody has.
    """
    loop = asyncio.get_running_loop()
    client, server = socket.socketpair()
    closed = loop.create_future()

    class Closing(asyncio.Protocol):
        def connection_lost(self, exc: Exception | None) -> None:
            loop.call_soon(closed.set_result, None)

    pair.second.stop()
    transport, _ = await loop.connect_accepted_socket(Closing, server)
    assert pair.first.takes(transport, ASKED + bytes(20_000))
    transport.abort()
    await closed
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    next_file = os.dup(0)
    os.close(next_file)
    with client:
        client.setblocking(False)
        resource.setrlimit(resource.RLIMIT_NOFILE, (next_file + 1, hard))
        try:
            pair.second.start(pair.arrived.put_nowait)
            async with asyncio.timeout(10):
                assert await loop.sock_recv(client, 1) == b""
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert pair.arrived.empty()


async def test_what_arrives_as_the_worker_ends_still_gets_its_protocol(
    pair: Pair, accepted: tuple[socket.socket, asyncio.Transport]
) -> None:
    """The end of the server reaches the connections that have a protocol then, and no later ones."""
    made: list[Arrival] = []

    class Made(asyncio.Protocol):
        def __init__(self, arrival: Arrival) -> None:
            self._arrival = arrival

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            made.append(self._arrival)
            transport.close()

    pair.second.stop()
    arrivals = Arrivals(pair.second, Made)
    arrivals.start()
    assert pair.first.takes(accepted[1], ASKED)
    async with asyncio.timeout(10):
        while not arrivals:  # noqa: ASYNC110 - the turn is meant in which it has arrived
            await asyncio.sleep(0)
        assert not made
        await arrivals.stop()
    assert [arrival.data for arrival in made] == [ASKED]
    assert pair.first.takes(accepted[1], ASKED)
    await asyncio.sleep(0)
    assert not arrivals, "the rest is the successor's"


async def test_what_stays(pair: Pair, accepted: tuple[socket.socket, asyncio.Transport]) -> None:
    """Requests of its own sessions, of workers that there are not, of other paths, and without a session."""
    _, transport = accepted
    for number, path in ((0, "/socket.io/"), (2, "/socket.io/"), (1, "/room/")):
        sid = f"{session_prefix(number)}abc"
        assert not pair.first.takes(transport, f"GET {path}?sid={sid} HTTP/1.1\r\n\r\n".encode())
    assert not pair.first.takes(transport, b"GET /room/ HTTP/1.1\r\n\r\n")
    assert not pair.first.takes_idle(transport, Kind.KEPT_ALIVE), "it is not retiring"


async def test_an_idle_connection_is_taken_once_the_worker_retires(
    pair: Pair, accepted: tuple[socket.socket, asyncio.Transport]
) -> None:
    pair.first.is_retiring = True
    assert pair.first.takes_idle(accepted[1], Kind.KEPT_ALIVE)
    async with asyncio.timeout(10):
        arrival = await pair.arrived.get()
    arrival.connection.close()
    assert (arrival.kind, arrival.data) == (Kind.KEPT_ALIVE, b"")


async def test_a_full_inbox_takes_nothing(
    pair: Pair, accepted: tuple[socket.socket, asyncio.Transport]
) -> None:
    """Nobody reads the first worker's. What it holds doesn't grow with the buffers of the system."""
    _, writing = pair.files[:2]
    assert writing.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) == 2 * INBOX_BYTES, "socket(7): doubled"
    sent = 0
    asked = ASKED.replace(b"sid=1.", b"sid=0.")
    while pair.second.takes(accepted[1], asked):
        sent += 1
        assert sent <= 600
    assert sent >= 500
