"""Session descriptions and ICE candidates: their types, and whether their texts are what they are called."""

import re
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType, field

from parlour.wire.events import Payload, Short

MAX_SDP_LENGTH = 200_000
"""Characters. A description of a browser with screen sharing and every codec has some 12,000."""

MAX_SDP_BYTES = 300_000
"""The bound of a description as JSON, the form that its receiver gets: each character might be an escape of
six bytes, and clients that a cookie identifies get a description twice."""

_SDP_SCHEMA = {"type": "string", "maxLength": MAX_SDP_LENGTH, "default": ""}
Sdp = Annotated[Raw, Meta(extra_json_schema=_SDP_SCHEMA)]
"""A JSON string as its sender wrote it: `is_description` looks at it, and it is passed on as it is. To read
and write 3 KB of lines, an escape at the end of each, would take longer than all else that is done here."""


class SessionDescription(Payload, frozen=True):
    __doc__ = "RTCSessionDescriptionInit (W3C WebRTC, section 4.6); JSEP is RFC 9429."

    type: Literal["offer", "answer", "pranswer", "rollback"]
    sdp: Sdp = field(default_factory=lambda: Raw(b'""'))


class IceCandidate(Payload, frozen=True):
    __doc__ = "RTCIceCandidateInit (W3C WebRTC, section 4.8); an empty candidate ends the candidates."

    candidate: Annotated[str, Meta(max_length=4096)]
    sdp_mid: Short | None | UnsetType = UNSET
    sdp_mline_index: Annotated[int, Meta(ge=0, le=65535)] | None | UnsetType = field(
        default=UNSET, name="sdpMLineIndex"
    )
    username_fragment: Short | None | UnsetType = UNSET


# RFC 8866: `v=0` is the first line, and each line is `<type>=<value>`. Only the head is looked at: to read
# all of 3 KB would cost as much as to relay it, and the browser that gets it reads it anyway.
_HEAD_LENGTH = 512
_SDP_START = re.compile(r"v=0(?!\S)")
_NO_SDP_LINE = re.compile(r"\n[^a-z\r\n]|\0")
_JSON_OF_SDP = (rb'"v=0\r\n', rb'"v=0\n')
_PERHAPS_NO_SDP_LINE = re.compile(rb'\\n(?![a-z"]|\\[rn])')
CANDIDATE_STARTS = ("candidate:", "a=candidate:")
"""RFC 8839, section 5.1; the second is what some clients send that cut it out of a description."""
LINE_END = re.compile(r"[\n\r\0]")
_text = msgspec.json.Decoder(Annotated[str, Meta(max_length=MAX_SDP_LENGTH)]).decode


def is_description(description: SessionDescription) -> bool:
    """A rollback may carry nothing (RFC 9429, section 4.1.10.2), everything else is a description."""
    json = bytes(description.sdp)
    if (
        json.startswith(_JSON_OF_SDP)
        and json.find(b"\\u", 0, _HEAD_LENGTH) < 0
        and _PERHAPS_NO_SDP_LINE.search(json, 0, _HEAD_LENGTH) is None
        and len(json) <= MAX_SDP_LENGTH
    ):
        return True
    if len(json) > MAX_SDP_BYTES:
        return False
    try:
        sdp = _text(json)
    except (msgspec.DecodeError, UnicodeError):
        return False
    if not sdp:
        return description.type == "rollback"
    return _SDP_START.match(sdp) is not None and _NO_SDP_LINE.search(sdp, 0, _HEAD_LENGTH) is None
