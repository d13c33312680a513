"""Keep the latest numbered messages to a resumable participation, to send them again if a connection lost
them. Pure.
"""

from collections import deque
from collections.abc import Iterable

import msgspec

from parlour.wire.signaling import Counted, DescriptionFromPeer

MAX_MESSAGES = 1_024
MAX_SIZE = 512 * 1024
"""Approximate bytes; smaller than the send buffer of a slow reader (`Options.max_send_buffer`)."""
ROUNDS = 4
"""A message is kept for this many `forget()` rounds."""
_SMALL = 200
"""The approximate bytes of a message beside the content that a peer put into it."""


class ReplayBuffer:
    """The messages to a participation, numbered from 0, and the count of messages that came from it.

    While the buffer is held (the connection is lost, or the join not acknowledged yet), messages are kept
    without being sent; `flow` ends that and returns them. `is_held`, `size` (the kept bytes) and `resets`
    (how often the counts have begun anew) are for reading only.
    """

    __slots__ = ("_first", "_kept", "_marks", "_next", "_sizes", "is_held", "resets", "size", "taken")

    def __init__(self, *, resets: int = 0) -> None:
        self.taken = 0
        self.resets = resets
        self._kept: deque[Counted] = deque()
        self._sizes: deque[int] = deque()
        self._first = 0
        self._next = 0
        self.size = 0
        self.is_held = True
        self._marks = deque([0] * ROUNDS, maxlen=ROUNDS)

    @classmethod
    def of(cls, received: int, missed: Iterable[Counted], taken: int, *, resets: int = 0) -> "ReplayBuffer":
        """Return a held buffer of a client that has received so many messages and missed those after."""
        replay_buffer = cls(resets=resets)
        replay_buffer.taken = taken
        replay_buffer._first = replay_buffer._next = received
        replay_buffer._marks.extend([received] * ROUNDS)
        for message in missed:
            content = msgspec.json.encode(message) if isinstance(message, DescriptionFromPeer) else b""
            replay_buffer.put(message, len(content))
        return replay_buffer

    @property
    def sent(self) -> int:
        return self._first + len(self._kept)

    def put(self, message: Counted, size: int = 0) -> bool:
        """Keep a message with `size` bytes of a peer's content. Return True if it is to be sent now. Hot
        path.
        """
        size += _SMALL
        self._kept.append(message)
        self._sizes.append(size)
        self.size += size
        if self.size > MAX_SIZE or len(self._kept) > MAX_MESSAGES:
            self._drop(len(self._kept) // 4 + 1)
        return not self.is_held

    def hold(self) -> None:
        self.is_held = True

    def continue_from(self, received: int | None, *, resets: int | None) -> list[Counted] | None:
        """Return the messages after the first `received`, or None if some of them are no longer kept.

        After None, both counts start again from 0. `resets` are those that the client has heard of, None if
        that is not known: an earlier count says nothing, which is how a client comes back that has not
        received the acknowledgement with the news.
        """
        is_of_now = resets in (None, self.resets)
        if received is None or not is_of_now or not self._first <= received <= self.sent:
            self._drop(len(self._kept))
            self._first = self._next = self.taken = 0
            self.resets += 1
            self._marks.extend([0] * ROUNDS)
            return None
        self._next = received
        return self._after(received)

    def flow(self) -> list[Counted]:
        """Release a held buffer. Return the messages to send now; later messages are sent at once."""
        if not self.is_held:
            return []
        self.is_held = False
        return self._after(max(self._next, self._first))

    def forget(self) -> None:
        """Drop messages that were sent ROUNDS rounds ago or earlier: they have arrived.

        Transports keep the order, so an answered heartbeat proves that all messages before it were received.
        """
        if self.is_held:
            return
        self._drop(max(0, self._marks[0] - self._first))
        self._marks.append(self.sent)

    def after(self, number: int) -> list[Counted]:
        """Return the kept messages after the first `number`."""
        return self._after(max(number, self._first))

    def _after(self, number: int) -> list[Counted]:
        return list(self._kept)[number - self._first :]

    def _drop(self, count: int) -> None:
        for _ in range(count):
            self._kept.popleft()
            self.size -= self._sizes.popleft()
        self._first += count
