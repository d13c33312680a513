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
