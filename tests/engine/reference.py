"""Reference applications, a running server and raw clients for the tests of the engine.

The applications are those that the conformance suites of the two protocols ask for: an Engine.IO echo,
and a Socket.IO application with "auth", "message" and "message-with-ack" in "/" and "/custom".
"""

import asyncio
import json
import os
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Self

import aiohttp
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from parlour.engine import (
    Connection,
    Engine,
    EventRejection,
    EventTypes,
    Handshake,
    Options,
    Reason,
    end_unread,
)
from parlour.engine.polling import PollingApp, PollingTransport
from parlour.engine.session import TransportSession
from parlour.engine.sessions import TransportSessions
from parlour.engine.upgrade import websocket_protocol_class

PATIENCE = 60.0
"""The timeout of an expected event, in seconds."""

QUICK = {"ping_interval": 0.3, "ping_timeout": 0.2}


class Metronome:
    """A measure of the time for which a busy machine stalled this loop and the server in it."""

    TICK = 0.005

    def __init__(self) -> None:
        self.stalled = 0.0
        self._beating: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._beating = asyncio.create_task(self._beat())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._beating is not None
        self._beating.cancel()
        with suppress(asyncio.CancelledError):
            await self._beating

    async def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + self.TICK
            await asyncio.sleep(self.TICK)
            if (late := loop.time() - due) > self.TICK:
                self.stalled += late


class Echo:
    """An Engine.IO consumer that echoes messages."""

    def __init__(self, session: TransportSession, handshake: Handshake, now: float) -> None:
        self.session = session
        self.closed: Reason | None = None

    def on_message(self, text: str) -> None:
        self.session.send(b"4" + text.encode())

    def is_connected(self) -> bool:
        return True

    def on_plain_event(self, arguments: bytes) -> bool:
        return False

    def on_binary(self, data: bytes) -> None:
        self.session.send_binary(data)

    def on_close(self, reason: Reason) -> None:
        self.closed = reason

    def next_deadline(self) -> float | None:
        return None

    def on_deadline(self, now: float) -> None:
        pass


class Reference:
    """A Socket.IO application; `calls` records the calls to it, in order."""

    def __init__(self) -> None:
        self.calls: asyncio.Queue[tuple[Any, ...]] = asyncio.Queue()
        self.released = asyncio.Event()
        self.connections: list[Connection] = []

    def on_connect(self, connection: Connection, auth: dict[str, object] | None) -> Any:
        self.connections.append(connection)
        self.calls.put_nowait(("connect", connection, auth))
        match auth or {}:
            case {"refuse": data}:
                connection.refuse("Not authorized", data)
            case {"wait": float(seconds)}:
                connection.wait(seconds)
            case {"fail": _}:
                raise RuntimeError("asked to fail")
            case {"slow": _}:
                connection.accept()
                return self._slow(connection)
            case _:
                connection.accept()
                connection.emit("auth", auth or {})
        return None

    def on_event(self, connection: Connection, name: str, payload: Any, ack_id: int | None) -> Any:
        if name == "message":
            connection.emit("message-back", *payload)
        elif name == "message-with-ack" and ack_id is not None:
            connection.ack(ack_id, *payload)
        elif name == "fail":
            raise RuntimeError("asked to fail")
        elif name == "slow":
            return self._slow(connection)
        elif name == "ask-me":
            connection.request("question", 1, on_answer=lambda answer: self._answered(connection, answer))
        elif name == "leave-me":
            connection.disconnect()
        elif name == "drop-me":
            connection.close_transport()
        self.calls.put_nowait(("event", name, payload))
        return None

    def _answered(self, connection: Connection, answer: str | None) -> None:
        connection.emit("answered", json.loads(answer or "null"))

    async def _slow(self, connection: Connection) -> None:
        await self.released.wait()
        connection.emit("slow-done")

    def on_refused_event(
        self, connection: Connection, name: str, refusal: EventRejection, detail: str, ack_id: int | None
    ) -> None:
        if ack_id is not None:
            connection.ack(ack_id, {"ok": False, "message": refusal})
        else:
            connection.emit("refused", {"event": name, "message": refusal})

    def on_disconnect(self, connection: Connection, reason: Reason) -> None:
        self.calls.put_nowait(("disconnect", connection, reason))

    async def told(self, what: str) -> tuple[Any, ...]:
        """Wait for the next call of this kind; discard others."""
        async with asyncio.timeout(PATIENCE):
            while (call := await self.calls.get())[0] != what:
                pass
        return call


