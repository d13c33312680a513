"""Keep the order of a connection's handlers: a handler that awaits holds back the calls after it."""

from collections import deque
from collections.abc import Awaitable, Callable

Call = Callable[[], Awaitable[None] | None]
Spawn = Callable[[Awaitable[None], Callable[[], None]], None]
"""A function that runs an awaitable to its end, successful or not, and then calls the callback."""


class Mailbox:
    """A FIFO of calls that run at once while nothing is awaited.

    A call that returns None is done at once, without a task; a call that returns an awaitable is done when
    the awaitable is.
    """

    __slots__ = ("_calls", "_spawn", "busy")

    def __init__(self, spawn: Spawn) -> None:
        self.busy = False
        self._spawn = spawn
        self._calls: deque[Call] | None = None

    def __len__(self) -> int:
        """Return how many calls wait for their turn."""
        return 0 if self._calls is None else len(self._calls)

    def wait_for(self, awaitable: Awaitable[None]) -> None:
        """Hold back later calls until `awaitable` is done; only call it while nothing is awaited."""
        self.busy = True
        self._spawn(awaitable, self._resume)

    def run(self, call: Call) -> None:
        if self.busy:
            if self._calls is None:
                self._calls = deque()
            self._calls.append(call)
        elif (awaitable := call()) is not None:
            self.wait_for(awaitable)

    def another(self) -> "Mailbox":
        """Make an empty mailbox with the same way to run awaitables."""
        return Mailbox(self._spawn)

    def clear(self) -> None:
        """Drop the calls that wait."""
        self._calls = None

    def _resume(self) -> None:
        self.busy = False
        while self._calls and not self.busy:
            if (awaitable := self._calls.popleft()()) is not None:
                self.wait_for(awaitable)
        if not self._calls:
            self._calls = None
