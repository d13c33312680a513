"""Who is at which event, and what of it is yet to be written."""

from datetime import UTC, datetime

from parlour.accounts.identity import ClientIdentity, UserId
from parlour.events.tracker import MAX_UNWRITTEN, AttendanceTracker, Joined, Left, PassedOn
from parlour.rooms.access import InvitationAccess, PasswordAccess
from parlour.rooms.entities import Room, RoomId

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ANN = ClientIdentity(user_id=UserId(1), email="ann@example.org", username="ann")


def room(event_id: int | None) -> Room:
    return Room(
        room_id=RoomId(1),
        name="garden",
        description="",
        creator_id=None,
        creator_name="ann",
        created_at=NOW,
        access=PasswordAccess("") if event_id is None else InvitationAccess(event_id),
    )


def test_at_two_computers_until_the_last_one_leaves() -> None:
    tracker, event = AttendanceTracker(), room(7)
    tracker.joined("first", ANN, event, at=NOW)
    tracker.joined("second", ANN, event, at=NOW)
    tracker.joined("second", ANN, event, at=NOW)
    tracker.left("first", ANN, event, at=NOW)
    assert tracker.is_there(7, ANN.user_id)
    tracker.left("second", ANN, event, at=NOW)
    tracker.left("second", ANN, event, at=NOW)
    assert not tracker.is_there(7, ANN.user_id)
    assert tracker.unwritten() == [
        Joined(visit="first", event_id=7, identity=ANN, at=NOW),
        PassedOn(visit="first", to="second"),
        Left(visit="second", at=NOW),
    ]


def test_what_is_written_is_written_once() -> None:
    tracker, event = AttendanceTracker(), room(7)
    tracker.joined("first", ANN, event, at=NOW)
    written = tracker.unwritten()
    tracker.left("first", ANN, event, at=NOW)
    tracker.written(written)
    assert tracker.unwritten() == [Left(visit="first", at=NOW)]


def test_a_room_that_is_no_event_has_no_attendance() -> None:
    tracker = AttendanceTracker()
    tracker.joined("first", ANN, room(None), at=NOW)
    tracker.left("first", ANN, room(None), at=NOW)
    assert not tracker and tracker.unwritten() == []


def test_it_is_bounded() -> None:
    tracker, event = AttendanceTracker(), room(7)
    for number in range(MAX_UNWRITTEN):
        tracker.joined(str(number), ANN, event, at=NOW)
        tracker.left(str(number), ANN, event, at=NOW)
    assert len(tracker.unwritten()) == MAX_UNWRITTEN
