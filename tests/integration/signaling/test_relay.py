"""Descriptions and candidates: they reach the peer that is meant, as they were sent, and nobody else."""

import asyncio
from typing import Any

import pytest

from tests.integration.signaling.client import SDP, Client, marks
from tests.integration.signaling.conftest import Connect, Peers
from tests.integration.signaling.town import Town

sqlite = pytest.mark.database("sqlite")

LARGE_SDP = SDP + "a=x-padding:" + 'ü€\u2028😀"\\/' * 6_000 + "\r\n"
CANDIDATES: list[dict[str, Any]] = [
    {
        "candidate": "candidate:1 1 udp 2122260223 192.0.2.7 54321 typ host generation 0",
        "sdpMid": "0",
        "sdpMLineIndex": 0,
        "usernameFragment": "Yx9+",
    },
    {"candidate": "candidate:2", "sdpMid": None, "sdpMLineIndex": None, "usernameFragment": None},
    {"candidate": "candidate:3", "sdpMid": "audio"},
    {"candidate": "candidate:4", "sdpMLineIndex": 65535},
    {"candidate": "candidate:5", "usernameFragment": ""},
    {"candidate": "candidate:6", "sdpMid": "", "sdpMLineIndex": None},
    {"candidate": ""},
    {"candidate": 'candidate:7 ünï😀 "quoted" \\ \u2028'},
]


async def test_offer_and_answer(peers: Peers) -> None:
    async with peers("ann", "bob") as (ann, bob):
        await bob.offers(ann, SDP)
        await ann.expects(
            "session-description",
            peerID=bob.peer_id,
            peerUsername=bob.shown_as,
            sessionDescription={"type": "offer", "sdp": SDP},
        )
        await ann.offers(bob, "v=0\r\n", kind="answer")
        await bob.expects(
            "session-description",
            peerID=ann.peer_id,
            peerUsername=ann.shown_as,
            sessionDescription={"type": "answer", "sdp": "v=0\r\n"},
        )


@sqlite
@pytest.mark.kinds("js-websocket", "py-polling")
async def test_descriptions_of_every_type(peers: Peers) -> None:
    async with peers("ann", "bob") as (ann, bob):
        for kind, sdp in (("pranswer", SDP), ("rollback", ""), ("offer", LARGE_SDP)):
            await ann.offers(bob, sdp, kind)
            await bob.expects("session-description", sessionDescription={"type": kind, "sdp": sdp})


@sqlite
async def test_candidates_arrive_as_they_were_sent(peers: Peers) -> None:
    """What was null is null, and what was absent is absent."""
    async with peers("ann", "bob") as (ann, bob):
        for candidate in CANDIDATES:
            await ann.may("offer-ice", {"peerID": bob.peer_id, "iceCandidate": candidate})
            got = await bob.gets("ice-candidate")
            assert got == {"peerID": ann.peer_id, "iceCandidate": candidate}


@sqlite
@pytest.mark.kinds("js-websocket")
async def test_members_nobody_knows_are_not_relayed(peers: Peers) -> None:
    async with peers("ann", "bob") as (ann, bob):
        stowaway = {"x": "<script>", "peerUsername": "mallory", "toJSON": 1}
        message = ann.candidate(bob, "candidate:1", **stowaway)
        await ann.may("offer-ice", {**message, **stowaway})
        got = await bob.gets("ice-candidate")
        assert got == {"peerID": ann.peer_id, "iceCandidate": {"candidate": "candidate:1"}}
        message = ann.description(bob)
        message["sessionDescription"].update(stowaway)
        await ann.may("offer-sdp", {**message, **stowaway})
        assert await bob.gets("session-description") == {
            "peerID": ann.peer_id,
            "peerUsername": ann.shown_as,
            "sessionDescription": {"type": "offer", "sdp": SDP},
        }


@sqlite
async def test_five_hundred_messages_keep_their_order(peers: Peers) -> None:
    """Descriptions among candidates, sent at once without waiting for anything."""
    async with peers("ann", "bob") as (ann, bob):
        for number in range(500):
            if number % 10:
                await ann.emit("offer-ice", ann.candidate(bob, f"candidate:{number}"))
            else:
                await ann.emit("offer-sdp", ann.description(bob, f"{SDP}a=number:{number}\r\n" * 20))
        for number in range(500):
            if number % 10:
                await bob.expects("ice-candidate", iceCandidate={"candidate": f"candidate:{number}"})
            else:
                got = await bob.expects("session-description", peerID=ann.peer_id)
                assert f"a=number:{number}\r\n" in got["sessionDescription"]["sdp"]


