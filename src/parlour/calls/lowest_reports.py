"""Which members of calls send their pictures as small as they can, as they report (`topology-state`). Pure.

A node knows it of its own members, and of all members of the calls that it owns. Times are of a monotonic
clock.
"""

from collections.abc import Iterator, Set
from dataclasses import dataclass

from parlour.rooms.entities import RoomId
from parlour.wire.signaling import PeerId, ReportTopology


@dataclass(frozen=True, slots=True)
class Lowest:
    """`epoch` is that which the member has named."""

    epoch: str | None
    since: float


class LowestReports:
    """Keeps at most one report of each member. `keep` is to be called when members leave or are away."""

    def __init__(self) -> None:
        self._by_room: dict[RoomId, dict[PeerId, Lowest]] = {}

    def note(self, room_id: RoomId, peer_id: PeerId, report: ReportTopology, *, since: float) -> None:
        """Take a report. One that says the same again does not begin anew, whichever is the later."""
        known = self._by_room.get(room_id, {}).get(peer_id)
        if report.state == "lowest":
            if known is not None and known.epoch == report.epoch:
                since = min(since, known.since)
            self._by_room.setdefault(room_id, {})[peer_id] = Lowest(report.epoch, since)
        elif report.state == "not-lowest" and known is not None:
            self._by_room[room_id].pop(peer_id)

    def keep(self, room_id: RoomId, peers: Set[PeerId]) -> None:
        """Forget all members of a call but these."""
        known = self._by_room.pop(room_id, {})
        kept = {peer: lowest for peer, lowest in known.items() if peer in peers}
        if kept:
            self._by_room[room_id] = kept

    def since(self, room_id: RoomId, epochs: Set[str | None]) -> list[float]:
        """Return the times since which members of a call have sent the smallest pictures in these epochs."""
        return [one.since for one in self._by_room.get(room_id, {}).values() if one.epoch in epochs]

    def rooms(self) -> Set[RoomId]:
        return self._by_room.keys()

    def reports(self, room_id: RoomId) -> Iterator[tuple[PeerId, ReportTopology, float]]:
        """Return what members of a call have said, with the times since which it holds."""
        for peer_id, lowest in self._by_room.get(room_id, {}).items():
            yield peer_id, ReportTopology("lowest", lowest.epoch), lowest.since
