"""Rooms have their workers: evenly, moved as little as possible, away from one that is late or too full."""

import os
from collections import Counter
from collections.abc import Iterator

import pytest

from parlour.worker_table import ALLOWANCE, BEAT_SECONDS, WorkerTable, open_table

ROOMS = [b"%08x" % (number * 2_654_435_761 % 2**32) for number in range(2000)]


@pytest.fixture
def now() -> list[float]:
    return [1000.0]


@pytest.fixture
def table(now: list[float]) -> Iterator[WorkerTable]:
    file = open_table(4)
    table = WorkerTable(file, lambda: now[0])
    for number in range(4):
        table.note(number, 10)
    yield table
    table.close()
    os.close(file)


def workers(table: WorkerTable) -> dict[bytes, int | None]:
    return {room: table.worker_of_room(room) for room in ROOMS}


def test_rooms_are_spread_evenly(table: WorkerTable) -> None:
    counts = Counter(workers(table).values())
    assert set(counts) == {0, 1, 2, 3}
    assert all(400 < count < 600 for count in counts.values()), counts


def test_all_processes_see_the_same() -> None:
    file = open_table(4)
    one, other = WorkerTable(file), WorkerTable(file)
    os.close(file)
    for number in range(4):
        one.note(number, 0)
    assert workers(one) == workers(other)
    one.close()
    assert other.worker_of_room(ROOMS[0]) is not None
    other.close()


@pytest.mark.parametrize("ends_by", ["its end", "silence"])
def test_a_worker_that_ends_moves_its_own_rooms_alone(
    table: WorkerTable, now: list[float], ends_by: str
) -> None:
    before = workers(table)
    if ends_by == "its end":
        table.clear(2)
    else:
        now[0] += BEAT_SECONDS
        for number in (0, 1, 3):
            table.note(number, 10)
    after = workers(table)
    assert all(after[room] == number for room, number in before.items() if number != 2)
    moved = Counter(after[room] for room, number in before.items() if number == 2)
    assert set(moved) == {0, 1, 3}
    table.note(2, 10)
    assert workers(table) == before


def test_without_a_worker_that_is_well_there_is_none(table: WorkerTable, now: list[float]) -> None:
    now[0] += BEAT_SECONDS
    assert table.worker_of_room(ROOMS[0]) is None


def test_a_worker_that_is_much_fuller_than_the_others_is_passed_over(table: WorkerTable) -> None:
    before = workers(table)
    table.note(1, ALLOWANCE + 20)
    assert workers(table) == before
    table.note(1, 10 * ALLOWANCE)
    assert 1 not in workers(table).values()
