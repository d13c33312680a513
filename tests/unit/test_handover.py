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
    NumberedWorker,
    WorkerPlace,
    inbox_number,
    inbox_of_session,
    open_inbox,
    room_of_handshake,
)
from parlour.worker_table import WorkerTable, open_table

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
        (b"GET /socket.io/?EIO=4&sid=127.abc HTTP/1.1\r\n", ("/socket.io/", 127)),
        (b"GET /socket.io/?EIO=4&sid=1000.abc HTTP/1.1\r\n", None),
        (b"GET /socket.io/?EIO=4 HTTP/1.1\r\nX: &sid=1.a\r\n\r\n", None),
        (b"GET /socket.io/#?sid=1.a HTTP/1.1\r\n", None),
        (b"", None),
    ],
)
def test_the_session_names_its_inbox(head: bytes, found: tuple[str, int] | None) -> None:
    assert inbox_of_session(head) == found


def test_no_two_processes_of_a_machine_have_sessions_of_one_prefix() -> None:
    prefixes = {NumberedWorker(number, 64, turn).session_prefix for number in range(64) for turn in range(2)}
    assert len(prefixes) == 128
    asked = (f"GET /socket.io/?sid={prefix}abc HTTP/1.1".encode() for prefix in prefixes)
    found = {inbox_of_session(one) for one in asked}
    assert found == {("/socket.io/", number) for number in range(128)}


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (
            b"GET /socket.io/?room=0a1b2c3d&EIO=4&transport=websocket HTTP/1.1\r\n",
            ("/socket.io/", b"0a1b2c3d"),
        ),
        (b"GET /meet/socket.io/?EIO=4&room=0a1b2c3d HTTP/1.1\r\n", ("/meet/socket.io/", b"0a1b2c3d")),
        (b"POST /socket.io/?room=0a1b2c3d HTTP/1.1\r\n", None),
        (b"GET /socket.io/?room=0A1B2C3D HTTP/1.1\r\n", None),
        (b"GET /socket.io/?room=0a1b2c3 HTTP/1.1\r\n", None),
        (b"GET /socket.io/?room=0a1b2c3d4 HTTP/1.1\r\n", None),
        (b"GET /socket.io/?room=the%20den HTTP/1.1\r\n", None),
        (b"GET /socket.io/?bedroom=0a1b2c3d HTTP/1.1\r\n", None),
        (b"GET /socket.io/?room=" + b"0" * 8000 + b" HTTP/1.1\r\n", None),
        (b"GET /socket.io/ HTTP/1.1\r\nX: ?room=0a1b2c3d \r\n", None),
    ],
)
def test_the_handshake_names_its_room(head: bytes, found: tuple[str, bytes] | None) -> None:
    assert room_of_handshake(head) == found


def test_a_long_head_without_a_session_is_judged_at_once() -> None:
    for head in (
        b"GET /" + b"a" * 200_000,
        b"GET /?" + b"a&" * 200_000,
        b"GET /?" + b"a" * 200_000 + b"&sid=1.a",
        b"GET /?" + b"a" * 200_000 + b"&room=0a1b2c3d ",
    ):
        assert inbox_of_session(head) is None
        assert room_of_handshake(head) is None


class Pair:
    """Two workers in this process; `arrived` has what the second one gets."""

    def __init__(self) -> None:
        inboxes = [open_inbox() for _ in range(4)]
        self.files = [one for inbox in inboxes for one in inbox]
        self._table = open_table(2)
        self.table = WorkerTable(self._table)
        self.first, self.second = (self.worker(number) for number in range(2))
        self.arrived: asyncio.Queue[Arrival] = asyncio.Queue()
        self.second.start(self.arrived.put_nowait)

    def worker(self, number: int, turn: int = 0, former: int | None = None) -> Handover:
        reading, writing = self.files[::2], self.files[1::2]
        place = WorkerPlace(
            number=number,
            turn=turn,
            listeners=(),
            inbox=os.dup(reading[inbox_number(number, turn, 2)].fileno()),
            other_inbox=os.dup(reading[inbox_number(number, 1 - turn, 2)].fileno()),
            inboxes=tuple(os.dup(file.fileno()) for file in writing),
            table=os.dup(self._table),
            former=former,
        )
        return Handover(place, serves="/socket.io/".__eq__)

    def close(self) -> None:
        self.first.close()
        self.second.close()
        self.table.close()
        os.close(self._table)
        for one in self.files:
            one.close()


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    made = Pair()
    yield made
    made.second.stop()
    made.close()


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
    for number, path in ((0, "/socket.io/"), (4, "/socket.io/"), (1, "/room/")):
        sid = f"{number}.abc"
        assert not pair.first.takes(transport, f"GET {path}?sid={sid} HTTP/1.1\r\n\r\n".encode())
    assert not pair.first.takes(transport, b"GET /room/ HTTP/1.1\r\n\r\n")
    assert not pair.first.takes_idle(transport, Kind.KEPT_ALIVE), "it is not retiring"


