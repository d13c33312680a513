"""When an event takes place. Pure."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Schedule:
    """`starts_at` has the offset from UTC that its creator gave it; `duration` is None where it is not known.

    It says when people meet and shuts nothing: the room can be entered at any time.
    """

    starts_at: datetime
    duration: timedelta | None = None
    sequence: int = field(default=0, compare=False)
    """The number of times that the event has got another time (RFC 5545, SEQUENCE), by the database."""

    @property
    def duration_minutes(self) -> int | None:
        return None if self.duration is None else self.duration // timedelta(minutes=1)

    def is_over(self, now: datetime) -> bool:
        return self.starts_at + (self.duration or timedelta()) <= now


@dataclass(frozen=True, slots=True)
class ScheduleChange:
    """A change of an event's time: `schedule` is None where it has none any more."""

    schedule: Schedule | None


def is_news(before: Schedule | None, after: Schedule | None, now: datetime) -> bool:
    """Tell if invitees are to hear of a change: one that only concerns the past is none to them."""
    return before != after and any(one is not None and not one.is_over(now) for one in (before, after))
