"""Names on the wire are the contract's, to the letter; what does not fit stops here."""

import json
from typing import Any, Literal, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parlour.engine import EventTypes
from parlour.engine.application import UnknownEvent
from parlour.engine.messages import JSON_ERRORS
from parlour.wire.events import Accepted, Audited, ClientEvent, RateKind, Rejected, ServerEvent
from parlour.wire.sdp import MAX_SDP_LENGTH, IceCandidate, SessionDescription
from parlour.wire.signaling import (
    CLIENT_EVENTS,
    LEGACY_DESCRIPTION_EVENT,
    PAYLOADS,
    SERVER_EVENTS,
    Acknowledgement,
    AddPeer,
    AnyClientEvent,
    BanPeer,
    CallTopology,
    CandidateFromPeer,
    ChatFromPeer,
    ChatStored,
    DescriptionFromPeer,
    FromPeer,
    Join,
    Joined,
    Leave,
    MemberJoined,
    OfferIce,
    OfferSdp,
    PeerEntry,
    PeerId,
    Prepare,
    Prepared,
    Refused,
    RemovePeer,
    ReportTopology,
    SendChat,
    SenderKeyFromPeer,
    SendKey,
    SessionEnded,
    ShareRooms,
    ToPeer,
    Username,
)

EVENTS = EventTypes(PAYLOADS)


def parse_client_event(name: str, payload: object) -> Any:
    """As the engine reads it."""
    read = EVENTS.decode(name, json.dumps([name, payload]))
    if read is not None:
        return read
    without_payload: Any = CLIENT_EVENTS[name]
    return without_payload()


def to_payload(message: ServerEvent | Acknowledgement) -> Any:
    """As a client reads it."""
    return json.loads(msgspec.json.encode(message))


def description(kind: Any, sdp: str) -> SessionDescription:
    return SessionDescription(kind, msgspec.Raw(msgspec.json.encode(sdp)))


ANN, BOB = PeerId("ann's"), PeerId("bob's")
DESCRIPTION = {"type": "offer", "sdp": "v=0\r\n"}
CANDIDATE = {
    "candidate": "candidate:1 1 udp 2122260223 192.0.2.1 54321 typ host",
    "sdpMid": "0",
    "sdpMLineIndex": 0,
    "usernameFragment": "Ab3d",
}


def test_events_that_clients_rely_on() -> None:
    assert set(CLIENT_EVENTS) >= {
        "join",
        "offer-sdp",
        "offer-ice",
        "leave",
        "username",
        "chat-message",
        "ban-peer",
    }
    assert set(SERVER_EVENTS) >= {
        "add-peer",
        "remove-peer",
        "peer-renamed",
        "session-description",
        "ice-candidate",
        "share-rooms",
        "chat-message",
        "session-ended",
        "removed",
        "restarting",
        "refused",
    }
    assert LEGACY_DESCRIPTION_EVENT == "session-descriptions"


@pytest.mark.parametrize(
    ("event", "rate", "acknowledgement", "audit"),
    [
        (Join, RateKind.ENTRY, Joined, Audited(forbidden=True)),
        (Leave, RateKind.ENTRY, Accepted, Audited()),
        (Username, RateKind.OTHER, Accepted, Audited()),
        (SendChat, RateKind.CHAT, ChatStored, Audited(forbidden=True)),
        (ReportTopology, RateKind.OTHER, Accepted, Audited()),
        (BanPeer, RateKind.OTHER, Accepted, Audited(forbidden=True, done="banned")),
        (OfferSdp, RateKind.RELAY, Accepted, Audited()),
        (OfferIce, RateKind.RELAY, Accepted, Audited()),
        (SendKey, RateKind.RELAY, Accepted, Audited()),
    ],
)
def test_declarations(
    event: type[ClientEvent], rate: RateKind, acknowledgement: type, audit: Audited
) -> None:
    assert (event.rate, event.acknowledgement, event.audit) == (rate, acknowledgement, audit)


