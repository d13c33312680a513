"""Pages of old: they connect when they load and log in later, and are in the call within three seconds.

The official client does the rest: it keeps what was emitted before it was connected, and reconnects by
itself after a lost transport.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

import pytest

from tests.integration.signaling.client import Client, marks
from tests.integration.signaling.conftest import Peers
from tests.integration.signaling.javascript import JavaScriptClient, Nodes
from tests.integration.signaling.town import Town
from tests.people import PASSWORD, Person
from tests.servers.stopwatch import Stopwatch

pytestmark = [pytest.mark.database("sqlite"), pytest.mark.kinds("js-websocket")]

WITHIN_SECONDS = 3.0
OpenPage = Callable[[Person], Awaitable[JavaScriptClient]]
InTime = Callable[[], AbstractAsyncContextManager[None]]


@pytest.fixture
async def page(town: Town, nodes: Nodes, address: str) -> AsyncIterator[OpenPage]:
    """`io(url)` over websocket alone, from one address, with an empty cookie jar and without a token."""
    async with AsyncExitStack() as ending:

        async def load(person: Person) -> JavaScriptClient:
            client = nodes["js"].open(
                town.server.url,
                name=person.email.partition("@")[0],
                person=person,
                options={"transports": ["websocket"], "extraHeaders": {"Origin": town.server.url}},
                address=address,
            )
            ending.push_async_callback(client.close)
            return client

        yield load


@pytest.fixture
def in_time(town: Town, nodes: Nodes) -> InTime:
    """Within the three seconds."""

    @asynccontextmanager
    async def measure() -> AsyncIterator[None]:
        async with Stopwatch(town.server.pid, nodes["js"].pid) as watch:
            yield
        assert watch.seconds < WITHIN_SECONDS, str(watch)

    return measure


async def logs_in(page: JavaScriptClient) -> None:
    body = {"username": page.person.username, "password": PASSWORD}
    await page.requests("POST", "/client/login", body)


async def wants_to_join(page: JavaScriptClient, room: str) -> None:
    """What such a page says as soon as a name is known, connected or not."""
    await page.emit("username", "mallory")
    await page.emit("join", {"room": room, "username": "mallory"})


async def test_login_after_the_page_has_loaded(
    peers: Peers, page: OpenPage, town: Town, in_time: InTime
) -> None:
    async with peers("ann", "bob") as (ann, bob):
        carl = await page(await town.person("carl"))
        await ann.person.invites(carl.person, to=ann.room)
        await wants_to_join(carl, ann.room)
        await marks(ann, bob)  # nobody is there yet
        assert carl.inbox.unread() == []
        await logs_in(carl)
        async with in_time():
            told = [await carl.expects("add-peer", createOffer=True) for _ in range(2)]
        assert {peer["peerID"] for peer in told} == {ann.peer_id, bob.peer_id}
        seen = await ann.expects("add-peer", peerUsername=carl.shown_as, createOffer=False)
        carl.peer_id = seen["peerID"]
        await bob.expects("add-peer", peerID=carl.peer_id, peerUsername=carl.shown_as)
        await carl.emit("offer-sdp", carl.description(ann))
        await ann.expects("session-description", peerID=carl.peer_id, peerUsername=carl.shown_as)
        await ann.offers(carl, kind="answer")
        both = [await carl.expects("session-description"), await carl.expects("session-descriptions")]
        assert both[0] == both[1]
        await marks(ann, carl)


async def test_join_after_the_login(peers: Peers, page: OpenPage, town: Town, in_time: InTime) -> None:
    """As most do: the page loads, the person logs in, and only then joins."""
    async with peers("ann") as (ann,):
        carl = await page(await town.person("carl"))
        await ann.person.invites(carl.person, to=ann.room)
        await logs_in(carl)
        await wants_to_join(carl, ann.room)
        async with in_time():
            await carl.expects("add-peer", peerID=ann.peer_id, createOffer=True)
        await ann.expects("add-peer", peerUsername=carl.shown_as)
        await carl.expects_rooms()


async def test_guest_who_follows_the_link(
    peers: Peers, page: OpenPage, town: Town, address: str, in_time: InTime
) -> None:
    async with peers("ann") as (ann,):
        gus = await town.stranger_at(address, client=False)
        client = await page(gus)
        await ann.person.invites(gus, to=ann.room)
        await wants_to_join(client, ann.room)
        await gus.registers()
        await client.requests("PUT", f"/guest/verify?token={await gus.reads_link()}")
        async with in_time():
            await client.expects("add-peer", peerID=ann.peer_id, createOffer=True)
        await ann.expects("add-peer", peerUsername="Guest")


async def test_others_log_in_first(peers: Peers, page: OpenPage, town: Town, in_time: InTime) -> None:
    """Behind one address: each login sends the others back to wait, and nobody gets in as somebody else."""
    async with peers("ann") as (ann,):
        people = await town.people("carl", "dora")
        await ann.person.invites(*people, to=ann.room)
        pages = [await page(person) for person in people]
        for client in pages:
            await wants_to_join(client, ann.room)
        for number, client in enumerate(pages):
            await logs_in(client)
            async with in_time():
                seen = await ann.expects("add-peer", peerUsername=client.shown_as, createOffer=False)
            client.peer_id = seen["peerID"]
            for there in (ann, *pages[:number]):
                await client.expects("add-peer", createOffer=True)
                if there is not ann:
                    await there.expects("add-peer", peerID=client.peer_id, createOffer=False)
            await marks(ann, client)
        await marks(pages[0], ann)


async def test_refused_after_the_login(page: OpenPage, town: Town, in_time: InTime) -> None:
    """What was emitted too early is judged by who it turns out to be."""
    private = await town.room(await town.person("ann"))
    carl = await page(await town.person("carl"))
    await wants_to_join(carl, private)
    await logs_in(carl)
    async with in_time():
        await carl.expects("refused", event="join", code="not_admitted")


async def test_logout_and_another_account(peers: Peers, page: OpenPage, town: Town, in_time: InTime) -> None:
    """The page is loaded again after the logout; the cookie of old lets nobody in."""
    async with peers("ann") as (ann,):
        one, other = await town.newcomer("one"), await town.person("carl")
        await ann.person.invites(other, one, to=ann.room)
        first = await page(one)
        await logs_in(first)
        await first.expects_rooms()
        await first.requests("PUT", "/logout")
        await first.close()
        second = await page(other)
        await wants_to_join(second, ann.room)
        await marks_alone(ann)
        await logs_in(second)
        async with in_time():
            await ann.expects("add-peer", peerUsername=other.username)


async def marks_alone(client: Client) -> None:
    """Nobody came: what comes next is the answer."""
    await client.emit("offer-ice", client.candidate(client))
    await client.expects("refused", code="peer_not_found")
