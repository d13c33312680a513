"""The rows of an event's attendance."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AttendanceRow:
    """A line of an event's attendance; `number` grows with each."""

    number: int
    username: str
    email: str
    joined_at: datetime
    left_at: datetime | None
    display_name: str | None = None
