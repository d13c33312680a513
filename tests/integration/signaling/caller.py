"""A member of a call that moves between a mesh and an SFU, as far as signaling goes."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

from livekit.protocol.rtc import SignalResponse
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.integration.signaling.raw import attentive_socket
from tests.people import Person, Visitors
from tests.servers import ParlourServer

KNOWS_SFU = {"topologies": ["mesh", "sfu"]}
_WITHIN_SECONDS = 60


class Caller:
    """A member of the call, with a connection to the SFU when it is told to. Both are read all the time."""

    def __init__(self, server: ParlourServer, person: Person, leaving: AsyncExitStack) -> None:
        self.server = server
        self._person = person
        self._leaving = leaving
        self._resume: str | None = None
        self.peer_id = ""
        self.connection: ClientConnection | None = None
        self.sfu_node = ""
        """The id of the LiveKit that has the room."""

    async def connects(self) -> "Caller":
        self._socket = await self._leaving.enter_async_context(attentive_socket(self.server))
        assert self._person.token is not None
        await self._socket.identifies(self._person.token)
        return self

    async def joins(self, room: str, **claims: Any) -> dict[str, Any]:
        answer = await self._socket.asks(json.dumps(["join", {"room": room, "resumable": True, **claims}]))
        self.peer_id = answer.get("peerID", "")
        self._resume = answer.get("resume")
        return answer

    async def returns(self, room: str) -> dict[str, Any]:
        """Come back by another connection, at any server, as the same member; return the call's move."""
        await self.connects()
        before, known = self.peer_id, {"known": [], **KNOWS_SFU}
        answer = await self.joins(room, resume=self._resume, **known)
        assert (answer["peerID"], answer["resumed"]) == (before, True)
        return dict(answer["move"])

    async def is_removed(self) -> str:
        """Wait until the server has removed it from the call, and return the code of the reason."""
        while True:
            event, *payload = json.loads((await self._socket.expects("42[")).removeprefix("42"))
            if event == "removed":
                return str(payload[0]["code"])

    async def hears(self, kind: str, *, settled: bool = False) -> dict[str, Any]:
        """Wait for a `topology` that says this."""
        while True:
            event, *payload = json.loads((await self._socket.expects("42[")).removeprefix("42"))
            if event == "topology" and (payload[0]["kind"], payload[0]["settled"]) == (kind, settled):
                return dict(payload[0])

    async def hears_of_next_sfu(self, former: str) -> dict[str, Any]:
        """Wait until the call is on an SFU again, by a mesh or without one; `former` is the epoch before."""
        while (told := await self.hears("sfu"))["epoch"] == former:
            pass
        return told

    async def reports(self, state: str, epoch: str) -> None:
        await self._socket.sends("42" + json.dumps(["topology-state", {"state": state, "epoch": epoch}]))

    async def leaves(self) -> None:
        await self._socket.sends('42["leave"]')

    async def follows(self, told: dict[str, Any], *, directly_at: int | None = None) -> None:
        """Connect to the SFU as told, or at a port of its own, past Parlour."""
        url = self.server.address.replace("http", "ws", 1) + told["url"]
        if directly_at is not None:
            url = f"ws://127.0.0.1:{directly_at}"
        query = f"access_token={told['token']}&protocol=16&auto_subscribe=0"
        opening = connect(f"{url}/rtc?{query}", compression=None, open_timeout=_WITHIN_SECONDS)
        self.connection = await self._leaving.enter_async_context(opening)
        joined = await self._receives()
        assert self.peer_id.encode() in joined
        self.sfu_node = SignalResponse.FromString(joined).join.server_info.node_id
        reading = asyncio.create_task(_read_all(self.connection))
        self._leaving.callback(reading.cancel)

    async def is_disconnected(self) -> None:
        """Wait until the SFU has ended the connection."""
        assert self.connection is not None
        async with asyncio.timeout(_WITHIN_SECONDS):
            await self.connection.wait_closed()

    async def _receives(self) -> bytes:
        assert self.connection is not None
        async with asyncio.timeout(_WITHIN_SECONDS):
            received = await self.connection.recv()
        assert isinstance(received, bytes)
        return received


async def _read_all(connection: ClientConnection) -> None:
    """Read until the connection is closed. With 16 frames unread, not even answers to pings would be read."""
    with suppress(ConnectionClosed):
        while True:
            await connection.recv()


@asynccontextmanager
async def call_of_three(server: ParlourServer) -> AsyncIterator[tuple[str, list[Caller]]]:
    """Yield a room, and the three that have joined there."""
    async with Visitors(server) as visitors, AsyncExitStack() as leaving:
        people = [await visitors.client(name) for name in ("ann", "bob", "cyd")]
        room = await people[0].creates_room()
        await people[0].invites(*people[1:], to=room)
        callers = [await Caller(server, person, leaving).connects() for person in people]
        for caller in callers:
            await caller.joins(room, **KNOWS_SFU)
        yield room, callers
