"""When a guest's time ends, the socket is told and closed, and the others see them leave."""

import asyncio

import pytest

from tests.conftest import StartServer
from tests.integration.http.storage import end_time_of
from tests.integration.signaling.client import Client
from tests.integration.signaling.conftest import LIBRARIES, Connect
from tests.integration.signaling.javascript import Nodes
from tests.integration.signaling.town import Town
from tests.people import Person, Visitors


@pytest.mark.database("sqlite")
async def test_end_of_a_guests_time(fresh_server: StartServer, nodes: Nodes) -> None:
    server = await fresh_server()
    async with Town(server) as town, Visitors(server) as visitors:
        connect = Connect(server, "js-websocket", nodes)
        ann = await connect(await town.person("ann"))
        room = await ann.person.creates_event()
        await ann.joins(room)
        await ann.expects_rooms()
        guests = [await visitors.stranger("gus", client=False) for _ in LIBRARIES]
        await ann.person.invites(*guests, to=room)
        for guest in guests:
            await guest.registers()

        async def comes(guest: Person, kind: str) -> Client:
            await guest.confirms()
            return await connect(guest, kind=kind)

        clients = await asyncio.gather(*map(comes, guests, LIBRARIES))
        for client in clients:
            await client.joins(room)
            await ann.expects("add-peer", peerID=client.peer_id, peerUsername="Guest")
        await end_time_of(*guests)
        gone = set()
        for _ in clients:
            gone.add((await ann.expects("remove-peer", peerUsername="Guest"))["peerID"])
        assert gone == {client.peer_id for client in clients}
        for client in clients:
            last = ""
            while last != "session-ended":
                last, arguments = await client.inbox.any()
            [ended] = arguments
            assert (ended["code"], bool(ended["message"])) == ("guest_expired", True)
            await client.expects_end()
        again = connect.attempts(guests[0], token=guests[0].token)
        assert (await again.gets("connect_error"))["data"]["code"] == "invalid_token"
        rows = (await ann.person.get("/event/log", params={"room": room})).json()["attendance"]
        ended_visits = [row for row in rows if row["username"] == "Guest"]
        assert len(ended_visits) == len(LIBRARIES)
        assert all(row["left_at"] for row in ended_visits)
        assert {row["email"] for row in ended_visits} == {guest.email for guest in guests}
        await connect.aclose()
