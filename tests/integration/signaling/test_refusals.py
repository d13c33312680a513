"""Refusals are answered, end nothing, and what is malformed reaches nobody."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.integration.signaling.client import SDP, Client, marks
from tests.integration.signaling.conftest import Connect, Peers, Raw
from tests.integration.signaling.raw import RawSocket
from tests.integration.signaling.town import Town

sqlite = pytest.mark.database("sqlite")
one_kind = pytest.mark.kinds("js-websocket")

NO_TEXT: tuple[object, ...] = (None, 7, 1.5, True, [], ["a"], {}, {"a": "b"}, [[["a"]]])
NO_INDEX: tuple[object, ...] = ("0", -1, 65536, 1.5, True, [], {}, 10**30)
NO_OBJECT: tuple[object, ...] = (None, 7, True, "text", [], [{}], [["peerID", "x"]])
BAD_TEXT = ("\0", "a\0b", "\ud800", "\udc00\ud800", "ok\udfff")
MISSING = object()


def with_member(payload: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """A copy with this one member changed, or taken away."""
    copied: dict[str, Any] = json.loads(json.dumps(payload))
    holder = copied
    *outer, last = path.split(".")
    for name in outer:
        holder = holder[name]
    if value is MISSING:
        del holder[last]
    else:
        holder[last] = value
    return copied


def malformed(event: str, to: str, room: str) -> Iterator[object]:
    """Payloads of which none may be carried out."""
    fine: dict[str, dict[str, Any]] = {
        "join": {"room": room},
        "offer-sdp": {"peerID": to, "sessionDescription": {"type": "offer", "sdp": SDP}},
        "offer-ice": {"peerID": to, "iceCandidate": {"candidate": "c", "sdpMid": "0", "sdpMLineIndex": 0}},
        "chat-message": {"message": "hello", "message_id": "id"},
    }
    wrong: dict[str, dict[str, tuple[object, ...]]] = {
        "join": {
            "room": (MISSING, "", "x" * 300, "x" * 500_000, *NO_TEXT, *BAD_TEXT),
            "username": tuple(value for value in NO_TEXT if value is not None),
        },
        "offer-sdp": {
            "peerID": (MISSING, "", "x" * 1000, *NO_TEXT, *BAD_TEXT),
            "sessionDescription": (MISSING, *NO_OBJECT, {}),
            "sessionDescription.type": (MISSING, "", "OFFER", "bid", "offer\0", *NO_TEXT),
            "sessionDescription.sdp": ("x" * 200_001, "x" * 900_000, *NO_TEXT, *BAD_TEXT),
        },
        "offer-ice": {
            "peerID": (MISSING, "", "x" * 1000, *NO_TEXT, *BAD_TEXT),
            "iceCandidate": (MISSING, *NO_OBJECT, {}),
            "iceCandidate.candidate": (MISSING, "x" * 100_000, *NO_TEXT, *BAD_TEXT),
            "iceCandidate.sdpMid": ("x" * 10_000, *NO_TEXT[1:], *BAD_TEXT),
            "iceCandidate.sdpMLineIndex": NO_INDEX,
            "iceCandidate.usernameFragment": ("x" * 10_000, *NO_TEXT[1:], *BAD_TEXT),
        },
        "chat-message": {
            "message": (MISSING, "", "x" * 4001, "x" * 500_000, *NO_TEXT, *BAD_TEXT),
            "message_id": ("", "x" * 65, "a b", "a/b", *NO_TEXT[1:], *BAD_TEXT),
        },
    }
    yield from NO_OBJECT
    yield {}
    for path, values in wrong[event].items():
        for value in values:
            yield with_member(fine[event], path, value)


async def joined(raw: Raw, town: Town, room_of: Client) -> RawSocket:
    """Mallory, who is in the call too and sends whatever she likes."""
    mallory = await town.person("mallory")
    await room_of.person.invites(mallory, to=room_of.room)
    socket = await raw()
    await socket.identifies(mallory.token or "")
    assert (await socket.asks(json.dumps(["join", {"room": room_of.room}])))["ok"] is True
    await room_of.expects("add-peer", peerUsername=mallory.username)
    return socket


@one_kind
@pytest.mark.parametrize("event", ["join", "offer-sdp", "offer-ice", "chat-message"])
async def test_malformed_payloads(peers: Peers, raw: Raw, town: Town, event: str) -> None:
    async with peers("ann") as (ann,):
        mallory = await joined(raw, town, ann)
        tried = 0
        for payload in malformed(event, ann.peer_id, ann.room):
            answer = await mallory.asks(json.dumps([event, payload]))
            assert answer["ok"] is False, str(payload)[:300]
            assert answer["code"] in {"invalid_payload", "room_not_found", "peer_not_found"}, (
                f"{answer} for {str(payload)[:300]}"
            )
            assert answer["message"]
            tried += 1
        assert tried > 30
        assert (await mallory.asks(f'["{event}"]'))["ok"] is False
        message = ann.candidate(ann, "candidate:after")
        assert (await mallory.asks(json.dumps(["offer-ice", message])))["ok"] is True
        await ann.expects("ice-candidate", iceCandidate={"candidate": "candidate:after"})


@sqlite
@one_kind
async def test_without_acknowledgement_it_is_said_as_an_event(peers: Peers) -> None:
    async with peers("ann", "bob") as (ann, bob):
        for event, arguments, code in (
            ("join", (), "invalid_payload"),
            ("join", ({"room": 7},), "invalid_payload"),
            ("join", ({"room": "nowhere at all"},), "room_not_found"),
            ("offer-sdp", ("text",), "invalid_payload"),
            ("offer-ice", (None,), "invalid_payload"),
            ("chat-message", ([],), "invalid_payload"),
            ("nonsense", (), "unknown_event"),
        ):
            await ann.emit(event, *arguments)
            refused = await ann.expects("refused", event=event, code=code)
            assert refused.keys() == {"event", "code", "message"}
            assert refused["message"]
        await marks(ann, bob)


@sqlite
async def test_refusals_and_the_connection_stays(peers: Peers) -> None:
    async with peers("ann", "bob") as (ann, bob):
        await ann.may_not("join", {"room": "nowhere at all"}, code="room_not_found")
        await ann.may_not("offer-sdp", {"peerID": bob.peer_id}, code="invalid_payload")
        await ann.may_not("offer-ice", code="invalid_payload")
        await ann.may_not("chat-message", {"message": ""}, code="invalid_payload")
        await ann.may_not("nonsense", {}, code="unknown_event")
        await marks(ann, bob)
        await marks(bob, ann)


UNKNOWN = (
    *("", " ", "nonsense", "x" * 10_000, "JOIN", "offer_sdp", "__proto__", "constructor", "\0", "\ud800"),
    *("connect", "disconnect", "connect_error", "disconnecting", "newListener", "removeListener", "message"),
    *("add-peer", "remove-peer", "session-description", "ice-candidate", "share-rooms", "session-ended"),
    *("refused", "*", "ping", "error"),
)


@sqlite
@one_kind
async def test_events_that_nobody_knows(peers: Peers, raw: Raw, town: Town) -> None:
    async with peers("ann") as (ann,):
        mallory = await joined(raw, town, ann)
        payload = {"peerID": ann.peer_id, "createOffer": True, "peerUsername": "x"}
        for name in UNKNOWN:
            answer = await mallory.asks(json.dumps([name, payload]))
            assert (answer["ok"], answer["code"]) == (False, "unknown_event"), name[:50]
        for name in UNKNOWN:
            await mallory.sends("42" + json.dumps([name, payload]))
            refused = await mallory.expects_event("refused")
            assert refused["code"] == "unknown_event"
        await mallory.asks(json.dumps(["offer-ice", ann.candidate(ann, "candidate:after")]))
        await ann.expects("ice-candidate", iceCandidate={"candidate": "candidate:after"})


@sqlite
@pytest.mark.kinds("js-websocket", "js-polling", "py-websocket", "py-polling")
async def test_binary_payloads(peers: Peers) -> None:
    """Bytes come as packets of their own after the event, in every library."""
    async with peers("ann", "bob") as (ann, bob):
        for event, payload in (
            ("offer-sdp", b"\0\1\2"),
            ("offer-sdp", {"peerID": bob.peer_id, "sessionDescription": {"type": "offer", "sdp": b"v=0"}}),
            ("offer-ice", {"peerID": bob.peer_id, "iceCandidate": {"candidate": b"x"}}),
            ("offer-ice", {"peerID": bob.peer_id, "iceCandidate": b"x"}),
            ("offer-ice", {"peerID": b"x", "iceCandidate": {"candidate": "x", "sdpMid": b"y"}}),
            ("join", {"room": b"room"}),
            ("chat-message", {"message": b"hello"}),
        ):
            answer = await ann.asks(event, payload)
            assert answer["ok"] is False, f"{event} {payload!r}: {answer}"
            await ann.emit(event, payload)
            await ann.expects("refused", event=event)
        await marks(ann, bob)


@sqlite
@one_kind
async def test_arguments_that_are_too_many(peers: Peers) -> None:
    """They are passed over or refused; they do not travel."""
    async with peers("ann", "bob") as (ann, bob):
        message = ann.candidate(bob, "candidate:1")
        answer = await ann.asks("offer-ice", message, {"more": "x"}, "and more", None)
        if answer["ok"]:
            assert await bob.gets("ice-candidate") == {
                "peerID": ann.peer_id,
                "iceCandidate": {"candidate": "candidate:1"},
            }
        await marks(ann, bob)
        await ann.asks("leave", {"x": 1}, [2])
        await marks_gone(ann, bob)


async def marks_gone(leaver: Client, other: Client) -> None:
    await other.expects("remove-peer", peerID=leaver.peer_id)
    await leaver.expects("remove-peer", peerID=other.peer_id)


DEEP = "[" * 50_000 + "]" * 50_000
WRONG_PACKETS: dict[str, str | bytes] = {
    "empty": "",
    "no such type": "9",
    "letters": "hello",
    "message without packet": "4",
    "event without data": "42",
    "empty event": "42[]",
    "event that is no list": '42{"join":1}',
    "event that is text": '42"join"',
    "event without a name": "42[7,{}]",
    "event named by a list": '42[["join"],{}]',
    "event named by null": "42[null]",
    "broken JSON": '42["join",{"room":',
    "not JSON": "42[join]",
    "two values": '42["leave"]["leave"]',
    "deep": f'42["offer-ice",{DEEP}]',
    "deep and open": '42["offer-ice",' + "[" * 100_000,
    "long number": f'42["offer-ice",{"9" * 100_000}]',
    "not a number": '42["offer-ice",{"peerID":"x","iceCandidate":{"candidate":"x","sdpMLineIndex":NaN}}]',
    "infinite": '42["offer-ice",{"peerID":"x","iceCandidate":{"candidate":"x","sdpMLineIndex":1e999}}]',
    "long id": f'42{"9" * 5_000}["leave"]',
    "other namespace": '42/admin,["leave"]',
    "endless namespace": "42/" + "x" * 100_000,
    "answer to nothing": '430["x"]',
    "answer without id": '43["x"]',
    "no such packet": "47",
    "connect error": '44{"message":"x"}',
    "bytes promised and not sent": '451-["join",{"_placeholder":true,"num":0}]',
    "many bytes promised": '4599999999-["join",{"_placeholder":true,"num":0}]',
    "placeholder of nothing": '450-["join",{"_placeholder":true,"num":7}]',
    "placeholder without bytes": '42["join",{"_placeholder":true,"num":0}]',
    "bytes": b"\0\1\2",
    "no bytes": b"",
    "ping": "2",
    "pong": "3",
    "upgrade": "5",
    "probe": "2probe",
    "second open": '0{"sid":"x"}',
    "second connect": "40",
    "surrogates": '42["join",{"room":"\\ud800"}]',
    "over the limit": '42["chat-message",{"message":"' + "x" * 1_100_000 + '"}]',
    "far over the limit": "4" + "2" * 5_000_000,
    "bytes over the limit": b"x" * 1_100_000,
}


@sqlite
@one_kind
async def test_wrong_packets_trouble_nobody_else(peers: Peers, raw: Raw, town: Town) -> None:
    """Who sends one may be refused or cut off; the others go on, and see no more than somebody leaving."""
    async with peers("ann", "bob") as (ann, bob):
        for how, packet in WRONG_PACKETS.items():
            mallory = await joined(raw, town, ann)
            try:
                await bob.expects("add-peer")
                with suppress(ConnectionClosed):
                    await mallory.sends(packet)
                    await mallory.is_open()
                # Once she is gone, all that she sent has been dealt with.
                mallory.breaks()
                for other in (ann, bob):
                    await other.expects("remove-peer")
                await marks(ann, bob)
                await marks(bob, ann)
            except BaseException as error:
                error.add_note(f"packet: {how}")
                raise


@sqlite
@one_kind
async def test_no_other_namespace(raw: Raw, town: Town) -> None:
    ann = await town.person("ann")
    socket = await raw()
    await socket.sends("40/admin," + json.dumps({"token": ann.token}))
    assert json.loads((await socket.expects("44/admin,")).removeprefix("44/admin,"))["message"]
    await socket.identifies(ann.token or "")


@sqlite
@pytest.mark.kinds("js-websocket", "js-polling", "py-websocket", "py-polling")
async def test_description_as_long_as_allowed(peers: Peers, connect: Connect) -> None:
    async with peers("ann", "bob") as (ann, bob):
        longest = "v=0\n" * 50_000
        await ann.offers(bob, longest)
        await bob.expects("session-description", sessionDescription={"type": "offer", "sdp": longest})
        await ann.may_not("offer-sdp", ann.description(bob, longest + "x"), code="invalid_payload")
        await marks(ann, bob)


@sqlite
@one_kind
async def test_descriptions_and_candidates_that_are_none(peers: Peers) -> None:
    async with peers("ann", "bob") as (ann, bob):
        for payload in (
            ann.description(bob, "<script>alert(1)</script>"),
            ann.description(bob, ""),
            ann.description(bob, "v=0\r\n<script>"),
            ann.description(bob, "hello", kind="rollback"),
        ):
            await ann.may_not("offer-sdp", payload, code="invalid_payload")
        for payload in (ann.candidate(bob, "hello"), ann.candidate(bob, "candidate:1\r\na=fingerprint:x")):
            await ann.may_not("offer-ice", payload, code="invalid_payload")
        await marks(ann, bob)
