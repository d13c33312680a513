"""The Socket.IO events, each declared once: what the server sends, what a client sends.

Member names are what existing clients speak, oddities included: an attribute `peer_id` is `peerID` on
the wire. What one peer sends another is decoded into these types and built again from them.
`wire.events` says what a declaration can say; docs/recipes/event.md shows how an event is added.
"""

from typing import Annotated, Literal, NewType, final, get_args

from msgspec import UNSET, Meta, Struct, UnsetType, field

from parlour.wire.base import CHAT_TEXT_LENGTH, message_cost
from parlour.wire.events import (
    Accepted,
    Audited,
    ClientEvent,
    Payload,
    RateKind,
    Rejected,
    ServerEvent,
    Short,
)
from parlour.wire.names import ROOM_NAME_LENGTH
from parlour.wire.sdp import (
    CANDIDATE_STARTS,
    LINE_END,
    IceCandidate,
    SessionDescription,
    is_description,
)

PeerId = NewType("PeerId", str)

MAX_KNOWN_PEERS = 512
MAX_TOPOLOGIES = 4
MAX_KEY_NUMBER = 2**31
MAX_OFFERS = 16
"""The most prepared offers of a join; more would not fit into a message (`Options.max_payload`)."""
_ENVELOPE_BYTES = 128
"""Names and ids around a description or a candidate."""
_LONG_CANDIDATE, _LONGEST_ESCAPE = 512, 6

Name = Annotated[str, Meta(min_length=1, max_length=ROOM_NAME_LENGTH * 4)]
PeerName = Annotated[PeerId, Meta(min_length=1, max_length=64)]
TopologyKind = Literal["mesh", "sfu"]
TopologyName = Annotated[str, Meta(min_length=1, max_length=16)]
"""The name of a topology that a client knows; it may be one that this server does not know."""
TopologyEpoch = Annotated[str, Meta(min_length=1, max_length=64)]
"""Names the way in which media travel from one move of a call to the next; opaque to clients."""
MemberKeyText = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{87}$(?!\n)")]
"""The public part of a member key (docs/end-to-end-encryption.md): 65 bytes in base64url."""
# Python's `$` is also before a last line feed, which is no part of a key.
_KEY = r"^[A-Za-z0-9_-]{1,64}$(?!\n)"
MessageKey = Annotated[str, Meta(pattern=_KEY)]
AttemptKey = Annotated[str, Meta(pattern=_KEY)]
ChatText = Annotated[str, Meta(min_length=1, max_length=CHAT_TEXT_LENGTH, pattern=r"^[^\x00]*$")]


# What the server sends


class AddPeer(ServerEvent, frozen=True):
    __doc__ = "Somebody to connect to. Exactly one side of each pair is told to make the offer."

    event = "add-peer"

    peer_id: PeerId
    peer_username: str
    create_offer: bool
    peer_display_name: str | UnsetType = UNSET
    member_key: str | UnsetType = UNSET
    """The member key that the peer's client has said, for an encrypted call through an SFU."""


class RemovePeer(ServerEvent, frozen=True):
    __doc__ = "This peer is no longer in the call; to the leaver, one for each of the others."

    event = "remove-peer"

    peer_id: PeerId
    peer_username: str
    peer_display_name: str | UnsetType = UNSET


class MemberJoined(ServerEvent, frozen=True):
    __doc__ = (
        "Somebody has come to the call to whom no connection is to be made: their media come through an SFU."
    )

    event = "member-joined"

    peer_id: PeerId
    peer_username: str
    peer_display_name: str | UnsetType = UNSET
    member_key: str | UnsetType = UNSET
    """The same as in `add-peer`."""


