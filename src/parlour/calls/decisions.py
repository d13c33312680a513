"""The decisions about a call as values: a change, and what its members are to be sent. Pure.

The node that owns a call decides (`calls.call_replica`). Every node with members in the call follows the
change and delivers to its own members what is for them.
"""

from datetime import datetime

from msgspec import Struct

from parlour.accounts.identity import UserId
from parlour.calls.mesh import Send
from parlour.node_id import NodeId
from parlour.rooms.entities import RoomId
from parlour.wire.signaling import PeerId, PeerRecording, PeerRenamed


class Seat(Struct, frozen=True):
    """A member's place in a call: whose it is, and the node that holds its connection.

    `away_since` is the moment at which the connection was lost; None while there is one. `held_since` is the
    moment at which the node began to hold it, in seconds since 1970 by that node's clock: of two nodes that
    believe that they hold a member, the later one is right.
    """

    user_id: UserId
    email: str
    holder: NodeId
    away_since: datetime | None = None
    held_since: float = 0.0
    knows_sfu: bool = False
    """True if the member's client knows calls that go through an SFU."""
    attempt: str | None = None
    """The key of the join that brought the member here, by which its client repeats it (`Join.attempt`)."""
    member_key: str | None = None
    """The member key that the client has said (docs/end-to-end-encryption.md)."""

    def may_use_sfu(self, *, is_encrypted: bool) -> bool:
        """Return True if the client knows calls through an SFU, and those that are encrypted if this is."""
        return self.knows_sfu and (self.member_key is not None or not is_encrypted)


class MemberRecord(Struct, frozen=True):
    """All that a call holds of a member, beside whom it knows."""

    peer_id: PeerId
    seat: Seat
    name: str
    display_name: str | None = None
    is_recording: bool = False


class Entered(Struct, frozen=True, tag="entered"):
    """A newcomer became a member."""

    peer_id: PeerId
    seat: Seat
    name: str
    display_name: str | None = None


class Resumed(Struct, frozen=True, tag="resumed"):
    """A member has another connection, or came back after a crash; it reports connections with `known`."""

    peer_id: PeerId
    seat: Seat
    name: str
    display_name: str | None
    known: frozenset[PeerId]


class Lost(Struct, frozen=True, tag="lost"):
    """A member lost its connection and may still come back."""

    peer_id: PeerId
    at: datetime


class Left(Struct, frozen=True, tag="left"):
    """A member's participation ended."""

    peer_id: PeerId


class Renamed(Struct, frozen=True, tag="renamed"):
    """A member has another display name."""

    peer_id: PeerId
    display_name: str | None


class Recorded(Struct, frozen=True, tag="recorded"):
    """A member began to record, or stopped."""

    peer_id: PeerId
    recording: bool


class ClaimExpired(Struct, frozen=True, tag="claim-expired"):
    """A peer that a member had reported as connected did not come back in time."""

    peer_id: PeerId
    claimed: PeerId


Change = Entered | Resumed | Lost | Left | Renamed | Recorded | ClaimExpired
Notice = PeerRenamed | PeerRecording


class Decided(Struct, frozen=True):
    """A change of a call, and the messages that tell its members of it.

    `sends` are numbered messages for single members. `notice` is for every connection in the call but that of
    the peer that it tells of; a member without a connection misses it. Of two decisions about a call the
    later one has the greater `(epoch, version)`. `introduces` says whether members are introduced to each
    other from then on.
    """

    room_id: RoomId
    epoch: int
    version: int
    change: Change
    sends: list[Send]
    notice: Notice | None = None
    introduces: bool = True
