"""A prepared join counts once, for its room and person, and not for long."""

from datetime import UTC, datetime

from parlour.accounts.identity import UserId
from parlour.calls.prepared_joins import MAX_PREPARED, PREPARED_SECONDS, PreparedJoins
from parlour.rooms.access import PasswordAccess
from parlour.rooms.entities import Room, RoomId

ANN, BOB = UserId(1), UserId(2)
ROOM = Room(
    room_id=RoomId(1),
    name="garden",
    description="",
    creator_id=ANN,
    creator_name="ann",
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    access=PasswordAccess(""),
)


def test_a_prepared_join_counts_once() -> None:
    joins = PreparedJoins()
    joins.add(ANN, "garden", ROOM, 100.0)
    assert joins.take(BOB, "garden", 100.0) is None
    assert joins.take(ANN, "garden", 100.0 + PREPARED_SECONDS) == ROOM
    assert joins.take(ANN, "garden", 100.0) is None


def test_a_prepared_join_ends() -> None:
    joins = PreparedJoins()
    joins.add(ANN, "garden", ROOM, 100.0)
    assert joins.take(ANN, "garden", 100.1 + PREPARED_SECONDS) is None


def test_another_room_ends_it() -> None:
    joins = PreparedJoins()
    joins.add(ANN, "garden", ROOM, 100.0)
    assert joins.take(ANN, "Garden", 100.0) is None
    assert joins.take(ANN, "garden", 100.0) is None


def test_what_changes_a_persons_account_or_any_room_ends_it() -> None:
    joins = PreparedJoins()
    for person in (ANN, BOB):
        joins.add(person, "garden", ROOM, 100.0)
    joins.forget(ANN)
    assert joins.take(ANN, "garden", 100.0) is None
    joins.clear()
    assert joins.take(BOB, "garden", 100.0) is None


def test_only_so_many_are_kept() -> None:
    joins = PreparedJoins()
    for number in range(MAX_PREPARED + 2):
        joins.add(UserId(number), "garden", ROOM, 100.0)
    assert len(joins) == MAX_PREPARED
    assert joins.take(UserId(1), "garden", 100.0) is None
    assert joins.take(UserId(2), "garden", 100.0) == ROOM
