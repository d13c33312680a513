"""The rooms in use at other nodes: each node tells the others which calls began and ended there."""

from collections.abc import Callable, Iterable, Iterator

import msgspec
import structlog

from parlour.cluster.coordinator import Lease, LeaseId
from parlour.cluster.envelopes import MessageKind
from parlour.cluster.messages import ClusterMessages
from parlour.rooms.entities import Room, RoomId

ROOMS_A_MESSAGE = 500

log = structlog.get_logger("parlour.calls")


class RoomInUse(msgspec.Struct, frozen=True, gc=False):
    """A room with a call. `is_hidden` is True for a room that some people do not see in the list.

    Each round of the list makes one for each call: as a dataclass, it would take ten times as long.
    """

    room_id: RoomId
    name: str
    is_hidden: bool

    @staticmethod
    def of(room: Room) -> "RoomInUse":
        return RoomInUse(room.room_id, room.name, room.is_event or not room.is_listed)


class _Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """Rooms of the sender; with `is_all` it has no others."""

    began: list[RoomInUse] = []
    ended: list[int] = []
    is_all: bool = False


_CHANGE = msgspec.json.Decoder(_Change)


class RoomsElsewhere:
    """Keeps the part of each other node until its lease ends, and tells the others this node's own."""

    def __init__(self, messages: ClusterMessages) -> None:
        self._messages = messages
        self._own: dict[RoomId, RoomInUse] = {}
        self._others: dict[LeaseId, dict[RoomId, RoomInUse]] = {}
        self._incomplete: set[LeaseId] = set()
        self._changed: Callable[[], None] | None = None
        messages.handle(MessageKind.ROOMS_IN_USE, self._receive)
        messages.handle(MessageKind.ROOMS_IN_USE_WANTED, self._answer)
        messages.watch(self)

    def listen(self, changed: Callable[[], None]) -> None:
        """Have `changed` called after each change at other nodes."""
        self._changed = changed

    def rooms(self) -> Iterator[RoomInUse]:
        """Yield the rooms of the other nodes; a room may come several times."""
        for part in self._others.values():
            yield from part.values()

    def user_of(self, room_id: RoomId) -> LeaseId | None:
        """Return a node with a call of the room."""
        return next((lease for lease, part in self._others.items() if room_id in part), None)

    def is_told(self, room_id: RoomId) -> bool:
        """Return True if the others know that the room is in use here."""
        return room_id in self._own

    def tell(self, rooms: Iterable[RoomInUse]) -> None:
        """Tell the other nodes what has changed in the rooms in use here since the last time."""
        before, self._own = self._own, {room.room_id: room for room in rooms}
        began = [room for room_id, room in self._own.items() if before.get(room_id) != room]
        ended = [room_id for room_id in before if room_id not in self._own]
        for change in _in_parts(began, ended):
            self._messages.broadcast(MessageKind.ROOMS_IN_USE, msgspec.json.encode(change))
        self._ask_for_what_was_lost()

    def _send_all(self, to: LeaseId) -> None:
        first = True
        for change in _in_parts(list(self._own.values()), []) or [_Change()]:
            part = _Change(change.began, is_all=first)
            if not self._messages.send(to, MessageKind.ROOMS_IN_USE, msgspec.json.encode(part)):
                self._messages.report_loss(to)
                return
            first = False

    def _receive(self, sender: LeaseId, body: bytes) -> None:
        try:
            change = _CHANGE.decode(body)
        except msgspec.DecodeError as error:
            log.warning("rooms.unreadable_change", sender=sender, error=type(error).__name__)
            return
        part = self._others.setdefault(sender, {})
        if change.is_all:
            part.clear()
            self._incomplete.discard(sender)
        for room_id in change.ended:
            part.pop(RoomId(room_id), None)
        for room in change.began:
            part[room.room_id] = room
        self._say_changed()

    def _answer(self, sender: LeaseId, _body: bytes) -> None:
        self._send_all(sender)

    def _ask_for_what_was_lost(self) -> None:
        for sender in list(self._incomplete):
            if self._messages.send(sender, MessageKind.ROOMS_IN_USE_WANTED, b""):
                self._incomplete.discard(sender)

    def _say_changed(self) -> None:
        if self._changed is not None:
            self._changed()

    # Who is there

    def lease_begun(self, lease: Lease) -> None:
        """The others are met one by one."""

    def lease_lost(self) -> None:
        self._others.clear()
        self._incomplete.clear()
        self._say_changed()

    def node_joined(self, lease: Lease) -> None:
        if self._own:
            self._send_all(lease.lease_id)

    def node_left(self, lease: Lease) -> None:
        self._incomplete.discard(lease.lease_id)
        if self._others.pop(lease.lease_id, None):
            self._say_changed()

    def messages_lost(self, sender: LeaseId) -> None:
        """Ask for all rooms of that node, which may be among what was lost; so may its question for ours."""
        self._incomplete.add(sender)
        self._ask_for_what_was_lost()
        self._send_all(sender)


def _in_parts(began: list[RoomInUse], ended: list[RoomId]) -> list[_Change]:
    """Divide a change, so that no message is large."""
    size = ROOMS_A_MESSAGE
    parts = [_Change(began=began[start : start + size]) for start in range(0, len(began), size)]
    return parts + [_Change(ended=list(ended[start : start + size])) for start in range(0, len(ended), size)]
