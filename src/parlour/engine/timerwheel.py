"""A timer wheel for all sessions. Time is an argument, so it can be tested without waiting.

It is a hashed wheel (Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", 1987) whose slots are
created when they are needed: scheduling, moving and cancelling each take constant time.
"""

from collections.abc import Iterator, Sequence
from math import ceil
from typing import Generic, Protocol, TypeVar


class Timed(Protocol):
    """An item of a wheel; `wheel_slot` is its place, None while the item is not on the wheel."""

    wheel_slot: int | None


T = TypeVar("T", bound=Timed)


class TimerWheel(Generic[T]):
    """A hashed timer wheel. `tick` is its resolution in seconds: an item is due at most a tick late."""

    def __init__(self, tick: float, now: float) -> None:
        self.tick = tick
        self._slots: dict[int, set[T]] = {}
        self._passed = int(now / tick)

    def __len__(self) -> int:
        return sum(len(items) for items in self._slots.values())

    def schedule(self, item: T, due: float) -> None:
        """Put an item on the wheel, or move it there: an item is on the wheel at most once."""
        slot = max(ceil(due / self.tick), self._passed + 1)
        if item.wheel_slot == slot:
            return
        self.cancel(item)
        item.wheel_slot = slot
        self._slots.setdefault(slot, set()).add(item)

    def cancel(self, item: T) -> None:
        if item.wheel_slot is None:
            return
        items = self._slots.get(item.wheel_slot)
        if items is not None:
            items.discard(item)
            if not items:
                del self._slots[item.wheel_slot]
        item.wheel_slot = None

    def due(self, now: float) -> Iterator[T]:
        """Yield the items that are due; each is removed from the wheel before it is yielded."""
        reached = int(now / self.tick)
        for slot in self._reached_slots(reached):
            self._passed = max(self._passed, slot)
            while items := self._slots.get(slot):
                item = items.pop()
                if not items:
                    del self._slots[slot]
                item.wheel_slot = None
                yield item
        self._passed = max(self._passed, reached)

    def _reached_slots(self, reached: int) -> Sequence[int]:
        if reached - self._passed <= len(self._slots):
            return range(self._passed + 1, reached + 1)
        return sorted(slot for slot in self._slots if slot <= reached)
