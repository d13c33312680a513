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
        if first == self._expected:
            self._expected += count
            return 0, False
        is_gap = first > self._expected
        repeated = min(count, max(0, self._expected - first))
        self._expected = max(self._expected, first + count)
        return repeated, is_gap


class OutboundQueue:
    """The numbered messages for one receiver, bounded: those that wait to be written, and those of which it
    is not known yet whether they are in its inbox.
    """

    __slots__ = ("_marks", "_max_bytes", "_max_messages", "_next", "_written", "size", "waiting")

    def __init__(self, *, max_messages: int, max_bytes: int) -> None:
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self.waiting: deque[tuple[int, bytes]] = deque()
        """What waits to be written; for reading only."""
        self._written: deque[tuple[int, bytes]] = deque()
        self._next = 0
        self._marks = 0
        self.size = 0
        """The bytes of both; for reading only."""

    def __len__(self) -> int:
        return len(self.waiting) + len(self._written)

    def put(self, message: bytes) -> bool:
        """Queue a message. Return False if the queue is full."""
        count, size = len(self.waiting) + len(self._written), self.size + len(message)
        if count >= self._max_messages or size > self._max_bytes:
            return False
        self.waiting.append((self._next, message))
        self.size = size
        self._next += 1
        self._marks = MARKS
        return True

    def skip(self) -> None:
        """Leave out a number: the receiver notices a loss."""
        self._next += 1
        self._marks = MARKS

    def batch(self, most: int) -> tuple[int, list[bytes]] | None:
        """Return the first messages to write whose numbers follow each other, with the number of the first:
        at least one, and `most` bytes in all unless the first is larger. None if nothing waits. They count as
        written until `confirm` or `rewind`.
        """
        waiting = self.waiting
        if not waiting:
            return None
        first, message = waiting[0]
        if len(waiting) == 1:  # the hot path
            self._written.append(waiting.popleft())
            return first, [message]
        messages, size = list[bytes](), 0
        while waiting:
            number, message = waiting[0]
            if number != first + len(messages) or (messages and size + len(message) > most):
                break
            self._written.append(waiting.popleft())
            messages.append(message)
            size += len(message)
        return first, messages

    def confirm(self, end: int) -> None:
        """Drop the messages below a number: they are in the receiver's inbox."""
        written = self._written
        while written and written[0][0] < end:
            self.size -= len(written.popleft()[1])

    def rewind(self) -> bool:
        """Have all be written again that was not confirmed. Return True if there is something to write."""
        self.waiting.extendleft(reversed(self._written))
        self._written.clear()
        return bool(self.waiting)

    def take_mark(self) -> int | None:
        """Return the next number if a mark is due: all is confirmed, and too few marks followed the last
        message.
        """
        if self.waiting or self._written or not self._marks:
            return None
        self._marks -= 1
        return self._next
