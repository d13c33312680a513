"""Frames of the measurements' clients, encoded ahead: two digits for the types, then JSON."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from bench.seed import Person

CANDIDATE_BYTES = 200
DESCRIPTION_BYTES = 3000

JOIN_ID, LEAVE_ID, PREPARE_ID = b"0", b"1", b"2"
"""Ids of the acknowledgements (Socket.IO protocol, version 5) of `join`, `leave` and `prepare`."""

CANDIDATE_EVENT = b'42["ice-candidate",'
DESCRIPTION_EVENT = b'42["session-description",'
ADD_PEER = b'42["add-peer",'
REMOVE_PEER = b'42["remove-peer",'
SHARE_ROOMS = b'42["share-rooms",'
REFUSED = b'42["refused",'
LEAVE = b"42" + LEAVE_ID + b'["leave"]'

_CANDIDATE = "candidate:842163049 1 udp 1677729535 203.0.113.77 46154 typ srflx raddr 10.0.12.5 rport 46154"
_SDP_HEAD = (
    "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n"
    "a=extmap-allow-mixed\r\na=msid-semantic: WMS 2b1e5c3a-6a0f-4d6e-8f5b-0a4b9f0c1d2e\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:sXMs\r\n"
    "a=ice-pwd:7mKbUhnLQ8zg9yV1qQm3pB2x\r\na=ice-options:trickle\r\na=setup:actpass\r\na=mid:0\r\n"
)
_SDP_LINE = "a=rtpmap:{codec} VP8/90000\r\na=rtcp-fb:{codec} goog-remb\r\na=rtcp-fb:{codec} nack pli\r\n"


def connect(person: Person) -> bytes:
    return b"40" + _json({"token": person.access_token})


def join(room: str, *, resumable: bool = False) -> bytes:
    claim = {"room": room, "resumable": True} if resumable else {"room": room}
    return b"42" + JOIN_ID + _json(["join", claim])


def prepare(room: str) -> bytes:
    return b"42" + PREPARE_ID + _json(["prepare", {"room": room}])


def join_with_offers(room: str, peers: Sequence[str]) -> bytes:
    offers = [{"peerID": peer, "sessionDescription": description_member()} for peer in peers]
    return b"42" + JOIN_ID + _json(["join", {"room": room, "resumable": True, "offers": offers}])


@cache
def candidate_member() -> Mapping[str, Any]:
    """Return an ICE candidate of 200 bytes of JSON, as Firefox and Chromium make them."""
    member = {"candidate": _CANDIDATE, "sdpMid": "0", "sdpMLineIndex": 0, "usernameFragment": "sXMs"}
    missing = CANDIDATE_BYTES - len(_json(member))
    return {**member, "candidate": _CANDIDATE + " generation 0"[:missing].ljust(missing, "0")}


@cache
def description_member() -> Mapping[str, Any]:
    """Return a session description of 3 KB of JSON: some head, then codecs."""
    sdp, codec = _SDP_HEAD, 96
    while len(_json({"type": "offer", "sdp": sdp})) < DESCRIPTION_BYTES:
        sdp += _SDP_LINE.format(codec=codec)
        codec += 1
    surplus = len(_json({"type": "offer", "sdp": sdp})) - DESCRIPTION_BYTES
    return {"type": "offer", "sdp": sdp[: len(sdp) - surplus]}


def candidate(to: str) -> bytes:
    return b"42" + _json(["offer-ice", {"peerID": to, "iceCandidate": candidate_member()}])


def description(to: str) -> bytes:
    return b"42" + _json(["offer-sdp", {"peerID": to, "sessionDescription": description_member()}])


def arguments(frame: bytes) -> list[Any]:
    """Decode the array of an event or an acknowledgement."""
    decoded = json.loads(frame[frame.index(b"[") :])
    assert isinstance(decoded, list)
    return decoded


def is_candidate(frame: bytes, *, sender: str) -> bool:
    """True if the frame is a complete candidate from `sender`."""
    return frame.startswith(CANDIDATE_EVENT) and arguments(frame)[1] == {
        "peerID": sender,
        "iceCandidate": candidate_member(),
    }


def is_description(frame: bytes, *, sender: str, username: str) -> bool:
    return frame.startswith(DESCRIPTION_EVENT) and arguments(frame)[1] == {
        "peerID": sender,
        "peerUsername": username,
        "sessionDescription": description_member(),
    }


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
