"""A call whose people are at different servers, and servers that freeze, die and lose Redis."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.conftest import StartServer
from tests.integration.cluster.clusters import Call, both_reach, both_reach_again, calls_at, two_servers
from tests.integration.signaling.client import SDP
from tests.integration.signaling.resuming_client import ResumingClient, introduced
from tests.people import done
from tests.servers import RedisServer

pytestmark = pytest.mark.database("postgres")


@pytest.fixture
async def call(fresh_server: StartServer, redis: RedisServer) -> AsyncIterator[Call]:
    """Ann's room; Ann, Bob and Cid may enter it."""
    servers = await two_servers(fresh_server, redis, PARLOUR_RESUME_GRACE=8)
    async with calls_at(servers) as call:
        yield call


async def answer_to(client: ResumingClient, number: int) -> dict[str, Any]:
    """Return the acknowledgement of an event that was sent with this number."""
    while not (frame := await client.socket.frame()).startswith("43"):
        assert frame.startswith('42["share-rooms"'), frame
    (answer,) = json.loads(frame.removeprefix(f"43{number}"))
    found: dict[str, Any] = answer
    return found


class Inboxes:
    def __init__(self, client: Redis) -> None:
        self._client = client

    async def lose(self, text: str) -> None:
        """Remove the entry with that text as soon as it is there."""
        while True:
            for inbox in await self._client.keys("parlour/cluster/*/inbox/*"):
                for number, fields in await self._client.xrevrange(inbox, count=8):
                    if any(text.encode() in value for value in fields.values()):
                        await self._client.xdel(inbox, number)
                        return
            await asyncio.sleep(0.02)


@asynccontextmanager
async def unread_inboxes(redis: RedisServer) -> AsyncIterator[Inboxes]:
    """Have no server read its inbox for a while. Leases go on."""
    async with Redis(port=redis.port, password=redis.password) as client:
        await redis.ask("ACL", "SETUSER", "default", "-xreadgroup")
        while (await client.info("clients"))["blocked_clients"]:  # noqa: ASYNC110 - Redis announces nothing
            await asyncio.sleep(0.02)
        yield Inboxes(client)
        await redis.ask("ACL", "SETUSER", "default", "+xreadgroup")


async def test_people_at_two_servers_meet_talk_and_leave(call: Call) -> None:
    ann, bob = await call.member("ann", call.here), await call.member("bob", call.there)
    cid = await call.member("cid", call.there)
    await ann.joins()
    answer = await bob.joins()
    assert [peer["peerID"] for peer in answer["peers"]] == [ann.peer_id]
    await introduced(bob, ann)
    await both_reach(ann, bob, "1")
    await cid.joins()
    await introduced(cid, ann, bob)
    await both_reach(cid, ann, "2")
    await both_reach(cid, bob, "3")
    assert (await ann.socket.asks('["leave"]'))["ok"]
    for other in (bob, cid):
        await other.hears("remove-peer", peerID=ann.peer_id)
    ann.token = None
    await ann.joins()
    await introduced(ann, bob, cid)
    await both_reach(ann, bob, "4")


async def test_a_join_that_is_repeated_at_another_server_leaves_one_visit(call: Call) -> None:
    """Its answer was lost with the line, which the first server takes for alive."""
    ann, bob = await call.member("ann", call.here), await call.member("bob", call.there)
    await ann.joins()
    first = (await bob.joins(attempt="Ab-3_d"))["peerID"]
    await introduced(bob, ann)
    bob.hangs()
    bob.server, bob.token = call.here, None
    await bob.joins(attempt="Ab-3_d")
    await ann.hears("remove-peer", peerID=first)
    await introduced(bob, ann)
    await both_reach(ann, bob, "1")


