"""Who is at which event, and what of it is yet to be written."""

from datetime import UTC, datetime

from parlour.accounts.identity import Client, UserId
from parlour.events.tracker import MAX_UNWRITTEN, Came, Ledger, Went
from parlour.rooms.entities import Room, RoomId

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ANN = Client(user_id=UserId(1), email="ann@example.org", username="ann")


def room(event_id: int | None) -> Room:
    return Room(
        room_id=RoomId(1),
        name="garden",
        description="",
        password_hash="",
        creator_id=None,
        creator_name="ann",
        created_at=NOW,
        event_id=event_id,
    )


def test_at_two_computers_until_the_last_one_leaves() -> None:
    ledger, event = Ledger(), room(7)
    ledger.came("first", ANN, event, at=NOW)
    ledger.came("second", ANN, event, at=NOW)
    ledger.came("second", ANN, event, at=NOW)
    ledger.went("first", ANN, event, at=NOW)
    assert ledger.is_there(7, ANN.user_id)
    ledger.went("second", ANN, event, at=NOW)
    ledger.went("second", ANN, event, at=NOW)
    assert not ledger.is_there(7, ANN.user_id)
    assert ledger.unwritten() == [
        Came(visit="first", event_id=7, identity=ANN, at=NOW),
        Went(visit="first", at=NOW),
    ]


def test_what_is_written_is_written_once() -> None:
    ledger, event = Ledger(), room(7)
    ledger.came("first", ANN, event, at=NOW)
    written = ledger.unwritten()
    ledger.went("first", ANN, event, at=NOW)
    ledger.written(written)
    assert ledger.unwritten() == [Went(visit="first", at=NOW)]


def test_a_room_that_is_no_event_has_no_attendance() -> None:
    ledger = Ledger()
    ledger.came("first", ANN, room(None), at=NOW)
    ledger.went("first", ANN, room(None), at=NOW)
    assert not ledger and ledger.unwritten() == []


def test_it_is_bounded() -> None:
    ledger, event = Ledger(), room(7)
    for number in range(MAX_UNWRITTEN):
        ledger.came(str(number), ANN, event, at=NOW)
        ledger.went(str(number), ANN, event, at=NOW)
    assert len(ledger.unwritten()) == MAX_UNWRITTEN
