"""Calls that go on at an SFU while this node knows nothing of them, as after its crash. Pure."""

from collections.abc import Container, Iterable, Set
from dataclasses import dataclass

from parlour.calls.topology_rules import Topology
from parlour.rooms.entities import RoomId
from parlour.sfu_link import SfuNumber
from parlour.wire.signaling import PeerId


@dataclass(frozen=True, slots=True)
class Returning:
    """A call whose members come back: `people` are on the SFU, and awaited `until` a time."""

    topology: Topology
    people: frozenset[PeerId]
    until: float


class ReturningCalls:
    """The calls that have a room at an SFU, and those whose members are coming back.

    Times are of a monotonic clock; `grace` counts the seconds in which members may come back.
    """

    def __init__(self, grace: float) -> None:
        self._grace = grace
        self._found: dict[SfuNumber, dict[RoomId, Topology]] = {}
        """The topologies that the rooms of each SFU tell, as of the latest look."""
        self._returning: dict[RoomId, Returning] = {}

    def see(self, sfu: SfuNumber, rooms: Iterable[str], known: Container[str]) -> None:
        """Take in the names of the rooms of an SFU; those that are `known` need not be found."""
        found: dict[RoomId, Topology] = {}
        for name in rooms:
            read = Topology.in_room(sfu, name) if name not in known else None
            if read is None:
                continue
            room_id, topology = read
            other = found.get(room_id)
            if other is None or topology.is_after(other):
                found[room_id] = topology
        self._found[sfu] = found

    def lose(self, sfu: SfuNumber) -> None:
        """Forget what an SFU had that does not answer any more."""
        self._found.pop(sfu, None)

    def find(self, room_id: RoomId) -> Topology | None:
        """Return the topology to which a call moved last, as far as SFUs have rooms of it."""
        latest: Topology | None = None
        for calls in self._found.values():
            topology = calls.get(room_id)
            if topology is not None and (latest is None or topology.is_after(latest)):
                latest = topology
        return latest

    def begin(self, room_id: RoomId, topology: Topology, people: frozenset[PeerId], now: float) -> None:
        """Await these people in a call from now on."""
        self._returning[room_id] = Returning(topology, people, now + self._grace)

    def of(self, room_id: RoomId) -> Returning | None:
        return self._returning.get(room_id)

    def awaited(self, room_id: RoomId, members: Set[PeerId], now: float) -> frozenset[PeerId]:
        """Return who is yet to come back to a call that has these members."""
        returning = self._returning.get(room_id)
        return frozenset() if returning is None or now >= returning.until else returning.people - members

    def end(self, room_id: RoomId) -> None:
        """Forget a call that is over."""
        self._returning.pop(room_id, None)
