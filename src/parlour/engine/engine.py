"""The engine: it serves Socket.IO for an application on uvicorn's HTTP port."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from parlour.engine.application import Application, EventTypes
from parlour.engine.client import SocketClient
from parlour.engine.connection import Connection, Handshake
from parlour.engine.draining import Draining
from parlour.engine.options import Options
from parlour.engine.plain_upgrade import PlainUpgrade
from parlour.engine.polling import PollingApp
from parlour.engine.registry import Registry
from parlour.engine.session import Reason, TransportSession
from parlour.engine.sessions import TransportSessions
from parlour.engine.upgrade import upgrade_plainly, websocket_protocol_class


class Counters(Struct, frozen=True):
    """Totals since the start, and the numbers of sessions and connections that are open now."""

    sessions: int
    connections: int
    opened: int
    closed: dict[Reason, int]
    events: int
    refused_events: int
    failed_handlers: int


class Engine:
    """An application's Socket.IO server, on the port of the HTTP server that runs it."""

    def __init__(self, application: Application, events: EventTypes, options: Options | None = None) -> None:
        self.application = application
        self.options = options or Options()
        self.sessions = TransportSessions(self.options, self._client)
        self._registry = Registry(application, events, self.options, self.sessions)
        self.connections: Mapping[str, Connection] = self._registry.connections
        """The accepted connections that have not ended, by sid."""
        self.asgi = PollingApp(self.sessions)
        """The ASGI 3 application of long-polling, for the paths of `serves`."""

    def _client(self, session: TransportSession, handshake: Handshake, now: float) -> SocketClient:
        return SocketClient(self._registry, session, handshake, now)

    def serves(self, path: str) -> bool:
        """Return True for a request path of the engine (see `Options.serves`)."""
        return self.options.serves(path)

    def websocket_protocol_class(self) -> type[asyncio.Protocol]:
        """Return the protocol class for `uvicorn.Config(ws=…)`."""
        return websocket_protocol_class(self.sessions)

    def upgrade(
        self, transport: asyncio.Transport, plain: PlainUpgrade, server_connections: set[Any]
    ) -> None:
        """Answer the first request of a connection, and set the protocol that reads on.

        `server_connections` are uvicorn's: the protocol is in it while the connection lasts.
        """
        upgrade_plainly(transport, plain, self.sessions, server_connections)

    def counters(self) -> Counters:
        sessions = self.sessions
        return Counters(
            sessions=len(sessions.by_sid),
            connections=len(self.connections),
            opened=sessions.opened,
            closed=dict(Counter(sessions.closed)),
            events=self._registry.events,
            refused_events=self._registry.refused_events,
            failed_handlers=sessions.failed_handlers,
        )

    async def drain(
        self,
        *,
        tell: Callable[[Connection], None],
        is_busy: Callable[[Connection], bool],
        over: float,
        patience: float,
        is_hurried: Callable[[], bool],
    ) -> None:
        """End all sessions one by one (see `Draining`), without a DISCONNECT. Call `close` after it."""
        draining = Draining(self.sessions, tell=tell, is_busy=is_busy)
        await draining.run(over=over, patience=patience, is_hurried=is_hurried)

    async def close(self, grace: float = 5.0) -> None:
        """Close all transports without a DISCONNECT, so that official clients reconnect to the next process.

        Call this before uvicorn shuts down, as `Server` does, or waiting polls keep uvicorn from ending.
        Running handlers, `on_disconnect` included, get `grace` seconds.
        """
        await self.sessions.close(grace)