def test_relayed_events_are_those_that_a_peer_gets() -> None:
    relayed = {event: event.relayed_as for event in CLIENT_EVENTS.values() if event.relayed_as is not None}
    assert relayed == {
        OfferSdp: DescriptionFromPeer,
        OfferIce: CandidateFromPeer,
        SendKey: SenderKeyFromPeer,
    }
    assert set(get_args(FromPeer)) == set(relayed.values())
    assert set(get_args(ToPeer)) == set(relayed)
    assert all(event.rate is RateKind.RELAY for event in relayed)


@pytest.mark.parametrize(("length", "units"), [(1, 1), (255, 1), (256, 2), (1024, 5)])
def test_a_long_message_costs_as_much_as_several(length: int, units: int) -> None:
    assert SendChat("x" * length).units() == units


@pytest.mark.parametrize(
    ("name", "payload", "event"),
    [
        ("join", {"room": "Garden"}, Join("Garden")),
        ("join", {"room": "Garden", "username": "ann"}, Join("Garden", "ann")),
        ("join", {"room": "Garden", "attempt": "Ab-3_d"}, Join("Garden", attempt="Ab-3_d")),
        ("join", {"room": "Garden", "username": None, "extra": [1]}, Join("Garden")),
        (
            "offer-sdp",
            {"peerID": "bob's", "sessionDescription": DESCRIPTION},
            OfferSdp(BOB, description("offer", "v=0\r\n")),
        ),
        (
            "offer-sdp",
            {"peerID": "bob's", "sessionDescription": {"type": "rollback"}},
            OfferSdp(BOB, SessionDescription("rollback")),
        ),
        (
            "offer-ice",
            {"peerID": "bob's", "iceCandidate": CANDIDATE},
            OfferIce(BOB, IceCandidate(CANDIDATE["candidate"], "0", 0, "Ab3d")),  # type: ignore[arg-type]
        ),
        (
            "join",
            {"room": "Garden", "topologies": ["mesh", "sfu"]},
            Join("Garden", topologies=["mesh", "sfu"]),
        ),
        ("prepare", {"room": "Garden", "topologies": ["mesh"]}, Prepare("Garden", ["mesh"])),
        (
            "sender-key",
            {"peerID": "bob's", "epoch": "3-1", "number": 5, "key": "A" * 80},
            SendKey(BOB, "3-1", 5, "A" * 80),
        ),
        ("sender-key", {"peerID": "bob's", "epoch": "3-1", "number": 0}, SendKey(BOB, "3-1", 0)),
        ("topology-state", {"epoch": "3-1", "state": "receiving"}, ReportTopology("receiving", "3-1")),
        ("topology-state", {"state": "not-lowest"}, ReportTopology("not-lowest")),
        ("leave", None, Leave()),
        ("leave", {"room": "ignored"}, Leave()),
        ("username", "ann", Username()),
        ("username", None, Username()),
        ("chat-message", {"message": "hello"}, SendChat("hello")),
        ("chat-message", {"message": "hello", "message_id": "m-1"}, SendChat("hello", "m-1")),
    ],
)
def test_what_clients_send(name: str, payload: object, event: object) -> None:
    assert parse_client_event(name, payload) == event


