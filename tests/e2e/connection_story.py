"""Why a page made each of its peer connections: what it said to the server before, and what it was told."""

import asyncio
import json
import re
import time
from collections import deque
from typing import Any

from playwright.async_api import WebSocket

from tests.e2e.participant import Participant

_MOST_EVENTS = 2_000
_BEFORE_SECONDS, _AFTER_SECONDS = 5.0, 1.0
"""Playwright hears of a message a little later than the page."""
_READ_SECONDS = 10.0
_TOLD = frozenset(
    ("join", "add-peer", "remove-peer", "offer-sdp", "session-description", "refused", "restarting")
)
_MEMBERS = ("peerID", "createOffer", "sessionDescription", "known", "received", "resumed", "peers", "code")
_MESSAGE = re.compile(r"4(?:2|3)\d*(\[.*)", re.DOTALL)
_ORIGIN = re.compile(r"o=\S+ (\d+ \d+)")
"""It identifies the other side's connection, and counts its descriptions."""


class ConnectionStory:
    """The messages of a page over WebSockets from its next load on, and the states of its connections."""

    def __init__(self, someone: Participant) -> None:
        self._someone = someone
        self._events = deque[tuple[float, str]](maxlen=_MOST_EVENTS)
        someone.page.on("websocket", self._follow)

    async def of_those_after(self, made: int) -> str:
        """Tell what happened around the beginning of each connection after the first `made` ones."""
        async with asyncio.timeout(_READ_SECONDS):
            news: list[tuple[float, int, str]] = await self._someone.page.evaluate("window.connectionNews")
        states = [(at / 1000, f"connection {number} {text}") for at, number, text in news]
        events = sorted((*self._events, *states))
        starts = [at / 1000 for at, number, text in news if number > made and text == "is made"]
        lines = [
            f"{_clock(at)} {self._someone.name}: {text}"
            for at, text in events
            if any(start - _BEFORE_SECONDS <= at <= start + _AFTER_SECONDS for start in starts)
        ]
        return "\n".join(lines)

    def _follow(self, socket: WebSocket) -> None:
        self._note("a WebSocket opens")
        socket.on("framesent", lambda frame: self._read("says", frame))
        socket.on("framereceived", lambda frame: self._read("is told", frame))
        socket.on("close", lambda _: self._note("a WebSocket closes"))

    def _read(self, verb: str, frame: str | bytes) -> None:
        found = _MESSAGE.match(frame) if isinstance(frame, str) else None
        if found is None:
            return
        name, *given = json.loads(found[1])
        if isinstance(name, dict) and "resumed" in name:  # the acknowledgement of a join
            self._note(f"{verb} {_outline(name)}")
        elif isinstance(name, str) and name in _TOLD:
            self._note(f"{verb} {name} {_outline(given[0] if given else None)}")

    def _note(self, text: str) -> None:
        self._events.append((time.time(), text))


def _outline(value: Any) -> Any:
    """Leave out what says nothing about connections."""
    match value:
        case {"sdp": str(sdp), "type": kind}:
            origin = _ORIGIN.search(sdp)
            return f"{kind} of {origin[1] if origin else 'nobody'}"
        case dict():
            return {key: _outline(member) for key, member in value.items() if key in _MEMBERS}
        case list():
            return [_outline(one) for one in value]
        case _:
            return value


def _clock(at: float) -> str:
    return time.strftime("%H:%M:%S", time.gmtime(at)) + f"{at % 1:.3f}"[1:]
