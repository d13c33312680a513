"""The Socket.IO events: what a client sends, what the server sends.

Member names are what existing clients speak, oddities included: an attribute `peer_id` is `peerID` on
the wire. What one peer sends another is decoded into these types and built again from them.
"""

import re
from typing import Annotated, ClassVar, Literal, NewType, assert_never, final

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType, field

from parlour.wire.base import CHAT_TEXT_LENGTH
from parlour.wire.names import ROOM_NAME_LENGTH

PeerId = NewType("PeerId", str)

MAX_SDP_LENGTH = 200_000
"""Characters. A description of a browser with screen sharing and every codec has some 12,000."""

MAX_SDP_BYTES = 300_000
"""Of a description as JSON, which is what its receiver gets: each character might be an escape of six bytes,
and clients that a cookie identifies get a description twice."""

MAX_KNOWN_PEERS = 512
_ENVELOPE_BYTES = 128
"""Names and ids around a description or a candidate."""

Name = Annotated[str, Meta(min_length=1, max_length=ROOM_NAME_LENGTH * 4)]
PeerName = Annotated[PeerId, Meta(min_length=1, max_length=64)]
Short = Annotated[str, Meta(max_length=256)]
# Python's `$` is also before a last line feed, which is no part of a key.
MessageKey = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$(?!\n)")]


def _wire_name(attribute: str) -> str:
    head, *tail = attribute.split("_")
    return head + "".join("ID" if word == "id" else word.capitalize() for word in tail)


_SDP_SCHEMA = {"type": "string", "maxLength": MAX_SDP_LENGTH, "default": ""}
Sdp = Annotated[Raw, Meta(extra_json_schema=_SDP_SCHEMA)]
"""A JSON string as its sender wrote it: `_is_description` looks at it, and it is passed on as it is. To read
and write 3 KB of lines, an escape at the end of each, would take longer than all else that is done here."""


class Payload(Struct, frozen=True, gc=False, rename=_wire_name):
    """A member of an event that is an object of its own."""


class SessionDescription(Payload, frozen=True):
    """RTCSessionDescriptionInit (W3C WebRTC, section 4.6); JSEP is RFC 9429."""

    type: Literal["offer", "answer", "pranswer", "rollback"]
    sdp: Sdp = field(default_factory=lambda: Raw(b'""'))


class IceCandidate(Payload, frozen=True):
    """RTCIceCandidateInit (W3C WebRTC, section 4.8); an empty candidate ends the candidates."""

    candidate: Annotated[str, Meta(max_length=4096)]
    sdp_mid: Short | None | UnsetType = UNSET
    sdp_mline_index: Annotated[int, Meta(ge=0, le=65535)] | None | UnsetType = field(
        default=UNSET, name="sdpMLineIndex"
    )
    username_fragment: Short | None | UnsetType = UNSET


class ClientEvent(Struct, frozen=True, gc=False, rename=_wire_name):
    """An event that a client sends; `event` is its name, the docstring says what it asks for."""

    event: ClassVar[str]


class Join(ClientEvent, frozen=True):
    """Enter the call of a room. Identity comes from the login, never from `username`."""

    event: ClassVar[str] = "join"

    room: Name
    username: Short | None = None
    resumable: bool = False
    """The visit outlives its connection; so it does where `resume` is said."""
    resume: Annotated[str, Meta(max_length=2048)] | None = None
    """The token of the visit that this goes on with. One that does not count is passed over."""
    known: Annotated[list[PeerName], Meta(max_length=MAX_KNOWN_PEERS)] = []
    """With whom this visit holds a connection."""
    received: Annotated[int, Meta(ge=0)] | None = None
    """How many counted messages of this visit came here."""

    @property
    def is_resumable(self) -> bool:
        return self.resumable or self.resume is not None


@final
class OfferSdp(ClientEvent, frozen=True):
    """Send a session description, offer and answer alike, to one peer of the same room."""

    event: ClassVar[str] = "offer-sdp"

    peer_id: PeerName
    session_description: SessionDescription

    def size(self) -> int:
        """Bytes that the receiver gets, roughly."""
        return len(memoryview(self.session_description.sdp)) + _ENVELOPE_BYTES

    def is_valid(self) -> bool:
        return _is_description(self.session_description)