@pytest.mark.parametrize(
    ("message", "payload"),
    [
        (
            AddPeer(ANN, "ann", create_offer=True),
            {"peerID": "ann's", "peerUsername": "ann", "createOffer": True},
        ),
        (
            MemberJoined(ANN, "ann", "Ann"),
            {"peerID": "ann's", "peerUsername": "ann", "peerDisplayName": "Ann"},
        ),
        (
            CallTopology("3-2", "sfu", channels=False, settled=True, url="/livekit", token="t", ttl=60),
            {
                "epoch": "3-2",
                "kind": "sfu",
                "channels": False,
                "settled": True,
                "url": "/livekit",
                "token": "t",
                "ttl": 60,
            },
        ),
        (
            Prepared("Garden", [], move=CallTopology("3-2", "sfu", channels=True, settled=True)),
            {
                "ok": True,
                "room": "Garden",
                "peers": [],
                "topology": "mesh",
                "move": {"epoch": "3-2", "kind": "sfu", "channels": True, "settled": True},
            },
        ),
        (RemovePeer(ANN, "ann"), {"peerID": "ann's", "peerUsername": "ann"}),
        (
            DescriptionFromPeer(ANN, "ann", description("offer", "v=0\r\n")),
            {"peerID": "ann's", "peerUsername": "ann", "sessionDescription": DESCRIPTION},
        ),
        (
            CandidateFromPeer(ANN, IceCandidate("c", "0", 0)),
            {"peerID": "ann's", "iceCandidate": {"candidate": "c", "sdpMid": "0", "sdpMLineIndex": 0}},
        ),
        (ShareRooms(["Garden"]), {"rooms": ["Garden"]}),
        (
            ChatFromPeer("m-1", "Garden", "ann", "ann@example.org", "hello", "2026-01-01T12:00:00.000Z"),
            {
                "message_id": "m-1",
                "room": "Garden",
                "username": "ann",
                "email": "ann@example.org",
                "message": "hello",
                "sent_at": "2026-01-01T12:00:00.000Z",
            },
        ),
        (SessionEnded("guest_expired", "Over."), {"code": "guest_expired", "message": "Over."}),
        (
            Refused("join", "not_invited", "No."),
            {"event": "join", "code": "not_invited", "message": "No."},
        ),
        (Accepted(), {"ok": True}),
        (Rejected("not_invited", "No."), {"ok": False, "code": "not_invited", "message": "No."}),
        (
            Joined("Garden", ANN, [PeerEntry(BOB, "bob")]),
            {
                "ok": True,
                "room": "Garden",
                "peerID": "ann's",
                "peers": [{"peerID": "bob's", "peerUsername": "bob"}],
            },
        ),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, dict) else "payload",
)
def test_what_the_server_sends(message: ServerEvent | Acknowledgement, payload: dict[str, Any]) -> None:
    assert to_payload(message) == payload


def test_a_stored_message_comes_back_in_its_acknowledgement() -> None:
    chat = ChatFromPeer("m-1", "Garden", "ann", "ann@example.org", "hello", "2026-01-01T12:00:00.000Z")
    assert to_payload(ChatStored(chat)) == {"ok": True, "message": to_payload(chat)}


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ({}, ("mesh",)),
        ({"topologies": []}, ("mesh",)),
        ({"topologies": ["mesh", "sfu"]}, ("mesh", "sfu")),
        ({"topologies": ["quic", "sfu"]}, ("mesh", "sfu")),
        ({"topologies": ["SFU", "quic"]}, ("mesh",)),
    ],
)
def test_topologies_that_both_sides_know(said: dict[str, Any], known: tuple[str, ...]) -> None:
    """A newer client may know more of them; it is not refused for that."""
    for event in ("join", "prepare"):
        assert parse_client_event(event, {"room": "Garden", **said}).known_topologies == known


texts = st.text(max_size=50)
optional = st.none() | st.text(max_size=50)
candidates = st.fixed_dictionaries(
    {"candidate": texts},
    optional={
        "sdpMid": optional,
        "sdpMLineIndex": st.none() | st.integers(0, 65535),
        "usernameFragment": optional,
    },
)
descriptions = st.fixed_dictionaries(
    {"type": st.sampled_from(["offer", "answer", "pranswer", "rollback"]), "sdp": texts}
)


@given(candidates)
def test_a_candidate_arrives_as_it_was_sent(candidate: dict[str, Any]) -> None:
    """Null and absent are told apart: browsers do."""
    event = parse_client_event("offer-ice", {"peerID": "bob's", "iceCandidate": candidate})
    assert isinstance(event, OfferIce)
    assert to_payload(CandidateFromPeer(ANN, event.ice_candidate))["iceCandidate"] == candidate


@given(descriptions)
def test_a_description_arrives_as_it_was_sent(description: dict[str, Any]) -> None:
    event = parse_client_event("offer-sdp", {"peerID": "bob's", "sessionDescription": description})
    assert isinstance(event, OfferSdp)
    sent = to_payload(DescriptionFromPeer(ANN, "ann", event.session_description))
    assert sent["sessionDescription"] == description


def test_members_nobody_knows_reach_nobody() -> None:
    event = parse_client_event(
        "offer-ice", {"peerID": "bob's", "iceCandidate": {"candidate": "", "evil": "<script>"}, "more": 1}
    )
    assert isinstance(event, OfferIce)
    assert to_payload(CandidateFromPeer(ANN, event.ice_candidate)) == {
        "peerID": "ann's",
        "iceCandidate": {"candidate": ""},
    }


