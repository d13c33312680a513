"""Limit the rate of a person's events, by kind, over all their connections. Pure: the time is an argument.

Each kind uses the generic cell rate algorithm (GCRA, ITU-T I.371) and stores a single number, its theoretical
arrival time (TAT). The tolerance is 10 seconds, so that honest bursts (ten peers, each with its candidates)
are never refused. Relays are counted twice: by messages and by bytes.
"""

from dataclasses import dataclass

from parlour.wire.events import RateKind

AHEAD_SECONDS = 10.0
BYTES_OF_A_RELAY = 1_024
"""The average size of a relayed message that the default byte rate allows. A candidate has 200 bytes and a
description 3 to 15 KB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRates:
    """Events per second; a burst may hold ten times as many."""

    relays: int
    entries: int
    chats: int
    others: int
    relay_bytes: int | None = None
    """Bytes per second; None stands for `relays` messages of `BYTES_OF_A_RELAY`."""

    def intervals(self) -> tuple[float, ...]:
        """Return the seconds per unit, by `RateKind`."""
        relay_bytes = self.relay_bytes or self.relays * BYTES_OF_A_RELAY
        return (1 / self.relays, 1 / self.entries, 1 / self.chats, 1 / self.others, 1 / relay_bytes)


class EventRateLimiter:
    """The TAT of a person's events, by kind."""

    __slots__ = ("_intervals", "_paid_at")

    def __init__(self, intervals: tuple[float, ...]) -> None:
        self._intervals = intervals
        self._paid_at = [0.0] * len(RateKind)

    def allows(self, kind: int, now: float, *, units: int = 1) -> bool:
        paid_at = self._paid_at[kind]
        if paid_at < now:
            paid_at = now
        elif paid_at - now > AHEAD_SECONDS:
            return False
        self._paid_at[kind] = paid_at + self._intervals[kind] * units
        return True

    def allows_relay(self, size: int, now: float) -> bool:
        """Count a relayed message of `size` bytes. Hot path: `allows` for both counts, inlined."""
        paid, intervals = self._paid_at, self._intervals
        messages, size_paid = paid[0], paid[4]
        if messages < now:
            messages = now
        elif messages - now > AHEAD_SECONDS:
            return False
        if size_paid < now:
            size_paid = now
        elif size_paid - now > AHEAD_SECONDS:
            return False
        paid[0] = messages + intervals[0]
        paid[4] = size_paid + intervals[4] * size
        return True
