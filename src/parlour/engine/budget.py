"""Bytes that many connections hold together, with a bound for all of them."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Protocol


class Holder(Hashable, Protocol):
    """A connection that can be ended to get its memory back."""

    def give_way(self) -> None:
        """End at once; called while any connection is handled, so it must not call back."""


class ByteBudget:
    """While all holders together hold more than `limit` bytes, the one that began to hold first gives
    way.

    A slow peer cannot be told from a hostile one, but an honest peer holds bytes for a moment only, so
    the oldest holder is the right one to end, however many addresses an attacker has.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: OrderedDict[Holder, int] = OrderedDict()
        self.total = 0

    def hold(self, holder: Holder, size: int) -> None:
        """Set the bytes that `holder` holds; it keeps its age."""
        self.total += size - self._held.get(holder, 0)
        self._held[holder] = size
        while self.total > self._limit and self._held:
            oldest, held = self._held.popitem(last=False)
            self.total -= held
            oldest.give_way()

    def release(self, holder: Holder) -> None:
        self.total -= self._held.pop(holder, 0)