@sqlite
@pytest.mark.kinds("js-websocket", "py-websocket")
async def test_each_sender_keeps_their_order(peers: Peers) -> None:
    async with peers("ann", "bob", "carl") as (ann, bob, carl):

        async def sends(sender: Client) -> None:
            for number in range(100):
                await sender.emit("offer-ice", sender.candidate(carl, f"candidate:{number}"))

        await asyncio.gather(sends(ann), sends(bob))
        got: dict[str, list[str]] = {ann.peer_id: [], bob.peer_id: []}
        for _ in range(200):
            message = await carl.expects("ice-candidate")
            got[message["peerID"]].append(message["iceCandidate"]["candidate"])
        assert all(texts == [f"candidate:{number}" for number in range(100)] for texts in got.values())


@sqlite
@pytest.mark.kinds("js-websocket", "py-polling")
async def test_only_the_peer_that_is_meant(peers: Peers) -> None:
    async with peers("ann", "bob", "carl") as (ann, bob, carl):
        await ann.offers(bob)
        await ann.may("offer-ice", ann.candidate(bob))
        await bob.expects("session-description", peerID=ann.peer_id)
        await bob.expects("ice-candidate", peerID=ann.peer_id)
        await marks(bob, carl)
        await marks(bob, ann)


async def sends_in_vain(sender: Client, receiver: Client | str, *, code: str) -> None:
    """Asked for an acknowledgement or not, it is refused."""
    for event, message in (
        ("offer-sdp", sender.description(receiver)),
        ("offer-ice", sender.candidate(receiver)),
    ):
        await sender.may_not(event, message, code=code)
        await sender.emit(event, message)
        refused = await sender.expects("refused", event=event, code=code)
        assert refused["message"]


async def test_not_to_another_room(peers: Peers) -> None:
    async with peers("ann", "bob") as (ann, bob), peers("carl", "dora") as (carl, dora):
        await sends_in_vain(carl, ann, code="peer_not_found")
        await sends_in_vain(bob, dora, code="peer_not_found")
        await marks(bob, ann)
        await marks(carl, dora)


@sqlite
@pytest.mark.kinds("js-websocket", "py-websocket")
async def test_not_to_oneself_or_to_nobody(peers: Peers) -> None:
    async with peers("ann", "bob") as (ann, bob):
        for nobody in (ann, "nobody", ann.person.email, ann.shown_as, ann.room, bob.peer_id + "x", "\u00e9"):
            await sends_in_vain(ann, nobody, code="peer_not_found")
        await marks(bob, ann)
        await marks(ann, bob)


@sqlite
@pytest.mark.kinds("js-websocket", "py-websocket")
async def test_not_before_joining(peers: Peers, connect: Connect, town: Town) -> None:
    async with peers("ann", "bob") as (ann, bob):
        carl = await connect(await town.person("carl"))
        await sends_in_vain(carl, ann, code="not_in_call")
        await marks(bob, ann)


@sqlite
@pytest.mark.kinds("js-websocket", "py-websocket")
async def test_not_after_leaving(peers: Peers) -> None:
    async with peers("ann", "bob", "carl") as (ann, bob, carl):
        await carl.may("leave")
        for other in (ann, bob):
            await carl.expects("remove-peer", peerID=other.peer_id)
            await other.expects("remove-peer", peerID=carl.peer_id)
        await sends_in_vain(carl, ann, code="not_in_call")
        await sends_in_vain(ann, carl, code="peer_not_found")
        await marks(bob, ann)


@sqlite
async def test_both_names_where_the_cookie_identifies(peers: Peers, connect: Connect, town: Town) -> None:
    """`session-descriptions` is what clients of old listen to."""
    async with peers("ann", "bob") as (ann, bob):
        carl = await connect(await town.person("carl"), by_cookie=True)
        await ann.person.invites(carl.person, to=ann.room)
        await carl.joins(ann.room)
        for peer in (ann, bob):
            await peer.expects("add-peer", peerID=carl.peer_id)
            await carl.expects("add-peer", peerID=peer.peer_id)
        await ann.offers(carl)
        both = [await carl.gets("session-description"), await carl.gets("session-descriptions")]
        assert both[0] == both[1]
        assert both[0]["peerID"] == ann.peer_id
        await marks(ann, carl)
        await carl.offers(ann)
        await ann.expects("session-description", peerID=carl.peer_id)
        await marks(bob, ann)  # identified by token: once
