"""Range requests: which bytes of a file are asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parlour.recordings.byte_ranges import ByteRange, RangeNotSatisfiable, asked_range

TAG, SIZE = '"tag"', 1000


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("bytes=0-0", ByteRange(0, 1)),
        ("bytes=0-", ByteRange(0, SIZE)),
        ("bytes=999-5000", ByteRange(999, 1)),
        ("bytes=-1", ByteRange(999, 1)),
        ("bytes=-5000", ByteRange(0, SIZE)),
        ("bytes=5-4", None),
        ("bytes=-", None),
        ("bytes=0-1,3-4", None),
        ("lines=0-1", None),
        ("bytes=٣-4", None),
        ("bytes=" + "9" * 30 + "-", None),
        (None, None),
    ],
)
def test_one_range_is_served_and_everything_else_is_the_whole_file(
    asked: str | None, expected: ByteRange | None
) -> None:
    assert asked_range(asked, None, TAG, SIZE) == expected


@pytest.mark.parametrize("asked", ["bytes=1000-", "bytes=1000-2000", "bytes=-0"])
def test_a_range_behind_the_end_cannot_be_served(asked: str) -> None:
    with pytest.raises(RangeNotSatisfiable):
        asked_range(asked, None, TAG, SIZE)


def test_a_range_of_another_version_is_the_whole_file() -> None:
    assert asked_range("bytes=0-1", '"another"', TAG, SIZE) is None
    assert asked_range("bytes=0-1", TAG, TAG, SIZE) == ByteRange(0, 2)


@given(
    st.one_of(st.text(max_size=40), st.from_regex(r"bytes=\d{0,6}-\d{0,6}", fullmatch=True)),
    st.integers(0, 100_000),
)
def test_a_range_lies_in_its_file(asked: str, size: int) -> None:
    try:
        found = asked_range(asked, None, TAG, size)
    except RangeNotSatisfiable:
        return
    assert found is None or (found.length > 0 and 0 <= found.start <= size - found.length)
