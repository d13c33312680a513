"""Identify and admit connections at CONNECT; the dispatcher handles their events."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass

import msgspec
import structlog

from parlour.accounts.identity import Identity
from parlour.accounts.sessions.identification import Origins
from parlour.calls.cluster.node import MAX_LOGIN_WAIT_SECONDS, Node
from parlour.calls.presence import ConnectionId
from parlour.calls.rate_limiter import EventRateLimiter
from parlour.calls.service import SignalingService
from parlour.calls.socket.dispatch import EventDispatcher, SocketState
from parlour.calls.socket.emitter import ConnectionEmitter
from parlour.calls.socket.identification import ConnectIdentification
from parlour.db.database import DATABASE_UNAVAILABLE
from parlour.engine import Connection, Engine, EventTypes, Options, Reason
from parlour.errors import Refusal
from parlour.http.proxies import TrustedProxies
from parlour.limits.quotas import client_path, rate_limit_prefix
from parlour.scheduling.fair_slots import working_for
from parlour.wire.refusals import problem_body
from parlour.wire.signaling import PAYLOADS

log = structlog.get_logger("parlour.signaling")

PATH = "/socket.io"
PING_INTERVAL, PING_TIMEOUT = 15.0, 10.0
"""Seconds. A connection that is silently dead is detected within their sum and a tick of the engine."""


class Signaling:
    """Implements the engine's `Application` for signaling."""

    def __init__(
        self,
        service: SignalingService,
        dispatcher: EventDispatcher,
        identification: ConnectIdentification,
        emitter: ConnectionEmitter,
        node: Node,
    ) -> None:
        self._service = service
        self._identification = identification
        self._emitter = emitter
        self._node = node
        self._waiting: dict[Connection, asyncio.Task[None]] = {}
        # Attributes, so that the dispatch of an event costs no further call.
        self.on_event = dispatcher.on_event
        self.on_refused_event = dispatcher.on_refused_event

    def on_connect(self, connection: Connection, auth: dict[str, object] | None) -> Awaitable[None] | None:
        """Accept or refuse at once, without a task, if that needs neither the database nor another node."""
        try:
            identity = self._identification.recent(auth)
            if identity is not None and self._accept_now(connection, identity):
                return None
        except Refusal as refusal:
            _refuse(connection, refusal)
            return None
        except Exception as error:
            _close_after(error, connection)
            return None
        return self._connect(connection, auth)

    async def _connect(self, connection: Connection, auth: dict[str, object] | None) -> None:
        """Accept or refuse a CONNECT, or let it wait for a login if it has no identity.

        If the identity cannot be checked now, the transport is closed: the client reconnects by itself.
        """
        working_for.set(client_path(connection.handshake.address))
        try:
            identified = await self._identification.identify(connection.handshake, auth)
            if identified is None:
                self._wait(connection)
            else:
                await self._accept(connection, identified.identity, by_cookie=identified.by_cookie)
        except Refusal as refusal:
            _refuse(connection, refusal)
        except DATABASE_UNAVAILABLE as error:
            log.error("signaling.database_unavailable", event_name="connect", error=type(error).__name__)
            connection.close_transport()
        except Exception as error:
            _close_after(error, connection)

    async def _accept(self, connection: Connection, identity: Identity, *, by_cookie: bool) -> None:
        """Admit a connection. Raises RateLimited or TooManyConnections.

        No `await` follows the admission, so that each admitted connection is either added or dismissed.
        """
        address = rate_limit_prefix(connection.handshake.address)
        rate_limiter = await self._node.admit(address, identity.user_id)
        self._admitted(connection, identity, rate_limiter, by_cookie=by_cookie)

    def _accept_now(self, connection: Connection, identity: Identity) -> bool:
        """Do as `_accept`; return False, with nothing done, if another node has to be asked."""
        address = rate_limit_prefix(connection.handshake.address)
        rate_limiter = self._node.admit_now(address, identity.user_id)
        if rate_limiter is None:
            return False
        self._admitted(connection, identity, rate_limiter, by_cookie=False)
        return True

    def _admitted(
        self, connection: Connection, identity: Identity, rate_limiter: EventRateLimiter, *, by_cookie: bool
    ) -> None:
        state = SocketState(
            ConnectionId(connection.sid),
            identity.user_id,
            rate_limiter,
            connection.new_mailbox(),
            connection.new_mailbox(),
        )
        connection.data = state
        connection.accept()
        if connection.connected:
            self._emitter.add(connection, by_cookie=by_cookie)
            self._service.connected(state.connection_id, identity)
        else:  # it ended meanwhile
            self._node.dismiss(rate_limit_prefix(connection.handshake.address), identity.user_id)

    def _wait(self, connection: Connection) -> None:
        connection.wait(MAX_LOGIN_WAIT_SECONDS + PING_INTERVAL)  # `_close_after_wait` closes it before that
        self._waiting[connection] = asyncio.create_task(self._close_after_wait(connection))

    async def _close_after_wait(self, connection: Connection) -> None:
        """Close without a packet: after a DISCONNECT, clients would not reconnect by themselves."""
        await self._node.wait_for_login(connection.handshake.address, since=connection.opened_at)
        connection.close_transport()

    def on_disconnect(self, connection: Connection, reason: Reason) -> None:
        waiting = self._waiting.pop(connection, None)
        if waiting is not None:
            waiting.cancel()
        connection_id = ConnectionId(connection.sid)
        if self._emitter.remove(connection_id):
            self._node.dismiss(rate_limit_prefix(connection.handshake.address), connection.data.user_id)
        self._service.disconnected(connection_id)


def _close_after(error: Exception, connection: Connection) -> None:
    """Log an unexpected error, and close: the client connects again by itself."""
    log.error("signaling.connect_failed", error=type(error).__name__, exc_info=error)
    connection.close_transport()


def _refuse(connection: Connection, refusal: Refusal) -> None:
    connection.refuse(refusal.message, {"code": refusal.code})


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportOptions:
    """The facts about the site and its proxies that the engine needs."""

    origins: Origins
    proxies: TrustedProxies
    compression: bool
    base_path: str
    session_prefix: str


def signaling_engine(signaling: Signaling, transport: TransportOptions) -> Engine:
    origins = transport.origins
    options = Options(
        path=f"{PATH}/",
        prefix=transport.base_path,
        session_prefix=transport.session_prefix,
        origin_allowed=origins.allow_connection,
        forbidden_body=msgspec.json.encode(problem_body(origins.refusal())),
        client_address=transport.proxies.client_address,
        address_group=rate_limit_prefix,
        compression=transport.compression,
        ping_interval=PING_INTERVAL,
        ping_timeout=PING_TIMEOUT,
    )
    return Engine(signaling, EventTypes(PAYLOADS), options)
