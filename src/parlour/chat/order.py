"""Put what happens in a room's chat into its order, as it arrives from several nodes. Pure.

Each message and each change has a number, counted in the transaction that stores it: the numbers have no gaps
but those of transactions that stored nothing. What arrives early is held back; what has not arrived after
MISSING_SECONDS has to be read from the database; what arrives again is dropped.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

MISSING_SECONDS = 0.25
MAX_HELD = 256
"""The most that a room holds back; what is beyond is read from the database when its turn comes."""
PAGE = 100
"""The most numbers that are read at once."""

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Missing:
    """The numbers from `first` to `last`, which are to be read."""

    first: int
    last: int


class ChatOrder(Generic[Item]):
    """The order of one room's chat; in all methods `now` counts seconds."""

    def __init__(self, after: int, *, max_held: int = MAX_HELD, page: int = PAGE) -> None:
        """Begin with what follows the number `after`."""
        self._next = after + 1
        self._newest = after
        self._held: dict[int, Item] = {}
        self._waits_since: float | None = None
        self._max_held = max_held
        self._page = page

    @property
    def due_at(self) -> float | None:
        """Return the time at which `missing` has an answer, None while nothing is missing."""
        return None if self._waits_since is None else self._waits_since + MISSING_SECONDS

    @property
    def newest(self) -> int:
        """Return the greatest number that is known to have been counted."""
        return self._newest

    def take(self, number: int, item: Item, now: float) -> list[Item]:
        """Take what has arrived; return all whose turn has come, in the order of the numbers."""
        self._newest = max(self._newest, number)
        if number > self._next:
            self._hold(number, item)
            if self._waits_since is None:
                self._waits_since = now
            return []
        if number < self._next:
            return []
        self._next += 1
        ready = [item, *self._run()]
        self._waits_since = None if self._next > self._newest else now
        return ready

    def exists(self, number: int, now: float) -> None:
        """Note that a number was counted, whether it will arrive or not."""
        self._newest = max(self._newest, number)
        if self._waits_since is None and self._next <= self._newest:
            self._waits_since = now

    def missing(self, now: float) -> Missing | None:
        """Return what is to be read now, None if nothing is missing for long enough."""
        if self.due_at is None or now < self.due_at:
            return None
        last = min(self._held, default=self._newest + 1) - 1
        return Missing(self._next, min(last, self._next + self._page - 1))

    def fill(self, read: Missing, found: Mapping[int, Item]) -> list[Item]:
        """Take what was read; return all whose turn has come. A number that was not found has no item.

        What is still missing afterwards is due at once: it has waited as long.
        """
        ready = []
        while self._next <= read.last:
            item = self._held.pop(self._next, None) or found.get(self._next)
            if item is not None:
                ready.append(item)
            self._next += 1
        ready += self._run()
        if self._next > self._newest:
            self._waits_since = None
        return ready

    def _hold(self, number: int, item: Item) -> None:
        self._held[number] = item
        if len(self._held) > self._max_held:
            del self._held[max(self._held)]

    def _run(self) -> list[Item]:
        """Take the items that follow, without a gap, from those held back."""
        ready = []
        while (item := self._held.pop(self._next, None)) is not None:
            ready.append(item)
            self._next += 1
        return ready
