"""The ongoing calls, by room. In memory."""

from collections.abc import Callable, Iterable

from parlour.accounts.identity import UserId
from parlour.calls.call_replica import CallLimits, CallReplica
from parlour.calls.decisions import Change, Decided, Entered, Resumed
from parlour.calls.mesh import Mesh
from parlour.rooms.entities import Room, RoomId
from parlour.wire.signaling import PeerId

_ARRIVALS = (Entered, Resumed)


class OngoingCalls:
    """A call begins with its first member and ends with its last.

    Changes are atomic on the event loop: no method awaits, so no two joins miss each other.
    """

    def __init__(self) -> None:
        self._calls: dict[RoomId, CallReplica] = {}
        # Hot path: an attribute, since this lookup is made for each relayed message.
        self.replica: Callable[[RoomId], CallReplica | None] = self._calls.get

    def decide(self, room: Room, change: Change) -> Decided:
        """Change a room's call. The caller delivers what the decision says."""
        call = self._calls.get(room.room_id)
        if call is None:
            call = self._calls[room.room_id] = CallReplica(room)
        elif type(change) in _ARRIVALS:
            call.room = room  # it was read for this person
        decided = call.decide(change)
        if not call.seats:
            del self._calls[room.room_id]
        return decided

    def renew(self, room: Room) -> None:
        """Replace what a call knows of its room, after the room became an event."""
        call = self._calls.get(room.room_id)
        if call is not None:
            call.room = room

    def giving_way_to(self, user_id: UserId, room: Room, limits: CallLimits) -> list[PeerId]:
        """Do as the same method of CallReplica. A room without a call has place for everybody."""
        call = self._calls.get(room.room_id)
        return [] if call is None else call.giving_way_to(user_id, limits)

    def mesh(self, room_id: RoomId) -> Mesh:
        """Return who is in a room's call: nobody if there is none."""
        call = self._calls.get(room_id)
        return Mesh() if call is None else call.mesh

    def peers_in(self, room_id: RoomId) -> Iterable[PeerId]:
        return list(self.mesh(room_id).members.names)

    def rooms(self) -> list[Room]:
        """Return the rooms that have a call."""
        return [call.room for call in self._calls.values()]
