"""Answers of the database are remembered for some seconds, at most so many, and none older than a change."""

from hypothesis import given
from hypothesis import strategies as st

from parlour.db.recent_reads import MAX_REMEMBERED, ReadMark, RecentReads

SECONDS = 15.0


def test_an_answer_counts_until_it_is_too_old() -> None:
    reads = RecentReads[str, int](SECONDS)
    reads.add("ann", 1, reads.mark(100.0))
    assert reads.find("bob", 100.0) is None
    assert reads.find("ann", 100.0 + SECONDS) == 1
    assert reads.find("ann", 100.1 + SECONDS) is None
    assert len(reads) == 0


def test_the_age_counts_from_the_beginning_of_the_query() -> None:
    reads = RecentReads[str, int](SECONDS)
    mark = reads.mark(100.0)
    reads.add("ann", 1, mark)
    reads.add("ann", 2, mark)
    assert reads.find("ann", 100.1 + SECONDS) is None


def test_a_query_that_a_removal_overtakes_is_not_remembered() -> None:
    reads = RecentReads[str, int](SECONDS)
    mark = reads.mark(100.0)
    reads.forget("ann")
    reads.add("ann", 1, mark)
    assert reads.find("ann", 100.0) is None
    mark = reads.mark(100.0)
    reads.clear()
    reads.add("ann", 1, mark)
    assert reads.find("ann", 100.0) is None


def test_only_so_many_are_kept() -> None:
    reads = RecentReads[int, int](SECONDS)
    for number in range(MAX_REMEMBERED + 2):
        reads.add(number, number, reads.mark(100.0))
    assert len(reads) == MAX_REMEMBERED
    assert reads.find(1, 100.0) is None
    assert reads.find(2, 100.0) == 2


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("begin"), st.integers(0, 2)),
            st.tuples(st.just("end"), st.integers(0, 2)),
            st.tuples(st.just("change"), st.integers(0, 2)),
            st.tuples(st.just("change all"), st.just(0)),
            st.tuples(st.just("wait"), st.integers(1, 20)),
        )
    )
)
def test_nothing_older_than_a_change_is_ever_answered(steps: list[tuple[str, int]]) -> None:
    """The database is three counters; a query reads one at its beginning and is answered at its end."""
    reads, now = RecentReads[int, int](SECONDS), 100.0
    counters = [0, 0, 0]
    queries: list[tuple[int, int, ReadMark]] = []
    for step, number in steps:
        match step:
            case "begin":
                queries.append((number, counters[number], reads.mark(now)))
            case "end" if number < len(queries):
                reads.add(*queries.pop(number))
            case "change":
                counters[number] += 1
                reads.forget(number)
            case "change all":
                counters = [counter + 1 for counter in counters]
                reads.clear()
            case "wait":
                now += number
        for key, counter in enumerate(counters):
            assert reads.find(key, now) in (None, counter)