class CallTopology(ServerEvent, frozen=True):
    __doc__ = (
        "How the media of this call travel from now on. The new way is opened beside the one before, "
        "which ends when this is said again with `settled: true`."
    )

    event = "topology"

    epoch: TopologyEpoch
    """Each move has its own. Clients name it in what they say about the move."""
    kind: TopologyKind
    channels: bool
    """True if peers are introduced to each other, so that their data channels stay."""
    settled: bool
    """True once the move is over: what comes by the way before may stop."""
    url: str | UnsetType = UNSET
    """The URL of the SFU (`ws:` or `wss:`); one that begins with `/` goes on from this server's address."""
    token: str | UnsetType = UNSET
    """Opens the SFU to this peer alone; absent where the client is not to connect anew."""
    ttl: int | UnsetType = UNSET
    """Seconds for which the token opens a connection that is not there yet."""
    encrypted: bool | UnsetType = UNSET
    """True if media through the SFU are encrypted end to end (docs/end-to-end-encryption.md). Of a mesh: the
    call goes from it to an SFU encrypted or not at all.
    """


class PeerRenamed(ServerEvent, frozen=True):
    __doc__ = "A peer has another display name from now on; without one it is shown by its username."

    event = "peer-renamed"

    peer_id: PeerId
    peer_username: str
    peer_display_name: str | UnsetType = UNSET


class PeerRecording(ServerEvent, frozen=True):
    __doc__ = "A peer records the call from now on, or does so no longer. `peers` and `prepare` tell it, too."

    event = "peer-recording"

    peer_id: PeerId
    recording: bool


class ServerRecording(Payload, frozen=True):
    __doc__ = "A recording that the server makes of a call, and who started it."

    recording_id: str
    username: str
    since: str
    consented: bool
    """True if this person may be recorded; others are not, until they say `consent-to-recording`."""
    display_name: str | UnsetType = UNSET


class CallRecording(ServerEvent, frozen=True):
    __doc__ = (
        "The server records the call from now on, or does so no longer. Who does not want to be recorded "
        "leaves, or stays without consent. `join` and `prepare` tell it, too."
    )

    event = "call-recording"

    recording: ServerRecording | None
    """Null once nothing is recorded any more."""


class DescriptionFromPeer(ServerEvent, frozen=True):
    __doc__ = "A session description from a peer."

    event = "session-description"

    peer_id: PeerId
    peer_username: str
    session_description: SessionDescription


class CandidateFromPeer(ServerEvent, frozen=True):
    __doc__ = "An ICE candidate from a peer."

    event = "ice-candidate"

    peer_id: PeerId
    ice_candidate: IceCandidate


class SenderKeyFromPeer(ServerEvent, frozen=True):
    __doc__ = (
        "A wrapped secret with which a peer encrypts what it sends through an SFU, or, without `key`, that "
        "the peer has taken one of this client's. Only clients that have said a member key get it."
    )

    event = "sender-key"

    peer_id: PeerId
    epoch: str
    number: int
    key: str | UnsetType = UNSET


class SignalsLost(ServerEvent, frozen=True):
    __doc__ = (
        "Descriptions or candidates of these peers may be lost: "
        "connections to them that do not stand are to be negotiated again."
    )

    event = "signals-lost"

    peers: list[PeerId] = field(name="peerIDs")


class ShareRooms(ServerEvent, frozen=True):
    __doc__ = "The names of the rooms in use now that this user may see; sent to sockets in no call."

    event = "share-rooms"

    rooms: list[str]


class CallChanged(ServerEvent, frozen=True):
    __doc__ = (
        "Somebody came to the call that this socket asked about, or went, or began or ended recording; "
        "once for each `prepare`."
    )

    event = "call-changed"

    room: str


class ChatQuote(Payload, frozen=True, rename=None):
    __doc__ = "The beginning of a message that another one answers; empty if it was deleted."

    username: str
    message: str
    display_name: str | None | UnsetType = field(default=UNSET, name="displayName")


class ChatFromPeer(ServerEvent, frozen=True, rename=None):
    __doc__ = "A chat message of the room, stored."

    event = "chat-message"

    message_id: str
    room: str
    username: str
    email: str
    message: str
    sent_at: str
    display_name: str | None | UnsetType = field(default=UNSET, name="displayName")
    reply_to: str | None | UnsetType = UNSET
    """The `message_id` of the message that this one answers."""
    quote: ChatQuote | None | UnsetType = UNSET
    edited_at: str | None | UnsetType = UNSET
    deleted_at: str | None | UnsetType = UNSET