async def test_the_lobby_and_the_overview_know_of_people_at_another_server(call: Call) -> None:
    ann, bob = await call.member("ann", call.here), await call.member("bob", call.there)
    await ann.joins()
    await bob.connects()
    prepare = json.dumps(["prepare", {"room": call.room}])
    prepared = await bob.socket.asks(prepare)
    assert [peer["peerID"] for peer in prepared["peers"]] == [ann.peer_id]
    there = await call.elsewhere.same(call.people["bob"])
    there.token = call.people["bob"].token
    overview = done(await there.post("/room/people", {"rooms": [call.room]})).json()["calls"]
    assert overview == [{"room": call.room, "count": 1, "people": [{"username": ann.person.username}]}]
    cid = await call.member("cid", call.here)
    await cid.joins()
    await bob.socket.expects_event("call-changed")
    prepared = await bob.socket.asks(prepare)
    assert [peer["peerID"] for peer in prepared["peers"]] == [ann.peer_id, cid.peer_id]
    offer = {"type": "offer", "sdp": SDP}
    offers = [{"peerID": peer["peerID"], "sessionDescription": offer} for peer in prepared["peers"]]
    answer = await bob.joins(offers=offers)
    assert answer["offered"] == [ann.peer_id, cid.peer_id]


async def test_a_ban_reaches_the_call_at_another_server(call: Call) -> None:
    ann, bob = await call.member("ann", call.here), await call.member("bob", call.there)
    await ann.joins()
    await bob.joins()
    await introduced(bob, ann)
    assert (await ann.socket.asks(json.dumps(["ban-peer", {"peerID": bob.peer_id}])))["ok"]
    assert (await bob.socket.expects_event("removed"))["code"] == "banned"
    await ann.hears("remove-peer", peerID=bob.peer_id)


async def test_a_leave_is_heeded_while_the_owner_has_not_answered(call: Call) -> None:
    ann, bob = await call.member("ann", call.here), await call.member("bob", call.there)
    await ann.joins()
    await bob.connects()
    os.kill(call.here.pid, signal.SIGSTOP)
    try:
        join = json.dumps(["join", {"room": call.room, "resumable": True}])
        await bob.socket.sends(f"42101{join}", '42102["leave"]')
        assert (await answer_to(bob, 102))["ok"]
    finally:
        os.kill(call.here.pid, signal.SIGCONT)
    assert (await answer_to(bob, 101))["code"] == "join_cancelled"
    cid = await call.member("cid", call.there)
    await cid.joins()
    while (await ann.socket.expects_event("add-peer"))["peerID"] != cid.peer_id:
        await ann.socket.expects_event("remove-peer")


async def test_a_visit_goes_on_at_another_server_without_a_loss(call: Call) -> None:
    ann, bob = await call.member("ann", call.here), await call.member("bob", call.there)
    await ann.joins()
    await bob.joins()
    await introduced(bob, ann)
    await both_reach(ann, bob, "1")
    peer = bob.peer_id
    bob.breaks()
    assert (await ann.proposes(bob, "while he is away"))["ok"]
    bob.server = call.here
    answer = await bob.joins()
    assert (answer["resumed"], answer["peerID"], answer["received"]) == (True, peer, 1)
    await bob.hears(
        "ice-candidate", peerID=ann.peer_id, iceCandidate={"candidate": "candidate:while he is away"}
    )
    await both_reach(ann, bob, "2")
    former = bob.hangs()
    bob.server = call.there
    answer = await bob.joins()
    assert (answer["resumed"], answer["peerID"], answer["received"]) == (True, peer, 2)
    await both_reach(ann, bob, "3")
    assert await former.expects_close() is not None


async def test_a_visit_that_was_left_does_not_go_on_at_another_server(call: Call) -> None:
    ann, bob = await call.member("ann", call.here), await call.member("bob", call.there)
    await ann.joins()
    await bob.joins()
    await introduced(bob, ann)
    peer, token = bob.peer_id, bob.token
    assert (await bob.socket.asks('["leave"]'))["ok"]
    await ann.hears("remove-peer", peerID=peer)
    bob.breaks()
    bob.server = call.here
    bob.known.clear()
    bob.token = token
    answer = await bob.joins()
    assert (answer["resumed"], answer["peerID"] == peer) == (False, False)
    await introduced(bob, ann)


