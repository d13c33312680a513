"""When an event takes place. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Schedule:
    """`starts_at` has the offset from UTC that its creator gave it; `duration` is None where it is not known.

    It says when people meet and shuts nothing: the room can be entered at any time.
    """

    starts_at: datetime
    duration: timedelta | None = None

    @property
    def duration_minutes(self) -> int | None:
        return None if self.duration is None else self.duration // timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ScheduleChange:
    """A change of an event's time: `schedule` is None where it has none any more."""

    schedule: Schedule | None