def opening(pair: Pair, *, worker: int) -> bytes:
    """Return a handshake for a room whose people are with this worker, once both are well."""
    pair.first.note_well(1)
    pair.second.note_well(1)
    rooms = (b"%08x" % number for number in range(100))
    room = next(room for room in rooms if pair.table.worker_of_room(room) == worker)
    return b"GET /socket.io/?room=%b&EIO=4&transport=polling HTTP/1.1\r\n\r\n" % room


async def test_people_of_a_room_are_handed_over_to_its_worker(
    pair: Pair, accepted: tuple[socket.socket, asyncio.BaseTransport]
) -> None:
    handshake = opening(pair, worker=1)
    assert pair.first.takes(accepted[1], handshake)
    async with asyncio.timeout(10):
        arrival = await pair.arrived.get()
    arrival.connection.close()
    assert (arrival.kind, arrival.data) == (Kind.ASKS, handshake)


async def test_people_of_a_room_stay_where_its_worker_is(
    pair: Pair, accepted: tuple[socket.socket, asyncio.BaseTransport]
) -> None:
    """They do so at its worker, while nobody knows that one to be well, and at another path."""
    assert not pair.first.takes(accepted[1], opening(pair, worker=0))
    handshake = opening(pair, worker=1)
    assert not pair.first.takes(accepted[1], handshake.replace(b"/socket.io/", b"/room/"))
    session = handshake.replace(b"&EIO", b"&sid=0.abc&EIO")
    assert not pair.first.takes(accepted[1], session), "a session goes before a room"
    pair.second.note_end()
    assert not pair.first.takes(accepted[1], handshake)
    pair.first.note_end()
    assert not pair.first.takes(accepted[1], handshake)


async def test_a_successor_takes_the_sessions_of_the_worker_it_replaces_once_that_one_is_gone(
    pair: Pair, accepted: tuple[socket.socket, asyncio.BaseTransport]
) -> None:
    """Until then they are that one's, which is drained, and the successor has sessions of its own."""
    former = await asyncio.create_subprocess_exec("sleep", "1000")
    successor, arrived = pair.worker(1, 1, os.pidfd_open(former.pid)), asyncio.Queue[Arrival]()
    successor.start(arrived.put_nowait)
    successor.take_turn()
    opens = opening(pair, worker=1)
    own = ASKED.replace(b"sid=1.", b"sid=3.")
    for request in (ASKED, own, opens):
        assert pair.first.takes(accepted[1], request)
    async with asyncio.timeout(10):
        assert (await taken(pair.arrived)).data == ASKED
        assert [(await taken(arrived)).data for _ in range(2)] == [own, opens]
    pair.second.stop()
    assert pair.first.takes(accepted[1], ASKED)
    assert arrived.empty()
    former.kill()
    await former.wait()
    async with asyncio.timeout(10):
        assert (await taken(arrived)).data == ASKED
    assert pair.arrived.empty()
    successor.stop()
    successor.close()


async def taken(arrivals: asyncio.Queue[Arrival]) -> Arrival:
    arrival = await arrivals.get()
    arrival.connection.close()
    return arrival


async def test_a_worker_without_a_predecessor_takes_what_was_for_the_one_before(
    pair: Pair, accepted: tuple[socket.socket, asyncio.BaseTransport]
) -> None:
    """It has crashed in the other turn, and its clients are to be told that their sessions are unknown."""
    other = ASKED.replace(b"sid=1.", b"sid=3.")
    for request in (ASKED, other):
        assert pair.first.takes(accepted[1], request)
    async with asyncio.timeout(10):
        assert {(await taken(pair.arrived)).data for _ in range(2)} == {ASKED, other}


async def test_a_worker_that_retires_leaves_the_table_to_its_successor(
    pair: Pair, accepted: tuple[socket.socket, asyncio.BaseTransport]
) -> None:
    handshake = opening(pair, worker=1)
    pair.second.is_retiring = True
    pair.second.note_end()
    assert pair.first.takes(accepted[1], handshake)
    async with asyncio.timeout(10):
        (await pair.arrived.get()).connection.close()
    pair.table.clear(1)
    pair.second.note_well(1)
    assert not pair.first.takes(accepted[1], handshake)


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
