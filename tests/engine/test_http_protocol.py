"""The bounds of HTTP below any application, on both event loops."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from parlour.handover import Handover, WorkerPlace
from parlour.http.protocol import HttpBounds, HttpLimits, HttpRefusal, http_protocol_class
from parlour.worker_table import open_table
from tests.engine.reference import PATIENCE, until

pytestmark = pytest.mark.asyncio(loop_scope="module")  # each module on both event loops

GET = b"GET / HTTP/1.1\r\nHost: x\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\n"


class Application:
    """Answers with the body that it got, or what `answer` says; waits for `released` first."""

    def __init__(self, answer: bytes | None = None) -> None:
        self.scopes: list[Any] = []
        self.released = asyncio.Event()
        self.released.set()
        self._answer = answer

    async def __call__(self, scope: Any, receive: Callable[[], Awaitable[Any]], send: Any) -> None:
        self.scopes.append(scope)
        await self.released.wait()
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body, more = body + message["body"], message["more_body"]
        answer = body if self._answer is None else self._answer
        headers = [(b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})


class Server:
    """A server in this loop."""

    def __init__(self, port: int, state: ServerState, bounds: HttpBounds) -> None:
        self.port = port
        self.connections: set[Any] = state.connections
        self.bounds = bounds
        self._writers: list[asyncio.StreamWriter] = []

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self._writers.append(writer)
        own = writer.get_extra_info("sockname")
        await until(lambda: any(connection.client == own for connection in self.connections))
        return reader, writer

    async def answers(self, *pieces: bytes) -> bytes:
        """All that comes back till the server hangs up."""
        reader, writer = await self.connect()
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        answers = await asyncio.wait_for(reader.read(), PATIENCE)
        writer.transport.abort()
        return answers

    def close(self) -> None:
        for writer in self._writers:
            writer.transport.abort()


@asynccontextmanager
async def serving(application: Application, **limits: Any) -> AsyncIterator[Server]:
    bounds = HttpBounds(HttpLimits(**limits), {HttpRefusal.NO_ROOM: b"HTTP/1.1 503 No room\r\n\r\n"})
    config = uvicorn.Config(application, lifespan="off", log_config=None)
    config.load()
    state, loop, http = ServerState(), asyncio.get_running_loop(), http_protocol_class(bounds)
    made: Any = http
    server = await loop.create_server(
        lambda: made(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    running = Server(server.sockets[0].getsockname()[1], state, bounds)
    try:
        yield running
    finally:
        server.close()
        running.close()
        for connection in list(running.connections):
            connection.transport.abort()
        await until(lambda: not state.connections)
    assert bounds.unfinished.total == bounds.unread.total == 0


CLOSE = b"Connection: close\r\n"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (GET + b"a: b\r\n" * 98 + CLOSE + b"\r\n", 200),
        (GET + b"a: b\r\n" * 99 + CLOSE + b"\r\n", 431),
        (GET + b"a: " + b"b" * 65_000 + b"\r\n" + CLOSE + b"\r\n", 200),
        (GET + b"a: " + b"b" * 65_536 + b"\r\n" + CLOSE + b"\r\n", 431),
        (GET + (b"a: " + b"b" * 16_000 + b"\r\n") * 5 + CLOSE + b"\r\n", 431),
        (GET + b"a" * 65_536 + b": b\r\n" + CLOSE + b"\r\n", 431),
        (GET.replace(b"/ ", b"/" + b"a" * 8_191 + b" ") + CLOSE + b"\r\n", 200),
        (GET.replace(b"/ ", b"/" + b"a" * 8_192 + b" ") + CLOSE + b"\r\n", 431),
        (GET.replace(b"/ ", b"/?" + b"a" * 9_000 + b" ") + CLOSE + b"\r\n", 431),
        (b"\r\n\r\n" + GET + CLOSE + b"\r\n", 200),
        (b"nonsense\r\n\r\n", 400),
    ],
    ids=range(11),
)
async def test_a_head_is_bounded(request_: bytes, status: int) -> None:
    async with serving(Application()) as server:
        assert (await server.answers(request_)).startswith(b"HTTP/1.1 %d " % status)
        halves = request_[: len(request_) // 2], request_[len(request_) // 2 :]
        assert (await server.answers(*halves)).startswith(b"HTTP/1.1 %d " % status)


BODIES = [b"", b"x", b"\r\n\r\n" * 20_000, GET * 5_000, bytes(300_000)]


@pytest.mark.parametrize("body", BODIES, ids=range(5))
async def test_a_body_comes_whole(body: bytes) -> None:
    plain = POST + CLOSE + b"Content-Length: %d\r\n\r\n" % len(body) + body
    chunks = [body[start : start + 999] for start in range(0, len(body), 999)]
    framed = b"".join(b"%x;a=b\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    chunked = POST + CLOSE + b"Transfer-Encoding: chunked\r\n\r\n" + framed
    async with serving(Application()) as server:
        for request in (plain, chunked):
            assert (await server.answers(request)).partition(b"\r\n\r\n")[2] == body


async def test_chunks_of_one_byte_are_a_body() -> None:
    request = POST + CLOSE + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 100_000 + b"0\r\n\r\n"
    async with serving(Application()) as server:
        assert (await server.answers(request)).partition(b"\r\n\r\n")[2] == b"x" * 100_000


async def test_a_request_in_single_bytes() -> None:
    request = POST + CLOSE + b"Content-Length: 5\r\n\r\nhello"
    async with serving(Application()) as server:
        answer = await server.answers(*(bytes([byte]) for byte in request))
        assert answer.endswith(b"\r\n\r\nhello")


async def test_trailers_are_not_headers() -> None:
    application = Application()
    request = POST + CLOSE + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nAuthorization: me\r\n\r\n"
    async with serving(application) as server:
        assert (await server.answers(request)).endswith(b"x")
    assert b"authorization" not in dict(application.scopes[0]["headers"])


@pytest.mark.parametrize("trailers", [b"a: b\r\n" * 101, b"a: " + b"b" * 200_000])
async def test_trailers_are_bounded(trailers: bytes) -> None:
    request = POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n" + trailers
    async with serving(Application()) as server:
        assert (await server.answers(request)).startswith(b"HTTP/1.1 431 ")


async def test_pipelined_requests_are_answered_in_order() -> None:
    texts = [b"%d" % number for number in range(200)]
    requests = [POST + b"Content-Length: %d\r\n\r\n%s" % (len(text), text) for text in texts]
    async with serving(Application()) as server:
        answers = await server.answers(b"".join(requests) + GET + CLOSE + b"\r\n")
    bodies = [answer.partition(b"\r\n\r\n")[2] for answer in answers.split(b"HTTP/1.1 200 OK\r\n")[1:]]
    assert bodies == [*texts, b""]


async def test_few_requests_wait_for_the_one_before_them() -> None:
    application = Application()
    application.released.clear()
    async with serving(application) as server:
        _, writer = await server.connect()
        writer.write((GET + b"\r\n") * 1000)
        await until(lambda: application.scopes)
        (connection,) = server.connections
        for _ in range(100):
            await asyncio.sleep(0)
        assert len(application.scopes) == 1
        assert len(connection.pipeline) <= HttpLimits().pipelined
        writer.transport.abort()
        application.released.set()


async def test_a_bad_request_behind_one_that_is_not_answered_yet_gets_no_answer_in_its_place() -> None:
    application = Application()
    application.released.clear()
    async with serving(application) as server:
        reader, writer = await server.connect()
        writer.write(GET + b"\r\nnonsense\r\n\r\n")
        await until(lambda: application.scopes)
        assert await gone(reader)
        application.released.set()


async def test_who_waits_longest_gives_way_to_a_newcomer() -> None:
    application = Application()
    async with serving(application, connections=3, surplus=2) as server:
        first, second, third = [await server.connect() for _ in range(3)]
        second[1].write(GET + b"\r\n")
        await second[0].readuntil(b"\r\n\r\n")
        await server.answers(GET + CLOSE + b"\r\n")
        assert await gone(first[0])
        await server.answers(GET + CLOSE + b"\r\n")
        for reader, writer in (second, third):
            writer.write(GET + b"\r\n")
            assert (await reader.readline()).startswith(b"HTTP/1.1 ")
            writer.close()


PROXIES_KEEP_SECONDS = 120
"""How long Caddy keeps an idle connection to a server; nginx and HAProxy keep theirs for less."""


async def test_an_answered_connection_is_kept_for_longer_than_proxies_keep_it() -> None:
    async with serving(Application()) as server:
        reader, writer = await server.connect()
        writer.write(GET + b"\r\n")
        await reader.readuntil(b"\r\n\r\n")
        (connection,) = server.connections
        await until(lambda: connection.timeout_keep_alive_task is not None)
        left = connection.timeout_keep_alive_task.when() - asyncio.get_running_loop().time()
        assert left > PROXIES_KEEP_SECONDS
        writer.close()
    async with serving(Application(), keep_alive_seconds=0.05) as server:
        reader, writer = await server.connect()
        writer.write(GET + b"\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        assert await gone(reader)


async def test_of_many_that_are_kept_the_longest_idle_gives_way() -> None:
    async with serving(Application(), kept_alive=2) as server:
        kept = []
        for _ in range(3):
            reader, writer = await server.connect()
            writer.write(GET + b"\r\n")
            await reader.readuntil(b"\r\n\r\n")
            kept.append((reader, writer))
        silent, _ = await server.connect()
        assert await gone(kept[0][0])
        for reader, writer in kept[1:]:
            writer.write(GET + CLOSE + b"\r\n")
            assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        await until(lambda: len(server.connections) == 1)
        assert not silent.at_eof()


async def gone(reader: asyncio.StreamReader) -> bool:
    try:
        return not await asyncio.wait_for(reader.read(), PATIENCE)
    except ConnectionResetError:
        return True


async def test_where_all_are_at_work_a_newcomer_is_refused() -> None:
    application = Application()
    application.released.clear()
    async with serving(application, connections=2, surplus=2) as server:
        working = [await server.connect() for _ in range(2)]
        for _, writer in working:
            writer.write(GET + b"\r\n")
        await until(lambda: len(application.scopes) == 2)
        assert await server.answers(GET + b"\r\n") == b"HTTP/1.1 503 No room\r\n\r\n"
        silent = [await server.connect() for _ in range(2)]
        assert await server.answers(GET + b"\r\n") == b"HTTP/1.1 503 No room\r\n\r\n"
        assert await gone(silent[0][0])
        application.released.set()
        for reader, writer in working:
            assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
            writer.close()
        await until(lambda: len(server.connections) <= 1)
        assert (await server.answers(GET + CLOSE + b"\r\n")).startswith(b"HTTP/1.1 200 ")


async def test_the_oldest_unfinished_request_gives_way() -> None:
    async with serving(Application(), unfinished=100_000) as server:
        readers = []
        for number in range(3):
            reader, writer = await server.connect()
            writer.write(GET + b"a: " + b"b" * 40_000)
            if number < 2:
                await until(lambda number=number: server.bounds.unfinished.total > 40_000 * (number + 1))  # type: ignore[misc]
            readers.append(reader)
        assert await gone(readers[0])
        assert 0 < server.bounds.unfinished.total <= 100_000


@asynccontextmanager
async def unread_answer(server: Server) -> AsyncIterator[None]:
    """Somebody asks and does not read."""
    loop = asyncio.get_running_loop()
    with socket.socket() as unread:
        unread.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        unread.setblocking(False)
        await loop.sock_connect(unread, ("127.0.0.1", server.port))
        await loop.sock_sendall(unread, GET + b"\r\n")
        await until(lambda: server.bounds.unread.total)
        yield


async def test_an_answer_that_nobody_reads_is_given_up() -> None:
    async with serving(Application(bytes(20_000_000)), write_seconds=0.1) as server, unread_answer(server):
        await until(lambda: not server.connections)


async def test_the_longest_unread_answer_gives_way_where_all_take_too_much() -> None:
    async with (
        serving(Application(bytes(20_000_000)), unread=22_000_000) as server,
        unread_answer(server),
        unread_answer(server),
    ):
        await until(lambda: len(server.connections) == 1)
        assert 0 < server.bounds.unread.total <= 20_000_000


@contextmanager
def beside_another_process() -> Iterator[Handover]:
    """The ways from the first of two processes; nobody reads the other's inbox."""
    inboxes = [socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(4)]
    own, other = inboxes[0][0].detach(), inboxes[2][0].detach()
    place = WorkerPlace(
        number=0,
        turn=0,
        listeners=(),
        inbox=own,
        other_inbox=other,
        inboxes=tuple(end.detach() for _, end in inboxes),
        table=open_table(2),
    )
    with inboxes[1][0], inboxes[3][0]:
        handover = Handover(place, serves="/".__eq__)
        yield handover
        handover.close()


@pytest.mark.parametrize("ends_by", ["retirement", "a request of a session elsewhere"])
async def test_an_answer_that_is_not_read_yet_is_not_cut_off_by_a_handover(ends_by: str) -> None:
    application = Application(bytes(16 * 1024 * 1024))
    async with serving(application) as server:
        with beside_another_process() as handover:
            server.bounds.handover = handover
            reader, writer = await server.connect()
            (connection,) = server.connections
            writer.write(GET + b"\r\n")
            await until(lambda: connection.cycle is not None and connection.cycle.response_complete)
            assert connection.transport.get_write_buffer_size()
            answers = 1
            if ends_by == "retirement":
                handover.is_retiring = True
                connection.shutdown()
            else:
                writer.write(GET.replace(b"/ ", b"/?sid=1.abc ") + CLOSE + b"\r\n")
                await until(lambda: len(application.scopes) == 2 or connection not in server.connections)
                answers = 2
            read = await asyncio.wait_for(reader.read(), PATIENCE)
    assert read.count(b"HTTP/1.1 200 ") == answers
    assert len(read) > answers * 16 * 1024 * 1024
