"""A call over three servers behind HAProxy: whatever is taken away, nobody in the call notices it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Page, WebSocket, expect

from tests.conftest import StartServer
from tests.e2e.conftest import AtBrowser
from tests.e2e.connection_story import ConnectionStory
from tests.e2e.frames import FrameWatch, connections_made, longest_freeze
from tests.e2e.media import paint_screens, shows_camera, shows_screen
from tests.e2e.participant import Participant
from tests.integration.cluster.clusters import cluster_settings
from tests.people import Visitors, http_client
from tests.servers import ParlourServer, PostgresServer, RedisServer
from tests.servers.proxies import Ports, before_cluster

pytestmark = pytest.mark.database("postgres")

LONGEST_FREEZE_MS = 500
NAMES = ("ann", "bob", "cyd")
UNKNOWN_SESSION = 1
"""The code by which Engine.IO says that it does not know a session."""
# Two others get VP9 of a computer with more than two cores.
_HAS_FINAL_CODEC = """
  async () => {
    const wanted = navigator.hardwareConcurrency > 2 ? "video/VP9" : "video/VP8";
    const reports = await Promise.all(window.connections.map((one) => one.getStats()));
    const codecs = reports.flatMap((report) => [...report.values()]
      .filter(({ type, kind }) => type === "outbound-rtp" && kind === "video")
      .map(({ codecId }) => report.get(codecId)?.mimeType));
    return codecs.length > 0 && codecs.every((codec) => codec === wanted);
  }
"""


@dataclass
class Cluster:
    """Servers that are the nodes of one cluster, and what they depend on."""

    nodes: list[ParlourServer]
    redis: RedisServer
    postgres: PostgresServer

    async def sees(self, node: ParlourServer) -> None:
        """Wait until the other nodes have met this one since their logs were marked."""
        for other in self.nodes:
            if other is not node:
                await other.expect_log(f'"pid": {node.pid}, "event": "cluster.node_joined"')

    async def holder(self, session: str) -> ParlourServer:
        """Return the node that holds an Engine.IO session."""
        known = []
        for node in self.nodes:
            async with http_client(node) as http:
                answer = await http.post(f"/socket.io/?EIO=4&transport=polling&sid={session}", content="3")
            if answer.json()["code"] != UNKNOWN_SESSION:
                known.append(node)
        assert len(known) == 1
        return known[0]

    @asynccontextmanager
    async def without_redis(self) -> AsyncIterator[None]:
        """Have Redis be away, and come back empty, with all nodes cut off from each other in between."""
        self.mark_logs()
        await self.redis.stop()
        for node in self.nodes:
            await node.expect_log("cluster.lease_ended")
        yield
        self.mark_logs()
        await self.redis.start()
        for node in self.nodes:
            await self.sees(node)

    def mark_logs(self) -> None:
        for node in self.nodes:
            node.mark_log()


@dataclass
class Conversation:
    """What the people of a call say to each other; each message has to reach everybody, once."""

    people: list[Participant]
    said: list[str] = field(default_factory=list)

    async def goes_on(self, text: str) -> None:
        """Have the next person say something, and wait until everybody has read it."""
        await self.is_said(text)
        await self.is_read()

    async def is_said(self, text: str) -> None:
        speaker = self.people[len(self.said) % len(self.people)]
        self.said.append(text)
        await speaker.field("Message").fill(text)
        await speaker.field("Message").press("Enter")

    async def is_read(self) -> None:
        text = self.said[-1]
        for one in self.people:
            articles = one.page.get_by_role("log").get_by_role("article").filter(has_text=text)
            await expect(articles).to_have_count(1)
            await expect(articles.get_by_text("Sending…")).to_have_count(0)


@pytest.fixture
async def cluster(
    fresh_server: StartServer, redis: RedisServer, postgres: PostgresServer, tmp_path: Path
) -> AsyncIterator[Cluster]:
    """Three nodes behind HAProxy, whose address is that of each. They drain as they do for people."""
    ports = Ports()
    settings = cluster_settings(
        redis,
        PARLOUR_PUBLIC_URL=f"https://localhost:{ports.https}",
        PARLOUR_TRUSTED_PROXIES="127.0.0.1",
        PARLOUR_DRAIN_SECONDS=2,
    )
    database = await postgres.create_database()
    nodes = [await fresh_server(settings, database) for _ in NAMES]
    cluster = Cluster(nodes, redis, postgres)
    for node in nodes:
        await cluster.sees(node)
    async with before_cluster("haproxy", tmp_path, [node.address for node in nodes], ports):
        yield cluster
        for node in nodes:
            await node.kill()  # it would wait for the balancer


class Connections:
    """The peer connections of people, of whom each has all that they need."""

    def __init__(self, people: list[Participant], stories: list[ConnectionStory]) -> None:
        self._people, self._stories = people, stories
        self._made: list[int] = []

    async def count(self) -> None:
        self._made = [await connections_made(one) for one in self._people]

    async def are_the_same(self) -> None:
        """Fail if any was built anew since the count, and tell what happened then."""
        made = [await connections_made(one) for one in self._people]
        if made != self._made:
            stories = [
                await story.of_those_after(before)
                for story, before in zip(self._stories, self._made, strict=True)
            ]
            pytest.fail("\n".join((f"connections were built anew: {self._made}, {made}", *stories)))


@asynccontextmanager
async def a_call(
    cluster: Cluster, at_browser: AtBrowser
) -> AsyncIterator[tuple[list[Participant], Connections]]:
    """The people, each at a node of their own, with the chat open. Their room is the first one's."""
    async with Visitors(cluster.nodes[0]) as visitors:
        accounts = [await visitors.client(name) for name in NAMES]
        room = await accounts[0].creates_room()
        await accounts[0].invites(*accounts[1:], to=room)
        people = [await at_browser(account, ignore_https_errors=True) for account in accounts]
        await paint_screens(people[0].page)
        sessions = [sessions_of(one.page) for one in people]
        connections = Connections(people, [ConnectionStory(one) for one in people])
        taken: list[ParlourServer] = []
        for number, one in enumerate(people):
            await one.comes_to(room)
            # Pages ask for much at once, so that HAProxy cannot tell which server has the fewest people.
            while (node := await cluster.holder(await sessions[number].get())) in taken:
                await one.page.reload()
            taken.append(node)
            await expect(one.heading(room)).to_be_visible()
        await asyncio.gather(*(one.enters() for one in people))
        await asyncio.gather(*(one.sees_and_hears(*others(one, people)) for one in people))
        # A change of codec at the beginning of a call is no freeze that a server causes.
        await asyncio.gather(*(one.page.wait_for_function(_HAS_FINAL_CODEC, polling=200) for one in people))
        await asyncio.gather(*(one.opens("Chat") for one in people))
        await connections.count()
        yield people, connections
        stored = [message["message"] for message in await accounts[0].reads(room)]
        assert stored == await shown(people[0])