class MessageEdited(ServerEvent, frozen=True, rename=None):
    __doc__ = "A chat message of the room has another text."

    event = "message-edited"

    message_id: str
    room: str
    message: str
    edited_at: str


class MessageDeleted(ServerEvent, frozen=True, rename=None):
    __doc__ = "A chat message of the room was deleted by its author, or removed by the room's creator."

    event = "message-deleted"

    message_id: str
    room: str
    deleted_at: str


class SessionEnded(ServerEvent, frozen=True):
    __doc__ = "This socket's session is over; the server closes the connection next."

    event = "session-ended"

    code: str
    message: str


class Restarting(ServerEvent, frozen=True):
    __doc__ = "The server ends, to come back soon: connect again after a moment, each client after another."

    event = "restarting"


class Removed(ServerEvent, frozen=True):
    __doc__ = "This person was taken out of the room's call by its creator; the connection stays."

    event = "removed"

    room: str
    code: str
    message: str


class Refused(ServerEvent, frozen=True):
    __doc__ = "A client event that asked for no acknowledgement was refused."

    event = "refused"

    name: str = field(name="event")
    code: str
    message: str


FromPeer = DescriptionFromPeer | CandidateFromPeer | SenderKeyFromPeer
AnyServerEvent = (
    AddPeer
    | RemovePeer
    | MemberJoined
    | CallTopology
    | PeerRenamed
    | PeerRecording
    | CallRecording
    | FromPeer
    | SignalsLost
    | ShareRooms
    | CallChanged
    | ChatFromPeer
    | MessageEdited
    | MessageDeleted
    | SessionEnded
    | Restarting
    | Removed
    | Refused
)
Counted = AddPeer | RemovePeer | MemberJoined | FromPeer
"""Messages that a resumable visit gets by number, and again if they were lost. A client counts those that it
knows, so `MemberJoined` goes to those alone that said in their join that they know an SFU, and
`SenderKeyFromPeer` to those that said a member key.
"""
SERVER_EVENTS: dict[str, type[AnyServerEvent]] = {event.event: event for event in get_args(AnyServerEvent)}
LEGACY_DESCRIPTION_EVENT = "session-descriptions"
"""The second name of `session-description`, to sockets that were identified by cookie."""


# What an event is acknowledged with


class PeerEntry(Payload, frozen=True):
    peer_id: PeerId
    peer_username: str
    peer_display_name: str | UnsetType = UNSET
    recording: bool | UnsetType = UNSET
    """True where the peer says that it records the call, absent otherwise."""
    member_key: str | UnsetType = UNSET
    """The same as in `add-peer`."""


class IceServerEntry(Payload, frozen=True):
    __doc__ = "A member of RTCConfiguration.iceServers (W3C WebRTC); STUN servers have no credential."

    urls: list[str]
    username: str | UnsetType = UNSET
    credential: str | UnsetType = UNSET


class IceConfiguration(Payload, frozen=True):
    __doc__ = "The STUN and TURN servers for connections of this call, as `GET /ice` gives them."

    ice_servers: list[IceServerEntry]
    ttl: int | UnsetType = UNSET
    """Seconds until the TURN credentials expire; absent without such credentials."""
    ice_transport_policy: Literal["relay"] | UnsetType = UNSET
    """Media of this call are to go through TURN alone, so that nobody in it learns where others are.
    Candidates of other kinds, and addresses in descriptions, are not passed on there."""


