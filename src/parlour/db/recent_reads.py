"""Remember for some seconds what the database answered: a person's requests come in twos and threes. Pure."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Generic, TypeVar

MAX_REMEMBERED = 10_000

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class ReadMark:
    """The moment before a query. `removals` counts what had been forgotten until then."""

    removals: int
    at: float


class RecentReads(Generic[Key, Value]):
    """Answers of the last `seconds`, at most MAX_REMEMBERED; in all methods `now` counts seconds.

    Changes by this process take effect at once: the subscriber of each calls `forget` or `clear`, which also
    voids the answers of queries that are under way, since those may be older than the change. Changes by
    other processes take effect after `seconds` at the latest.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._answers: OrderedDict[Key, tuple[Value, float]] = OrderedDict()
        self._removals = 0

    def __len__(self) -> int:
        return len(self._answers)

    def mark(self, now: float) -> ReadMark:
        """Return the mark of a query that begins now."""
        return ReadMark(self._removals, now)

    def add(self, key: Key, value: Value, mark: ReadMark) -> None:
        """Remember the answer of the query that began at `mark`, unless anything was forgotten since."""
        if mark.removals != self._removals:
            return
        self._answers[key] = (value, mark.at)
        self._answers.move_to_end(key)
        if len(self._answers) > MAX_REMEMBERED:
            self._answers.popitem(last=False)

    def find(self, key: Key, now: float) -> Value | None:
        """Return the answer; None if there is none, or if it is too old."""
        found = self._answers.get(key)
        if found is None:
            return None
        value, read_at = found
        if now - read_at > self._seconds:
            del self._answers[key]
            return None
        return value

    def forget(self, key: Key) -> None:
        self._removals += 1
        self._answers.pop(key, None)

    def clear(self) -> None:
        self._removals += 1
        self._answers.clear()
