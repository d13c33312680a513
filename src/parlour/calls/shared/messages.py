"""The messages between the nodes of a call: what is asked of its owner, and what the owner decided. Pure."""

from collections.abc import Callable
from typing import assert_never

import msgspec
from msgspec import UNSET, Struct, UnsetType, field

from parlour.calls.decisions import Change, Decided, MemberRecord, Notice, Seat
from parlour.calls.mesh import Send
from parlour.calls.shared.introductions import Introduced, Introductions, Stamp
from parlour.node_id import NodeId
from parlour.rooms.descriptions import RoomDescription
from parlour.rooms.entities import RoomId
from parlour.wire.signaling import (
    AddPeer,
    CandidateFromPeer,
    DescriptionFromPeer,
    FromPeer,
    MemberJoined,
    PeerId,
    PeerRecording,
    PeerRenamed,
    RemovePeer,
    SenderKeyFromPeer,
)

ROUTES_FORMAT = 2
"""The format of messages that every node reads which answers a `RouteEnd` (`NodeDescription.formats`)."""
MOVED = "moved"
"""The code for a question whose receiver does not own the call, or whose answer is lost: ask again."""
ENDED = "ended"
"""The code for the return of a member whose participation has ended, or for whom there is no place."""
ELSEWHERE = "elsewhere"
"""The code for an arrival that is late: its client has come back since, or tried the same join once more."""


class Introduction(Struct, frozen=True, array_like=True, tag="i"):
    """An `add-peer` for a member."""

    to: PeerId
    peer_id: PeerId
    name: str
    create_offer: bool
    display_name: str | None
    member_key: str | None = None


class Removal(Struct, frozen=True, array_like=True, tag="r"):
    """A `remove-peer` for a member."""

    to: PeerId
    peer_id: PeerId
    name: str
    display_name: str | None


class RenameNotice(Struct, frozen=True, array_like=True, tag="n"):
    """A `peer-renamed` for all members but that peer."""

    peer_id: PeerId
    name: str
    display_name: str | None


class RecordingNotice(Struct, frozen=True, array_like=True, tag="c"):
    """A `peer-recording` for all members but that peer."""

    peer_id: PeerId
    recording: bool


SendForMember = Introduction | Removal
NoticeForMembers = RenameNotice | RecordingNotice


class Question(Struct, frozen=True, tag="question"):
    """A node asks the owner for a change, mostly of one of its own members.

    `number` is for the answer to an arrival, which also says which room it is; whatever else changes needs no
    answer, and is void once another node holds the member, unless it `ends_anywhere`.
    """

    room_id: RoomId
    epoch: int
    change: Change
    number: int | None = None
    room: RoomDescription | None = None
    known_at: Stamp | None = None
    """The decision after which a member that returns knew what it reports; None if nobody can tell."""
    ends_anywhere: bool = False


class Refusal(Struct, frozen=True, tag="refusal"):
    """The receiver of a question refuses it, by the code of a refusal, or since it does not own the call."""

    room_id: RoomId
    number: int
    code: str


class Decision(Struct, frozen=True, tag="decision"):
    """A change, and the messages for the receiving node's members. `answers` is the receiver's question.

    With `is_awaited`, the owner holds something back until the receiver has `Followed`. That a newcomer has
    come to a large call is told by the change: each node tells its members of it. `introduces` is as in
    `Decided`; an older node, which knows no large calls, does not say it.
    """

    room_id: RoomId
    epoch: int
    version: int
    change: Change
    sends: list[SendForMember]
    notice: NoticeForMembers | None = None
    answers: int | None = None
    is_awaited: bool = False
    introduces: bool = True


class Followed(Struct, frozen=True, tag="followed"):
    """The sender has followed a call as far as a decision, or a snapshot, that `is_awaited`."""

    room_id: RoomId
    epoch: int
    version: int


class Snapshot(Struct, frozen=True, tag="snapshot"):
    """All of a call, for a node that has no replica of it, or whose replica has missed a decision."""

    room_id: RoomId
    epoch: int
    version: int
    room: RoomDescription | None
    """None for a room without a call."""
    members: list[MemberRecord]
    claims: dict[PeerId, frozenset[PeerId]]
    introductions: Introductions
    ended: dict[PeerId, float]
    """Participations that are over, so that a later owner does not resume them."""
    answers_census: int | None
    """The number of the census that this answers, as its sender counts them."""
    is_awaited: bool = False
    """True if the owner waits for the receiver, as for that of a `Decision`."""
    introduces: bool = True


class CensusMember(Struct, frozen=True):
    """A member as its node knows it; `known` are the peers that it was introduced to.

    Those of them that are `unsure` were introduced while the node was out of reach: it may have been wrong
    about which node they were at.
    """

    record: MemberRecord
    known: frozenset[PeerId]
    unsure: frozenset[PeerId] = frozenset()
    introduced: Introduced | None = None
    """The decisions by which that was, as the node knows them."""


class Census(Struct, frozen=True, tag="census"):
    """All members of a call that the sender holds: the owner's view of them gives way to it.

    `followed` is the latest decision before which the sender has missed none; `returning` are the members
    whose return to the sender was not answered yet, and `ended` those whose participation has ended at the
    sender without the owner's decision, as in `Snapshot`. With `watches`, the sender wants to follow the call
    even though it holds none of its members. Where the sender takes the call for a large one, its members
    were told of the peers that they know, and not introduced to them.
    """

    room_id: RoomId
    epoch: int
    number: int
    followed: Stamp
    members: list[CensusMember]
    returning: list[PeerId]
    room: RoomDescription | None
    watches: bool = False
    ended: dict[PeerId, float] = field(default_factory=dict)
    introduces: bool = True


