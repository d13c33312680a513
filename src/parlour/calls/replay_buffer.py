"""Keep the latest messages to a resumable participation, by number, to send them again if they were lost.
Pure.
"""

from collections import deque

from parlour.wire.signaling import Counted

MAX_MESSAGES = 1_024
MAX_SIZE = 512 * 1024
"""Bytes, roughly; less than may wait for one slow reader (`Options.max_send_buffer`)."""
ROUNDS = 4
"""A message is kept for this many `forget()` rounds."""
_SMALL = 200
"""The size of a message without the content that a peer put into it."""


class ReplayBuffer:
    """The messages to one participation, numbered from 0, and the count of those that came from it.

    While it is held (its connection is lost, or its join is not acknowledged yet), messages are only kept;
    `flow` returns what to send from there on. Read `is_held` and `size` (of what is kept), change neither.
    """

    __slots__ = ("_first", "_kept", "_marks", "_next", "_sizes", "is_held", "size", "taken")

    def __init__(self) -> None:
        self.taken = 0
        self._kept: deque[Counted] = deque()
        self._sizes: deque[int] = deque()
        self._first = 0
        self._next = 0
        self.size = 0
        self.is_held = True
        self._marks = deque([0] * ROUNDS, maxlen=ROUNDS)

    @property
    def sent(self) -> int:
        return self._first + len(self._kept)

    def put(self, message: Counted, size: int = 0) -> bool:
        """Keep a message with `size` bytes of a peer. Return whether it may be sent at once. Hot path."""
        size += _SMALL
        self._kept.append(message)
        self._sizes.append(size)
        self.size += size
        if self.size > MAX_SIZE or len(self._kept) > MAX_MESSAGES:
            self._drop(len(self._kept) // 4 + 1)
        return not self.is_held

    def hold(self) -> None:
        self.is_held = True

    def continue_from(self, received: int | None) -> list[Counted] | None:
        """Return the messages after the first `received`, or None if they are not kept any more.

        With None, both counts begin anew.
        """
        if received is None or not self._first <= received <= self.sent:
            self._drop(len(self._kept))
            self._first = self._next = self.taken = 0
            self._marks.extend([0] * ROUNDS)
            return None
        self._next = received
        return self._after(received)

    def flow(self) -> list[Counted]:
        """Return what has to be sent now, if the buffer was held; later messages follow at once."""
        if not self.is_held:
            return []
        self.is_held = False
        return self._after(max(self._next, self._first))

    def forget(self) -> None:
        """Drop what was sent so many rounds ago that it has arrived.

        A connection whose heartbeats are answered has received what was sent before the last of them.
        """
        if self.is_held:
            return
        self._drop(max(0, self._marks[0] - self._first))
        self._marks.append(self.sent)

    def _after(self, number: int) -> list[Counted]:
        return list(self._kept)[number - self._first :]

    def _drop(self, count: int) -> None:
        for _ in range(count):
            self._kept.popleft()
            self.size -= self._sizes.popleft()
        self._first += count
