"""The signaling contract, tested with each client library: a test of `peers` runs once for each kind.

    async with peers("ann", "bob") as (ann, bob):
        await ann.offers(bob)
        await bob.expects("session-description", peerID=ann.peer_id)

`@pytest.mark.kinds("js-websocket")` limits a test to kinds of client; `connect` makes a single connection.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest

from tests.integration.signaling.client import Client, handshake_headers
from tests.integration.signaling.javascript import Nodes
from tests.integration.signaling.python import PythonClient
from tests.integration.signaling.raw import RawSocket, raw_socket
from tests.integration.signaling.town import Town, unused_address
from tests.people import Person
from tests.servers import ParlourServer
from tests.servers.stopwatch import Stopwatch

LIBRARIES = ("js-websocket", "js-polling", "js-upgrade", "py-websocket", "py-polling")
BROWSERS = ("chromium-upgrade", "firefox-upgrade")
KINDS = (*LIBRARIES, *BROWSERS)
CONNECT_SECONDS = 120.0
"""The timeout of a connection: a browser has to open a page first."""
_TRANSPORTS = {"websocket": ["websocket"], "polling": ["polling"], "upgrade": ["polling", "websocket"]}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "kinds(*kinds): run with these Socket.IO clients alone")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "kind" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("kinds")
        metafunc.parametrize("kind", marker.args if marker else KINDS, indirect=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Deselect other kinds of client on PostgreSQL: a difference shows along a single dimension."""
    items[:] = [item for item in items if not _differs_twice(item)]


def _differs_twice(item: pytest.Item) -> bool:
    if not item.path.is_relative_to(Path(__file__).parent):
        return False
    chosen = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    return chosen.get("database") == "postgres" and chosen.get("kind", KINDS[0]) != KINDS[0]


@pytest.fixture
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of Socket.IO client that the test runs with."""
    chosen: str = request.param
    assert chosen in KINDS
    return chosen


@pytest.fixture(scope="session")
async def nodes() -> AsyncIterator[Nodes]:
    async with Nodes() as running:
        await running.start("js")
        yield running


@pytest.fixture(scope="session")
async def town(server: ParlourServer) -> AsyncIterator[Town]:
    async with Town(server) as town:
        yield town


class Connect:
    """`await connect(ann)` returns a connected client of ann, which is closed when the test ends."""

    def __init__(self, server: ParlourServer, kind: str, nodes: Nodes) -> None:
        self.server = server
        self.kind = kind
        self._nodes = nodes
        self._clients: list[Client] = []

    async def __call__(
        self, person: Person, *, kind: str | None = None, by_cookie: bool = False, origin: str | None = None
    ) -> Client:
        """Connect a client, identified by token, or by the cookie alone. Raises TimeoutError."""
        await self._nodes.start((kind or self.kind).partition("-")[0])
        client = self.attempts(
            person,
            kind=kind,
            token=None if by_cookie else person.token,
            cookie=person.cookie if by_cookie else None,
            origin=origin,
        )
        await client.inbox.take("connect", CONNECT_SECONDS)
        return client

    def attempts(
        self,
        person: Person,
        *,
        kind: str | None = None,
        token: str | None = None,
        cookie: str | None = None,
        origin: str | None = None,
    ) -> Client:
        """Begin a connection; the client's inbox gets the outcome, `connect` or `connect_error`."""
        library, _, transport = (kind or self.kind).partition("-")
        auth = None if token is None else {"token": token}
        headers = handshake_headers(cookie, origin)
        client: Client
        if library == "py":
            client = PythonClient(person.email.partition("@")[0], person)
            self._clients.append(client)
            client.open(self.server.url, transport=transport, auth=auth, headers=headers)
        else:
            options = {
                "transports": _TRANSPORTS[transport],
                "reconnection": False,
                "extraHeaders": headers,
                **({} if auth is None else {"auth": auth}),
            }
            name = person.email.partition("@")[0]
            client = self._nodes[library].open(self.server.url, name=name, person=person, options=options)
            self._clients.append(client)
        return client

    async def aclose(self) -> None:
        await asyncio.gather(*(client.close() for client in self._clients))


@pytest.fixture
async def connect(
    server: ParlourServer, kind: str, nodes: Nodes, half_a_minute: object
) -> AsyncIterator[Connect]:
    await nodes.start(kind.partition("-")[0])
    connect = Connect(server, kind, nodes)
    yield connect
    await connect.aclose()


Raw = Callable[..., Awaitable[RawSocket]]
Peers = Callable[..., AbstractAsyncContextManager[list[Client]]]


@pytest.fixture
def peers(town: Town, connect: Connect) -> Peers:
    """`async with peers("ann", "bob") as (ann, bob)`: members of a call who know each other.

    The first member has created the room, the others are invited. They disconnect when the test ends, not
    at the end of the block.
    """

    @asynccontextmanager
    async def meeting(
        *names: str, event: bool = False, by_cookie: bool = False
    ) -> AsyncIterator[list[Client]]:
        people = await town.people(*names)
        room = await town.room(people[0], *people[1:], event=event)
        clients = list(await asyncio.gather(*(connect(person, by_cookie=by_cookie) for person in people)))
        for position, client in enumerate(clients):
            await client.joins(room)
            for other in clients[:position]:
                await other.expects("add-peer", peerID=client.peer_id, createOffer=False)
                await client.expects("add-peer", peerID=other.peer_id, createOffer=True)
        yield clients

    return meeting


@pytest.fixture
async def raw(server: ParlourServer) -> AsyncIterator[Raw]:
    """`await raw(cookie=…)`: a WebSocket after the Engine.IO handshake, closed when the test ends."""
    async with AsyncExitStack() as ending:
        yield lambda **how: ending.enter_async_context(raw_socket(server, **how))


@pytest.fixture
def address() -> str:
    """An unused loopback address: logins of other tests come from other addresses and do not affect it."""
    return unused_address()


@pytest.fixture(scope="session")
async def half_a_minute(server: ParlourServer) -> AsyncIterator["asyncio.Task[tuple[list[str], Stopwatch]]"]:
    """Frames and lifetime of a connection that the server closes after half a minute.

    The session starts it early, so that no test has to wait for the whole time.
    """

    async def wait() -> tuple[list[str], Stopwatch]:
        async with raw_socket(server, address=unused_address()) as socket:
            async with Stopwatch(server.pid) as watch:
                await socket.sends("40")
                frames = await socket.expects_close(within=120)
            return frames, watch

    task = asyncio.create_task(wait())
    yield task
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
