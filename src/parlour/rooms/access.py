"""The ways into a room. Pure: a closed union, so that a new way in has to be decided everywhere."""

from dataclasses import dataclass
from enum import Enum
from typing import assert_never


@dataclass(frozen=True, slots=True)
class PasswordAccess:
    """The room's password admits for good; invitees need none."""

    password_hash: str


@dataclass(frozen=True, slots=True)
class InvitationAccess:
    """Invitations alone count: the room is an event, whose attendance is kept under `event_id`."""

    event_id: int


Access = PasswordAccess | InvitationAccess


class RoomKind(Enum):
    """A kind of room that the policy has lines for; the value is how docs/security.md says it."""

    FREE = "free"
    UNLISTED = "unlisted"
    EVENT = "event"


def kind_of(access: Access, *, is_listed: bool) -> RoomKind:
    """Return EVENT for an event that is not listed either: its invitations say who sees it."""
    match access:
        case InvitationAccess():
            return RoomKind.EVENT
        case PasswordAccess():
            return RoomKind.FREE if is_listed else RoomKind.UNLISTED
        case _:
            assert_never(access)
