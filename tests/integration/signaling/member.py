"""A member of a call that reads continuously and derives its view of the room from the messages."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.people import Person

COUNTED = ("add-peer", "remove-peer", "member-joined", "session-description", "ice-candidate")
PATIENCE_SECONDS = 60.0


class Member:
    """A member, resumable or plain. `changed` is set after each message. `view` holds the peers that it was
    introduced to, and `told` all that it was told of; `has_channels` is what the latest `topology` says.
    """

    def __init__(
        self, person: Person, room: str, changed: asyncio.Event, *, topologies: Sequence[str] = ()
    ) -> None:
        self.person = person
        self.room = room
        self.peer_id = ""
        self.resumable = False
        self.resumed = False
        self.view: set[str] = set()
        self.told: set[str] = set()
        self.has_channels = True
        self.way: dict[str, Any] = {}
        """The latest `topology` that names an SFU."""
        self.peers: set[str] = set()
        """The peers in the last acknowledgement of a join."""
        self._changed = changed
        self._topologies = topologies
        self._token: str | None = None
        self._received = 0
        self._ids = count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._socket: ClientConnection | None = None
        self._readers: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> bool:
        return self._socket is not None

    @property
    def may_resume(self) -> bool:
        return self._token is not None

    async def connects(self) -> None:
        """Open a new connection; frames of the previous connection are ignored, though it stays open."""
        url = self.person.server.address.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
        self._socket = None
        socket = await connect(
            url, compression=None, ping_interval=None, open_timeout=60, close_timeout=1, proxy=None
        )
        await socket.recv()
        await socket.send("40" + json.dumps({"token": self.person.token}))
        while not str(await socket.recv()).startswith("40"):
            pass
        self._socket = socket
        reader = asyncio.create_task(self._read(socket))
        self._readers.add(reader)
        reader.add_done_callback(self._readers.discard)

    async def joins(self, *, resumable: bool) -> None:
        """Join the room, by the resume token, if any."""
        if self._socket is None:
            await self.connects()
        self.resumable = resumable
        join: dict[str, Any] = {"room": self.room}
        if self._topologies:
            join |= {"topologies": list(self._topologies)}
        if resumable:
            join |= {"resumable": True}
        if self._token is not None:
            known = sorted(self.view) if self.has_channels else []
            join |= {"resume": self._token, "known": known, "received": self._received}
        elif not self.peer_id:
            self.view.clear()
        await self.asks("join", join)

    async def leaves(self) -> None:
        await self.asks("leave")
        self.gone()

    def gone(self) -> None:
        """Forget the state of a participation that is over."""
        self._token = None
        self.peer_id = ""
        self.view.clear()

    def breaks(self) -> None:
        if self._socket is not None:
            self._socket.transport.abort()
            self._socket = None
        if not self.resumable:
            self.gone()

    async def asks(self, event: str, *arguments: Any) -> dict[str, Any]:
        assert self._socket is not None
        number = next(self._ids)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send(f"42{number}" + json.dumps([event, *arguments]))
        return await asyncio.wait_for(answer, PATIENCE_SECONDS)

    async def aclose(self) -> None:
        self.breaks()
        for reader in list(self._readers):
            reader.cancel()
            with suppress(asyncio.CancelledError):
                await reader

    async def _read(self, socket: ClientConnection) -> None:
        with suppress(ConnectionClosed, InvalidHandshake):
            async for frame in socket:
                if frame == "2":
                    await socket.send("3")
                elif socket is self._socket and isinstance(frame, str):
                    self._hears(frame)

    def _hears(self, frame: str) -> None:
        number, bracket, rest = frame[2:].partition("[")
        if frame.startswith("43"):
            [answer] = json.loads(bracket + rest)
            asked = self._answers.pop(int(number))
            if not answer["ok"]:
                asked.set_exception(AssertionError(f"refused: {answer}"))
                return
            self._joined(answer)
            asked.set_result(answer)
        elif frame.startswith("42"):
            name, *arguments = json.loads(bracket + rest)
            self._received += name in COUNTED
            if name == "add-peer":
                self.view.add(arguments[0]["peerID"])
                self.told.add(arguments[0]["peerID"])
            elif name == "remove-peer":
                self.view.discard(arguments[0]["peerID"])
                self.told.discard(arguments[0]["peerID"])
            elif name == "member-joined":
                self.told.add(arguments[0]["peerID"])
            elif name == "topology":
                self._hears_of_channels(arguments[0])
        self._changed.set()

    def _joined(self, answer: dict[str, Any]) -> None:
        if "peerID" not in answer:
            return
        self.peer_id = answer["peerID"]
        self.peers = {entry["peerID"] for entry in answer["peers"]}
        self.told = set(self.peers)
        self._hears_of_channels(answer.get("move", {"channels": True}))
        self._token = answer.get("resume")
        self.resumed = answer.get("resumed", False)
        if "resumed" in answer and not self.resumed:
            self.view.clear()  # the view belongs to a participation that is over
        if not self.resumed or answer["received"] is None:
            self._received = 0

    def _hears_of_channels(self, topology: dict[str, Any]) -> None:
        """Forget who was introduced where there are no channels any more."""
        self.has_channels = topology["channels"]
        if "token" in topology:
            self.way = topology
        if not self.has_channels:
            self.view.clear()
