"""A socket that sends too much is told so, keeps its connection, and others are not disturbed."""

import asyncio

import pytest

from tests.conftest import StartServer
from tests.integration.signaling.client import marks
from tests.integration.signaling.conftest import Connect
from tests.integration.signaling.javascript import Nodes
from tests.integration.signaling.town import TEN, Town

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


async def test_too_many_sockets_of_one_person(fresh_server: StartServer, nodes: Nodes) -> None:
    server = await fresh_server({"PARLOUR_SOCKETS_PER_PERSON": 2})
    async with Town(server) as town:
        connect = Connect(server, "js-websocket", nodes)
        ann, bob = await town.people("ann", "bob")
        first, second = await connect(ann), await connect(ann)
        third = connect.attempts(ann, token=ann.token)
        assert (await third.gets("connect_error"))["data"]["code"] == "too_many_connections"
        await connect(bob)
        room = await town.room(ann)
        await second.joins(room)
        await first.joins(room)
        await second.expects("add-peer")
        await first.close()
        await second.expects("remove-peer")
        await (await connect(ann)).joins(room)
        await connect.aclose()


async def test_a_call_has_so_many_people_and_no_more(fresh_server: StartServer, nodes: Nodes) -> None:
    server = await fresh_server({"PARLOUR_PEOPLE_PER_CALL": 3})
    async with Town(server) as town:
        connect = Connect(server, "js-websocket", nodes)
        people = await town.people(*TEN[:4])
        room, other = await town.room(*people), await town.room(people[3])
        clients = [await connect(one) for one in people]
        for client in clients[:3]:
            await client.joins(room)
        await clients[3].joins(other)
        await clients[3].may_not("join", {"room": room}, code="room_full")
        await clients[3].may_not("prepare", {"room": room}, code="room_full")
        await clients[3].may("leave")  # it is still in the other one
        answers = await asyncio.gather(*(client.asks("join", {"room": room}) for client in clients[:3]))
        assert all(answer["ok"] for answer in answers), "who is in is not refused"
        await clients[0].may("leave")
        await clients[3].joins(room)
        await clients[0].may_not("join", {"room": room}, code="room_full")
        await connect.aclose()


async def test_one_person_is_in_a_room_three_times_at_most(fresh_server: StartServer, nodes: Nodes) -> None:
    """Among them are visits whose connection is lost; these give way to one that is there."""
    server = await fresh_server({"PARLOUR_RESUME_GRACE": 600})
    async with Town(server) as town:
        connect = Connect(server, "js-websocket", nodes)
        ann, bob = await town.people("ann", "bob")
        room, other = await town.room(bob, ann), await town.room(ann)
        watching = await connect(bob)
        await watching.joins(room)
        clients = [await connect(ann) for _ in range(4)]
        for client in clients[:3]:
            await client.may("join", {"room": room, "resumable": True})
        came = [(await watching.expects("add-peer"))["peerID"] for _ in range(3)]
        await clients[3].may_not("join", {"room": room}, code="too_many_visits")
        await clients[3].joins(other)
        await clients[0].close()
        while not (await clients[3].asks("join", {"room": room, "resumable": True}))["ok"]:
            pass  # the server may hear of the close later
        await watching.expects("remove-peer", peerID=came[0])
        await watching.expects("add-peer")
        again = await connect(ann)
        await again.may_not("join", {"room": room}, code="too_many_visits")
        await connect.aclose()


async def test_whoever_reconnects_ten_times_and_joins_a_room_of_ten(
    fresh_server: StartServer, nodes: Nodes
) -> None:
    server = await fresh_server()
    async with Town(server) as town:
        connect = Connect(server, "js-websocket", nodes)
        ann, *people = await town.people(*TEN)
        room = await town.room(ann, *people)
        others = [await connect(one) for one in people]
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
