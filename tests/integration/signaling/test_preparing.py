"""Prepared entries: who is in a call is told before joining it, and a join brings its offers along."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from parlour.wire.signaling import MAX_OFFERS
from tests.conftest import StartServer
from tests.integration.signaling.client import SDP, Client, marks
from tests.integration.signaling.conftest import Connect, Peers
from tests.integration.signaling.javascript import Nodes
from tests.integration.signaling.resuming_client import ResumingClient
from tests.integration.signaling.town import Town

pytestmark = [pytest.mark.database("sqlite"), pytest.mark.kinds("js-websocket")]


def sdp(number: int) -> str:
    return SDP.replace("46117317", str(number))


async def joins_with(client: Client, room: str, *offers: dict[str, object]) -> dict[str, object]:
    answer = await client.may("join", {"room": room, "offers": list(offers)})
    client.peer_id, client.room = answer["peerID"], room
    return answer


@asynccontextmanager
async def before_the_call(peers: Peers, connect: Connect, town: Town) -> AsyncIterator[list[Client]]:
    """Ann and bob in a call, and carl who may enter."""
    async with peers("ann", "bob") as (ann, bob):
        carl = await town.person("carl")
        await ann.person.invites(carl, to=ann.room)
        yield [ann, bob, await connect(carl)]


async def test_who_is_in_is_told_without_joining(peers: Peers, connect: Connect, town: Town) -> None:
    async with before_the_call(peers, connect, town) as (ann, bob, carl):
        answer = await carl.may("prepare", {"room": ann.room})
        assert answer == {
            "ok": True,
            "room": ann.room,
            "topology": "mesh",
            "peers": [{"peerID": other.peer_id, "peerUsername": other.shown_as} for other in (ann, bob)],
        }
        await carl.may_not("offer-ice", carl.candidate(ann), code="not_in_call")
        await marks(ann, bob)
        await marks(bob, ann)


async def test_only_those_who_may_enter_are_told(peers: Peers, connect: Connect, town: Town) -> None:
    async with peers("ann", "bob") as (ann, bob):
        carl = await connect(await town.person("carl"))
        await carl.may_not("prepare", {"room": ann.room}, code="not_admitted")
        await carl.may_not("prepare", {"room": ann.room + "?"}, code="room_not_found")
        await carl.may_not("prepare", {"room": "a\0b"}, code="invalid_payload")
        await carl.person.enters(ann.room)
        await carl.may("prepare", {"room": ann.room})
        await ann.person.makes_event(ann.room)
        await carl.may_not("prepare", {"room": ann.room}, code="not_invited")
        await bob.may("prepare", {"room": ann.room})


async def test_the_next_change_is_told_once(peers: Peers, connect: Connect, town: Town) -> None:
    async with before_the_call(peers, connect, town) as (ann, bob, carl):
        await carl.may("prepare", {"room": ann.room})
        await bob.may("leave")
        await carl.expects("call-changed", room=ann.room)
        await bob.joins(ann.room)
        answer = await carl.may("prepare", {"room": ann.room})
        assert [peer["peerID"] for peer in answer["peers"]] == [ann.peer_id, bob.peer_id]
        await bob.close()
        await carl.expects("call-changed", room=ann.room)


async def test_whoever_joins_or_leaves_waits_no_more(peers: Peers, connect: Connect, town: Town) -> None:
    async with before_the_call(peers, connect, town) as (ann, bob, carl):
        await carl.may("prepare", {"room": ann.room})
        await carl.joins(ann.room)
        for other in (ann, bob):
            await carl.expects("add-peer", peerID=other.peer_id)
        await carl.may("prepare", {"room": ann.room})  # in a call: this asks for no news
        await bob.may("leave")
        await carl.expects("remove-peer", peerID=bob.peer_id)
        await carl.may("leave")
        await carl.expects("remove-peer", peerID=ann.peer_id)
        await carl.may("prepare", {"room": ann.room})
        await carl.may("leave")
        await bob.joins(ann.room)
        await carl.joins(ann.room)
        await carl.expects("add-peer", peerID=ann.peer_id)


@pytest.mark.kinds("js-websocket", "js-polling", "py-websocket")
async def test_others_get_the_offer_right_behind_the_introduction(
    peers: Peers, connect: Connect, town: Town
) -> None:
    async with before_the_call(peers, connect, town) as (ann, bob, carl):
        answer = await joins_with(
            carl, ann.room, carl.description(ann, sdp(1)), carl.description(bob, sdp(2))
        )
        assert answer["offered"] == [ann.peer_id, bob.peer_id]
        for number, other in enumerate((ann, bob), start=1):
            await other.expects("add-peer", peerID=carl.peer_id, createOffer=False)
            description = {"type": "offer", "sdp": sdp(number)}
            await other.expects(
                "session-description",
                peerID=carl.peer_id,
                peerUsername=carl.shown_as,
                sessionDescription=description,
            )
            await marks(carl, other)
        for other in (ann, bob):
            await carl.expects("add-peer", peerID=other.peer_id, createOffer=True)
        for other in (ann, bob):
            await other.offers(carl, kind="answer")
            await carl.expects("session-description", peerID=other.peer_id)


async def test_a_join_without_offers_is_answered_as_ever(peers: Peers) -> None:
    async with peers("ann", "bob") as (_, bob):
        await bob.may("leave")
        assert set(await bob.joins(bob.room)) == {"ok", "room", "peerID", "peers"}


async def test_peers_that_came_and_went_since(peers: Peers, connect: Connect, town: Town) -> None:
    async with before_the_call(peers, connect, town) as (ann, bob, carl):
        gone = bob.peer_id
        await bob.may("leave")
        await bob.joins(bob.room)
        for _ in range(2):  # left, and came again under another id
            await ann.inbox.any()
        await bob.expects("remove-peer", peerID=ann.peer_id)
        await bob.expects("add-peer", peerID=ann.peer_id)
        answer = await joins_with(carl, ann.room, carl.description(gone), carl.description(ann))
        assert answer["offered"] == [ann.peer_id]
        await bob.expects("add-peer", peerID=carl.peer_id, createOffer=False)
        for other in (ann, bob):
            await carl.expects("add-peer", peerID=other.peer_id, createOffer=True)
        await marks(carl, bob)


async def test_peers_of_another_room_get_nothing(peers: Peers, connect: Connect, town: Town) -> None:
    async with peers("ann", "bob") as (ann, bob):
        carl = await connect(await town.person("carl"))
        room = await town.room(carl.person)
        answer = await joins_with(carl, room, carl.description(ann), carl.description("nobody"))
        assert answer["offered"] == []
        assert (await joins_with(carl, room, carl.description(ann))).get("offered") is None
        await marks(bob, ann)


async def test_nothing_is_passed_on_where_the_join_is_refused(
    peers: Peers, connect: Connect, town: Town
) -> None:
    async with before_the_call(peers, connect, town) as (ann, bob, carl):
        good = carl.description(ann)
        for offers in (
            [good, carl.description(bob, kind="answer")],
            [good, carl.description(bob, "no description")],
            [good] * (MAX_OFFERS + 1),
            [{"peerID": bob.peer_id}],
            "offers",
        ):
            await carl.may_not("join", {"room": ann.room, "offers": offers}, code="invalid_payload")
        await ann.person.bans(carl.person.email, ann.room)
        await carl.may_not("join", {"room": ann.room, "offers": [good]}, code="banned")
        await marks(bob, ann)


async def test_offers_count_as_if_sent_one_by_one(fresh_server: StartServer, nodes: Nodes) -> None:
    """The rate is so low that a slow machine gets none of it back within the test."""
    server = await fresh_server({"PARLOUR_RELAY_BYTES_PER_SECOND": 300})
    async with Town(server) as town:
        connect = Connect(server, "js-websocket", nodes)
        ann, carl = [await connect(person) for person in await town.people("ann", "carl")]
        await ann.joins(await town.room(ann.person, carl.person))
        room = await town.room(carl.person)
        large = carl.description("nobody", SDP + "a=" + 55_000 * "x")
        # The last one spends the rate: it would be missed if only the first were counted.
        small = [carl.description("nobody")] * (MAX_OFFERS - 1)
        assert (await joins_with(carl, room, *small, large))["offered"] == []
        assert "offered" not in await joins_with(carl, ann.room, carl.description(ann))
        await carl.may_not("offer-sdp", carl.description(ann), code="rate_limited")
        await ann.expects("add-peer", peerID=carl.peer_id)
        await carl.expects("add-peer", peerID=ann.peer_id, createOffer=True)
        await marks(ann, carl)
        await connect.aclose()


async def test_sockets_identified_by_cookie_get_the_offer_under_both_names(
    peers: Peers, connect: Connect, town: Town
) -> None:
    async with peers("ann", "bob", by_cookie=True) as (ann, bob):
        carl = await connect(await town.person("carl"))
        await ann.person.invites(carl.person, to=ann.room)
        await joins_with(carl, ann.room, carl.description(ann))
        await ann.expects("add-peer", peerID=carl.peer_id)
        await ann.expects("session-description", peerID=carl.peer_id)
        await ann.expects("session-descriptions", peerID=carl.peer_id)
        await bob.expects("add-peer", peerID=carl.peer_id)


async def test_an_offer_waits_for_a_peer_whose_connection_is_lost(town: Town) -> None:
    ann, bob = await town.people("ann", "bob")
    room = await town.room(ann, bob)
    async with ResumingClient(ann, room) as here, ResumingClient(bob, room) as newcomer:
        await here.joins()
        here.breaks()
        offer = {"peerID": here.peer_id, "sessionDescription": {"type": "offer", "sdp": SDP}}
        answer = await newcomer.joins(offers=[offer])
        assert answer["offered"] == [here.peer_id]
        await newcomer.hears("add-peer", peerID=here.peer_id, createOffer=True)
        await here.joins()
        await here.hears("add-peer", peerID=newcomer.peer_id, createOffer=False)
        await here.hears("session-description", peerID=newcomer.peer_id)
        await newcomer.reaches(here, "later")


async def test_a_resumed_visit_offers_nothing_again(town: Town) -> None:
    """The offers are part of the join, which begins the visit: none of them is counted, lost or repeated."""
    ann, bob = await town.people("ann", "bob")
    room = await town.room(ann, bob)
    async with ResumingClient(ann, room) as here, ResumingClient(bob, room) as newcomer:
        await here.joins()
        offers = [{"peerID": here.peer_id, "sessionDescription": {"type": "offer", "sdp": SDP}}]
        assert (await newcomer.joins(offers=offers))["received"] == 0
        await here.hears("add-peer", peerID=newcomer.peer_id)
        await here.hears("session-description", peerID=newcomer.peer_id)
        await newcomer.hears("add-peer", peerID=here.peer_id)
        newcomer.breaks()
        answer = await newcomer.joins(offers=offers)
        assert (answer["resumed"], answer["received"], answer.get("offered")) == (True, 0, None)
        await newcomer.reaches(here, "only this")


async def test_an_answer_does_not_overtake_the_acknowledgement(town: Town) -> None:
    """A resumable visit gets every message of the call after the acknowledgement of its join."""
    ann, bob = await town.people("ann", "bob")
    room = await town.room(ann, bob, event=True)  # the acknowledgement waits for the attendance to be written
    async with ResumingClient(ann, room) as here, ResumingClient(bob, room) as newcomer:
        await here.joins()
        await newcomer.connects()
        offer = {"peerID": here.peer_id, "sessionDescription": {"type": "offer", "sdp": SDP}}
        join = {"room": room, "resumable": True, "offers": [offer]}
        await newcomer.socket.sends("421" + json.dumps(["join", join]))
        await here.hears("add-peer")
        got = await here.hears("session-description")
        answer = {"peerID": got["peerID"], "sessionDescription": {"type": "answer", "sdp": SDP}}
        await here.socket.asks(json.dumps(["offer-sdp", answer]))
        while not (frame := await newcomer.socket.frame()).startswith("431["):
            assert frame.startswith('42["share-rooms"'), frame
        await newcomer.hears("add-peer", peerID=here.peer_id)
        await newcomer.hears("session-description", peerID=here.peer_id)


async def test_a_right_that_was_lost_since_the_preparation(
    peers: Peers, connect: Connect, town: Town
) -> None:
    """A join soon after its preparation asks the database nothing; what happens in this process counts."""
    async with before_the_call(peers, connect, town) as (ann, _bob, carl):
        await carl.may("prepare", {"room": ann.room})
        await ann.person.bans(carl.person.email, ann.room)
        await carl.may_not("join", {"room": ann.room}, code="banned")
        dora = await connect(await town.person("dora"))
        await dora.person.enters(ann.room)
        await dora.may("prepare", {"room": ann.room})
        await ann.person.makes_event(ann.room)
        await dora.may_not("join", {"room": ann.room}, code="not_invited")
        emil = await connect(await town.person("emil"))
        await ann.person.invites(emil.person, to=ann.room)
        await emil.may("prepare", {"room": ann.room})
        removed = await ann.person.post("/room/remove", {"room": ann.room})
        assert removed.status_code == 200
        await emil.may_not("join", {"room": ann.room}, code="room_not_found")


async def test_a_prepared_join_joins(peers: Peers, connect: Connect, town: Town) -> None:
    async with before_the_call(peers, connect, town) as (ann, bob, carl):
        await carl.may("prepare", {"room": ann.room})
        answer = await carl.may("join", {"room": ann.room})
        assert [peer["peerID"] for peer in answer["peers"]] == [ann.peer_id, bob.peer_id]
