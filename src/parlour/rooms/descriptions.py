"""A room as one node describes it to another."""

from datetime import datetime, timedelta

import msgspec

from parlour.accounts.identity import UserId
from parlour.rooms.access import InvitationAccess, PasswordAccess
from parlour.rooms.entities import Room, RoomId
from parlour.rooms.schedule import Schedule
from parlour.wire.base import RoomEncryption, RoomTopology


class RoomDescription(msgspec.Struct, frozen=True, omit_defaults=True):
    """A room without its password's hash, which no other node needs."""

    room_id: int
    name: str
    description: str
    creator_id: int | None
    creator_name: str
    created_at: datetime
    event_id: int | None = None
    is_listed: bool = True
    is_relay_only: bool = False
    topology: RoomTopology = "auto"
    encryption: RoomEncryption = "auto"
    creator_display_name: str | None = None
    starts_at: datetime | None = None
    duration_seconds: float | None = None
    sequence: int = 0

    @staticmethod
    def of(room: Room) -> "RoomDescription":
        duration = None if room.schedule is None else room.schedule.duration
        return RoomDescription(
            room_id=room.room_id,
            name=room.name,
            description=room.description,
            creator_id=room.creator_id,
            creator_name=room.creator_name,
            created_at=room.created_at,
            event_id=room.event_id,
            is_listed=room.is_listed,
            is_relay_only=room.is_relay_only,
            topology=room.topology,
            encryption=room.encryption,
            creator_display_name=room.creator_display_name,
            starts_at=room.starts_at,
            duration_seconds=None if duration is None else duration.total_seconds(),
            sequence=room.sequence,
        )

    def room(self) -> Room:
        return Room(
            room_id=RoomId(self.room_id),
            name=self.name,
            description=self.description,
            creator_id=None if self.creator_id is None else UserId(self.creator_id),
            creator_name=self.creator_name,
            created_at=self.created_at,
            access=PasswordAccess("") if self.event_id is None else InvitationAccess(self.event_id),
            is_listed=self.is_listed,
            is_relay_only=self.is_relay_only,
            topology=self.topology,
            encryption=self.encryption,
            creator_display_name=self.creator_display_name,
            schedule=self._schedule(),
        )

    def _schedule(self) -> Schedule | None:
        if self.starts_at is None:
            return None
        duration = None if self.duration_seconds is None else timedelta(seconds=self.duration_seconds)
        return Schedule(self.starts_at, duration, self.sequence)
