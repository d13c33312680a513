"""What a resumable visit was sent lately, by number, to be sent again where it was lost. Pure."""

from collections import deque

from parlour.wire.signaling import Counted

MAX_MESSAGES = 1_024
MAX_SIZE = 512 * 1024
"""Bytes, roughly; below what may wait for one slow reader (`Options.max_send_buffer`)."""
ROUNDS = 4
"""How many calls of `forget` a message outlives."""
_SMALL = 200
"""What a message takes beside what a peer put into it."""


class ReplayBuffer:
    """The messages to one visit, numbered from 0, and the count of those that came from it.

    While the line is held (its connection is away, or has not heard yet that it may go on), messages
    are only kept; `flow` says what to send from there on. Read `is_held` and `size` (of what is kept), change
    neither.
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
        """Keeps a message, in which a peer sent `size` bytes; whether it may be sent at once. Hot path."""
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
        """What is missing after the first `received` messages; None where that is not known any more.

        Then both counts begin anew.
        """
        if received is None or not self._first <= received <= self.sent:
            self._drop(len(self._kept))
            self._first = self._next = self.taken = 0
            self._marks.extend([0] * ROUNDS)
            return None
        self._next = received
        return self._after(received)

    def flow(self) -> list[Counted]:
        """What has to be sent now, if the line was held; later messages follow at once."""
        if not self.is_held:
            return []
        self.is_held = False
        return self._after(max(self._next, self._first))

    def forget(self) -> None:
        """Called from time to time: drops what was sent so long ago that it has arrived.

        A connection whose heartbeats are answered has got what was sent before the last of them.
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
