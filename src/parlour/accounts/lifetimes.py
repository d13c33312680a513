"""How long what is handed out lives."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetimes:
    """`refresh` is how long a session may go unused; `unused`, one whose cookie ends with the browser."""

    access: timedelta
    refresh: timedelta
    unused: timedelta
    session: timedelta
    guest: timedelta
    verification: timedelta
    password_reset: timedelta


def spoken(duration: timedelta) -> str:
    """`30 minutes`, as a letter says it."""
    minutes = round(duration.total_seconds() / 60)
    if minutes < 1:
        return f"{round(duration.total_seconds())} seconds"
    if minutes % 60 == 0:
        hours = minutes // 60
        return "one hour" if hours == 1 else f"{hours} hours"
    return "one minute" if minutes == 1 else f"{minutes} minutes"