async def test_a_visit_is_ended_at_the_server_that_holds_it(call: Call) -> None:
    """Its person says so at another server, having left while the line was broken."""
    ann, bob = await call.member("ann", call.here), await call.member("bob", call.there)
    await ann.joins()
    await bob.joins()
    await introduced(bob, ann)
    token = bob.token
    bob.breaks()
    bob.server = call.here
    await bob.connects()
    assert (await bob.socket.asks(json.dumps(["end-visit", {"resume": token}])))["ok"]
    await ann.hears("remove-peer", peerID=bob.peer_id)


async def test_a_server_that_dies_is_not_noticed_by_the_call(call: Call) -> None:
    """It owned the call. Who comes back in time is not missed, and who does not is removed."""
    ann, bob = await call.member("ann", call.here), await call.member("bob", call.there)
    cid = await call.member("cid", call.here)
    await ann.joins()
    await bob.joins()
    await introduced(bob, ann)
    await cid.joins()
    await introduced(cid, ann, bob)
    peer = ann.peer_id
    await call.here.kill()
    await call.there.expect_log('"event": "cluster.node_left"')
    await call.there.expect_log('"event": "calls.owners_found"')
    for one in (ann, cid):
        one.breaks()
    ann.server = call.there
    answer = await ann.joins()
    assert (answer["resumed"], answer["peerID"], answer["received"]) == (True, peer, None)
    assert {entry["peerID"] for entry in answer["peers"]} == {bob.peer_id, cid.peer_id}
    await both_reach(ann, bob, "1")
    # Both answer the pings of their servers, while the grace passes.
    await asyncio.gather(*(one.hears("remove-peer", peerID=cid.peer_id) for one in (ann, bob)))


async def test_a_server_that_froze_finds_its_people_where_they_are(call: Call) -> None:
    """One stays connected to it, the other has come back elsewhere meanwhile."""
    ann, bob = await call.member("ann", call.here), await call.member("bob", call.there)
    cid = await call.member("cid", call.here)
    for one, others in ((ann, []), (bob, [ann]), (cid, [ann, bob])):
        await one.joins()
        await introduced(one, *others)
    os.kill(call.here.pid, signal.SIGSTOP)
    await call.there.expect_log('"event": "cluster.node_left"')
    cid.hangs()
    cid.server = call.there
    answer = await cid.joins()
    assert (answer["resumed"], answer["peerID"], answer["received"]) == (True, cid.peer_id, None)
    await both_reach(cid, bob, "1")
    call.there.mark_log()
    os.kill(call.here.pid, signal.SIGCONT)
    await call.there.expect_log('"event": "cluster.node_joined"')
    await call.here.expect_log('"event": "calls.owners_found"')
    await ann.hears("signals-lost", peerIDs=[bob.peer_id])
    for one in (bob, cid):
        await one.hears("signals-lost", peerIDs=[ann.peer_id])
    await both_reach_again(ann, cid)  # some went to the line that hung
    await both_reach_again(ann, bob)


async def test_a_return_whose_line_breaks_before_its_answer_is_no_end(call: Call) -> None:
    """The owner is silent meanwhile. The visit goes on with the next line, or ends if it was left."""
    ann, bob = await call.member("ann", call.here), await call.member("bob", call.there)
    for one, others in ((ann, []), (bob, [ann])):
        await one.joins()
        await introduced(one, *others)
    peer, token, known = bob.peer_id, bob.token, sorted(bob.known)
    bob.breaks()
    await bob.connects()
    os.kill(call.here.pid, signal.SIGSTOP)
    join = {"room": call.room, "resumable": True, "resume": token, "known": known, "received": bob.received}
    await bob.socket.sends("427" + json.dumps(["join", join]))
    assert await bob.socket.is_open(), "the join has arrived"
    bob.breaks()
    await bob.connects()
    os.kill(call.here.pid, signal.SIGCONT)
    answer = await bob.joins()
    assert (answer["resumed"], answer["peerID"]) == (True, peer)

    join |= {"resume": bob.token, "received": bob.received}
    bob.breaks()
    await bob.connects()
    os.kill(call.here.pid, signal.SIGSTOP)
    await bob.socket.sends("427" + json.dumps(["join", join]), '428["leave"]')
    assert (await answer_to(bob, 8))["ok"]
    bob.breaks()
    cid = await call.member("cid", call.there)
    coming = asyncio.create_task(cid.joins())
    os.kill(call.here.pid, signal.SIGCONT)
    await coming
    await ann.hears("remove-peer", peerID=peer)
    await introduced(cid, ann)


