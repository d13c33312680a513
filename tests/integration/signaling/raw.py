"""A WebSocket that sends and receives raw frames, for tests of Engine.IO's and Socket.IO's packets."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.integration.signaling.client import handshake_headers
from tests.integration.signaling.inbox import PATIENCE_SECONDS
from tests.servers import ParlourServer

_MOST_UNREAD = 1_000
"""Frames that an attentive socket keeps for the test."""


class RawSocket:
    """Engine.IO 4 over WebSocket. It answers heartbeats (`2`) and hides them from the tests."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._ids = count(1)

    async def sends(self, *frames: str | bytes) -> None:
        for frame in frames:
            await self._socket.send(frame)

    async def frame(self, within: float | None = PATIENCE_SECONDS) -> str:
        """Return the next frame that is no heartbeat."""
        async with asyncio.timeout(within):
            while (frame := await self._socket.recv()) == "2":
                await self._socket.send("3")
        assert isinstance(frame, str), f"bytes, where the server has no reason to send any: {frame!r}"
        return frame

    async def expects(self, start: str) -> str:
        frame = await self.frame()
        assert frame.startswith(start), f"{frame[:300]} instead of {start}"
        return frame

    async def expects_close(self, within: float = PATIENCE_SECONDS) -> list[str]:
        """Wait until the transport is closed; return the frames received before."""
        frames = []
        try:
            async with asyncio.timeout(within):
                while True:
                    frames.append(await self.frame(within))
        except ConnectionClosed:
            return frames
        except TimeoutError:
            raise AssertionError(f"not closed within {within:g} s; frames: {frames}") from None

    async def is_open(self) -> bool:
        """Ping the server, which answers after all frames already under way. False if it has closed."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await (await self._socket.ping())
        except ConnectionClosed:
            return False
        return True

    async def identifies(self, token: str) -> None:
        await self.sends("40" + json.dumps({"token": token}))
        await self.expects("40{")

    async def asks(self, text: str) -> dict[str, Any]:
        """Send an event, `text` being the packet's JSON, and return its acknowledgement."""
        number = next(self._ids)
        await self.sends(f"42{number}{text}")
        while not (frame := await self.frame()).startswith(f"43{number}["):
            assert frame.startswith("42["), frame
        [answer] = json.loads(frame.removeprefix(f"43{number}"))
        assert isinstance(answer, dict)
        return answer

    async def expects_event(self, event: str) -> Any:
        """Return the payload of the next event, which has to be `event`; `share-rooms` is skipped."""
        name, payload = await self.next_event(skips_rooms=event != "share-rooms")
        assert name == event, f"{name} instead of {event}"
        return payload

    async def next_event(self, *, skips_rooms: bool = True) -> tuple[str, Any]:
        """Return the next event and its payload; `share-rooms` is skipped."""
        while True:
            name, *arguments = json.loads((await self.expects("42[")).removeprefix("42"))
            if name != "share-rooms" or not skips_rooms:
                [payload] = arguments
                return name, payload

    async def close(self) -> None:
        await self._socket.close()

    def stops_reading(self) -> None:
        """Stop reading, as on a slow line, so that the server's send buffers soon fill.

        The receive buffer is above 64 KB, a segment on loopback: TCP announces a reopened window only once a
        segment fits, and otherwise the server would learn of it by ever rarer window probes.
        """
        connection = self._socket.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 256 * 1024)
        self._socket.transport.pause_reading()

    def reads_again(self) -> None:
        self._socket.transport.resume_reading()

    def breaks(self) -> None:
        """Abort the connection without a closing handshake, as a system does after a cable was pulled."""
        self._socket.transport.abort()


class AttentiveSocket(RawSocket):
    """A raw socket that is read all the time, so that it answers heartbeats while the test waits elsewhere.

    The server closes a connection that has answered no heartbeat for 45 s, and on a busy machine another step
    of a test may take as long.
    """

    def __init__(self, socket: ClientConnection) -> None:
        super().__init__(socket)
        self._frames = asyncio.Queue[str | ConnectionClosed](_MOST_UNREAD)

    async def reads(self) -> None:
        """Read until the connection is closed. Raises QueueFull if the test leaves more than it keeps."""
        try:
            while True:
                self._frames.put_nowait(await super().frame(within=None))
        except ConnectionClosed as closed:
            self._frames.put_nowait(closed)

    async def frame(self, within: float | None = PATIENCE_SECONDS) -> str:
        async with asyncio.timeout(within):
            frame = await self._frames.get()
        if isinstance(frame, ConnectionClosed):
            self._frames.put_nowait(frame)  # for who asks again
            raise frame
        return frame


@asynccontextmanager
async def raw_socket(
    server: ParlourServer,
    *,
    address: str = "127.0.0.1",
    cookie: str | None = None,
    origin: str | None = None,
    headers: dict[str, str] | None = None,
) -> AsyncIterator[RawSocket]:
    """Open a WebSocket from `address`; it is past the Engine.IO handshake and before any CONNECT."""
    headers = {**handshake_headers(cookie, origin), **(headers or {})}
    async with _websocket(server, local_addr=(address, 0), additional_headers=headers) as socket:
        raw = RawSocket(socket)
        await _expects_opening(raw)
        yield raw


@asynccontextmanager
async def attentive_socket(server: ParlourServer) -> AsyncIterator[AttentiveSocket]:
    """Open a WebSocket as `raw_socket` does, and read it until the end."""
    async with _websocket(server) as socket:
        attentive = AttentiveSocket(socket)
        reading = asyncio.create_task(attentive.reads())
        try:
            await _expects_opening(attentive)
            yield attentive
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading


def _websocket(server: ParlourServer, **options: Any) -> connect:
    url = server.url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
    return connect(
        url,
        compression=None,
        ping_interval=None,
        open_timeout=60,
        close_timeout=1,
        proxy=None,
        **options,
    )


async def _expects_opening(socket: RawSocket) -> None:
    opening = await socket.expects("0{")
    assert json.loads(opening[1:])["pingInterval"] > 0
