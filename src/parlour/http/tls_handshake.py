"""The TLS handshake of a connection, which has a place among the connections from its first moment on."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import structlog

from parlour.engine.budget import Holder
from parlour.http.protocol import HttpBounds
from parlour.http.tls import ServerCertificate

HANDSHAKE_SECONDS = 10.0

log = structlog.get_logger("parlour.tls")


class TlsHandshake(asyncio.Protocol):
    """The protocol of an accepted connection until TLS is established.

    An event loop that makes the handshake by itself tells nobody of the connection before it is done, so
    connections that begin none would be without bounds. Here each has a slot, and gives way like any other
    that has not sent a request.
    """

    def __init__(
        self,
        bounds: HttpBounds,
        certificate: ServerCertificate,
        connections: set[Any],
        secured: Callable[[Holder], asyncio.Protocol],
    ) -> None:
        """`connections` are uvicorn's; `secured` makes the protocol that takes the place of this one."""
        self._bounds = bounds
        self._certificate = certificate
        self._connections = connections
        self._secured = secured
        self._socket: socket.socket | None = None
        self._running: asyncio.Task[None] | None = None

    def connection_made(self, transport: Any) -> None:
        """Take the connection over into a transport with TLS: this one would read the handshake's bytes."""
        self._connections.add(self)
        self._bounds.slots.admit(self, connections=len(self._connections))
        try:
            self._socket = transport.get_extra_info("socket").dup()
        except OSError as error:
            log.warning("tls.no_file_descriptor", error=error.strerror)
            self._leave()
        else:
            self._running = asyncio.get_running_loop().create_task(self._shake_hands(self._socket))
        transport.abort()

    async def _shake_hands(self, connection: socket.socket) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: self._secured(self),
                connection,
                ssl=self._certificate.context,
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
            )
        except OSError as error:
            log.debug("tls.handshake_failed", reason=str(error))
        finally:
            self._leave()

    def _leave(self) -> None:
        """Give the slot back, unless the successor has it already."""
        self._connections.discard(self)
        self._bounds.slots.leave(self)

    def give_way(self) -> None:
        if self._socket is not None:
            with suppress(OSError):  # it has ended already
                self._socket.shutdown(socket.SHUT_RDWR)

    def shutdown(self) -> None:
        """Close the connection: uvicorn calls this at its shutdown."""
        self.give_way()
