"""What can happen to rooms, as facts for the bus."""

from dataclasses import dataclass

from parlour.accounts.identity import UserId
from parlour.rooms.entities import Room


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonAdmitted:
    """Somebody has given the room's password."""

    room: Room
    user_id: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleInvited:
    room: Room
    emails: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomBecameEvent:
    """`people` are all who may be there: its creator and those invited."""

    room: Room
    people: frozenset[UserId]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonBanned:
    """An address was banned from a room; `people` are those who have had it, as far as they have accounts."""

    room: Room
    people: frozenset[UserId]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonUnbanned:
    room: Room
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomRemoved:
    room: Room