def reference_engine(**options: Any) -> Engine:
    settings: dict[str, Any] = {"namespaces": frozenset({"/", "/custom"}), **options}
    return Engine(Reference(), EventTypes({"typed": int}, any_event=True), Options(**settings))


@asynccontextmanager
async def serving(
    sessions: TransportSessions, *, http: type[Any] = HttpToolsProtocol, unread_seconds: float | None = None
) -> AsyncIterator[int]:
    """Serve the engine by uvicorn's own HTTP protocol, and yield the port."""
    config = uvicorn.Config(
        PollingApp(sessions), ws=websocket_protocol_class(sessions), lifespan="off", log_config=None
    )
    config.load()
    state, loop = ServerState(), asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: http(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    if unread_seconds is not None:
        end_unread(server.sockets[0], unread_seconds)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await sessions.close(grace=0.5)
        for connection in list(state.connections):
            connection.shutdown()
        async with asyncio.timeout(PATIENCE):
            await server.wait_closed()
        assert not sessions.by_sid


async def until(condition: Callable[[], object]) -> None:
    """Poll a condition that no event announces, while the server, in the same loop, reads its sockets."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0)


def is_polled(sessions: TransportSessions, sid: str) -> bool:
    """True if a GET waits at the server."""
    transport = sessions.by_sid[sid].transport
    return isinstance(transport, PollingTransport) and transport.is_polled


BOTH_HTTP = [HttpToolsProtocol, H11Protocol]


class Client:
    """An aiohttp client of a running engine that adds no protocol of its own to HTTP and WebSocket."""

    def __init__(self, port: int, path: str) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}{path}"
        self.path = path
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(PATIENCE))
        self._raw: list[RawSocket] = []

    async def close(self) -> None:
        for raw in self._raw:
            raw.abort()
        await self._http.close()

    async def raw(self, *headers: str) -> "RawSocket":
        """Open a raw WebSocket, with these headers instead of `Connection: Upgrade`."""
        raw = await RawSocket.connect(self.port, self.path, *headers)
        self._raw.append(raw)
        return raw

    async def request(
        self, method: str, query: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        async with self._http.request(method, f"{self.url}?{query}", data=body, headers=headers) as answer:
            return answer.status, await answer.text()

    async def headers(self, method: str, query: str, headers: dict[str, str]) -> tuple[int, dict[str, str]]:
        async with self._http.request(method, f"{self.url}?{query}", headers=headers) as answer:
            return answer.status, {name.lower(): value for name, value in answer.headers.items()}

    async def open_polling(self) -> str:
        status, text = await self.request("GET", "EIO=4&transport=polling")
        assert status == 200 and text[0] == "0", text
        return str(json.loads(text[1:])["sid"])

    async def poll(self, sid: str) -> tuple[int, str]:
        return await self.request("GET", f"EIO=4&transport=polling&sid={sid}")

    async def post(self, sid: str, body: Any) -> tuple[int, str]:
        return await self.request("POST", f"EIO=4&transport=polling&sid={sid}", body)

    async def websocket(self, query: str = "", headers: dict[str, str] | None = None) -> "Socket":
        url = f"{self.url}?EIO=4&transport=websocket{query}"
        return Socket(await self._http.ws_connect(url, headers=headers, autoping=False, max_msg_size=0))

    async def refused_websocket(self, query: str, headers: dict[str, str] | None = None) -> int:
        """Ask for an upgrade that the server has to refuse; return the HTTP status."""
        try:
            socket = await self._http.ws_connect(f"{self.url}?{query}", headers=headers)
        except aiohttp.WSServerHandshakeError as refusal:
            return refusal.status
        await socket.close()
        raise AssertionError("the upgrade was not refused")

    async def open_websocket(self) -> tuple["Socket", dict[str, Any]]:
        socket = await self.websocket()
        text = await socket.text()
        assert text[0] == "0", text
        return socket, json.loads(text[1:])

    async def connect(self, namespace: str = "/", auth: str = "") -> "Socket":
        """Open a WebSocket and connect it to a namespace of the reference application."""
        socket, _ = await self.open_websocket()
        where = "" if namespace == "/" else namespace + ","
        await socket.send(f"40{where}{auth}")
        assert (await socket.text()).startswith(f'40{where}{{"sid":"')
        assert (await socket.text()).startswith(f'42{where}["auth",')
        return socket


class Socket:
    """A WebSocket of aiohttp with the timeout PATIENCE."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.raw = socket

    async def send(self, data: str | bytes) -> None:
        await (self.raw.send_str(data) if isinstance(data, str) else self.raw.send_bytes(data))

    async def receive(self) -> aiohttp.WSMessage:
        return await self.raw.receive(PATIENCE)

    async def text(self) -> str:
        message = await self.receive()
        assert message.type is aiohttp.WSMsgType.TEXT, message
        return str(message.data)

    async def data(self) -> bytes:
        message = await self.receive()
        assert message.type is aiohttp.WSMsgType.BINARY, message
        return bytes(message.data)

    async def closed(self) -> list[str]:
        """Wait for the end; return the texts received before it."""
        texts = []
        while (message := await self.receive()).type is aiohttp.WSMsgType.TEXT:
            texts.append(str(message.data))
        assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED), message
        return texts


