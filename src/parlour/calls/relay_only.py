"""Calls whose media are relayed: what peers tell each other there names no address but those of relays. Pure.

Browsers see to that themselves (`iceTransportPolicy`). Clients that do not know of it would show theirs.
"""

import re
from dataclasses import dataclass

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from parlour.calls.refusals import InvalidPayload
from parlour.rooms.entities import Room
from parlour.wire.sdp import SessionDescription
from parlour.wire.signaling import DescriptionFromPeer, FromPeer, SenderKeyFromPeer

# RFC 8839, section 5.1. The related address of a relay is where its client was seen.
_RELAYED = re.compile(r"[^\r\n]* typ relay(?![^ \r\n])", re.IGNORECASE)
_RELATED = re.compile(r" raddr [^ \r\n]+ rport \d+", re.IGNORECASE)
_NO_RELATED = " raddr 0.0.0.0 rport 0"
_CANDIDATE_LINE = r"^a=candidate:(?!" + _RELAYED.pattern + r")[^\r\n]*(?:\r?\n|$)"
_UNRELAYED_LINES = re.compile(_CANDIDATE_LINE, re.IGNORECASE | re.MULTILINE)
# The addresses of the origin, of the default candidate and of its RTCP (RFC 8866, RFC 3605); as JSEP has them
# that knows none (RFC 9429, section 5.2.1).
_ADDRESSES = re.compile(r"^((?:o=[^\r\n]* |c=|a=rtcp:\d+ )IN) IP[46] [^ \r\n]+", re.MULTILINE)
_NO_ADDRESS = r"\1 IP4 0.0.0.0"


@dataclass(frozen=True, slots=True)
class RelayOnly:
    """The calls whose media are relayed: those of rooms that ask for it, or all of them with `everywhere`."""

    everywhere: bool = False

    def applies_to(self, room: Room) -> bool:
        return self.everywhere or room.is_relay_only

    def passed_on(self, message: FromPeer, room: Room) -> FromPeer | None:
        """Return what a peer in this room gets of a message, or None for a candidate that it must not get.

        Raises InvalidPayload. Hot path.
        """
        if not self.everywhere and not room.is_relay_only:
            return message
        if isinstance(message, DescriptionFromPeer):
            return replace(message, session_description=_without_addresses(message.session_description))
        if isinstance(message, SenderKeyFromPeer):
            return message
        candidate = message.ice_candidate
        if not candidate.candidate:
            return message
        if _RELAYED.match(candidate.candidate) is None:
            return None
        text = _RELATED.sub(_NO_RELATED, candidate.candidate)
        return replace(message, ice_candidate=replace(candidate, candidate=text))


def _without_addresses(description: SessionDescription) -> SessionDescription:
    try:
        sdp = msgspec.json.decode(description.sdp, type=str)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise InvalidPayload from error
    sdp = _UNRELAYED_LINES.sub("", sdp)
    sdp = _RELATED.sub(_NO_RELATED, sdp)
    sdp = _ADDRESSES.sub(_NO_ADDRESS, sdp)
    return replace(description, sdp=Raw(msgspec.json.encode(sdp)))
