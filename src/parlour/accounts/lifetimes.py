"""Lifetimes of tokens, sessions, guests and links."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetimes:
    """Lifetimes from the settings.

    `refresh` is the longest pause between two refreshes of a remembered session, `unused` that of a session
    whose cookie ends with the browser; `session` bounds both.
    """

    access: timedelta
    refresh: timedelta
    unused: timedelta
    session: timedelta
    guest: timedelta
    verification: timedelta
    password_reset: timedelta


def duration_text(duration: timedelta) -> str:
    """Write a duration for a mail, such as `30 minutes`."""
    minutes = round(duration.total_seconds() / 60)
    if minutes < 1:
        return f"{round(duration.total_seconds())} seconds"
    if minutes % 60 == 0:
        hours = minutes // 60
        return "one hour" if hours == 1 else f"{hours} hours"
    return "one minute" if minutes == 1 else f"{minutes} minutes"
