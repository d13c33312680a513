"""A chat's order: whatever the network does, everybody gets the same, each once."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from parlour.chat.order import MISSING_SECONDS, ChatOrder, Missing

STEP = MISSING_SECONDS / 5


def order(after: int = 0, **bounds: int) -> ChatOrder[str]:
    return ChatOrder(after, **bounds)


def test_what_arrives_in_order_is_never_held() -> None:
    chat = order(7)
    assert [chat.take(number, str(number), 0.0) for number in (8, 9, 10)] == [["8"], ["9"], ["10"]]
    assert chat.due_at is None


def test_what_arrives_early_waits_for_what_is_before_it() -> None:
    chat = order()
    assert chat.take(3, "c", 0.0) == []
    assert chat.take(2, "b", 0.1) == []
    assert chat.missing(0.1) is None
    assert chat.take(1, "a", 0.2) == ["a", "b", "c"]
    assert chat.due_at is None


def test_what_arrives_again_is_dropped() -> None:
    chat = order()
    chat.take(2, "b", 0.0)
    assert chat.take(2, "b", 0.0) == []
    assert chat.take(1, "a", 0.0) == ["a", "b"]
    assert [chat.take(number, "again", 0.0) for number in (1, 2)] == [[], []]


def test_what_does_not_arrive_is_read() -> None:
    chat = order()
    chat.take(2, "b", 0.0)
    chat.take(5, "e", 0.1)
    assert chat.missing(MISSING_SECONDS - 0.01) is None
    assert chat.missing(MISSING_SECONDS) == Missing(1, 1)
    assert chat.fill(Missing(1, 1), {1: "a"}) == ["a", "b"]
    assert chat.missing(MISSING_SECONDS) == Missing(3, 4), "that has waited as long"
    assert chat.fill(Missing(3, 4), {4: "d"}) == ["d", "e"], "a number without an item is passed over"
    assert chat.due_at is None


def test_what_arrives_while_it_is_read_is_not_delivered_twice() -> None:
    chat = order()
    chat.take(3, "c", 0.0)
    read = chat.missing(1.0)
    assert read == Missing(1, 2)
    assert chat.take(1, "a", 1.0) == ["a"]
    assert chat.fill(read, {1: "a", 2: "b"}) == ["b", "c"]


def test_what_never_arrived_is_found_by_its_number() -> None:
    chat = order(4)
    chat.exists(4, 0.0)
    assert chat.due_at is None
    chat.exists(6, 0.0)
    assert chat.missing(1.0) == Missing(5, 6)
    assert chat.fill(Missing(5, 6), {5: "e", 6: "f"}) == ["e", "f"]
    assert chat.due_at is None


def test_no_more_is_held_than_the_bound_and_nothing_is_lost() -> None:
    chat = order(max_held=3, page=2)
    for number in range(2, 11):
        assert chat.take(number, str(number), 0.0) == []
    got = []
    while (read := chat.missing(1.0)) is not None:
        assert read.last - read.first < 2
        got += chat.fill(read, {n: str(n) for n in range(read.first, read.last + 1)})
    assert got == [str(number) for number in range(1, 11)]


@st.composite
def journeys(draw: st.DrawFn) -> list[tuple[int, list[int]]]:
    """Numbers, and when each arrives at this node, in steps: at no time if it is lost, or at several."""
    count = draw(st.integers(1, 40))
    return [
        (number, draw(st.lists(st.integers(number, number + 12), max_size=3)))
        for number in range(1, count + 1)
    ]


@given(journeys(), st.sets(st.integers(1, 40)), st.integers(0, 6))
def test_whatever_the_network_does_all_get_the_same_order_each_once(
    sent: list[tuple[int, list[int]]], without_item: set[int], slowness: int
) -> None:
    """`without_item` are numbers of transactions that stored nothing; reads answer `slowness` steps later."""
    stored: Mapping[int, str] = {number: str(number) for number, _ in sent if number not in without_item}
    chat = order(max_held=5, page=4)
    arrivals = sorted((step, number) for number, steps in sent for step in steps if number in stored)
    got: list[str] = []
    reading: tuple[int, Missing] | None = None
    for step in range(400):
        now = step * STEP
        while arrivals and arrivals[0][0] <= step:
            number = arrivals.pop(0)[1]
            got += chat.take(number, stored[number], now)
        if step == 60:
            chat.exists(len(sent), now)
        if reading is not None and reading[0] <= step:
            read, reading = reading[1], None
            got += chat.fill(read, {n: item for n, item in stored.items() if read.first <= n <= read.last})
        missing = chat.missing(now)
        if missing is not None and reading is None:
            reading = step + slowness, missing
    assert got == list(stored.values())
    assert chat.due_at is None
