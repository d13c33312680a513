"""Choose the protocol of a connection by its first bytes (port unification).

A WebSocket handshake of the plain shape goes straight to the engine, and costs a third. Anything else goes
with the same bytes to the HTTP protocol, which then treats the connection as if it had been there from the
start: an incomplete request, a WebSocket handshake of any other shape, a connection beyond the limit.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from parlour.engine import Engine
from parlour.engine.budget import Holder
from parlour.engine.plain_upgrade import read_plain_upgrade
from parlour.handover import Arrival, Kind
from parlour.http.protocol import HttpBounds, http_protocol_class
from parlour.http.tls import ServerCertificate
from parlour.http.tls_handshake import TlsHandshake

_LONGEST = 4 * 1024
"""The longest head that is read as a plain handshake; browsers send some hundred bytes, and their cookies."""


class FirstRequest(asyncio.Protocol):
    """The protocol of a connection until its first bytes."""

    __slots__ = ("_admitted", "_bounds", "_connections", "_engine", "_former", "_http", "_transport")

    def __init__(
        self,
        bounds: HttpBounds,
        engine: Engine,
        connections: set[Any],
        http: Callable[[], Any],
        former: Holder | None = None,
    ) -> None:
        """`connections` are uvicorn's; `http` makes the HTTP protocol; `former` had the connection before."""
        self._bounds = bounds
        self._engine = engine
        self._connections = connections
        self._http = http
        self._former = former
        self._transport: Any = None
        self._admitted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._connections.add(self)
        former, self._former = self._former, None
        if former is None:
            self._admitted = self._bounds.slots.admit(self, connections=len(self._connections))
        else:
            self._connections.discard(former)
            self._admitted = self._bounds.slots.pass_on(former, self)
        self._bounds.first_requests.begin(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._bounds.slots.leave(self)
        self._step_aside()

    def data_received(self, data: bytes) -> None:
        handover = self._bounds.handover
        if handover is not None and self._admitted and handover.takes(self._transport, data):
            self._transport.abort()
        else:
            self.stay(data)

    def stay(self, data: bytes) -> None:
        """Answer the request that begins with `data` in this process, though it may belong to another one."""
        self._step_aside()
        plain = read_plain_upgrade(data) if self._admitted and len(data) <= _LONGEST else None
        if plain is not None and self._engine.serves(plain.request.path):
            self._bounds.slots.mark_busy(self)
            self._engine.upgrade(self._transport, plain, self._connections)
        else:
            http = self._http()
            self._transport.set_protocol(http)
            http.take_over(self._transport, self, data)

    def keep_alive(self) -> None:
        """Wait for the next request of a connection whose first ones were answered by another process."""
        self._step_aside()
        http = self._http()
        self._transport.set_protocol(http)
        http.keep_alive(self._transport, self)

    def _step_aside(self) -> None:
        self._connections.discard(self)
        self._bounds.first_requests.end(self)

    def give_way(self) -> None:
        self._transport.abort()

    def shutdown(self) -> None:
        """Close the connection: uvicorn calls this at its shutdown."""
        if not self.pass_on_if_idle():
            self._transport.close()

    def pass_on_if_idle(self) -> bool:
        handover = self._bounds.handover
        if handover is None or not handover.takes_idle(self._transport, Kind.ASKS):
            return False
        self._transport.abort()
        return True


class HandedOver(asyncio.Protocol):
    """The protocol of a connection that another process has handed over, until it is made."""

    def __init__(self, first: FirstRequest, arrival: Arrival) -> None:
        self._first, self._arrival = first, arrival

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        first, arrival = self._first, self._arrival
        cast(asyncio.Transport, transport).set_protocol(first)
        first.connection_made(transport)
        if arrival.kind is Kind.KEPT_ALIVE:
            first.keep_alive()
        elif arrival.data:
            first.stay(arrival.data)


def first_request_protocol(
    bounds: HttpBounds, engine: Engine, certificate: ServerCertificate | None = None
) -> type[asyncio.Protocol]:
    """Return a factory for `uvicorn.Config(http=…)`: uvicorn calls it like a class, for each connection.

    With a certificate, connections begin with a TLS handshake.
    """
    http_class: Any = http_protocol_class(bounds)

    def protocol(*, config: Any, server_state: Any, app_state: Any, _loop: Any = None) -> asyncio.Protocol:
        http = partial(http_class, config, server_state, app_state, _loop)
        first = partial(FirstRequest, bounds, engine, server_state.connections, http)
        if certificate is None:
            return first()
        return TlsHandshake(bounds, certificate, server_state.connections, first)

    made: Any = protocol
    return made  # type: ignore[no-any-return]
