"""Limit the connections per address and per person, and keep the event rate limiter of each person."""

from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from parlour.accounts.identity import UserId
from parlour.calls.rate_limiter import AHEAD_SECONDS, EventRateLimiter, EventRates
from parlour.calls.refusals import TooManyConnections
from parlour.errors import RateLimited

K = TypeVar("K")

MAX_REMEMBERED = 50_000
"""The most rate limiters that are kept for people without a connection; beyond, the oldest is dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """The most simultaneous connections."""

    per_address: int
    per_person: int


class ConnectionQuotas:
    """Count connections, and keep a person's rate limiter for as long as it could refuse an event: otherwise
    a person could reset it by reconnecting.
    """

    def __init__(self, limits: ConnectionLimits, rates: EventRates, *, clock: Callable[[], float]) -> None:
        """`clock` counts seconds and is monotonic."""
        self.limits = limits
        self._intervals = rates.intervals()
        self._clock = clock
        self._by_address: Counter[str] = Counter()
        self._by_person: Counter[UserId] = Counter()
        self._paces: dict[UserId, EventRateLimiter] = {}
        self._left_at: OrderedDict[UserId, float] = OrderedDict()

    def take(self, address: str, user_id: UserId) -> EventRateLimiter:
        """Count a connection; return its person's rate limiter. Raises RateLimited or TooManyConnections."""
        if self._by_address[address] >= self.limits.per_address:
            raise RateLimited
        if self._by_person[user_id] >= self.limits.per_person:
            raise TooManyConnections
        self._by_address[address] += 1
        self._by_person[user_id] += 1
        self._left_at.pop(user_id, None)
        return self._paces.setdefault(user_id, EventRateLimiter(self._intervals))

    def held(self, address: str, user_id: UserId) -> tuple[int, int]:
        """Return how many connections the address and the person have now."""
        return self._by_address[address], self._by_person[user_id]

    def addresses(self) -> Mapping[str, int]:
        return self._by_address

    def people(self) -> Mapping[UserId, int]:
        return self._by_person

    def give_back(self, address: str, user_id: UserId) -> None:
        _decrement(self._by_address, address)
        if _decrement(self._by_person, user_id) == 0:
            self._left_at[user_id] = self._clock()
        self._forget()

    def _forget(self) -> None:
        """Drop rate limiters that have been unused for so long that a new limiter would allow as much."""
        outdated = self._clock() - AHEAD_SECONDS * 2
        while self._left_at:
            user_id, left_at = next(iter(self._left_at.items()))
            if left_at > outdated and len(self._left_at) <= MAX_REMEMBERED:
                return
            del self._left_at[user_id], self._paces[user_id]


def _decrement(counts: Counter[K], key: K) -> int:
    counts[key] -= 1
    left = counts[key]
    if not left:
        del counts[key]
    return left
