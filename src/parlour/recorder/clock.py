"""The clock of a recorder: the monotonic one, which LiveKit's SDK uses too, as time since 1970."""

import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RecorderClock:
    """Translates monotonic times into microseconds since 1970, by what the system's time was at its start."""

    offset: int

    @classmethod
    def started_now(cls) -> "RecorderClock":
        return cls((time.time_ns() - time.monotonic_ns()) // 1000)

    def now(self) -> int:
        return self.at(time.monotonic_ns() // 1000)

    def at(self, monotonic: int) -> int:
        """Translate microseconds of the monotonic clock."""
        return monotonic + self.offset
