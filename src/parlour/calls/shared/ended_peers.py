"""Remember which participations have ended, so that none of them is resumed. Pure."""

import math
from collections import OrderedDict
from collections.abc import Mapping

from parlour.rooms.entities import RoomId
from parlour.wire.signaling import PeerId

MAX_OF_A_ROOM = 32
MAX_ROOMS = 1_024


class EndedPeers:
    """Beyond the bounds, the room whose last end is the longest ago is forgotten first, and of a room the
    earliest ends. A participation whose end is forgotten may be resumed until its token's time is over, by
    its own person, who may enter the room anew as well.
    """

    def __init__(self) -> None:
        self._rooms: OrderedDict[RoomId, OrderedDict[PeerId, float]] = OrderedDict()

    def add(self, room_id: RoomId, peer_id: PeerId, held_since: float = math.inf) -> None:
        """`held_since` is that of the seat that has ended (see `Seat`): a node that began to hold the member
        before that is wrong about it.
        """
        peers = self._rooms.setdefault(room_id, OrderedDict())
        peers[peer_id] = held_since
        peers.move_to_end(peer_id)
        self._rooms.move_to_end(room_id)
        if len(peers) > MAX_OF_A_ROOM:
            peers.popitem(last=False)
        if len(self._rooms) > MAX_ROOMS:
            self._rooms.popitem(last=False)

    def add_all(self, room_id: RoomId, peers: Mapping[PeerId, float]) -> None:
        for peer_id, held_since in peers.items():
            self.add(room_id, peer_id, held_since)

    def discard(self, room_id: RoomId, peer_id: PeerId) -> None:
        peers = self._rooms.get(room_id)
        if peers is not None:
            peers.pop(peer_id, None)

    def rooms(self) -> list[RoomId]:
        return list(self._rooms)

    def forget(self, room_id: RoomId) -> None:
        self._rooms.pop(room_id, None)

    def has(self, room_id: RoomId, peer_id: PeerId) -> bool:
        return peer_id in self._rooms.get(room_id, ())

    def held_since(self, room_id: RoomId, peer_id: PeerId) -> float | None:
        """Return what `add` was told, None for a participation that is not known to have ended."""
        return self._rooms.get(room_id, OrderedDict()).get(peer_id)

    def of(self, room_id: RoomId) -> dict[PeerId, float]:
        """Return the participations of a room, the earliest end first, with what `add` was told."""
        return dict(self._rooms.get(room_id, ()))
