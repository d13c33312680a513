"""Number the messages between two nodes, so that losses are noticed and repetitions dropped. Pure.

A sender numbers its messages to each receiver from 0. Batches may be lost or arrive twice; they never
overtake each other, since one connection writes them into one stream.
"""

from collections import deque

MARKS = 3
"""The number of marks that follow the last message; each is an empty batch with the next number."""


class InboundNumbers:
    """The numbers of one sender's messages, at their receiver."""

    __slots__ = ("_expected",)

    def __init__(self) -> None:
        self._expected = 0

    def accept(self, first: int, count: int) -> tuple[int, bool]:
        """Take note of a batch of `count` messages.

        Return how many at its start were received before, and True if some before it were lost.
        """
        is_gap = first > self._expected
        repeated = min(count, max(0, self._expected - first))
        self._expected = max(self._expected, first + count)
        return repeated, is_gap


class OutboundQueue:
    """The numbered messages that wait for one receiver, bounded."""

    __slots__ = ("_marks", "_max_bytes", "_max_messages", "_next", "_waiting", "size")

    def __init__(self, *, max_messages: int, max_bytes: int) -> None:
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._next = 0
        self._marks = 0
        self.size = 0
        """The bytes that wait; for reading only."""

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, message: bytes) -> bool:
        """Queue a message. Return False if the queue is full."""
        if len(self._waiting) >= self._max_messages or self.size + len(message) > self._max_bytes:
            return False
        self._waiting.append((self._next, message))
        self.size += len(message)
        self._next += 1
        self._marks = MARKS
        return True

    def skip(self) -> None:
        """Leave out a number: the receiver notices a loss."""
        self._next += 1
        self._marks = MARKS

    def batch(self, most: int) -> tuple[int, list[bytes]] | None:
        """Return the first waiting messages whose numbers follow each other, with the number of the first:
        at least one, and `most` bytes in all unless the first is larger. None if nothing waits.
        """
        if not self._waiting:
            return None
        first, messages, size = self._waiting[0][0], list[bytes](), 0
        for number, message in self._waiting:
            if number != first + len(messages) or (messages and size + len(message) > most):
                break
            messages.append(message)
            size += len(message)
        return first, messages

    def confirm(self, first: int, count: int) -> None:
        """Drop the messages of a batch that is in the receiver's inbox."""
        while self._waiting and self._waiting[0][0] < first + count:
            self.size -= len(self._waiting.popleft()[1])

    def take_mark(self) -> int | None:
        """Return the next number if a mark is due: nothing waits, and too few marks followed the last
        message.
        """
        if self._waiting or not self._marks:
            return None
        self._marks -= 1
        return self._next
