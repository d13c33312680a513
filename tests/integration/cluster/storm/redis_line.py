"""The way of one node to Redis, which a test can close, break or slow down."""

import asyncio
from collections import deque
from typing import Self, cast

HELD_BYTES = 16 << 20
"""A held connection that exceeds this is aborted, as a full queue of a network would drop it."""


class RedisLine:
    """A TCP forwarder."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self._target = target
        self._delay = 0.0
        """Seconds."""
        self._is_cut = False
        self._server: asyncio.Server | None = None
        self._ends: set[_End] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.breaks()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cuts(self) -> None:
        """Abort all connections, and each new one."""
        self._is_cut = True
        self.breaks()

    def breaks(self) -> None:
        """Abort all connections; new ones are passed on."""
        for end in list(self._ends):
            end.abort()

    def slows(self, seconds: float) -> None:
        """Deliver what is sent so much later, in order."""
        self._delay = seconds

    def heals(self) -> None:
        self._is_cut = False
        self._delay = 0.0
        for end in list(self._ends):
            end.deliver_all()

    def _accept(self) -> "_End":
        return _End(self)

    def opened(self, end: "_End") -> None:
        self._ends.add(end)
        if self._is_cut:
            end.abort()
        elif end.other is None:
            task = asyncio.create_task(self._connect(end))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def closed(self, end: "_End") -> None:
        self._ends.discard(end)

    async def _connect(self, end: "_End") -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: _End(self, end), "127.0.0.1", self._target)
        except OSError:
            end.abort()

    def carry(self, to: "_End") -> None:
        """Have the other end deliver what waits for it, at once or later."""
        if self._delay == 0.0:
            to.deliver_all()
        else:
            asyncio.get_running_loop().call_later(self._delay, to.deliver_next)


class _End(asyncio.Protocol):
    """One of the two connections that a connection by way of the forwarder is made of."""

    def __init__(self, line: RedisLine, other: "_End | None" = None) -> None:
        self.other = other
        self._line = line
        self._transport: asyncio.Transport | None = None
        self._waiting: deque[bytes] = deque()
        """The data that are yet to be written; empty bytes are the end."""
        self._size = 0
        self._early: list[bytes] = []
        """The data that came before there was another connection: uvloop delivers them though reading is
        paused.
        """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are no subclasses
        if self.other is None:
            self._transport.pause_reading()  # until the other connection is there
        else:
            self.other.meets(self)
        self._line.opened(self)

    def meets(self, other: "_End") -> None:
        self.other = other
        if self._transport is None:
            other.abort()
            return
        self._transport.resume_reading()
        early, self._early = self._early, []
        for data in early:
            other.take(data)

    def data_received(self, data: bytes) -> None:
        if self.other is None:
            self._early.append(data)
        else:
            self.other.take(data)

    def connection_lost(self, _error: Exception | None) -> None:
        self._line.closed(self)
        self._transport = None
        if self.other is not None:
            self.other.take(b"")

    def take(self, data: bytes) -> None:
        if self._transport is None:
            return
        self._waiting.append(data)
        self._size += len(data)
        if self._size > HELD_BYTES:
            self.abort()
        else:
            self._line.carry(self)

    def deliver_next(self) -> None:
        if self._waiting and self._transport is not None:
            data = self._waiting.popleft()
            self._size -= len(data)
            if data:
                self._transport.write(data)
            else:
                self._transport.close()

    def deliver_all(self) -> None:
        while self._waiting and self._transport is not None:
            self.deliver_next()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()
