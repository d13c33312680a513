"""The official JavaScript client in a call: it reconnects by itself, and then resumes its visit."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from tests.integration.signaling.inbox import PATIENCE_SECONDS
from tests.integration.signaling.javascript import JavaScriptClient, Node
from tests.integration.signaling.resuming_client import COUNTED, candidate
from tests.people import Person


class ReturningClient(JavaScriptClient):
    """A visit over any number of connections, which sends again what the server has not got.

    `heard` are the texts of candidates by the peer that sent them. `worker` is the one whose number begins
    the id of the transport's session.
    """

    def __init__(self, node: Node, key: int, name: str, person: Person | None) -> None:
        super().__init__(node, key, name, person)
        self.known: set[str] = set()
        self.heard: dict[str, list[str]] = defaultdict(list)
        self.worker = -1
        self.is_in = False
        self.returns: list[dict[str, Any]] = []
        """The acknowledgements of all joins but the first."""
        self._received = 0
        self._sent: list[tuple[str, str]] = []
        self._token: str | None = None
        self._joining: set[asyncio.Task[None]] = set()
        self._joins: set[int] = set()
        """The numbers of the calls that are joins."""
        self._changed = asyncio.Event()

    def hear(self, notice: dict[str, Any]) -> None:
        match notice:
            case {"is": "connect", "sid": sid}:
                self.worker = int(sid.partition(".")[0])
                if self.room:
                    self._joins_again()
            case {"is": "disconnect" | "close"}:
                self.is_in = False
            case {"is": "event", "event": event, "args": [payload]}:
                self._notes(event, payload)
            case {"is": "answer", "call": call, "answer": [dict(answer)]} if call in self._joins:
                self._joined(answer)
                super().hear(notice)
            case {"is": "answer"}:
                super().hear(notice)
        self._changed.set()

    def _notes(self, event: str, payload: dict[str, Any]) -> None:
        self._received += event in COUNTED
        if event == "add-peer":
            self.known.add(payload["peerID"])
        elif event == "remove-peer":
            self.known.discard(payload["peerID"])
        elif event == "ice-candidate":
            self.heard[payload["peerID"]].append(payload["iceCandidate"]["candidate"])

    async def is_connected(self) -> int:
        """Wait for the connection, and return its worker."""
        await self.until(lambda: self.worker >= 0)
        return self.worker

    async def has_met(self, other: "ReturningClient") -> None:
        await self.until(lambda: other.peer_id in self.known)

    async def has_returned(self) -> None:
        await self.until(lambda: self.is_in and bool(self.returns))

    async def enters(self, room: str) -> None:
        self.room = room
        await self._join()

    def _joins_again(self) -> None:
        task = asyncio.create_task(self._join())
        self._joining.add(task)
        task.add_done_callback(self._joining.discard)

    async def _join(self) -> None:
        join: dict[str, Any] = {"room": self.room, "resumable": True}
        if self._token is not None:
            join |= {"resume": self._token, "known": sorted(self.known), "received": self._received}
        self._joins.add(len(self._calls))
        answer = await self.call("join", join)
        if not answer["ok"]:
            raise AssertionError(f"{self.name} may not join: {answer}")

    def _joined(self, answer: dict[str, Any]) -> None:
        """Take the answer to a join before anything that follows it is heard.

        What a new count begins with, or that the line is lost again, may come in the same batch. A join that
        was sent into a lost line goes out with the next one; of its two answers, the second has no news.
        """
        if not answer["ok"]:
            return
        if self._token is not None:
            self.returns.append(answer)
        self.peer_id, self._token = answer["peerID"], answer["resume"]
        if self.is_in:
            return
        taken = answer.get("received")
        if self.returns and taken is None:
            self._received, self._sent = 0, []
        self.is_in = True
        for to, text in self._sent[taken or 0 :]:
            self._offers(to, text)

    async def says(self, to: "ReturningClient", text: str) -> None:
        """Send a candidate, now or as soon as the connection is back."""
        self._sent.append((to.peer_id, text))
        if self.is_in:
            self._offers(to.peer_id, text)

    def _offers(self, to: str, text: str) -> None:
        offer = {"peerID": to, "iceCandidate": candidate(text)}
        self._node.command("emit", self._key, event="offer-ice", args=[offer])

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something is so, which changes only as this client hears something."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not holds():
                self._changed.clear()
                await self._changed.wait()

    async def has_heard(self, sender: "ReturningClient", texts: Sequence[str]) -> None:
        """Wait for the last of these, and prove that all have come, each once and in their order."""
        expected = [candidate(text)["candidate"] for text in texts]
        heard = self.heard[sender.peer_id]
        with suppress(TimeoutError):
            await self.until(lambda: expected[-1] in heard)
        assert heard == expected, f"{self.name} has heard of {sender.name} {how_they_differ(heard, expected)}"


def how_they_differ(heard: Sequence[str], expected: Sequence[str]) -> str:
    """Say in few words what is missing, what came twice, and where the order was lost: a log may be cut."""
    missing = [text for text in expected if text not in heard]
    twice = sorted({text for text in heard if heard.count(text) > 1})
    pairs = enumerate(zip(heard, expected, strict=False))
    place = next((at for at, (one, other) in pairs if one != other), None)
    around = "" if place is None else f", and {heard[max(0, place - 2) : place + 4]} at {place}"
    return f"{len(heard)} of {len(expected)}, without {missing[:8]}, {twice[:8]} more than once{around}"