BAD: list[tuple[str, object]] = [
    ("join", None),
    ("join", "Garden"),
    ("join", ["Garden"]),
    ("join", {}),
    ("join", {"room": ""}),
    ("join", {"room": 1}),
    ("join", {"room": None}),
    ("join", {"room": "a" * 257}),
    ("join", {"room": "Garden", "username": 1}),
    ("join", {"room": "\ud800"}),
    ("offer-sdp", {}),
    ("offer-sdp", {"peerID": "b"}),
    ("offer-sdp", {"peerID": "", "sessionDescription": DESCRIPTION}),
    ("offer-sdp", {"peerID": 1, "sessionDescription": DESCRIPTION}),
    ("offer-sdp", {"peerID": "b" * 65, "sessionDescription": DESCRIPTION}),
    ("offer-sdp", {"peerID": "b", "sessionDescription": "v=0"}),
    ("offer-sdp", {"peerID": "b", "sessionDescription": {"type": "call", "sdp": ""}}),
    ("offer-sdp", {"peerID": "b", "sessionDescription": {"type": "offer", "sdp": "\udfff"}}),
    ("offer-ice", {"peerID": "b", "iceCandidate": None}),
    ("offer-ice", {"peerID": "b", "iceCandidate": {}}),
    ("offer-ice", {"peerID": "b", "iceCandidate": {"candidate": None}}),
    ("offer-ice", {"peerID": "b", "iceCandidate": {"candidate": "", "sdpMLineIndex": -1}}),
    ("offer-ice", {"peerID": "b", "iceCandidate": {"candidate": "", "sdpMLineIndex": 65536}}),
    ("offer-ice", {"peerID": "b", "iceCandidate": {"candidate": "", "sdpMLineIndex": 0.5}}),
    ("offer-ice", {"peerID": "b", "iceCandidate": {"candidate": "", "sdpMLineIndex": True}}),
    ("offer-ice", {"peerID": "b", "iceCandidate": {"candidate": "c" * 4097}}),
    ("chat-message", {"message": ""}),
    ("chat-message", {"message": "a" * 4001}),
    ("chat-message", {"message": "a\0b"}),
    ("chat-message", {"message": "a", "message_id": "with space"}),
    ("chat-message", {"message": "a", "message_id": "m\n"}),
    ("chat-message", {"message": "a", "message_id": ""}),
    ("chat-message", "hello"),
    ("chat-message", {"message": "a", "reply_to": "with space"}),
    ("chat-message", {"message": "a", "reply_to": 1}),
    ("edit-message", {"message_id": "m"}),
    ("edit-message", {"message_id": "m", "message": ""}),
    ("edit-message", {"message_id": "m", "message": "a" * 4001}),
    ("edit-message", {"message_id": "m", "message": "a\0b"}),
    ("edit-message", {"message_id": None, "message": "a"}),
    ("delete-message", {}),
    ("delete-message", {"message_id": "m" * 65}),
    ("remove-message", "m"),
    ("join", {"room": "Garden", "attempt": ""}),
    ("join", {"room": "Garden", "attempt": "a" * 65}),
    ("join", {"room": "Garden", "attempt": "with space"}),
    ("join", {"room": "Garden", "attempt": 1}),
    ("join", {"room": "Garden", "topologies": "sfu"}),
    ("join", {"room": "Garden", "topologies": None}),
    ("join", {"room": "Garden", "topologies": [1]}),
    ("join", {"room": "Garden", "topologies": [""]}),
    ("join", {"room": "Garden", "topologies": ["s" * 17]}),
    ("join", {"room": "Garden", "topologies": ["sfu"] * 5}),
    ("prepare", {"room": "Garden", "topologies": ["sfu"] * 5}),
    ("topology-state", {"epoch": "3-1"}),
    ("topology-state", {"epoch": "", "state": "published"}),
    ("topology-state", {"epoch": "3" * 65, "state": "published"}),
    ("topology-state", {"epoch": 3, "state": "published"}),
    ("topology-state", {"epoch": "3-1", "state": "PUBLISHED"}),
    ("topology-state", "published"),
]