async def test_a_message_between_servers_that_is_lost_is_told_to_its_receivers(
    call: Call, redis: RedisServer
) -> None:
    """Redis accepts it and loses it, as in a failover: the receivers negotiate again."""
    ann, bob, cid = [
        await call.member(name, server)
        for name, server in (("ann", call.here), ("bob", call.there), ("cid", call.there))
    ]
    for one, others in ((ann, []), (bob, [ann]), (cid, [ann, bob])):
        await one.joins()
        await introduced(one, *others)
    cid.breaks()
    async with unread_inboxes(redis) as inboxes:
        assert (await ann.proposes(bob, "lost"))["ok"]
        await inboxes.lose("candidate:lost")
    await bob.hears("signals-lost", peerIDs=[ann.peer_id])
    await both_reach(ann, bob, "1")
    await cid.joins()
    await cid.hears("signals-lost", peerIDs=[ann.peer_id])
    await both_reach(ann, cid, "2")


async def test_a_message_that_is_lost_is_told_to_who_comes_back_at_another_server(
    call: Call, redis: RedisServer
) -> None:
    """The server that learns of the loss has nobody to tell it to, and hands it over with the visit."""
    ann, bob = await call.member("ann", call.here), await call.member("bob", call.there)
    for one, others in ((ann, []), (bob, [ann])):
        await one.joins()
        await introduced(one, *others)
    bob.breaks()
    async with unread_inboxes(redis) as inboxes:
        assert (await ann.proposes(bob, "lost"))["ok"]
        await inboxes.lose("candidate:lost")
    await call.there.expect_log('"event": "cluster.messages_lost"')
    bob.server = call.here
    answer = await bob.joins()
    assert answer["received"] is not None, "nothing else is lost"
    await bob.hears("signals-lost", peerIDs=[ann.peer_id])
    await both_reach(ann, bob, "1")


async def test_redis_away_is_noticed_between_servers_alone(call: Call, redis: RedisServer) -> None:
    ann, bob = await call.member("ann", call.here), await call.member("bob", call.there)
    await ann.joins()
    await bob.joins()
    await introduced(bob, ann)
    await redis.stop()
    for server in (call.here, call.there):
        await server.expect_log('"event": "cluster.lease_ended"')
    assert (await ann.proposes(bob, "1"))["code"] == "unavailable"
    cid = await call.member("cid", call.here)
    answer = await cid.joins()
    assert [entry["peerID"] for entry in answer["peers"]] == [ann.peer_id]
    await introduced(cid, ann)
    await both_reach(cid, ann, "2")
    for server in (call.here, call.there):
        server.mark_log()
    await redis.start()
    await asyncio.gather(
        *(server.expect_log('"event": "cluster.node_joined"') for server in (call.here, call.there))
    )
    for one, other in ((ann, bob), (cid, bob), (bob, ann)):
        await one.hears("signals-lost", peerIDs=[other.peer_id])
    offers = [await one.hears("add-peer", peerID=other.peer_id) for one, other in ((bob, cid), (cid, bob))]
    assert sorted(offer["createOffer"] for offer in offers) == [False, True]
    await both_reach(cid, bob, "3")
    await both_reach(ann, bob, "4")
