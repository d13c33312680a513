"""A Socket.IO client that costs little: frames by picows, packets told apart by their first bytes."""

import asyncio
import itertools
import json
from collections.abc import Sequence

from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from bench import frames
from bench.seed import Person
from bench.servers import HOST

WITHIN_SECONDS = 60
PER_ADDRESS = 10_000
"""Connections made from each loopback address: an address has some 28,000 ephemeral ports."""

_TEXT = WSMsgType.TEXT
_made = itertools.count()


class Lost(RuntimeError):
    """The server refused or closed a connection, lost a message or gave a wrong answer."""


class Countdown:
    """A latch that opens after the expected number of hits; `expect` closes it again.

    `wait` raises Lost after WITHIN_SECONDS.
    """

    def __init__(self) -> None:
        self._left = 0
        self._done = asyncio.Event()
        self._done.set()

    def expect(self, count: int) -> None:
        self._left += count
        if self._left > 0:
            self._done.clear()

    def hit(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._done.set()

    async def wait(self) -> None:
        try:
            await asyncio.wait_for(self._done.wait(), WITHIN_SECONDS)
        except TimeoutError:
            raise Lost(f"{self._left} messages that should have come did not") from None


class Peer(WSListener):
    """A connection by WebSocket alone, outside all rooms or in `room`.

    `settled` is done when the namespace is connected or, with a room, when the join is acknowledged.
    """

    def __init__(self, person: Person, room: str | None = None) -> None:
        super().__init__()
        self.person = person
        self.room_hash: str | None = None
        """The handshake sends this hash of the room's name, unless it is None (docs/protocol.md)."""
        self.peer_id = ""
        self.introductions: Countdown | None = None
        self.farewells: Countdown | None = None
        self.heartbeats = 0
        self.ping_interval = 0.0
        self.gone = asyncio.Event()
        self.transport: WSTransport | None = None
        self.settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._join = None if room is None else frames.join(room)
        self._acknowledged: asyncio.Future[None] | None = None

    # ---------------------------------------------------------------------------------- sending

    async def connect(self, port: int, *, source: str | None = None) -> None:
        """Connect from the address `source` and wait for `settled`. Raises Lost, OSError or TimeoutError."""
        block = next(_made) // PER_ADDRESS % 200
        if source is None and block:
            source = f"127.0.{block}.2"
        room = "" if self.room_hash is None else f"room={self.room_hash}&"
        await ws_connect(
            lambda: self,
            f"ws://{HOST}:{port}/socket.io/?{room}EIO=4&transport=websocket",
            websocket_handshake_timeout=WITHIN_SECONDS,
            local_addr=None if source is None else (source, 0),
        )
        await asyncio.wait_for(self.settled, WITHIN_SECONDS)

    async def join(self, room: str) -> None:
        await self._asked(frames.join(room))

    async def leave(self) -> None:
        await self._asked(frames.LEAVE)

    def send(self, frame: bytes) -> None:
        assert self.transport is not None
        self.transport.send(_TEXT, frame)

    def close(self) -> None:
        if self.transport is not None:
            self.transport.send_close(WSCloseCode.OK)
            self.transport.disconnect()

    async def _asked(self, frame: bytes) -> None:
        self._acknowledged = asyncio.get_running_loop().create_future()
        self.send(frame)
        await asyncio.wait_for(self._acknowledged, WITHIN_SECONDS)

    # --------------------------------------------------------------------------------- receiving

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is not _TEXT:
            if frame.msg_type is WSMsgType.CLOSE:
                transport.disconnect()
            return
        self.receive(transport, frame.get_payload_as_bytes())

    def receive(self, transport: WSTransport, message: bytes) -> None:
        if message.startswith(b"42"):
            self.on_event(message)
        elif message == b"2":
            self.heartbeats += 1
            transport.send(_TEXT, b"3")
        elif message.startswith(b"43"):
            self._on_acknowledgement(message)
        elif message.startswith(b"40"):
            if self._join is None:
                self._settle(None)
            else:
                transport.send(_TEXT, self._join)
        elif message.startswith(b"0"):
            self.ping_interval = json.loads(message[1:])["pingInterval"] / 1000
            transport.send(_TEXT, frames.connect(self.person))
        else:
            self._settle(Lost(message[:200].decode()))

    def on_event(self, message: bytes) -> None:
        if message.startswith(frames.ADD_PEER):
            if self.introductions is not None:
                self.introductions.hit()
        elif message.startswith(frames.REMOVE_PEER):
            if self.farewells is not None:
                self.farewells.hit()
        elif message.startswith(frames.REFUSED):
            raise Lost(message[:200].decode())

    def _on_acknowledgement(self, message: bytes) -> None:
        answer = frames.arguments(message)[0]
        error = None if answer["ok"] is True else Lost(message[:200].decode())
        if error is None and message[2:3] == frames.JOIN_ID:
            self.peer_id = answer["peerID"]
        if self._acknowledged is None:
            self._settle(error)
        elif error is None:
            self._acknowledged.set_result(None)
        else:
            self._acknowledged.set_exception(error)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.transport = None
        self._settle(Lost("the server closed the connection"))
        self.gone.set()

    def _settle(self, error: Lost | None) -> None:
        if self.settled.done():
            return
        if error is None:
            self.settled.set_result(None)
        else:
            self.settled.set_exception(error)


async def connect_all(peers: Sequence[Peer], port: int, *, at_once: int) -> None:
    """Connect the peers in order, `at_once` of them concurrently."""
    waiting = iter(peers)

    async def one_after_the_other() -> None:
        for peer in waiting:
            await peer.connect(port)

    await asyncio.gather(*(one_after_the_other() for _ in range(at_once)))


async def close_all(peers: Sequence[Peer]) -> None:
    """Close the connections and wait until each is gone on this side."""
    for peer in peers:
        peer.close()
    for peer in peers:
        await peer.gone.wait()