class CensusWanted(Struct, frozen=True, tag="census-wanted"):
    """The owner has missed something, or has just become the owner. Without a room, all its calls."""

    room_id: RoomId | None = None
    epoch: int = 0


class Fenced(Struct, frozen=True, tag="fenced"):
    """The receiver is no longer the owner of a call: the sender has heard of a later one."""

    room_id: RoomId
    epoch: int
    owner: str


class Relayed(Struct, frozen=True, tag="relayed"):
    """A description, a candidate or a sender's key for a member of the receiving node, as JSON.

    A node that holds the member no longer passes the message on, once.
    """

    room_id: RoomId
    to: PeerId
    sender: PeerId
    is_candidate: bool
    content: bytes
    is_passed_on: bool = False
    is_key: bool = False


class RelaysKept(Struct, frozen=True, tag="relays-kept"):
    """The sender kept what peers said to a member that the receiver holds since. Nobody asked for it."""

    room_id: RoomId
    to: PeerId
    peers: list[PeerId]


class RouteEnd(Struct, frozen=True, tag="route-end"):
    """The node `sender` sends no more relays to a member by the receiver of this, which held it before. That
    one passes it on, behind all of them, to the node that holds the member now (`changed_routes`).
    """

    room_id: RoomId
    to: PeerId
    sender: NodeId
    number: int
    is_passed_on: bool = False


class RouteClear(Struct, frozen=True, tag="route-clear"):
    """The answer to a `RouteEnd`: nothing is under way by the former route any more."""

    to: PeerId
    number: int


NodeMessage = (
    Question
    | Refusal
    | Decision
    | Followed
    | Snapshot
    | Census
    | CensusWanted
    | Fenced
    | Relayed
    | RelaysKept
    | RouteEnd
    | RouteClear
)

_decoder = msgspec.msgpack.Decoder(NodeMessage)
_encoder = msgspec.msgpack.Encoder()


# Hot path: attributes, since functions around these would be two more calls for each candidate.
encode: Callable[[NodeMessage], bytes] = _encoder.encode
decode: Callable[[bytes], NodeMessage] = _decoder.decode
"""Decodes a message. Raises msgspec.MsgspecError."""


def decision_for(
    decided: Decided, members: set[PeerId], *, answers: int | None, is_awaited: bool
) -> Decision:
    """Return a decision with the messages for some members, those of one node."""
    return Decision(
        decided.room_id,
        decided.epoch,
        decided.version,
        decided.change,
        [
            _send_for_member(send)
            for send in decided.sends
            if send.to in members and not isinstance(send.message, MemberJoined)
        ],
        None if decided.notice is None else _notice_for_members(decided.notice),
        answers,
        is_awaited,
        decided.introduces,
    )


def decided_of(decision: Decision) -> Decided:
    """Return what was decided, with the messages for this node's members alone."""
    return Decided(
        decision.room_id,
        decision.epoch,
        decision.version,
        decision.change,
        [_send(one) for one in decision.sends],
        None if decision.notice is None else _notice(decision.notice),
        decision.introduces,
    )


def encode_relay(room_id: RoomId, to: PeerId, message: FromPeer) -> bytes:
    """Encode what a peer sent. Hot path."""
    kind = type(message)
    is_candidate, is_key = kind is CandidateFromPeer, kind is SenderKeyFromPeer
    content = msgspec.json.encode(message)
    return _encoder.encode(Relayed(room_id, to, message.peer_id, is_candidate, content, is_key=is_key))


def message_of(relay: Relayed) -> FromPeer:
    """Return what a peer sent. Raises msgspec.MsgspecError."""
    kind: type[FromPeer] = CandidateFromPeer if relay.is_candidate else DescriptionFromPeer
    if relay.is_key:
        kind = SenderKeyFromPeer
    return msgspec.json.decode(relay.content, type=kind)


def _send_for_member(send: Send) -> SendForMember:
    match send.message:
        case AddPeer(peer_id, name, create_offer, display_name, member_key):
            known = _known(display_name), _known(member_key)
            return Introduction(send.to, peer_id, name, create_offer, *known)
        case RemovePeer(peer_id, name, display_name):
            return Removal(send.to, peer_id, name, _known(display_name))
        case DescriptionFromPeer() | CandidateFromPeer() | SenderKeyFromPeer():
            raise ValueError("nobody decides what peers tell each other")
        case MemberJoined():
            raise ValueError("each node tells its members of who comes to a large call")
        case _:
            assert_never(send.message)


def _send(one: SendForMember) -> Send:
    display_name = UNSET if one.display_name is None else one.display_name
    if isinstance(one, Introduction):
        member_key = UNSET if one.member_key is None else one.member_key
        return Send(one.to, AddPeer(one.peer_id, one.name, one.create_offer, display_name, member_key))
    return Send(one.to, RemovePeer(one.peer_id, one.name, display_name))


def _notice_for_members(notice: Notice) -> NoticeForMembers:
    if isinstance(notice, PeerRecording):
        return RecordingNotice(notice.peer_id, notice.recording)
    return RenameNotice(notice.peer_id, notice.peer_username, _known(notice.peer_display_name))


def _notice(notice: NoticeForMembers) -> Notice:
    if isinstance(notice, RecordingNotice):
        return PeerRecording(notice.peer_id, notice.recording)
    display_name = UNSET if notice.display_name is None else notice.display_name
    return PeerRenamed(notice.peer_id, notice.name, display_name)


def _known(value: str | UnsetType) -> str | None:
    return None if value is UNSET else value


def is_elsewhere(seat: Seat, reported: Seat) -> bool:
    """Return True if another node holds a member, and began to later than the one that reports it."""
    return seat.holder != reported.holder and seat.held_since > reported.held_since
