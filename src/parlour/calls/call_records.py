"""Record arrivals and departures for the list of rooms in use and for the attendance of events."""

from datetime import datetime

from parlour.accounts.identity import Identity
from parlour.calls.presence import Member
from parlour.calls.room_list import RoomListBroadcaster
from parlour.events.attendance import AttendanceLog
from parlour.rooms.entities import Room
from parlour.wire.signaling import PeerId


class CallRecords:
    """Records in memory without waiting; tasks write the attendance to the database and broadcast the
    list.
    """

    def __init__(self, room_list: RoomListBroadcaster, attendance: AttendanceLog) -> None:
        self._room_list = room_list
        self._attendance = attendance

    def introduce(self, connection: Member) -> None:
        """Send the list of rooms to a new connection."""
        self._room_list.introduce(connection)

    def came(self, peer_id: PeerId, identity: Identity, room: Room) -> None:
        self._room_list.changed()
        self._attendance.came(peer_id, identity, room)

    def went(self, peer_id: PeerId, identity: Identity, room: Room, *, at: datetime | None) -> None:
        """Record a departure. `at` is the moment of the lost connection, None for a departure right now."""
        self._room_list.changed()
        self._attendance.went(peer_id, identity, room, at=at)

    async def written(self) -> None:
        """Wait until all attendance recorded so far is written, or the database has failed."""
        await self._attendance.written()
