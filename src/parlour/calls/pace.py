"""How fast one connection may send, by kind of event. Pure: the time is handed in.

The generic cell rate algorithm: a kind keeps one number, the moment at which all that was sent would be
paid for. A connection may be ten seconds ahead of it, so that honest bursts (ten peers, each with its
candidates) are never held up.
"""

from dataclasses import dataclass
from enum import IntEnum

AHEAD_SECONDS = 10.0


class Kind(IntEnum):
    RELAY = 0
    ENTRY = 1
    CHAT = 2
    OTHER = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Events a second; ten times as many at once."""

    relays: int
    entries: int
    chats: int
    others: int

    def intervals(self) -> tuple[float, float, float, float]:
        return (1 / self.relays, 1 / self.entries, 1 / self.chats, 1 / self.others)


class Pace:
    """Of one connection."""

    __slots__ = ("_intervals", "_paid_at")

    def __init__(self, intervals: tuple[float, float, float, float]) -> None:
        self._intervals = intervals
        self._paid_at = [0.0, 0.0, 0.0, 0.0]

    def allows(self, kind: int, now: float) -> bool:
        paid_at = self._paid_at[kind]
        if paid_at < now:
            paid_at = now
        elif paid_at - now > AHEAD_SECONDS:
            return False
        self._paid_at[kind] = paid_at + self._intervals[kind]
        return True