@pytest.mark.parametrize(("name", "payload"), BAD, ids=range(len(BAD)))
def test_what_does_not_fit_is_refused(name: str, payload: object) -> None:
    with pytest.raises(JSON_ERRORS):
        parse_client_event(name, payload)


@pytest.mark.parametrize("name", ["", "connect", "disconnect", "add-peer", "JOIN", "share-rooms"])
def test_events_nobody_knows(name: str) -> None:
    with pytest.raises(UnknownEvent):
        parse_client_event(name, {})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "room",
                    "username",
                    "peerID",
                    "sessionDescription",
                    "iceCandidate",
                    "candidate",
                    "type",
                    "sdp",
                    "message",
                ]
            )
            | st.text(),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@given(st.sampled_from(sorted(CLIENT_EVENTS)), json_values)
def test_anything_is_parsed_or_refused(name: str, payload: object) -> None:
    try:
        event = parse_client_event(name, payload)
    except JSON_ERRORS:
        return
    json.dumps(msgspec.to_builtins(event)).encode()


def offer(sdp: str, kind: Literal["offer", "answer", "pranswer", "rollback"] = "offer") -> OfferSdp:
    return OfferSdp(BOB, description(kind, sdp))


def json_offer(sdp: bytes) -> OfferSdp:
    """As some client writes it."""
    return OfferSdp(BOB, SessionDescription("offer", msgspec.Raw(sdp)))


def candidate(text: str, mid: str | None = "0") -> OfferIce:
    return OfferIce(BOB, IceCandidate(text, sdp_mid=mid))


@pytest.mark.parametrize(
    "event",
    [
        offer("v=0"),
        offer("v=0\r\n"),
        offer("v=0\n"),
        offer("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n", "answer"),
        offer("v=0\r\na=sendrecv", "pranswer"),
        offer("v=0 of a test"),
        offer("", "rollback"),
        offer("v=0\r\n", "rollback"),
        offer("v=0\r\n" + "a=x\r\n" * (MAX_SDP_LENGTH // 5 - 1)),
        json_offer(rb'"v=0\u000d\u000Aa=\u0078"'),
        json_offer(rb'"v=0\r\ni=a \\n9 \"quoted\" \/ line"'),
        candidate(""),
        candidate("candidate:1"),
        candidate("candidate:1 1 udp 2122260223 192.0.2.7 54321 typ host"),
        candidate("a=candidate:1 1 udp 2122260223 192.0.2.7 54321 typ host"),
        candidate("candidate:1", mid=None),
    ],
    ids=lambda event: msgspec.json.encode(event).decode(),
)
def test_sound_texts(event: AnyClientEvent) -> None:
    assert event.is_valid()


@pytest.mark.parametrize(
    "event",
    [
        offer(""),
        offer("", "answer"),
        offer("hello"),
        offer("<script>alert(1)</script>"),
        offer("v=1\r\n"),
        offer("v=00\r\n"),
        offer(" v=0\r\n"),
        offer("v=0\r\n<script>"),
        offer("v=0\r\n=x"),
        offer("v=0\r\ns=\0\r\n"),
        offer("v=0\r\n\\n=x"),
        offer("v=0\r\n" + "a" * MAX_SDP_LENGTH),
        json_offer(rb'"v=0\r\ns=' + rb"\u0041" * 60_000 + b'"'),
        json_offer(rb'"v=0\r\n\u000a<script>"'),
        json_offer(rb'"v=0\r\n\u0000"'),
        json_offer(b"null"),
        json_offer(b"0"),
        json_offer(b'{"v": 0}'),
        json_offer(rb'["v=0\r\n"]'),
        offer("hello", "rollback"),
        candidate("hello"),
        candidate("candidate"),
        candidate("candidate:1\r\na=candidate:2"),
        candidate("candidate:1\0"),
        candidate("candidate:1", mid="0\n"),
    ],
    ids=lambda event: msgspec.json.encode(event).decode(),
)
def test_what_is_no_description_and_no_candidate(event: AnyClientEvent) -> None:
    assert not event.is_valid()
