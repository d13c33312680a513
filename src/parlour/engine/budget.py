"""Bound the bytes that all connections hold together."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Protocol


class Holder(Hashable, Protocol):
    """A connection that can be ended to get its memory back."""

    def give_way(self) -> None:
        """End at once. It must not call back, since it is called while another connection is handled."""


class ByteBudget:
    """A shared budget: while all holders together hold more than `limit` bytes, the oldest holder is ended.

    A slow peer cannot be told from a hostile peer, but an honest peer holds bytes only for a moment, so the
    oldest holder is most likely hostile, however many addresses an attacker has.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: OrderedDict[Holder, int] = OrderedDict()
        self.total = 0

    def hold(self, holder: Holder, size: int) -> None:
        """Set the bytes that `holder` holds; its age counts from its first call after a `release`."""
        self.total += size - self._held.get(holder, 0)
        self._held[holder] = size
        while self.total > self._limit and self._held:
            oldest, held = self._held.popitem(last=False)
            self.total -= held
            oldest.give_way()

    def release(self, holder: Holder) -> None:
        self.total -= self._held.pop(holder, 0)
