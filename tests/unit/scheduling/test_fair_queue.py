"""Turns that are fair, whatever anybody else asks for."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parlour.scheduling.fair_queue import FairQueue, FairQueueFull


def filled(*entries: str, limit: int = 1000) -> FairQueue[str]:
    """Each entry, such as `a/x/1`, is an item that waits under the path before its last part."""
    queue = FairQueue[str](limit=limit)
    for entry in entries:
        queue.add(entry, path(entry))
    return queue


def path(entry: str) -> list[str]:
    return entry.split("/")[:-1]


def emptied(queue: FairQueue[str]) -> list[str]:
    return [queue.pop() for _ in range(len(queue))]


def test_sources_take_turns() -> None:
    assert emptied(filled("a/1", "a/2", "a/3", "b/1", "c/1")) == ["a/1", "b/1", "c/1", "a/2", "a/3"]


def test_who_comes_later_waits_for_one_of_each() -> None:
    queue = filled(*(f"a/{number}" for number in range(300)))
    assert queue.pop() == "a/0"
    queue.add("b/1", ["b"])
    assert "b/1" in [queue.pop(), queue.pop()]


def test_parts_of_a_source_take_turns() -> None:
    queue = filled("a/x/1", "a/x/2", "a/y/1", "b/z/1", "b/z/2")
    assert emptied(queue) == ["a/x/1", "b/z/1", "a/y/1", "b/z/2", "a/x/2"]


def test_whoever_fills_the_queue_gives_way() -> None:
    queue = filled(*(f"a/{number}" for number in range(10)), limit=10)
    assert queue.add("b/1", ["b"]) == "a/9", "the newest"
    with pytest.raises(FairQueueFull):
        queue.add("a/10", ["a"])
    for number in range(2, 6):
        assert queue.add(f"b/{number}", ["b"]) is not None
    with pytest.raises(FairQueueFull):
        queue.add("b/6", ["b"])
    assert queue.waiting_of("a") == queue.waiting_of("b") == 5
    assert len(queue) == 10


def test_whoever_leaves_is_not_called() -> None:
    queue = filled("a/x/1", "a/y/1", "b/x/1")
    assert queue.discard("a/x/1", ["a", "x"])
    for gone in ("a/x/1", "b/x/2", "c/x/1"):
        assert not queue.discard(gone, path(gone))
    assert emptied(queue) == ["a/y/1", "b/x/1"]


names = st.sampled_from("abc")
entries = st.lists(st.builds("{}/{}/{}".format, names, names, st.integers(0, 50)), unique=True)


@given(entries)
def test_each_comes_once(entries: list[str]) -> None:
    assert sorted(emptied(filled(*entries))) == sorted(entries)


@given(entries)
def test_no_source_is_more_than_a_turn_ahead_of_one_that_waits(entries: list[str]) -> None:
    queue = filled(*entries)
    asked = Counter(entry[0] for entry in entries)
    served: Counter[str] = Counter()
    while len(queue):
        served[queue.pop()[0]] += 1
        for source in asked:
            if served[source] < asked[source]:
                assert max(served.values()) <= served[source] + 1


@given(entries, st.data())
def test_those_that_leave_change_nothing_for_the_others(entries: list[str], data: st.DataObject) -> None:
    queue = filled(*entries)
    gone = data.draw(st.sets(st.sampled_from(entries))) if entries else set()
    for entry in gone:
        assert queue.discard(entry, path(entry))
    assert len(queue) == len(entries) - len(gone)
    assert sorted(emptied(queue)) == sorted(set(entries) - gone)


@given(entries, st.integers(1, 20))
def test_the_queue_has_a_bound(entries: list[str], limit: int) -> None:
    queue = FairQueue[str](limit=limit)
    kept: set[str] = set()
    for entry in entries:
        try:
            displaced = queue.add(entry, path(entry))
        except FairQueueFull:
            continue
        kept.add(entry)
        kept.discard(displaced or "")
        assert len(queue) == len(kept) <= limit
    assert sorted(emptied(queue)) == sorted(kept)