def frame(opcode: int, payload: bytes, *, fin: bool = True, masked: bool = True, reserved: int = 0) -> bytes:
    """Build a client's WebSocket frame (RFC 6455, section 5.2)."""
    head = bytes([(0x80 if fin else 0) | reserved | opcode])
    bit = 0x80 if masked else 0
    if len(payload) < 126:
        head += bytes([bit | len(payload)])
    elif len(payload) < 65536:
        head += bytes([bit | 126]) + struct.pack("!H", len(payload))
    else:
        head += bytes([bit | 127]) + struct.pack("!Q", len(payload))
    if not masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10


class RawSocket:
    """A TCP connection on which tests write the bytes of WebSocket themselves."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.head = ""

    @classmethod
    async def connect(cls, port: int, path: str, *headers: str) -> "RawSocket":
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self = cls(reader, writer)
        lines = [
            f"GET {path}?EIO=4&transport=websocket HTTP/1.1",
            "Host: 127.0.0.1",
            "Upgrade: websocket",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version: 13",
            *(headers or ["Connection: Upgrade"]),
        ]
        await self.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)).decode()
        return self

    async def write(self, data: bytes, *, bytewise: bool = False) -> None:
        """Write data; `bytewise` makes each byte a read of its own at the other end, if the kernel allows."""
        for part in [data[i : i + 1] for i in range(len(data))] if bytewise else [data]:
            self.writer.write(part)
            await self.writer.drain()
            if bytewise:
                await asyncio.sleep(0)

    async def receive(self) -> tuple[int, bytes]:
        """Return the opcode and the payload of the next frame."""
        async with asyncio.timeout(PATIENCE):
            first, second = await self.reader.readexactly(2)
            size = second & 0x7F
            if size == 126:
                (size,) = struct.unpack("!H", await self.reader.readexactly(2))
            elif size == 127:
                (size,) = struct.unpack("!Q", await self.reader.readexactly(8))
            return first & 0x0F, await self.reader.readexactly(size)

    async def close_code(self) -> int:
        while True:
            opcode, payload = await self.receive()
            if opcode == CLOSE:
                return int.from_bytes(payload[:2], "big")

    def abort(self) -> None:
        self.writer.transport.abort()

    def reset(self) -> None:
        """End the connection by a TCP reset."""
        connection = self.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.abort()
