"""Bound the HTTP requests that begin in a turn of the event loop, in an order that is fair to networks."""

import asyncio

from starlette.types import ASGIApp, Receive, Scope, Send

from parlour.errors import Unavailable
from parlour.limits.quotas import client_path
from parlour.scheduling.fair_queue import FairQueue, FairQueueFull
from parlour.scheduling.fair_slots import Turn, enqueue_turn, working_for

REQUESTS_A_TURN = 4
"""The requests that begin in a turn: each holds the loop for half a millisecond before its first `await`."""
LIMIT = 2048
"""The most requests that wait to begin."""


class RequestTurns:
    """An ASGI layer that lets few requests begin in each turn of the event loop, so that signaling is served
    in between. The others wait in a FairQueue: an honest request waits for at most one request of each other
    client, however large a flood is.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._begun = 0
        self._waiting = FairQueue[Turn](limit=LIMIT)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request wait for its turn. Raises Unavailable if too many requests wait."""
        if scope["type"] == "http":
            address = scope["client"][0] if scope.get("client") else ""
            path = client_path(address)
            working_for.set(path)
            if self._waiting or self._begun >= REQUESTS_A_TURN:
                await self._wait(path)
            else:
                self._begin()
        await self._app(scope, receive, send)

    def _begin(self) -> None:
        self._begun += 1
        if self._begun == 1:
            asyncio.get_running_loop().call_soon(self._next_turn)

    async def _wait(self, path: tuple[str, str]) -> None:
        try:
            turn = enqueue_turn(self._waiting, path)
            try:
                await turn
            finally:
                self._waiting.discard(turn, path)
        except FairQueueFull as error:
            raise Unavailable from error

    def _next_turn(self) -> None:
        """Grant turns to the next requests; their tasks continue in the next turn of the event loop."""
        self._begun = 0
        while self._waiting and self._begun < REQUESTS_A_TURN:
            if self._waiting.pop().grant():
                self._begin()
