"""Three servers behind HAProxy and nginx, by the files of deploy/: sessions keep to theirs while it lives."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.conftest import StartServer
from tests.integration.cluster.clusters import cluster_settings
from tests.people import http_client
from tests.servers import ParlourServer, RedisServer
from tests.servers.proxies import Ports, before_cluster

pytestmark = pytest.mark.database("sqlite")

PATH = "/socket.io/?EIO=4&transport="
ADDRESS, ELSEWHERE = "127.0.0.9", "127.0.0.8"
"""From where clients come; only 127.0.0.1 is a proxy."""
UNKNOWN_SESSION = 1
"""The code by which Engine.IO says that it does not know a session."""
IN_A_ROW = 6
PATIENCE = 60


class Balanced:
    """Three servers behind a proxy, as clients without cookies meet them."""

    def __init__(self, origin: str, servers: list[ParlourServer], ending: AsyncExitStack) -> None:
        self.servers = servers
        self._origin = origin
        self._ending = ending
        self._clients: dict[str, httpx.AsyncClient] = {}
        self._trusting = ssl.create_default_context()
        self._trusting.check_hostname, self._trusting.verify_mode = False, ssl.CERT_NONE

    async def opens(self, address: str = ADDRESS, *, room: str = "") -> str:
        """Open a session by polling, for a room if one is named; return its id."""
        answer = await (await self._client(address)).get(f"{PATH}polling{room}")
        assert answer.status_code == 200, answer.text
        sid: str = json.loads(answer.text[1:])["sid"]
        return sid

    async def posts(self, sid: str, address: str = ADDRESS, *, room: str = "") -> int:
        """Send a packet of the session; return the status: 400 where nobody knows the session."""
        client = await self._client(address)
        return (await client.post(f"{PATH}polling{room}&sid={sid}", content="3")).status_code

    async def seen_as(self, address: str) -> str:
        """Return which address a client has in the eyes of the servers."""
        seen: str = (await (await self._client(address)).get("/client-address")).json()["address"]
        return seen

    async def upgrades(self, sid: str, address: str = ADDRESS) -> None:
        """Probe a WebSocket of the session, which has to come to the same server."""
        url = f"{self._origin.replace('https', 'wss')}{PATH}websocket&sid={sid}"
        async with connect(url, ssl=self._trusting, local_addr=(address, 0), proxy=None) as socket:
            await socket.send("2probe")
            assert await socket.recv() == "3probe"

    async def begins_by_websocket(self, *, room: str = "") -> ParlourServer:
        """Open a session by WebSocket; return its server."""
        url = f"{self._origin.replace('https', 'wss')}{PATH}websocket{room}"
        async with connect(url, ssl=self._trusting, proxy=None) as socket:
            return await self.holder(json.loads(str(await socket.recv())[1:])["sid"], "websocket")

    async def holder(self, sid: str, transport: str = "polling") -> ParlourServer:
        """Return the server that knows the session; the proxy is not asked."""
        known = [server for server in self.servers if await _knows(server, sid, transport)]
        assert len(known) == 1
        return known[0]

    @asynccontextmanager
    async def behind_haproxy_by_room(self, folder: Path) -> AsyncIterator["Balanced"]:
        """Yield the same servers behind another HAProxy, which looks at rooms."""
        folder.mkdir()
        ports, addresses = Ports(), [one.address for one in self.servers]
        async with (
            before_cluster("haproxy", folder, addresses, ports, by_room=True),
            AsyncExitStack() as ending,
        ):
            yield Balanced(f"https://localhost:{ports.https}", self.servers, ending)

    async def opens_until_elsewhere(self, leaving: ParlourServer) -> None:
        """Open sessions until some in a row are at other servers. None may be refused."""
        in_a_row = 0
        async with asyncio.timeout(PATIENCE):
            while in_a_row < IN_A_ROW:
                in_a_row = 0 if await self.holder(await self.opens()) is leaving else in_a_row + 1

    async def brings_people_together(self) -> None:
        """Prove that people of a room come to one server, by either transport and from wherever they are."""
        homes = []
        for number in range(IN_A_ROW):
            room = f"&room={number * 0x1F3D5B79:08x}"
            home = await self.begins_by_websocket(room=room)
            homes.append(home)
            for address in (ADDRESS, ELSEWHERE):
                sid = await self.opens(address, room=room)
                assert await self.holder(sid) is home
                assert await self.posts(sid, address, room=room) == 200
        assert len(set(homes)) > 1

    async def _client(self, address: str) -> httpx.AsyncClient:
        if address not in self._clients:
            transport = httpx.AsyncHTTPTransport(local_address=address, verify=self._trusting)
            client = httpx.AsyncClient(base_url=self._origin, transport=transport, timeout=PATIENCE)
            self._clients[address] = await self._ending.enter_async_context(client)
        client = self._clients[address]
        client.cookies.clear()
        return client


async def _knows(server: ParlourServer, sid: str, transport: str) -> bool:
    async with http_client(server) as http:
        try:
            answer = await http.post(f"{PATH}polling&sid={sid}", content="3")
        except httpx.ConnectError:
            return False
    # Of a session that is known, but no polling one, the answer is another refusal than of an unknown one.
    return answer.status_code == 200 if transport == "polling" else answer.json()["code"] != UNKNOWN_SESSION


@asynccontextmanager
async def balanced(
    kind: str, fresh_server: StartServer, redis: RedisServer, folder: Path, **more: object
) -> AsyncIterator[Balanced]:
    ports = Ports()
    origin = f"https://localhost:{ports.https}"
    settings = cluster_settings(redis, PARLOUR_PUBLIC_URL=origin, PARLOUR_TRUSTED_PROXIES="127.0.0.1", **more)
    first = await fresh_server(settings)
    servers = [first, *[await fresh_server(settings, first.database_url) for _ in range(2)]]
    for server in servers:
        await server.expect_log("cluster.node_joined")
    async with AsyncExitStack() as ending:
        await ending.enter_async_context(
            before_cluster(kind, folder, [one.address for one in servers], ports)
        )
        yield Balanced(origin, servers, ending)
        for server in servers:
            await server.kill()  # it would wait for balancers


async def test_haproxy(fresh_server: StartServer, redis: RedisServer, tmp_path: Path) -> None:
    async with balanced("haproxy", fresh_server, redis, tmp_path, PARLOUR_DRAIN_SECONDS=5) as cluster:
        first, second, third = cluster.servers
        async with cluster.behind_haproxy_by_room(tmp_path / "by-room") as other:
            await other.brings_people_together()
        assert await cluster.seen_as(ELSEWHERE) == ELSEWHERE
        # Sorted, since the ids are random: the balancer's turns are not in the order of the sessions.
        opened = sorted([await cluster.opens() for _ in range(9)])
        sessions = {sid: await cluster.holder(sid) for sid in opened}
        assert set(sessions.values()) == {first, second, third}
        for address in (ADDRESS, ELSEWHERE):
            assert {await cluster.posts(sid, address) for sid in sessions} == {200}, "wherever they come from"
        await cluster.upgrades(next(iter(sessions)))
        assert await cluster.begins_by_websocket() in cluster.servers

        for server in cluster.servers:
            server.mark_log()
        await redis.stop()
        for server in cluster.servers:
            await server.expect_log("cluster.lease_ended")
        assert {await cluster.posts(sid) for sid in sessions} == {200}
        for _ in range(IN_A_ROW):
            assert await cluster.posts(await cluster.opens()) == 200, "no server is ready, and all are up"
        await redis.start()
        for server in cluster.servers:
            await server.expect_log("cluster.node_joined")

        draining = asyncio.create_task(third.terminate())
        await third.expect_log("node.draining")
        await cluster.opens_until_elsewhere(third)
        assert not draining.done()
        theirs = [sid for sid, server in sessions.items() if server is third]
        assert {await cluster.posts(sid) for sid in theirs} == {200}, "it keeps the sessions that it has"
        await draining
        assert {await cluster.posts(sid) for sid in theirs} == {400}, "who is sent elsewhere begins anew"

        await second.kill()
        theirs = [sid for sid, server in sessions.items() if server is second]
        assert {await cluster.posts(sid) for sid in theirs} == {400}
        for _ in range(IN_A_ROW):
            assert await cluster.holder(await cluster.opens()) is first
        rest = [sid for sid, server in sessions.items() if server is first]
        assert {await cluster.posts(sid) for sid in rest} == {200}


async def test_nginx(fresh_server: StartServer, redis: RedisServer, tmp_path: Path) -> None:
    async with balanced("nginx", fresh_server, redis, tmp_path, PARLOUR_DRAIN_SECONDS=1) as cluster:
        first, second, third = cluster.servers
        assert await cluster.seen_as(ELSEWHERE) == ELSEWHERE
        await cluster.brings_people_together()
        # Which server an address belongs to depends on the servers' ports, which are others each time.
        sessions: dict[str, str] = {}
        holders: dict[str, ParlourServer] = {}
        async with asyncio.timeout(PATIENCE):
            while len(holders) < 9 or set(holders.values()) != {first, second, third}:
                address = f"127.0.0.{10 + len(holders)}"
                sessions[address] = await cluster.opens(address)
                holders[address] = await cluster.holder(sessions[address])
        for _ in range(2):
            assert {await cluster.posts(sid, address) for address, sid in sessions.items()} == {200}
        await cluster.upgrades(sessions[address], address)
        async with asyncio.timeout(PATIENCE):
            came_to = await cluster.begins_by_websocket()
            while await cluster.begins_by_websocket() is came_to:
                pass  # not by address, as polling would

        leaving = next(address for address, server in holders.items() if server is third)
        draining = asyncio.create_task(third.terminate())
        await third.expect_log("node.draining")
        while not draining.done():
            await cluster.opens(leaving)
        assert await cluster.holder(await cluster.opens(leaving)) in (first, second)

        await second.kill()
        for address in sessions:
            assert await cluster.holder(await cluster.opens(address)) is first
