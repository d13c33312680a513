"""A Socket.IO client as tests speak of it, whichever library is behind it."""

import asyncio
import secrets
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from tests.integration.signaling.inbox import PATIENCE_SECONDS, Inbox
from tests.people import Person

SDP = "v=0\r\no=- 46117317 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"


class Client(ABC):
    """One connection of one person. `peer_id` and `room` are those of the call joined last."""

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
        """The name that the others have to see."""
        return self.person.username or "Guest"

    # ------------------------------------------------------------------------------------- receives

    async def expects(self, event: str, /, **members: Any) -> dict[str, Any]:
        """The payload of the next event, which has to be this one, with these members."""
        payload = await self.gets(event)
        assert isinstance(payload, dict), payload
        wrong = {name: payload.get(name) for name, value in members.items() if payload.get(name) != value}
        assert not wrong, f"{self.name} got {event} with {wrong} instead of {members}"
        return payload

    async def gets(self, event: str, within: float = PATIENCE_SECONDS) -> Any:
        """The one argument of the next event, which has to be this one."""
        arguments = await self.inbox.take(event, within)
        assert len(arguments) == 1, f"{event} came with {len(arguments)} arguments"
        return arguments[0]

    async def expects_rooms(self, *present: str, absent: tuple[str, ...] = ()) -> None:
        """Sooner or later the rooms in use are these; others of the same server may be among them."""
        async with asyncio.timeout(PATIENCE_SECONDS * 2):
            while True:
                rooms = (await self.expects("share-rooms"))["rooms"]
                if set(present) <= set(rooms) and not set(absent) & set(rooms):
                    return

    async def expects_end(self) -> None:
        """The connection ends."""
        await self.inbox.take("disconnect")

    # ---------------------------------------------------------------------------------------- sends

    async def asks(self, event: str, *arguments: Any) -> dict[str, Any]:
        """Emits and returns the acknowledgement."""
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
        """Asks for what is carried out."""
        answer = await self.asks(event, *arguments)
        assert answer["ok"] is True, f"{event}: {answer}"
        return answer

    async def may_not(self, event: str, *arguments: Any, code: str) -> None:
        """Asks for what is refused."""
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
        """Sends without asking for an acknowledgement."""

    @abstractmethod
    async def call(self, event: str, *arguments: Any) -> Any:
        """Sends and returns the acknowledgement's one argument."""

    @abstractmethod
    async def close(self) -> None:
        """Disconnects as its library does. Harmless where it is closed already."""


async def marks(sender: Client, receiver: Client) -> None:
    """Proof that the receiver got nothing else until now: the next message is the one sent now."""
    text = f"candidate:{secrets.token_hex(8)}"
    await sender.may("offer-ice", sender.candidate(receiver, text))
    await receiver.expects("ice-candidate", peerID=sender.peer_id, iceCandidate={"candidate": text})


def handshake_headers(cookie: str | None, origin: str | None) -> Mapping[str, str]:
    headers = {} if cookie is None else {"Cookie": f"jwt={cookie}"}
    return headers if origin is None else {**headers, "Origin": origin}


def _peer(to: "Client | str") -> str:
    return to if isinstance(to, str) else to.peer_id
