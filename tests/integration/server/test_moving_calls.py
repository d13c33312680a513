"""A call moves to a real SFU and back: what is said to clients that know it, and to those that do not."""

import asyncio
import json
from contextlib import AsyncExitStack, suppress
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.conftest import StartServer
from tests.integration.signaling.raw import RawSocket, raw_socket
from tests.people import Person, Visitors
from tests.servers import ParlourServer
from tests.servers.livekit import moving_at_once

pytestmark = pytest.mark.database("sqlite")
WITHIN_SECONDS = 60


class Caller:
    """A member of the call, with a connection to the SFU when it is told to."""

    def __init__(self, server: ParlourServer, socket: RawSocket, leaving: AsyncExitStack) -> None:
        self._server = server
        self._socket = socket
        self._leaving = leaving
        self.peer_id = ""
        self.connection: ClientConnection | None = None

    async def joins(self, room: str, **claims: Any) -> dict[str, Any]:
        answer = await self._socket.asks(json.dumps(["join", {"room": room, "resumable": True, **claims}]))
        self.peer_id = answer.get("peerID", "")
        return answer

    async def hears(self, kind: str, *, settled: bool = False) -> dict[str, Any]:
        """Wait for a `topology` that says this."""
        while True:
            event, *payload = json.loads((await self._socket.expects("42[")).removeprefix("42"))
            if event == "topology" and (payload[0]["kind"], payload[0]["settled"]) == (kind, settled):
                return dict(payload[0])

    async def reports(self, state: str, epoch: str) -> None:
        await self._socket.sends("42" + json.dumps(["topology-state", {"state": state, "epoch": epoch}]))

    async def leaves(self) -> None:
        await self._socket.sends('42["leave"]')

    async def follows(self, told: dict[str, Any]) -> None:
        """Connect to the SFU as told."""
        url = self._server.address.replace("http", "ws", 1) + told["url"]
        query = f"access_token={told['token']}&protocol=16&auto_subscribe=0"
        opening = connect(f"{url}/rtc?{query}", compression=None, open_timeout=WITHIN_SECONDS)
        self.connection = await self._leaving.enter_async_context(opening)
        joined = await self._receives()
        assert self.peer_id.encode() in joined

    async def is_disconnected(self) -> None:
        """Wait until the SFU has ended the connection."""
        with suppress(ConnectionClosed):
            while True:
                await self._receives()

    async def _receives(self) -> bytes:
        assert self.connection is not None
        async with asyncio.timeout(WITHIN_SECONDS):
            received = await self.connection.recv()
        assert isinstance(received, bytes)
        return received


async def test_a_call_moves_to_an_sfu_and_back(fresh_server: StartServer) -> None:
    server = await fresh_server(moving_at_once(mesh_again_at=1))
    await server.expect_log("sfu.ready")
    async with Visitors(server) as visitors, AsyncExitStack() as leaving:
        people = [await visitors.client(name) for name in ("ann", "bob", "cyd", "old")]
        room = await people[0].creates_room()
        await people[0].invites(*people[1:], to=room)

        async def connects(person: Person) -> Caller:
            socket = await leaving.enter_async_context(raw_socket(server))
            assert person.token is not None
            await socket.identifies(person.token)
            return Caller(server, socket, leaving)

        ann, bob, cyd, old = [await connects(person) for person in people]
        knows = {"topologies": ["mesh", "sfu"]}
        for caller in (ann, bob, cyd):
            assert (await caller.joins(room, **knows))["topology"] == "mesh"
        told = [await caller.hears("sfu") for caller in (ann, bob, cyd)]
        assert len({one["epoch"] for one in told}) == 1 and len({one["token"] for one in told}) == 3
        assert (await old.joins(room))["code"] == "client_too_old"
        for caller, one in zip((ann, bob, cyd), told, strict=True):
            await caller.follows(one)
            await caller.reports("receiving", one["epoch"])
        for caller in (ann, bob, cyd):
            assert (await caller.hears("sfu", settled=True))["epoch"] == told[0]["epoch"]

        await cyd.leaves()
        await cyd.is_disconnected()
        late = await cyd.joins(room, **knows)
        assert (late["move"]["epoch"], late["move"]["settled"]) == (told[0]["epoch"], True)
        for caller in (ann, bob):  # its SFU is lost to two of three
            await caller.reports("failed", told[0]["epoch"])
        back = [await caller.hears("mesh") for caller in (ann, bob, cyd)]
        assert "token" not in back[0] and len({one["epoch"] for one in back}) == 1

        again = [await caller.hears("sfu") for caller in (ann, bob, cyd)]
        assert again[0]["epoch"] not in (told[0]["epoch"], back[0]["epoch"])
        for caller in (ann, bob, cyd):
            await caller.reports("receiving", again[0]["epoch"])
        await ann.hears("sfu", settled=True)
        for caller in (bob, cyd):
            await caller.leaves()
        await ann.hears("mesh")
