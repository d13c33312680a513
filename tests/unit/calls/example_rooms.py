"""Rooms for the tests of calls."""

from datetime import UTC, datetime

from parlour.rooms.access import InvitationAccess, PasswordAccess
from parlour.rooms.entities import Room, RoomId


def example_room(number: int, *, event: bool = False, listed: bool = True) -> Room:
    return Room(
        room_id=RoomId(number),
        name=f"room {number}",
        description="",
        creator_id=None,
        creator_name="ann",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        access=InvitationAccess(number) if event else PasswordAccess(""),
        is_listed=listed,
    )