async def test_nobody_notices_what_happens_to_servers(
    cluster: Cluster, at_browser: AtBrowser, record_property: Callable[[str, object], None]
) -> None:
    """Each node is killed, Redis is killed, PostgreSQL starts anew, and all nodes are upgraded in turn.

    At last a screen is shared while Redis is away, which is not measured: it comes in the camera's place.
    """
    async with a_call(cluster, at_browser) as (people, connections):
        ids = [await tile_ids(one) for one in people]
        watches = {one.name: FrameWatch(one, *others(one, people)) for one in people}
        await asyncio.gather(*(watch.begin() for watch in watches.values()))
        talk = Conversation(people)

        for number, node in enumerate(cluster.nodes):
            cluster.mark_logs()
            await node.kill()
            await talk.goes_on(f"Node {number} is dead")
            await node.start()
            await cluster.sees(node)
            await talk.goes_on(f"Node {number} is back")

        async with cluster.without_redis():
            await talk.is_said("Redis is dead")
        await talk.is_read()

        await cluster.postgres.stop()
        await talk.is_said("PostgreSQL is away")
        await cluster.postgres.start()
        await talk.is_read()

        for number, node in enumerate(cluster.nodes):
            cluster.mark_logs()
            await node.restart()
            await cluster.sees(node)
            await talk.goes_on(f"Node {number} is another version")

        freezes = [
            (viewer, sender, await freeze(watches[sender], watches[viewer], sender, viewer), flow)
            for viewer, watch in watches.items()
            for sender, flow in (await watch.flows()).items()
        ]
        for viewer, sender, longest, flow in freezes:
            figures = f"longest freeze {longest:.0f} ms, {flow}"
            record_property(f"{sender} at {viewer}", figures)
            print(f"frames of {sender} at {viewer}: {figures}")  # noqa: T201 - figures for docs/reliability.md
        assert [await tile_ids(one) for one in people] == ids, "somebody has become somebody else"
        await connections.are_the_same()
        assert all(flow.frames > 100 for *_, flow in freezes), freezes
        assert all(longest < LONGEST_FREEZE_MS for *_, longest, _ in freezes), freezes
        for one in people:
            assert await shown(one) == talk.said

        await _a_screen_is_shared_while_redis_is_away(cluster, *people)
        await connections.are_the_same()


async def _a_screen_is_shared_while_redis_is_away(
    cluster: Cluster, sharer: Participant, *viewers: Participant
) -> None:
    """Its section needs offers to other nodes, which are refused for the time."""
    async with cluster.without_redis():
        await sharer.button("Share screen").click()
        for viewer in viewers:
            await shows_screen(viewer.screen_of(sharer.name))
    for viewer in viewers:
        await shows_camera(viewer.video_of(sharer.name))
        await shows_screen(viewer.screen_of(sharer.name))


def sessions_of(page: Page) -> asyncio.Queue[str]:
    """Return where the ids of the page's Engine.IO sessions go, as they get a WebSocket."""
    sessions = asyncio.Queue[str]()

    def opened(socket: WebSocket) -> None:
        for session in parse_qs(urlsplit(socket.url).query).get("sid", []):
            sessions.put_nowait(session)
        socket.on("framereceived", received)

    def received(frame: str | bytes) -> None:
        if isinstance(frame, str) and frame.startswith("0{"):
            sessions.put_nowait(json.loads(frame[1:])["sid"])

    page.on("websocket", opened)
    return sessions


async def freeze(sending: FrameWatch, viewing: FrameWatch, sender: str, viewer: str) -> float:
    return longest_freeze(await sending.samples(viewer), await viewing.samples(sender))


async def shown(someone: Participant) -> list[str]:
    """Return the messages of the chat as they are on the screen."""
    texts = someone.page.get_by_role("log").get_by_role("article").locator("p")
    return [text.strip() for text in await texts.all_inner_texts()]


async def tile_ids(someone: Participant) -> list[str | None]:
    tiles = await someone.stage.get_by_role("group").all()
    return [await tile.get_attribute("data-peer") for tile in tiles]


def others(someone: Participant, people: list[Participant]) -> list[str]:
    return [one.name for one in people if one is not someone]
