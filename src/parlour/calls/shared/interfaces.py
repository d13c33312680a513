"""Interfaces of the calls of a node: what carries their messages, and who serves their members."""

from typing import Protocol

from parlour.calls.decisions import ClaimExpired, Entered, Left, Lost, Notice, Recorded, Renamed, Resumed
from parlour.cluster.coordinator import LeaseId
from parlour.rooms.entities import Room, RoomId
from parlour.wire.signaling import Counted, FromPeer, PeerId

_CALL = "call/"
MemberChange = Lost | Left | Renamed | Recorded | ClaimExpired
Arrival = Entered | Resumed


def call_name(room_id: RoomId) -> str:
    """Return the name under which a room's call is owned (`Coordinator.own`)."""
    return f"{_CALL}{room_id}"


class NodeLink(Protocol):
    """Messages to other nodes."""

    def send(self, to: LeaseId, body: bytes, /) -> bool:
        """Queue a message. Return False if the node is not there or too much waits for it."""

    def report_loss(self, to: LeaseId, /) -> None:
        """Have that node hear that a message was lost."""


class CallMembers(Protocol):
    """The members that this node holds, as seen by what serves their connections."""

    def deliver(self, to: PeerId, message: Counted, /) -> None:
        """Send a member a numbered message of the call."""

    def relayed(self, to: PeerId, message: FromPeer, size: int, /) -> None:
        """Send a member what a peer at another node has for it."""

    def signals_lost(self, room_id: RoomId, peers: list[PeerId], /, *, to: PeerId | None = None) -> None:
        """Learn that messages of peers to members of this node may be lost: to this member alone, or to all
        in the call.
        """

    def notify(self, room_id: RoomId, notice: Notice, /) -> None:
        """Tell this node's connections in a call, but not that of the peer that the notice is about."""

    def ended(self, peer_id: PeerId, /, *, is_elsewhere: bool) -> None:
        """Learn that a member has ended here, and that nothing more is delivered to it. With `is_elsewhere`,
        its participation goes on at another node.
        """

    def expects(self, room_id: RoomId, peer_id: PeerId, absent: PeerId, /) -> None:
        """Learn that a member reports a connection with a peer that has not come back. After the grace, the
        claim expires.
        """

    def call_changed(self, room: Room, /) -> None:
        """Learn that the members of a call have changed, or what this node knows of them."""


class OwnMembers(CallMembers, Protocol):
    """The same, and what a node learns of its questions to others."""

    def answered(self, number: int, refusal: str | None, /) -> bool:
        """Learn the answer to an arrival: None if the member is in the call, else the code of a refusal,
        MOVED or ENDED.

        Return False if the member is not wanted any more.
        """

    def owner_wanted(self, room_id: RoomId, /) -> None:
        """Learn that another node takes this one for the owner of a call, and that this one does not know who
        owns it: the answer to its question for that may have been lost.
        """

    def call_known(self, room_id: RoomId, /) -> None:
        """Learn that this node knows who is in a call, if anybody is."""


def room_of(name: str) -> RoomId:
    """Return the room whose call is owned under a name."""
    return RoomId(int(name.removeprefix(_CALL)))
