"""What rooms consist of, as the use cases see it."""

from dataclasses import dataclass
from datetime import datetime
from typing import NewType

from parlour.accounts.identity import UserId
from parlour.rooms.access import Access, InvitationAccess, RoomKind, kind_of
from parlour.wire.names import exact_name_key

RoomId = NewType("RoomId", int)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    room_id: RoomId
    name: str
    description: str
    creator_id: UserId | None
    creator_name: str
    created_at: datetime
    access: Access
    is_listed: bool = True
    creator_display_name: str | None = None

    @property
    def is_event(self) -> bool:
        return isinstance(self.access, InvitationAccess)

    @property
    def event_id(self) -> int | None:
        return self.access.event_id if isinstance(self.access, InvitationAccess) else None

    @property
    def kind(self) -> RoomKind:
        return kind_of(self.access, is_listed=self.is_listed)

    def is_called(self, name: str) -> bool:
        """In any case; other spellings of a name are the database's to know."""
        return exact_name_key(self.name) == exact_name_key(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    email: str
    username: str | None
    display_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ban:
    email: str
    banned_at: datetime
