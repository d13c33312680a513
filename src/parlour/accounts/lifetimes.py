"""How long what is handed out lives."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetimes:
    access: timedelta
    refresh: timedelta
    guest: timedelta
    verification: timedelta
