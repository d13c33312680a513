"""Order of one connection's handlers: a call that must wait holds back those that come after it."""

from collections import deque
from collections.abc import Awaitable, Callable

Call = Callable[[], Awaitable[None] | None]
Spawn = Callable[[Awaitable[None], Callable[[], None]], None]
"""Runs an awaitable to its end, whatever that is, then calls the callback."""


class Mailbox:
    """Calls run at once while nothing is awaited, else in their order when it is their turn.

    A call that returns None is done; one that returns an awaitable is done when that is. No task is made
    for the former.
    """

    __slots__ = ("_calls", "_spawn", "busy")

    def __init__(self, spawn: Spawn) -> None:
        self.busy = False
        self._spawn = spawn
        self._calls: deque[Call] | None = None

    def __len__(self) -> int:
        """How many calls wait for their turn."""
        return 0 if self._calls is None else len(self._calls)

    def wait_for(self, awaitable: Awaitable[None]) -> None:
        """Hold back what follows till `awaitable` is done; only where nothing is awaited yet."""
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
        """Make an empty mailbox whose awaitables run as those of this one."""
        return Mailbox(self._spawn)

    def clear(self) -> None:
        """Forget what waits."""
        self._calls = None

    def _resume(self) -> None:
        self.busy = False
        while self._calls and not self.busy:
            if (awaitable := self._calls.popleft()()) is not None:
                self.wait_for(awaitable)
        if not self._calls:
            self._calls = None
