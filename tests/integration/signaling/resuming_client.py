"""A client that resumes its participation as the web client does, over a raw WebSocket."""

import json
from contextlib import AsyncExitStack
from typing import Any, Self

from tests.integration.signaling.raw import RawSocket, raw_socket
from tests.people import Person

COUNTED = ("add-peer", "remove-peer", "session-description", "ice-candidate")


class ResumingClient:
    """A participation over any number of connections. `known` is its view of the room: peer ids."""

    def __init__(self, person: Person, room: str) -> None:
        self.person = person
        self.server = person.server
        self.room = room
        self.peer_id = ""
        self.token: str | None = None
        self.known: set[str] = set()
        self.received = 0
        self.answer: dict[str, Any] = {}
        self._socket: RawSocket | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    @property
    def socket(self) -> RawSocket:
        assert self._socket is not None, "not connected"
        return self._socket

    async def connects(self) -> None:
        """Open a new connection, though the previous connection may still be open."""
        self._socket = await self._stack.enter_async_context(raw_socket(self.server))
        await self.socket.identifies(self.person.token or "")

    async def joins(self, **members: Any) -> dict[str, Any]:
        """Connect if necessary, and join by the resume token, if any; return the acknowledgement."""
        if self._socket is None:
            await self.connects()
        join = {"room": self.room, "resumable": True, **members}
        if self.token is not None:
            join = {"resume": self.token, "known": sorted(self.known), "received": self.received, **join}
        self.answer = await self.socket.asks(json.dumps(["join", join]))
        assert self.answer["ok"] is True, self.answer
        resumed = self.answer.get("resumed", False)
        if not resumed:
            self.known.clear()
        if not resumed or self.answer["received"] is None:
            self.received = 0
        self.peer_id, self.token = self.answer["peerID"], self.answer.get("resume")
        return self.answer

    def breaks(self) -> None:
        """Abort the connection without a closing handshake."""
        self.socket.breaks()
        self._socket = None

    def hangs(self) -> RawSocket:
        """Abandon the connection without closing it, like a dead line unknown to the server; return it."""
        socket, self._socket = self.socket, None
        return socket

    async def hears(self, event: str, **members: Any) -> dict[str, Any]:
        """Return the payload of the next event of the call, which has to be `event` with these members."""
        return self.takes(event, event, await self.socket.expects_event(event), **members)

    def takes(self, wanted: str, event: str, payload: dict[str, Any], **members: Any) -> dict[str, Any]:
        """Take an event that was read, which has to be `wanted` with these members; return its payload."""
        assert event == wanted, f"{event} instead of {wanted}"
        assert {name: payload.get(name) for name in members} == members, (event, payload)
        self._notes(event, payload)
        return payload

    def _notes(self, event: str, payload: dict[str, Any]) -> None:
        self.received += event in COUNTED
        if event == "add-peer":
            self.known.add(payload["peerID"])
        elif event == "remove-peer":
            self.known.discard(payload["peerID"])

    async def proposes(self, to: "ResumingClient", text: str) -> dict[str, Any]:
        offer = {"peerID": to.peer_id, "iceCandidate": candidate(text)}
        return await self.socket.asks(json.dumps(["offer-ice", offer]))

    async def reaches(self, to: "ResumingClient", text: str) -> None:
        """Send a candidate to `to`, and prove that it received nothing else before."""
        assert (await self.proposes(to, text))["ok"] is True
        await to.hears("ice-candidate", peerID=self.peer_id, iceCandidate=candidate(text))


def candidate(text: str) -> dict[str, str]:
    """Make an RTCIceCandidateInit whose text identifies it in a failure."""
    return {"candidate": f"candidate:{text}"}


async def introduced(newcomer: ResumingClient, *others: ResumingClient) -> None:
    """Read the introductions of a newcomer, who has to make the offers."""
    for other in others:
        await other.hears("add-peer", peerID=newcomer.peer_id, createOffer=False)
        await newcomer.hears("add-peer", peerID=other.peer_id, createOffer=True)
