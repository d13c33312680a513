"""Names on the wire are the contract's, to the letter; what does not fit stops here."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parlour.engine import EventTypes
from parlour.engine.application import UnknownEvent
from parlour.engine.messages import JSON_ERRORS
from parlour.wire.signaling import (
    ACKNOWLEDGEMENTS,
    CLIENT_EVENTS,
    LEGACY_DESCRIPTION_EVENT,
    MAX_SDP_LENGTH,
    PAYLOADS,
    SERVER_EVENTS,
    Accepted,
    Acknowledgement,
    AddPeer,
    CandidateFromPeer,
    ChatFromPeer,
    ChatStored,
    DescriptionFromPeer,
    IceCandidate,
    Join,
    Joined,
    Leave,
    OfferIce,
    OfferSdp,
    PeerEntry,
    PeerId,
    Refused,
    Rejected,
    RemovePeer,
    SendChat,
    ServerEvent,
    SessionDescription,
    SessionEnded,
    ShareRooms,
    Username,
)

EVENTS = EventTypes(PAYLOADS)


def parse_client_event(name: str, payload: object) -> Any:
    """As the engine reads it."""
    read = EVENTS.decode(name, json.dumps([name, payload]))
    return read if read is not None else {"leave": Leave, "username": Username}[name]()


def to_payload(message: ServerEvent | Acknowledgement) -> Any:
    """As a client reads it."""
    return json.loads(msgspec.json.encode(message))


ANN, BOB = PeerId("ann's"), PeerId("bob's")
DESCRIPTION = {"type": "offer", "sdp": "v=0\r\n"}
CANDIDATE = {
    "candidate": "candidate:1 1 udp 2122260223 192.0.2.1 54321 typ host",
    "sdpMid": "0",
    "sdpMLineIndex": 0,
    "usernameFragment": "Ab3d",
}


def test_event_names() -> None:
    assert set(CLIENT_EVENTS) == {"join", "offer-sdp", "offer-ice", "leave", "username", "chat-message"}
    assert set(SERVER_EVENTS) == {
        "add-peer",
        "remove-peer",
        "session-description",
        "ice-candidate",
        "share-rooms",
        "chat-message",
        "session-ended",
        "restarting",
        "refused",
    }
    assert LEGACY_DESCRIPTION_EVENT == "session-descriptions"
    assert ACKNOWLEDGEMENTS.keys() == CLIENT_EVENTS.keys()


@pytest.mark.parametrize(
    ("name", "payload", "event"),
    [
        ("join", {"room": "Garden"}, Join("Garden")),
        ("join", {"room": "Garden", "username": "ann"}, Join("Garden", "ann")),
        ("join", {"room": "Garden", "username": None, "extra": [1]}, Join("Garden")),
        (
            "offer-sdp",
            {"peerID": "bob's", "sessionDescription": DESCRIPTION},
            OfferSdp(BOB, SessionDescription("offer", "v=0\r\n")),
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
        (RemovePeer(ANN, "ann"), {"peerID": "ann's", "peerUsername": "ann"}),
        (
            DescriptionFromPeer(ANN, "ann", SessionDescription("offer", "v=0\r\n")),
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
    (
        "offer-sdp",
        {"peerID": "b", "sessionDescription": {"type": "offer", "sdp": "v" * (MAX_SDP_LENGTH + 1)}},
    ),
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
