"""Hold repeated introductions back from members of the owner's node until other nodes have followed. Pure.

An owner that told its own member at once, and died before its decision had left, would leave a member that
believes to have been introduced again and a peer that was told nothing: both of them, or neither, would make
the offer.
"""

from collections.abc import Callable, Set
from dataclasses import dataclass

from parlour.calls.shared.introductions import Stamp
from parlour.cluster.coordinator import LeaseId
from parlour.rooms.entities import RoomId
from parlour.wire.signaling import AddPeer, PeerId

HELD_SECONDS = 0.8
"""A node confirms within some milliseconds, if it is well; one of the version before never does."""
MAX_HELD = 4_096
"""The most introductions that are held, of all calls together. Others are told at once."""


@dataclass(frozen=True, slots=True)
class Held:
    """An introduction by the decision `stamp`, and the nodes that have not confirmed that decision yet."""

    room_id: RoomId
    to: PeerId
    message: AddPeer
    stamp: Stamp
    held_at: float
    unconfirmed: set[LeaseId]


class HeldIntroductions:
    """Holds the latest introduction of each pair of a member and a peer."""

    def __init__(self) -> None:
        self.rooms: dict[RoomId, dict[tuple[PeerId, PeerId], Held]] = {}
        """The introductions by call, then by receiver and peer; for reading only. Hot path: each relay looks
        whether there are any.
        """
        self._count = 0

    def hold(
        self,
        room_id: RoomId,
        to: PeerId,
        message: AddPeer,
        *,
        stamp: Stamp,
        unconfirmed: Set[LeaseId],
        now: float,
    ) -> bool:
        """Hold an introduction until these nodes have confirmed its decision. Return False, with nothing
        held, if too much is held already.
        """
        self.drop(room_id, to, message.peer_id)
        if self._count >= MAX_HELD:
            return False
        held = Held(room_id, to, message, stamp, now, set(unconfirmed))
        self.rooms.setdefault(room_id, {})[to, message.peer_id] = held
        self._count += 1
        return True

    def has(self, room_id: RoomId, to: PeerId, of: PeerId) -> bool:
        return (to, of) in self.rooms.get(room_id, ())

    def earliest(self, room_id: RoomId) -> Stamp | None:
        """Return the earliest decision about a call of which something is held."""
        return min((held.stamp for held in self.rooms.get(room_id, {}).values()), default=None)

    def confirm(self, room_id: RoomId, lease: LeaseId, stamp: Stamp) -> list[Held]:
        """Take note that a node has followed a call as far as a decision. Return what all have confirmed."""
        for held in self.rooms.get(room_id, {}).values():
            if held.stamp <= stamp:
                held.unconfirmed.discard(lease)
        return self._take([room_id], lambda held: not held.unconfirmed)

    def confirm_for(self, lease: LeaseId) -> list[Held]:
        """Wait for a node that is gone no longer. Return what all others have confirmed."""
        for room in self.rooms.values():
            for held in room.values():
                held.unconfirmed.discard(lease)
        return self._take(list(self.rooms), lambda held: not held.unconfirmed)

    def take_late(self, now: float) -> list[Held]:
        """Return what has been held for HELD_SECONDS, and hold it no longer."""
        return self._take(list(self.rooms), lambda held: held.held_at + HELD_SECONDS <= now)

    def take(self, room_id: RoomId) -> list[Held]:
        """Return all of a call, and hold nothing of it any longer."""
        return self._take([room_id], lambda _: True)

    def forget(self, room_id: RoomId, to: PeerId) -> None:
        """Drop all for a member that is not here any more."""
        self._take([room_id], lambda held: held.to == to)

    def drop(self, room_id: RoomId, to: PeerId, of: PeerId) -> None:
        """Drop an introduction, if it is held: a later decision about the two has been made."""
        room = self.rooms.get(room_id)
        if room is not None and room.pop((to, of), None) is not None:
            self._count -= 1
            if not room:
                del self.rooms[room_id]

    def _take(self, rooms: list[RoomId], is_taken: Callable[[Held], bool]) -> list[Held]:
        """Return the introductions of these calls that are taken, the earliest first, and drop them."""
        taken = [held for room in rooms for held in self.rooms.get(room, {}).values() if is_taken(held)]
        for held in taken:
            self.drop(held.room_id, held.to, held.message.peer_id)
        return sorted(taken, key=lambda held: held.stamp)