class Joined(Payload, frozen=True):
    __doc__ = """The acknowledgement of `join`: who one is in the call, and who is there already.

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
    """True if this goes on with the visit of the given token."""
    received: int | None | UnsetType = UNSET
    """The number of offers of this visit that came here; null if the counts of both sides begin anew."""
    topology: Literal["mesh"] | UnsetType = UNSET
    """The way in which media travel in this call. A server that does not say it means a mesh."""
    move: CallTopology | UnsetType = UNSET
    """The latest `topology` of the call, to those that named one besides a mesh in `topologies`. Absent
    where the call has not left the mesh.
    """
    offered: list[PeerId] | UnsetType = UNSET
    """The peers that got one of the `offers` of this join; absent where it had none that could be sent."""
    recording: ServerRecording | UnsetType = UNSET
    """Absent where the server does not record the call."""
    ice: IceConfiguration | UnsetType = UNSET
    """Absent where no STUN or TURN server is set. Without a server in it, `GET /ice` tells them."""


class Prepared(Payload, frozen=True):
    __doc__ = (
        "The acknowledgement of `prepare`: who is in the call. The next change is told by `call-changed`."
    )

    room: str
    peers: list[PeerEntry]
    topology: Literal["mesh"] = "mesh"
    move: CallTopology | UnsetType = UNSET
    """The latest `topology` of the call, as in the acknowledgement of `join`, without a token."""
    ok: Literal[True] = True
    ice: IceConfiguration | UnsetType = UNSET
    recording: ServerRecording | UnsetType = UNSET
    """Absent where the server does not record the call."""


class ChatStored(Struct, frozen=True):
    __doc__ = "The acknowledgement of `chat-message` and of changes of a message, after the commit."

    message: ChatFromPeer
    ok: Literal[True] = True


# What a client sends


@final
class OfferSdp(ClientEvent, frozen=True):
    __doc__ = "Send a session description, offer and answer alike, to one peer of the same room."

    event = "offer-sdp"
    rate = RateKind.RELAY
    relayed_as = DescriptionFromPeer

    peer_id: PeerName
    session_description: SessionDescription

    def size(self) -> int:
        """Bytes that the receiver gets, roughly."""
        return len(memoryview(self.session_description.sdp)) + _ENVELOPE_BYTES

    def is_valid(self) -> bool:
        return is_description(self.session_description)


@final
class OfferIce(ClientEvent, frozen=True):
    __doc__ = "Send an ICE candidate (RFC 8838) to one peer of the same room."

    event = "offer-ice"
    rate = RateKind.RELAY
    relayed_as = CandidateFromPeer

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
        """Check that it is a single line; an empty candidate ends the candidates."""
        candidate = self.ice_candidate
        text, mid, fragment = candidate.candidate, candidate.sdp_mid, candidate.username_fragment
        if text and not text.startswith(CANDIDATE_STARTS):
            return False
        return not (
            "\n" in text
            or "\r" in text
            or "\0" in text
            or (isinstance(mid, str) and not mid.isprintable() and LINE_END.search(mid))
            or (isinstance(fragment, str) and not fragment.isprintable() and LINE_END.search(fragment))
        )


@final
class SendKey(ClientEvent, frozen=True):
    __doc__ = (
        "Send one peer of the same room a secret that is wrapped for it, or, without `key`, confirm one of "
        "that peer's (docs/end-to-end-encryption.md)."
    )

    event = "sender-key"
    rate = RateKind.RELAY
    relayed_as = SenderKeyFromPeer

    peer_id: PeerName
    epoch: TopologyEpoch
    number: Annotated[int, Meta(ge=0, le=MAX_KEY_NUMBER)]
    key: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{80}$(?!\n)")] | None = None

    def size(self) -> int:
        """Bytes that the receiver gets, roughly."""
        return len(self.epoch) + len(self.key or "") + _ENVELOPE_BYTES


ResumeText = Annotated[str, Meta(max_length=2048)]
TopologyNames = Annotated[list[TopologyName], Meta(max_length=MAX_TOPOLOGIES)]


def _known_topologies(names: list[TopologyName]) -> tuple[TopologyKind, ...]:
    return ("mesh", "sfu") if "sfu" in names else ("mesh",)


class Join(ClientEvent, frozen=True):
    __doc__ = "Enter the call of a room. Identity comes from the login, never from `username`."

    event = "join"
    rate = RateKind.ENTRY
    acknowledgement = Joined
    audit = Audited(forbidden=True)

    room: Name
    username: Short | None = None
    resumable: bool = False
    """The visit outlives its connection; so it does where `resume` is said."""
    resume: ResumeText | None = None
    """The token of the visit that this goes on with. One that does not count is passed over."""
    known: Annotated[list[PeerName], Meta(max_length=MAX_KNOWN_PEERS)] = []  # noqa: RUF012 - a Struct copies it
    """The peers to which this visit holds a connection."""
    received: Annotated[int, Meta(ge=0)] | None = None
    """The number of counted messages of this visit that came here."""
    offers: Annotated[list[OfferSdp], Meta(max_length=MAX_OFFERS)] = []  # noqa: RUF012 - as `known`
    """Offers that were made before: a visit that begins passes them on right behind its introductions. Each
    counts as an `offer-sdp`.
    """
    topologies: TopologyNames = []  # noqa: RUF012 - as `known`
    """The topologies that the client knows, `mesh` and `sfu`. One that does not say it knows a mesh alone;
    names that the server does not know are passed over.
    """
    attempt: AttemptKey | None = None
    """A random key that the client makes for a join, and says again where that is repeated since its
    acknowledgement was lost: a visit that this person's join of the same attempt has begun ends at once.
    """
    member_key: MemberKeyText | None = None
    """The public part of a key by which others wrap their secrets for this client. A call moves to an SFU
    encrypted if all in it have one.
    """

    @property
    def is_resumable(self) -> bool:
        return self.resumable or self.resume is not None

    @property
    def known_topologies(self) -> tuple[TopologyKind, ...]:
        """The topologies that both sides know; each client knows a mesh."""
        return _known_topologies(self.topologies)

    def is_valid(self) -> bool:
        offers = self.offers
        return "\0" not in self.room and all(
            offer.session_description.type == "offer" and offer.is_valid() for offer in offers
        )

    def audit_subject(self) -> str:
        return f"{self.event} {self.room}"


class Prepare(ClientEvent, frozen=True):
    __doc__ = "Ask who is in the call of a room that one may enter, in order to prepare connections to them."

    event = "prepare"
    rate = RateKind.ENTRY
    acknowledgement = Prepared
    audit = Audited(forbidden=True)

    room: Name
    topologies: TopologyNames = []  # noqa: RUF012 - as in Join
    """The topologies that the client knows, as in `join`, whose refusals this has."""

    @property
    def known_topologies(self) -> tuple[TopologyKind, ...]:
        return _known_topologies(self.topologies)

    def is_valid(self) -> bool:
        return "\0" not in self.room

    def audit_subject(self) -> str:
        return f"{self.event} {self.room}"


class Leave(ClientEvent, frozen=True):
    __doc__ = "Leave the call; the connection stays."

    event = "leave"
    has_payload = False
    rate = RateKind.ENTRY


class EndVisit(ClientEvent, frozen=True):
    __doc__ = "End a visit that was left while its connection was lost; the visit of this connection stays."

    event = "end-visit"
    rate = RateKind.ENTRY

    resume: ResumeText
    """The token of that visit. One that does not count is passed over."""


class Username(ClientEvent, frozen=True):
    __doc__ = "A name that existing clients claim: a bare string, ignored, since the account is known."

    event = "username"
    has_payload = False


class SendChat(ClientEvent, frozen=True, rename=None):
    __doc__ = "Write to the room one is in; acknowledged when it is stored."

    event = "chat-message"
    rate = RateKind.CHAT
    acknowledgement = ChatStored
    audit = Audited(forbidden=True)

    message: ChatText
    message_id: MessageKey | None = None
    reply_to: MessageKey | None = None
    """The message of the same room that this one answers."""

    def units(self) -> int:
        """A long message costs as much as several short ones."""
        return message_cost(self.message)

    def is_valid(self) -> bool:
        return "\0" not in self.message


class EditMessage(ClientEvent, frozen=True, rename=None):
    __doc__ = "Replace the text of a message that one wrote in the room one is in."

    event = "edit-message"
    rate = RateKind.CHAT
    acknowledgement = ChatStored
    audit = Audited(forbidden=True)

    message_id: MessageKey
    message: ChatText

    def units(self) -> int:
        """An edit costs as much as the message would."""
        return message_cost(self.message)

    def is_valid(self) -> bool:
        return "\0" not in self.message


class DeleteMessage(ClientEvent, frozen=True, rename=None):
    __doc__ = "Delete a message that one wrote in the room one is in."

    event = "delete-message"
    rate = RateKind.CHAT
    acknowledgement = ChatStored
    audit = Audited(forbidden=True)

    message_id: MessageKey


class RemoveMessage(ClientEvent, frozen=True, rename=None):
    __doc__ = "Delete anybody's message of the room one is in; only its creator may."

    event = "remove-message"
    rate = RateKind.CHAT
    acknowledgement = ChatStored
    audit = Audited(forbidden=True, done="message_removed")

    message_id: MessageKey

    def audit_subject(self) -> str:
        return f"{self.event} {self.message_id}"


class RecordCall(ClientEvent, frozen=True):
    __doc__ = "Say that one records the call, or does so no longer. The others are told, and who comes later."

    event = "record"

    recording: bool


class StartRecording(ClientEvent, frozen=True):
    __doc__ = (
        "Have the server record the call that one is in; only the room's creator may. All in it are told, "
        "and each is recorded once they have consented, as who starts it has by that."
    )

    event = "start-recording"
    has_payload = False
    rate = RateKind.ENTRY
    audit = Audited(forbidden=True, done="recording_started")


class StopRecording(ClientEvent, frozen=True):
    __doc__ = "End the server's recording of the call that one is in; only the room's creator may."

    event = "stop-recording"
    has_payload = False
    rate = RateKind.ENTRY
    audit = Audited(forbidden=True, done="recording_stopped")


class ConsentToRecording(ClientEvent, frozen=True):
    __doc__ = "Say that one may be recorded by the server, in the call that one is in; again is harmless."

    event = "consent-to-recording"
    rate = RateKind.ENTRY

    recording_id: Annotated[str, Meta(pattern=r"^[0-9a-f-]{36}$(?!\n)")]


class ReportTopology(ClientEvent, frozen=True):
    __doc__ = (
        "Say how far one is with a move of the call, or with what its topology bears. "
        "The report of an epoch that is over is passed over."
    )

    event = "topology-state"

    state: Literal["published", "receiving", "failed", "lowest", "not-lowest"]
    """`published`: one's own media are out on the new way; `receiving`: those of the others that are shown
    have come by it, too; `failed`: it cannot be opened, or is lost. `lowest`: one's pictures go out as small
    as they can; `not-lowest`: no longer.
    """
    epoch: TopologyEpoch | None = None
    """The epoch of the latest `topology`; null before the first one."""


class BanPeer(ClientEvent, frozen=True):
    __doc__ = "Remove the person behind a peer from the room; only its creator may."

    event = "ban-peer"
    audit = Audited(forbidden=True, done="banned")

    peer_id: PeerName


Acknowledgement = Accepted | Joined | Prepared | ChatStored | Rejected
ToPeer = OfferSdp | OfferIce | SendKey
"""Passed on to a peer. Hot path."""
MessageChange = EditMessage | DeleteMessage | RemoveMessage
AnyClientEvent = (
    Join
    | Prepare
    | ToPeer
    | Leave
    | EndVisit
    | Username
    | SendChat
    | MessageChange
    | BanPeer
    | RecordCall
    | StartRecording
    | StopRecording
    | ConsentToRecording
    | ReportTopology
)
CLIENT_EVENTS: dict[str, type[AnyClientEvent]] = {event.event: event for event in get_args(AnyClientEvent)}
PAYLOADS: dict[str, type[AnyClientEvent] | None] = {
    name: event if event.has_payload else None for name, event in CLIENT_EVENTS.items()
}
"""The type of each client event's first argument."""


class ConnectAuth(Struct, frozen=True):
    __doc__ = "The `auth` of a CONNECT; without a token, the cookie of the handshake counts."

    token: str | None = None
