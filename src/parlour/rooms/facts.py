"""Facts about rooms, for the bus."""

from dataclasses import dataclass

from parlour.accounts.identity import UserId
from parlour.rooms.entities import Room


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonAdmitted:
    """A person has given the room's password."""

    room: Room
    user_id: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleInvited:
    """Addresses have been invited to a room."""

    room: Room
    emails: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationTakenBack:
    """An address is no longer invited; `refused` are the accounts that may not enter the room any more."""

    room: Room
    refused: frozenset[UserId]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomChanged:
    """The creator has changed what a room is like; `room` is the room as it is now."""

    room: Room


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomBecameEvent:
    """`people` are all who may be there: its creator and those invited."""

    room: Room
    people: frozenset[UserId]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonBanned:
    """An address was banned from a room; `people` are the accounts that have had it."""

    room: Room
    people: frozenset[UserId]


@dataclass(frozen=True, slots=True, kw_only=True)
class RightsTakenElsewhere:
    """Another node has told, late perhaps, that people lost the right to be in a room. Some of them may have
    it again: the database knows who may be there now.
    """

    room: Room


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonUnbanned:
    """A ban has been lifted."""

    room: Room
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomRemoved:
    """A room has been removed with all that belonged to it."""

    room: Room
