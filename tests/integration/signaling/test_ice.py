"""The acknowledgements of `prepare` and `join` bring the ICE servers of the visit along."""

import json
from typing import Any

import pytest

from tests.conftest import StartServer
from tests.integration.http.answers import refused
from tests.integration.signaling.resuming_client import ResumingClient, introduced
from tests.people import Person, Visitors, done

STUN, TURN = "stun:turn.example.org", "turn:turn.example.org"
WITH_TURN: dict[str, str | int] = {
    "PARLOUR_ICE_URLS": STUN,
    "PARLOUR_TURN_URLS": f"{TURN},{TURN}?transport=tcp,turns:turn.example.org",
    "PARLOUR_TURN_SECRET": "north wind",
    "PARLOUR_TURN_TTL": 600,
}


async def told(client: ResumingClient) -> list[dict[str, Any]]:
    """What a lobby and the visit after it are told of the ways that media may take."""
    await client.connects()
    prepared = await client.socket.asks(json.dumps(["prepare", {"room": client.room}]))
    return [prepared["ice"], (await client.joins())["ice"]]


async def visit(person: Person, room: str) -> list[dict[str, Any]]:
    async with ResumingClient(person, room) as client:
        return await told(client)


async def test_servers_and_credentials_of_ones_own(fresh_server: StartServer) -> None:
    async with Visitors(await fresh_server(WITH_TURN)) as visitors:
        ann, gus = await visitors.client("ann"), await visitors.guest("gus")
        room = await ann.creates_room()
        await gus.enters(room)
        for person in (ann, gus):
            for ice in await visit(person, room):
                assert ice.keys() == {"iceServers", "ttl"} and 590 <= ice["ttl"] <= 600
                stun, turn = ice["iceServers"]
                assert stun == {"urls": [STUN]}
                assert turn["urls"] == [TURN, f"{TURN}?transport=tcp", "turns:turn.example.org"]
                again = done(await person.get("/ice")).json()
                assert again["iceServers"][1]["username"].split(":")[1] == turn["username"].split(":")[1]
                assert 590 <= again["ttl"] <= 600
        async with ResumingClient(gus, room) as plain:
            await plain.connects()
            answer = await plain.socket.asks(json.dumps(["join", {"room": room}]))
            assert answer.keys() == {"ok", "room", "peerID", "peers"}, "clients of before get what they got"


async def test_a_room_whose_media_are_relayed(fresh_server: StartServer) -> None:
    async with Visitors(await fresh_server(WITH_TURN)) as visitors:
        ann, bob = await visitors.client("ann"), await visitors.client("bob")
        assert done(await ann.get("/config")).json()["relay"] is True
        quiet, open_room = await ann.creates_room(relay_only=True), await ann.creates_room()
        for room in (quiet, open_room):
            await bob.enters(room)
        seen = await bob.sees()
        assert (seen[quiet].get("relay_only"), seen[open_room].get("relay_only")) == (True, None)
        for ice in await visit(bob, quiet):
            assert (ice["iceTransportPolicy"], len(ice["iceServers"])) == ("relay", 2)
        for ice in await visit(bob, open_room):
            assert "iceTransportPolicy" not in ice
        done(await ann.post("/room/change", {"room": open_room, "relay_only": True}))
        done(await ann.post("/room/change", {"room": quiet, "relay_only": False}))
        assert [ice["iceTransportPolicy"] for ice in await visit(bob, open_room)] == ["relay"] * 2
        for ice in await visit(bob, quiet):
            assert "iceTransportPolicy" not in ice


@pytest.mark.database("sqlite")
async def test_where_media_are_relayed_no_other_address_is_passed_on(fresh_server: StartServer) -> None:
    """Also not of a client that does not know of it, by a candidate, a description or a prepared offer."""
    shown, sdp = "candidate:9 1 udp 1 203.0.113.5 9 typ relay", "v=0\r\no=- 1 2 IN IP4 {}\r\ns=-\r\n"
    hidden = f"{sdp}a=candidate:1 1 udp 1 10.1.2.3 9 typ host\r\n".format("10.1.2.3")
    described = {"type": "offer", "sdp": sdp.format("0.0.0.0")}  # noqa: S104 - what stands for no address
    async with Visitors(await fresh_server(WITH_TURN)) as visitors:
        ann, bob = await visitors.client("ann"), await visitors.client("bob")
        room = await ann.creates_room(relay_only=True)
        await bob.enters(room)
        async with ResumingClient(ann, room) as first, ResumingClient(bob, room) as second:
            await first.joins()
            offer = {"peerID": first.peer_id, "sessionDescription": {"type": "offer", "sdp": hidden}}
            answer = await second.joins(offers=[offer])
            assert answer["offered"] == [first.peer_id]
            await introduced(second, first)
            await first.hears("session-description", sessionDescription=described)
            assert (await second.socket.asks(json.dumps(["offer-sdp", offer])))["ok"] is True
            await first.hears("session-description", sessionDescription=described)
            for text in ("1 1 udp 1 10.1.2.3 9 typ host", "2 1 udp 1 8.8.8.8 9 typ srflx"):
                assert (await second.proposes(first, text))["ok"] is True
            assert (await second.proposes(first, f"{shown[10:]} raddr 8.8.8.8 rport 9"))["ok"] is True
            await first.hears("ice-candidate", iceCandidate={"candidate": f"{shown} raddr 0.0.0.0 rport 0"})


@pytest.mark.database("sqlite")
async def test_media_of_all_rooms_are_relayed_by_a_setting(fresh_server: StartServer) -> None:
    async with Visitors(await fresh_server({**WITH_TURN, "PARLOUR_RELAY_ONLY": "true"})) as visitors:
        ann = await visitors.client("ann")
        assert done(await ann.get("/ice")).json()["iceTransportPolicy"] == "relay"
        assert {ice["iceTransportPolicy"] for ice in await visit(ann, await ann.creates_room())} == {"relay"}


@pytest.mark.database("sqlite")
async def test_where_nothing_relays_no_room_can_ask_for_it(fresh_server: StartServer) -> None:
    async with Visitors(await fresh_server()) as visitors:
        ann = await visitors.client("ann")
        room = await ann.creates_room(relay_only=False)
        assert done(await ann.get("/config")).json()["relay"] is False
        assert done(await ann.get("/ice")).json() == {"iceServers": [], "expires_at": None}
        refused(await ann.post("/room/change", {"room": room, "relay_only": True}), 409, "no_relay")
        body = {"name": "quiet", "password": "x", "description": "", "creator": ann.username}
        refused(await ann.post("/room", {**body, "relay_only": True}), 409, "no_relay")
        async with ResumingClient(ann, room) as client:
            assert "ice" not in await client.joins()
