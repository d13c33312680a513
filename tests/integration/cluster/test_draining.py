"""A server of a cluster that is to end: balancers notice, others take its tasks, nothing is lost."""

import asyncio
import json
from contextlib import AsyncExitStack

import httpx
import pytest

from tests.conftest import StartServer
from tests.integration.cluster.clusters import two_servers
from tests.integration.signaling.raw import RawSocket, raw_socket
from tests.integration.signaling.resuming_client import ResumingClient, introduced
from tests.people import Person, Visitors, http_client
from tests.servers import ParlourServer, RedisServer
from tests.servers.stopwatch import Stopwatch

pytestmark = pytest.mark.database("sqlite")

SOCKETS = 30


async def test_it_says_so_goes_on_for_a_while_and_sends_its_clients_away(
    fresh_server: StartServer, redis: RedisServer
) -> None:
    first, second = await two_servers(fresh_server, redis, PARLOUR_DRAIN_SECONDS=3)
    await first.expect_log("cluster.task_begun")
    async with Visitors(first) as visitors, AsyncExitStack() as ending:
        ann = await visitors.client("ann")
        room = await ann.creates_room()
        sockets = [await identified(ending, ann, first) for _ in range(SOCKETS)]
        polling = await Polling.opened(ann)
        assert (await sockets[0].asks(json.dumps(["join", {"room": room, "resumable": True}])))["ok"]

        second.mark_log()
        async with Stopwatch(first.pid) as watch:
            draining = asyncio.create_task(first.terminate())
            await first.expect_log("node.draining")
            async with http_client(first) as http:
                ready, healthy = await http.get("/readyz"), await http.get("/healthz")
            assert (ready.status_code, ready.json()["code"]) == (503, "draining")
            assert (healthy.status_code, healthy.json()) == (200, {"status": "draining"})
            assert healthy.headers["connection"] == "close", "a balancer is not to keep it for later"
            late = await identified(ending, ann, first)
            assert (await late.asks('["username"]'))["ok"], "it goes on"
            await second.expect_log("cluster.task_begun")
            said = await asyncio.gather(
                *(writes_until_the_end(socket) for socket in [*sockets[1:], late]), polling.until_the_end()
            )
            assert all("restarting" in frames for frames in said)
            assert "restarting" in "".join(await sockets[0].expects_close())
            await draining
        assert watch.seconds < 12, "ten, and some for a machine that is busy"
    log = first.log_since_mark()
    assert log.index("cluster.task_given_up") < log.index("node.drained")
    assert '"level": "error"' not in log and "Traceback" not in log


async def test_visits_go_on_at_another_server_without_a_loss(
    fresh_server: StartServer, redis: RedisServer
) -> None:
    """The server that owns the call ends, and with it the sockets of its people."""
    first, second = await two_servers(fresh_server, redis, PARLOUR_DRAIN_SECONDS=1)
    async with Visitors(first) as visitors, AsyncExitStack() as ending:
        people = [await visitors.client(name) for name in ("ann", "bob", "cid")]
        room = await people[0].creates_room()
        for person in people[1:]:
            await people[0].invites(person, to=room)
        clients = [ResumingClient(person, room) for person in people]
        ann, bob, cid = [await ending.enter_async_context(client) for client in clients]
        bob.server = cid.server = second
        await ann.joins()
        await bob.joins()
        await introduced(bob, ann)
        peer = ann.peer_id
        former = ann.hangs()
        ann.server = second
        await ann.connects()

        draining = asyncio.create_task(first.terminate())
        assert "restarting" in "".join(await former.expects_close())
        assert (await bob.proposes(ann, "while she is away"))["ok"]
        answer = await ann.joins()
        assert (answer["resumed"], answer["peerID"], answer["received"]) == (True, peer, 0)
        await ann.hears(
            "ice-candidate", peerID=bob.peer_id, iceCandidate={"candidate": "candidate:while she is away"}
        )
        await draining
        await second.expect_log('"event": "cluster.node_left"')
        await ann.reaches(bob, "1")
        await bob.reaches(ann, "2")
        await cid.joins()
        await introduced(cid, ann, bob)


async def test_without_others_it_ends_at_once(fresh_server: StartServer, redis: RedisServer) -> None:
    alone = await fresh_server({"PARLOUR_REDIS_URL": redis.url, "PARLOUR_DRAIN_SECONDS": 60})
    await alone.expect_log("cluster.lease_begun")
    async with Stopwatch(alone.pid) as watch:
        await alone.terminate()
    assert watch.seconds < 10


async def identified(ending: AsyncExitStack, person: Person, server: ParlourServer) -> RawSocket:
    socket = await ending.enter_async_context(raw_socket(server))
    await socket.identifies(person.token or "")
    return socket


async def writes_until_the_end(socket: RawSocket) -> str:
    """Ask and wait for the answer, over and over; whatever was answered was answered in full."""
    await socket.sends('427["username"]')
    frames = await socket.expects_close()
    assert any(frame.startswith("437[") for frame in frames), "what is under way is answered"
    return "".join(frames)


class Polling:
    """A client that polls, with one request after the other."""

    def __init__(self, person: Person, address: str) -> None:
        self._person = person
        self._address = address

    @classmethod
    async def opened(cls, person: Person) -> "Polling":
        path = "/socket.io/?EIO=4&transport=polling"
        opened = await person.http.get(path)
        polling = cls(person, f"{path}&sid={json.loads(opened.text[1:])['sid']}")
        connect = "40" + json.dumps({"token": person.token})
        assert (await person.http.post(polling._address, content=connect)).text == "ok"
        assert (await polling.polls()).text.startswith("40{")
        return polling

    async def polls(self) -> httpx.Response:
        return await self._person.http.get(self._address, timeout=60)

    async def until_the_end(self) -> str:
        """Poll until the server says that the session is over (`1`, a packet CLOSE)."""
        packets: list[str] = []
        while "1" not in packets:
            answer = await self.polls()
            assert answer.status_code == 200, f"{answer.text} after {packets}"
            packets += answer.text.split("\x1e")
        return "".join(packets)