@final
class OfferIce(ClientEvent, frozen=True):
    """Send an ICE candidate (RFC 8838) to one peer of the same room."""

    event: ClassVar[str] = "offer-ice"

    peer_id: PeerName
    ice_candidate: IceCandidate

    def size(self) -> int:
        """Bytes that the receiver gets, roughly; a long text that needs escapes is taken to consist of them.

        Hot path, as `is_valid`.
        """
        text = self.ice_candidate.candidate
        length = len(text)
        if length > _LONG_CANDIDATE and not (text.isascii() and text.isprintable()):
            length *= _LONGEST_ESCAPE
        return length + _ENVELOPE_BYTES

    def is_valid(self) -> bool:
        """Whether it is one line; an empty one ends the candidates."""
        candidate = self.ice_candidate
        text, mid, fragment = candidate.candidate, candidate.sdp_mid, candidate.username_fragment
        if text and not text.startswith(_CANDIDATE_STARTS):
            return False
        return not (
            "\n" in text
            or "\r" in text
            or "\0" in text
            or (isinstance(mid, str) and not mid.isprintable() and _LINE_END.search(mid))
            or (isinstance(fragment, str) and not fragment.isprintable() and _LINE_END.search(fragment))
        )


class BanPeer(ClientEvent, frozen=True):
    """Remove the person behind a peer from the room; only its creator may."""

    event: ClassVar[str] = "ban-peer"

    peer_id: PeerName


class Leave(ClientEvent, frozen=True):
    """Leave the call; the connection stays."""

    event: ClassVar[str] = "leave"


class Username(ClientEvent, frozen=True):
    """A name that existing clients claim: a bare string, ignored, since the account is known."""

    event: ClassVar[str] = "username"


class SendChat(ClientEvent, frozen=True, rename=None):
    """Write to the room one is in; acknowledged when it is stored."""

    event: ClassVar[str] = "chat-message"

    message: Annotated[str, Meta(min_length=1, max_length=CHAT_TEXT_LENGTH, pattern=r"^[^\x00]*$")]
    message_id: MessageKey | None = None


ToPeer = OfferSdp | OfferIce
"""What is passed on to a peer: this is what the server does all day."""
ToServer = Join | Leave | Username | SendChat | BanPeer
AnyClientEvent = ToPeer | ToServer
CLIENT_EVENTS: dict[str, type[AnyClientEvent]] = {
    event.event: event for event in (Join, OfferSdp, OfferIce, Leave, Username, SendChat, BanPeer)
}
WITHOUT_PAYLOAD: tuple[type[ClientEvent], ...] = (Leave, Username)
"""Events whose payload, where a client sends one, is passed over."""
PAYLOADS: dict[str, type[AnyClientEvent] | None] = {
    name: None if issubclass(kind, WITHOUT_PAYLOAD) else kind for name, kind in CLIENT_EVENTS.items()
}
"""The type of each client event's first argument."""


class ServerEvent(Struct, frozen=True, gc=False, rename=_wire_name):
    """An event that the server sends; `event` is its name."""

    event: ClassVar[str]


class AddPeer(ServerEvent, frozen=True):
    """Somebody to connect to. Exactly one side of each pair is told to make the offer."""

    event: ClassVar[str] = "add-peer"

    peer_id: PeerId
    peer_username: str
    create_offer: bool
    peer_display_name: str | UnsetType = UNSET


class RemovePeer(ServerEvent, frozen=True):
    """This peer is no longer in the call; to the leaver, one for each of the others."""

    event: ClassVar[str] = "remove-peer"

    peer_id: PeerId
    peer_username: str
    peer_display_name: str | UnsetType = UNSET


class PeerRenamed(ServerEvent, frozen=True):
    """A peer has another display name from now on; without one it is shown by its username."""

    event: ClassVar[str] = "peer-renamed"

    peer_id: PeerId
    peer_username: str
    peer_display_name: str | UnsetType = UNSET


class DescriptionFromPeer(ServerEvent, frozen=True):
    """A session description from a peer."""

    event: ClassVar[str] = "session-description"

    peer_id: PeerId
    peer_username: str
    session_description: SessionDescription


class CandidateFromPeer(ServerEvent, frozen=True):
    """An ICE candidate from a peer."""

    event: ClassVar[str] = "ice-candidate"

    peer_id: PeerId
    ice_candidate: IceCandidate


class ShareRooms(ServerEvent, frozen=True):
    """The names of the rooms in use now that this user may see; sent to sockets in no call."""

    event: ClassVar[str] = "share-rooms"

    rooms: list[str]


class ChatFromPeer(ServerEvent, frozen=True, rename=None):
    """A chat message of the room, stored."""

    event: ClassVar[str] = "chat-message"

    message_id: str
    room: str
    username: str
    email: str
    message: str
    sent_at: str
    display_name: str | None | UnsetType = field(default=UNSET, name="displayName")


class SessionEnded(ServerEvent, frozen=True):
    """This socket's session is over; the server closes the connection next."""

    event: ClassVar[str] = "session-ended"

    code: str
    message: str


class Restarting(ServerEvent, frozen=True):
    """The server ends, to come back soon: connect again after a moment, each client after another."""

    event: ClassVar[str] = "restarting"


