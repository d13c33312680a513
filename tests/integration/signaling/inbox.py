"""What one client was sent, in order, read as a test expects it."""

import asyncio
from collections import deque
from typing import Any

PATIENCE_SECONDS = 15.0
"""After which what should have happened has not."""

_APART = {"share-rooms": "rooms", "connect": "link", "connect_error": "link", "disconnect": "link"}
"""What may come at any time between the messages of a call. `upgrade` and `close` stand alone."""


class Inbox:
    """A client is strict: the next thing that it gets has to be the one that the test expects.

    So a message that should not have been delivered is found by the one that is expected after it.
    `share-rooms` and the life of the connection are lanes of their own.
    """

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._lanes: dict[str, deque[tuple[str, list[Any]]]] = {}
        self._arrived = asyncio.Event()

    def put(self, event: str, arguments: list[Any]) -> None:
        self._lane(event).append((event, arguments))
        self._arrived.set()

    async def take(self, event: str, within: float = PATIENCE_SECONDS) -> list[Any]:
        """The arguments of the next event of this lane, which has to be `event`."""
        got, arguments = await self._next(event, within)
        assert got == event, f"{self._owner} got {got} {_short(arguments)} instead of {event}"
        return arguments

    async def any(self) -> tuple[str, list[Any]]:
        """The next event of the call, whatever it is, and its arguments."""
        return await self._next("anything", PATIENCE_SECONDS)

    async def _next(self, event: str, within: float) -> tuple[str, list[Any]]:
        lane = self._lane(event)
        try:
            async with asyncio.timeout(within):
                while not lane:
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            raise AssertionError(
                f"{self._owner} did not get {event} within {within:g} s; unread: {self.unread()}"
            ) from None
        return lane.popleft()

    def unread(self) -> list[str]:
        return [f"{event} {_short(arguments)}" for lane in self._lanes.values() for event, arguments in lane]

    def count(self, event: str) -> int:
        return sum(got == event for got, _ in self._lane(event))

    def _lane(self, event: str) -> deque[tuple[str, list[Any]]]:
        name = _APART.get(event, event if event in ("upgrade", "close") else "call")
        return self._lanes.setdefault(name, deque())


def _short(arguments: list[Any]) -> str:
    text = ", ".join(repr(argument) for argument in arguments)
    return text if len(text) <= 300 else f"{text[:300]}…"
