"""uvicorn with an engine: HTTP, long-polling and WebSocket share a port."""

import socket

import uvicorn

from parlour.engine.engine import Engine


def end_unread(listener: socket.socket, seconds: float) -> None:
    """Let the kernel end connections whose peer acknowledges nothing for this time (TCP_USER_TIMEOUT, RFC
    5482).

    Only the kernel knows whether sent bytes are acknowledged. All connections of `listener` inherit the
    option; Linux only.
    """
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(seconds * 1000))


class Server(uvicorn.Server):
    """A uvicorn server that, at its shutdown, ends the engine's sessions before it waits for connections.

    `grace` counts the seconds that the engine's handlers may take to end.
    """

    def __init__(self, config: uvicorn.Config, engine: Engine, grace: float = 5.0) -> None:
        super().__init__(config)
        self._engine = engine
        self._grace = grace

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._engine.close(self._grace)
        await super().shutdown(sockets)
