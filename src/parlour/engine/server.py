"""uvicorn with an engine inside: one port for HTTP, long-polling and WebSocket."""

import socket

import uvicorn

from parlour.engine.engine import Engine


def end_unread(listener: socket.socket, seconds: float) -> None:
    """Let the kernel end connections whose peer acknowledges nothing for so long (TCP_USER_TIMEOUT, RFC
    5482).

    It sees what no server can: whether bytes leave. All connections of `listener` inherit it; Linux only.
    """
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(seconds * 1000))


class Server(uvicorn.Server):
    """Ends the engine's sessions before it waits for connections to end.

    `grace` is how many seconds the engine's handlers may take at the end.
    """

    def __init__(self, config: uvicorn.Config, engine: Engine, grace: float = 5.0) -> None:
        super().__init__(config)
        self._engine = engine
        self._grace = grace

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._engine.close(self._grace)
        await super().shutdown(sockets)
