"""A deadline for writing: an answer that its client does not read is dropped, and its memory is freed."""

import asyncio

from parlour.engine.budget import ByteBudget

_PROGRESS = 16 * 1024
"""The bytes that must leave within the deadline: some 1.6 KB a second."""


class UnreadAnswers:
    """The bytes of a connection that its peer has not read yet, beyond the kernel's buffer.

    The connection is aborted if `seconds` pass without progress, or if all connections together hold too
    much. A peer that reads a byte now and then makes no progress (the "slow read" attack).
    """

    def __init__(self, transport: asyncio.Transport, seconds: float, budget: ByteBudget) -> None:
        self._transport = transport
        self._seconds = seconds
        self._budget = budget
        self._size = 0
        self._deadline: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Start the deadline, when the transport's buffer is full (`pause_writing`)."""
        self._size = self._transport.get_write_buffer_size()
        self._expect_progress()
        self._budget.hold(self, self._size)

    def end(self) -> None:
        """Stop the deadline, when writing is resumed or the connection is lost."""
        self._budget.release(self)
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def give_way(self) -> None:
        self.end()
        self._transport.abort()

    def _expect_progress(self) -> None:
        self._deadline = asyncio.get_running_loop().call_later(self._seconds, self._require_progress)

    def _require_progress(self) -> None:
        size = self._transport.get_write_buffer_size()
        if size > self._size - _PROGRESS:
            self.give_way()
        else:
            self._size = size
            self._budget.hold(self, size)
            self._expect_progress()