class Removed(ServerEvent, frozen=True):
    """This person was taken out of the room's call by its creator; the connection stays."""

    event: ClassVar[str] = "removed"

    room: str
    code: str
    message: str


class Refused(ServerEvent, frozen=True):
    """A client event that asked for no acknowledgement was refused."""

    event: ClassVar[str] = "refused"

    name: str = field(name="event")
    code: str
    message: str


FromPeer = DescriptionFromPeer | CandidateFromPeer
AnyServerEvent = (
    AddPeer
    | RemovePeer
    | PeerRenamed
    | FromPeer
    | ShareRooms
    | ChatFromPeer
    | SessionEnded
    | Restarting
    | Removed
    | Refused
)
SERVER_EVENTS: dict[str, type[AnyServerEvent]] = {
    event.event: event
    for event in (
        AddPeer,
        RemovePeer,
        PeerRenamed,
        DescriptionFromPeer,
        CandidateFromPeer,
        ShareRooms,
        ChatFromPeer,
        SessionEnded,
        Restarting,
        Removed,
        Refused,
    )
}
Counted = AddPeer | RemovePeer | FromPeer
"""What a resumable visit is sent by number, and sent again where it was lost."""
LEGACY_DESCRIPTION_EVENT = "session-descriptions"
"""The second name of `session-description`, to sockets that were identified by cookie."""


class PeerEntry(Payload, frozen=True):
    peer_id: PeerId
    peer_username: str
    peer_display_name: str | UnsetType = UNSET


class Accepted(Struct, frozen=True):
    """The acknowledgement of an event that was carried out."""

    ok: Literal[True] = True


class Joined(Payload, frozen=True):
    """The acknowledgement of `join`: who one is in the call, and who is there already.

    The last members are for those who asked for a resumable visit.
    """

    room: str
    peer_id: PeerId
    peers: list[PeerEntry]
    ok: Literal[True] = True
    resume: str | UnsetType = UNSET
    """The visit's token."""
    grace: int | UnsetType = UNSET
    """Seconds that the visit stays where its connection is lost."""
    resumed: bool | UnsetType = UNSET
    """Whether this goes on with the visit of the token that was given."""
    received: int | None | UnsetType = UNSET
    """How many offers of this visit came here; null where the counts of both sides begin anew."""
    topology: Literal["mesh"] | UnsetType = UNSET
    """How media travel in this call. A server that does not say it means a mesh."""


class ChatStored(Struct, frozen=True):
    """The acknowledgement of `chat-message`, after the commit."""

    message: ChatFromPeer
    ok: Literal[True] = True


class Rejected(Struct, frozen=True):
    """The acknowledgement of an event that was refused."""

    code: str
    message: str
    ok: Literal[False] = False


Acknowledgement = Accepted | Joined | ChatStored | Rejected
ACKNOWLEDGEMENTS: dict[str, type[Acknowledgement]] = {
    **dict.fromkeys(CLIENT_EVENTS, Accepted),
    Join.event: Joined,
    SendChat.event: ChatStored,
}


class ConnectAuth(Struct, frozen=True):
    """The `auth` of a CONNECT; without a token, the cookie of the handshake counts."""

    token: str | None = None


# RFC 8866: `v=0` is the first line, and each line is `<type>=<value>`. Only the head is looked at: to read
# all of 3 KB would cost as much as to relay it, and the browser that gets it reads it anyway.
_HEAD_LENGTH = 512
_SDP_START = re.compile(r"v=0(?!\S)")
_NO_SDP_LINE = re.compile(r"\n[^a-z\r\n]|\0")
_JSON_OF_SDP = (rb'"v=0\r\n', rb'"v=0\n')
_PERHAPS_NO_SDP_LINE = re.compile(rb'\\n(?![a-z"]|\\[rn])')
_CANDIDATE_STARTS = ("candidate:", "a=candidate:")
"""RFC 8839, section 5.1; the second is what some clients send that cut it out of a description."""
_LINE_END = re.compile(r"[\n\r\0]")
_LONG_CANDIDATE, _LONGEST_ESCAPE = 512, 6
_text = msgspec.json.Decoder(Annotated[str, Meta(max_length=MAX_SDP_LENGTH)]).decode


def is_valid(event: AnyClientEvent) -> bool:
    """Whether the texts of an event are what they are called: SDP, a candidate, a name, a message."""
    match event:
        case OfferIce() | OfferSdp():
            return event.is_valid()
        case Join(room=room):
            return "\0" not in room
        case SendChat(message=message):
            return "\0" not in message
        case Leave() | Username() | BanPeer():
            return True
        case _:
            assert_never(event)


def _is_description(description: SessionDescription) -> bool:
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
