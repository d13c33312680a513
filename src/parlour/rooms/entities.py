"""Rooms, invitations and bans, as the use cases see them."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import NewType
from urllib.parse import quote

from parlour.accounts.identity import UserId
from parlour.rooms.access import Access, InvitationAccess, RoomKind, kind_of
from parlour.rooms.schedule import Schedule
from parlour.wire.base import RoomEncryption, RoomTopology
from parlour.wire.names import exact_name_key

RoomId = NewType("RoomId", int)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A room; `creator_id` is None once its creator's account is deleted.

    With `is_relay_only`, media of its calls go through TURN alone. `topology` says which way they are to take
    on a server that has an SFU, and `encryption` whether they are encrypted end to end there.
    """

    room_id: RoomId
    name: str
    description: str
    creator_id: UserId | None
    creator_name: str
    created_at: datetime
    access: Access
    is_listed: bool = True
    is_relay_only: bool = False
    topology: RoomTopology = "auto"
    encryption: RoomEncryption = "auto"
    creator_display_name: str | None = None
    schedule: Schedule | None = None

    def __hash__(self) -> int:
        """Hash the id alone: that of all fields takes as long as the rest of a list's entry."""
        return hash(self.room_id)

    @property
    def media(self) -> tuple[RoomTopology, RoomEncryption]:
        """All that the room asks of the media of its calls, and that may change during a call."""
        return self.topology, self.encryption

    def with_media_of(self, other: "Room") -> "Room":
        """Return the room asking of media what another reading of it does."""
        if self.media == other.media:
            return self
        return replace(self, topology=other.topology, encryption=other.encryption)

    @property
    def is_event(self) -> bool:
        return isinstance(self.access, InvitationAccess)

    @property
    def event_id(self) -> int | None:
        return self.access.event_id if isinstance(self.access, InvitationAccess) else None

    @property
    def starts_at(self) -> datetime | None:
        return None if self.schedule is None else self.schedule.starts_at

    @property
    def duration_minutes(self) -> int | None:
        return None if self.schedule is None else self.schedule.duration_minutes

    @property
    def sequence(self) -> int:
        """The number of times that the event has got another time (RFC 5545, SEQUENCE)."""
        return 0 if self.schedule is None else self.schedule.sequence

    @property
    def kind(self) -> RoomKind:
        return kind_of(self.access, is_listed=self.is_listed)

    def is_called(self, name: str) -> bool:
        """Compare names in any case; other spellings of a name are the database's to know."""
        return exact_name_key(self.name) == exact_name_key(name)


def room_path(name: str) -> str:
    """The web client's page of a room."""
    return f"/r/{quote(name, safe='')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """An invited address, with the names of its account where it has one."""

    email: str
    username: str | None
    display_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ban:
    """A ban under the address by which the creator knows the person."""

    email: str
    banned_at: datetime
