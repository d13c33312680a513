"""Moments that people choose: RFC 3339 with an offset, and nothing else."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from parlour.wire.base import ZONED_TIME_PATTERN, ZonedTime, parsed_zoned_time
from parlour.wire.http import LONGEST_EVENT_MINUTES, NewEvent

PATTERN = re.compile(ZONED_TIME_PATTERN)


@pytest.mark.parametrize(
    ("text", "moment", "offset"),
    [
        ("2026-12-01T15:00:00+01:00", datetime(2026, 12, 1, 14, tzinfo=UTC), 60),
        ("2026-12-01t15:00:00z", datetime(2026, 12, 1, 15, tzinfo=UTC), 0),
        ("2028-02-29T00:30:00.250-03:30", datetime(2028, 2, 29, 4, 0, 0, 250_000, tzinfo=UTC), -210),
        ("2000-01-01T00:00:00+14:00", datetime(1999, 12, 31, 10, tzinfo=UTC), 840),
    ],
)
def test_a_moment_keeps_its_offset(text: str, moment: datetime, offset: int) -> None:
    parsed = parsed_zoned_time(text)
    assert parsed == moment
    assert parsed.utcoffset() == timedelta(minutes=offset)


@pytest.mark.parametrize(
    "nonsense",
    [
        "", "tomorrow", "2026-12-01", "2026-12-01T15:00:00", "2026-12-01T15:00+01:00", "2026-12-01 15:00:00Z",
        "2026-02-29T15:00:00Z", "2100-02-28T15:00:00Z", "1999-01-01T15:00:00Z", "2026-13-01T15:00:00Z",
        "2026-06-31T15:00:00Z", "2026-12-01T24:00:00Z", "2026-12-01T15:60:00Z", "2026-12-01T15:00:60Z",
        "2026-12-01T15:00:00+14:01", "2026-12-01T15:00:00+1:00", "2026-12-01T15:00:00Z\n",
        "２０26-12-01T15:00:00Z", 1_764_600_000, 1.5, True, ["2026-12-01T15:00:00Z"], {},
    ],
)  # fmt: skip
def test_nonsense_is_refused(nonsense: object) -> None:
    with pytest.raises(ValidationError):
        NewEvent.model_validate({"room": "Garden", "starts_at": nonsense})


@pytest.mark.parametrize("minutes", [0, -1, LONGEST_EVENT_MINUTES + 1, "long", 1.5])
def test_a_duration_is_some_minutes_and_a_week_at_most(minutes: object) -> None:
    with pytest.raises(ValidationError):
        NewEvent.model_validate({"room": "Garden", "duration_minutes": minutes})


@given(st.from_regex(PATTERN, fullmatch=True))
def test_whatever_the_description_allows_is_understood(text: str) -> None:
    """An operation never refuses what its schema allows."""
    assert TypeAdapter(ZonedTime).validate_python(text.rstrip("\n")).utcoffset() is not None
