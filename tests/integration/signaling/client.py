"""A Socket.IO client as the tests use it, independent of the library behind it."""

import asyncio
import secrets
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from tests.integration.signaling.inbox import PATIENCE_SECONDS, Inbox
from tests.people import Person

SDP = "v=0\r\no=- 46117317 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"


class Client(ABC):
    """A connection of a person. `peer_id` and `room` belong to the call joined last."""

    def __init__(self, name: str, person: Person | None) -> None:
        self.name = name
        self.inbox = Inbox(name)
        self.peer_id = ""
        self.room = ""
        self._person = person

    @property
    def person(self) -> Person:
        assert self._person is not None, f"{self.name} is nobody yet"
        return self._person

    @property
    def shown_as(self) -> str:
        """The name that the other members have to see."""
        return self.person.username or "Guest"

    # ------------------------------------------------------------------------------------- receives

    async def expects(self, event: str, /, **members: Any) -> dict[str, Any]:
        """Return the payload of the next event, which has to be `event` with these members."""
        payload = await self.gets(event)
        assert isinstance(payload, dict), payload
        wrong = {name: payload.get(name) for name, value in members.items() if payload.get(name) != value}
        assert not wrong, f"{self.name} got {event} with {wrong} instead of {members}"
        return payload

    async def gets(self, event: str, within: float = PATIENCE_SECONDS) -> Any:
        """Return the single argument of the next event, which has to be `event`."""
        arguments = await self.inbox.take(event, within)
        assert len(arguments) == 1, f"{event} came with {len(arguments)} arguments"
        return arguments[0]

    async def expects_rooms(self, *present: str, absent: tuple[str, ...] = ()) -> None:
        """Wait for a list of the rooms in use that fits; it may have rooms of other tests, too."""
        async with asyncio.timeout(PATIENCE_SECONDS * 2):
            while True:
                rooms = (await self.expects("share-rooms"))["rooms"]
                if set(present) <= set(rooms) and not set(absent) & set(rooms):
                    return

    async def expects_end(self) -> None:
        """Wait for the end of the connection."""
        await self.inbox.take("disconnect")

    # ---------------------------------------------------------------------------------------- sends

    async def asks(self, event: str, *arguments: Any) -> dict[str, Any]:
        """Send an event and return its acknowledgement, an object."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS * 2):
                answer = await self.call(event, *arguments)
        except TimeoutError:
            raise AssertionError(
                f"{self.name} got no acknowledgement of {event}; unread: {self.inbox.unread()}"
            ) from None
        assert isinstance(answer, dict), f"{event} was acknowledged with {answer!r}"
        return answer

    async def may(self, event: str, *arguments: Any) -> dict[str, Any]:
        """Send an event that the server has to accept; return its acknowledgement."""
        answer = await self.asks(event, *arguments)
        assert answer["ok"] is True, f"{event}: {answer}"
        return answer

    async def may_not(self, event: str, *arguments: Any, code: str) -> None:
        """Send an event that the server has to refuse with `code`."""
        answer = await self.asks(event, *arguments)
        assert answer["ok"] is False, f"{self.name} should not have been allowed {event}: {answer}"
        assert (answer["code"], bool(answer["message"])) == (code, True), answer

    async def joins(self, room: str) -> dict[str, Any]:
        answer = await self.may("join", {"room": room, "username": "claimed"})
        self.peer_id = answer["peerID"]
        self.room = room
        return answer

    async def offers(self, to: "Client | str", sdp: str = SDP, kind: str = "offer") -> None:
        await self.may("offer-sdp", self.description(to, sdp, kind))

    def description(self, to: "Client | str", sdp: str = SDP, kind: str = "offer") -> dict[str, Any]:
        return {"peerID": _peer(to), "sessionDescription": {"type": kind, "sdp": sdp}}

    def candidate(self, to: "Client | str", text: str = "candidate:1", **members: Any) -> dict[str, Any]:
        return {"peerID": _peer(to), "iceCandidate": {"candidate": text, **members}}

    @abstractmethod
    async def emit(self, event: str, *arguments: Any) -> None:
        """Send an event without a request for an acknowledgement."""

    @abstractmethod
    async def call(self, event: str, *arguments: Any) -> Any:
        """Send an event and return the single argument of its acknowledgement."""

    @abstractmethod
    async def close(self) -> None:
        """Disconnect as the library does; do nothing if the client is closed already."""


async def marks(sender: Client, receiver: Client) -> None:
    """Prove that the receiver has no unread messages: the next that it gets is the message sent here."""
    text = f"candidate:{secrets.token_hex(8)}"
    await sender.may("offer-ice", sender.candidate(receiver, text))
    await receiver.expects("ice-candidate", peerID=sender.peer_id, iceCandidate={"candidate": text})


def handshake_headers(cookie: str | None, origin: str | None) -> Mapping[str, str]:
    headers = {} if cookie is None else {"Cookie": f"jwt={cookie}"}
    return headers if origin is None else {**headers, "Origin": origin}


def _peer(to: "Client | str") -> str:
    return to if isinstance(to, str) else to.peer_id
