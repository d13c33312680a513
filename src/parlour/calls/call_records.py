"""Record arrivals and departures: for the list of rooms in use, the attendance of events, and the lobby."""

from datetime import datetime

from parlour.accounts.identity import Identity
from parlour.calls.lobby import Lobby
from parlour.calls.presence import ConnectionId, Member
from parlour.calls.room_list import RoomListBroadcaster
from parlour.events.attendance import AttendanceLog
from parlour.rooms.entities import Room
from parlour.wire.signaling import PeerId


class CallRecords:
    """Records in memory without waiting; tasks write the attendance to the database and broadcast the
    list.
    """

    def __init__(self, room_list: RoomListBroadcaster, attendance: AttendanceLog, lobby: Lobby) -> None:
        self._room_list = room_list
        self._attendance = attendance
        self._lobby = lobby

    def introduce(self, connection: Member) -> None:
        """Send the list of rooms to a connection that is in no call from now on."""
        self._room_list.introduce(connection)

    def joined(self, peer_id: PeerId, identity: Identity, room: Room) -> None:
        self._room_list.joined(room)
        self._attendance.joined(peer_id, identity, room)

    def left(self, peer_id: PeerId, identity: Identity, room: Room, *, at: datetime | None) -> None:
        """Record a departure. `at` is the moment of the lost connection, None for a departure right now."""
        self._room_list.changed()
        self._attendance.left(peer_id, identity, room, at=at)

    def call_changed(self, room: Room) -> None:
        """Tell who prepares to join that the people in the call have changed, here or at another node."""
        self._lobby.call_changed(room)

    def wait_in_lobby(self, connection_id: ConnectionId, room: Room) -> None:
        """Tell a connection of the call's next arrival or departure."""
        self._lobby.wait(connection_id, room)

    def leave_lobby(self, connection_id: ConnectionId) -> None:
        self._lobby.leave(connection_id)

    async def written(self) -> None:
        """Wait until all attendance recorded so far is written, or the database has failed."""
        await self._attendance.written()
