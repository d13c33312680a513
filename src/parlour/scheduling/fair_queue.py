"""A bounded queue in which sources take turns (nested round robin). Pure: no clock, no tasks."""

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Generic, TypeVar, cast

Item = TypeVar("Item", bound=Hashable)


class FairQueueFull(Exception):
    """The queue is full, and no source has more items in it than the source of the new item."""


class _Branch(OrderedDict[Hashable, "_Branch | None"]):
    """One level of sources; an item is a key without anything below it."""

    size = 0


class FairQueue(Generic[Item]):
    """Nested round robin: sources take turns, within a source its parts, and within a part the items by age.

    A path names a source and its parts, for example a network, an address in it and the account. All paths
    are equally long. In a full queue, the newest item of the source with the most items is dropped, as in
    fair queueing with longest queue drop (RFC 7806): a source that fills the queue keeps no other source out.
    """

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._root = _Branch()

    def __len__(self) -> int:
        return self._root.size

    def waiting_of(self, source: str) -> int:
        """Count the items of a source: the first part of their paths."""
        branch = self._root.get(source)
        return 0 if branch is None else branch.size

    def add(self, item: Item, path: Sequence[str]) -> Item | None:
        """Add an item. Return the item that gave way to it, None while there is room. Raises
        FairQueueFull.
        """
        displaced = None
        if len(self) >= self._limit:
            longest = max(self._root.values(), key=_size)
            if _size(longest) <= self.waiting_of(path[0]) + 1:
                raise FairQueueFull
            displaced = self._remove_newest()
        branch = self._root
        branch.size += 1
        for part in path:
            branch = cast(_Branch, branch.setdefault(part, _Branch()))
            branch.size += 1
        branch[item] = None
        return displaced

    def pop(self) -> Item:
        """Remove and return the item whose turn it is. Raises KeyError on an empty queue."""
        return self._take(self._root)

    def discard(self, item: Item, path: Sequence[str]) -> bool:
        """Remove an item. Return False if it was not in the queue."""
        branches = [self._root]
        for part in path:
            branch = branches[-1].get(part)
            if branch is None:
                return False
            branches.append(branch)
        if item not in branches[-1]:
            return False
        del branches[-1][item]
        for branch in branches:
            branch.size -= 1
        for parent, part in zip(reversed(branches[:-1]), reversed(path), strict=True):
            if not parent[part]:
                del parent[part]
        return True

    def _take(self, branch: _Branch) -> Item:
        key, below = branch.popitem(last=False)
        branch.size -= 1
        if below is None:
            return cast(Item, key)
        item = self._take(below)
        if below:
            branch[key] = below  # at the end: the others come first
        return item

    def _remove_newest(self) -> Item:
        branch, path = self._root, list[str]()
        while True:
            key, below = max(branch.items(), key=lambda entry: _size(entry[1]))
            if below is None:
                item = cast(Item, next(reversed(branch)))
                self.discard(item, path)
                return item
            path.append(cast(str, key))
            branch = below


def _size(branch: _Branch | None) -> int:
    return 0 if branch is None else branch.size
