"""The messages to a client, in order, for a test to read."""

import asyncio
from collections import deque
from typing import Any

PATIENCE_SECONDS = 60.0
"""The timeout of an expected message."""

_APART = {"share-rooms": "rooms", "connect": "link", "connect_error": "link", "disconnect": "link"}
"""Lanes of events that may come at any time between the messages of a call.

`upgrade` and `close` have a lane each.
"""


class Inbox:
    """A strict queue: the next message of a lane has to be the message that the test expects.

    So a test finds a message that should not have been delivered when it expects the message after it.
    `share-rooms` and the events of the connection itself have lanes of their own.
    """

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._lanes: dict[str, deque[tuple[str, list[Any]]]] = {}
        self._arrived = asyncio.Event()

    def put(self, event: str, arguments: list[Any]) -> None:
        self._lane(event).append((event, arguments))
        self._arrived.set()

    async def take(self, event: str, within: float = PATIENCE_SECONDS) -> list[Any]:
        """Return the arguments of the next event of the lane of `event`, which has to be `event`."""
        got, arguments = await self._next(event, within)
        assert got == event, f"{self._owner} got {got} {_short(arguments)} instead of {event}"
        return arguments

    async def any(self) -> tuple[str, list[Any]]:
        """Return the next event of the call, of any name, and its arguments."""
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
