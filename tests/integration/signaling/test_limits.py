"""A socket that sends too much is told so, keeps its connection, and others are not disturbed."""

import asyncio

import pytest

from tests.conftest import StartServer
from tests.integration.signaling.client import marks
from tests.integration.signaling.conftest import Connect
from tests.integration.signaling.javascript import Nodes
from tests.integration.signaling.town import Town

pytestmark = pytest.mark.database("sqlite")


async def test_events_that_come_too_fast(fresh_server: StartServer, nodes: Nodes) -> None:
    server = await fresh_server({"PARLOUR_CHATS_PER_SECOND": 1, "PARLOUR_ENTRIES_PER_SECOND": 1})
    async with Town(server) as town:
        connect = Connect(server, "js-websocket", nodes)
        ann, bob = await town.people("ann", "bob")
        room = await town.room(ann, bob)
        clients = [await connect(ann), await connect(bob)]
        for client in clients:
            await client.joins(room)
        await clients[0].expects("add-peer", peerID=clients[1].peer_id)
        await clients[1].expects("add-peer", peerID=clients[0].peer_id)
        lines = [{"message": f"line {number}"} for number in range(30)]
        answers = await asyncio.gather(*(clients[0].asks("chat-message", line) for line in lines))
        assert all(answer["ok"] for answer in answers[:10])
        late = [answer for answer in answers if not answer["ok"]]
        assert late and {answer["code"] for answer in late} == {"rate_limited"}
        for _ in range(len(answers) - len(late)):
            await clients[1].expects("chat-message")
        answers = await asyncio.gather(*(clients[1].asks("join", {"room": room}) for _ in range(30)))
        assert {answer.get("code") for answer in answers if not answer["ok"]} == {"rate_limited"}
        await marks(clients[0], clients[1])
        await marks(clients[1], clients[0])
        await connect.aclose()


async def test_too_many_sockets_of_one_address(fresh_server: StartServer, nodes: Nodes) -> None:
    server = await fresh_server({"PARLOUR_SOCKETS_PER_ADDRESS": 2})
    async with Town(server) as town:
        connect = Connect(server, "js-websocket", nodes)
        ann = await town.person("ann")
        room = await ann.creates_room()
        first, second = await connect(ann), await connect(ann)
        third = connect.attempts(ann, token=ann.token)
        assert (await third.gets("connect_error"))["data"]["code"] == "rate_limited"
        await second.joins(room)
        await first.joins(room)
        await second.expects("add-peer", peerID=first.peer_id)
        await first.close()
        await second.expects("remove-peer", peerID=first.peer_id)
        await connect(ann)
        await connect.aclose()


async def test_whoever_reconnects_ten_times_and_joins_a_room_of_ten(
    fresh_server: StartServer, nodes: Nodes
) -> None:
    server = await fresh_server()
    async with Town(server) as town:
        connect = Connect(server, "js-websocket", nodes)
        ann = await town.person("ann")
        room = await ann.creates_room()
        others = [await connect(ann) for _ in range(9)]
        for other in others:
            await other.joins(room)
        for _ in range(10):
            mine = await connect(ann)
            await mine.joins(room)
            peers = [other.peer_id for other in others]
            candidates = [mine.candidate(peer, f"candidate:{n}") for peer in peers for n in range(30)]
            answers = await asyncio.gather(*(mine.asks("offer-ice", one) for one in candidates))
            assert all(answer["ok"] for answer in answers)
            await mine.close()
        await connect.aclose()
