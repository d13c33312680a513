"""Spread work that is due at the same moment over turns of the event loop."""

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

ITEMS_A_TURN = 16


class Slices(Generic[T]):
    """A FIFO of items, a few of which are handled in each turn of the event loop.

    When a proxy restarts, thousands of connections end at once: handled in one turn, they would hold the loop
    for more than 100 ms. Who adds items bounds their number.
    """

    def __init__(self, handle: Callable[[T], None], soon: Callable[[Callable[[], None]], None]) -> None:
        """`soon` makes a call in the next turn of the event loop."""
        self._handle = handle
        self._soon = soon
        self._items: deque[T] = deque()
        self._is_scheduled = False

    def __len__(self) -> int:
        return len(self._items)

    def add(self, item: T) -> None:
        """Handle the item in one of the next turns, after all that were added before it."""
        self._items.append(item)
        if not self._is_scheduled:
            self._is_scheduled = True
            self._soon(self._run)

    def _run(self) -> None:
        try:
            for _ in range(min(ITEMS_A_TURN, len(self._items))):
                self._handle(self._items.popleft())
        finally:
            self._is_scheduled = bool(self._items)
            if self._is_scheduled:
                self._soon(self._run)
