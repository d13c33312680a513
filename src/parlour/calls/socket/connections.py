"""Connections come and go: who they are is settled at CONNECT, their events are the dispatcher's."""

import asyncio
from collections.abc import Awaitable

import msgspec
import structlog

from parlour.accounts.cookies import session_token
from parlour.accounts.identity import Identity
from parlour.accounts.sessions.identification import Origins
from parlour.accounts.sessions.service import LoginSessions
from parlour.audit.entries import AuditLog
from parlour.calls.connection_quotas import ConnectionQuotas
from parlour.calls.pending_connections import MAX_WAIT_SECONDS, PendingConnections
from parlour.calls.presence import ConnectionId
from parlour.calls.service import SignalingService
from parlour.calls.socket.dispatch import EventDispatcher, SocketState
from parlour.calls.socket.emitter import ConnectionEmitter
from parlour.db.database import DATABASE_UNAVAILABLE
from parlour.engine import Connection, Engine, EventTypes, Handshake, Options, Reason
from parlour.errors import InvalidToken, Refusal
from parlour.http.proxies import TrustedProxies
from parlour.limits.quotas import client_path, rate_limit_prefix
from parlour.scheduling.fair_slots import working_for
from parlour.wire.refusals import problem_body
from parlour.wire.signaling import PAYLOADS, ConnectAuth

log = structlog.get_logger("parlour.signaling")

PATH = "/socket.io"
PING_INTERVAL, PING_TIMEOUT = 15.0, 10.0
"""Seconds: whose line went dead without a word is found within their sum, and a tick of the engine."""


class Signaling:
    """What the engine calls: who is there is settled at CONNECT, what they may do by the hub.

    Relayed messages are answered at once, without a task. What needs the database is awaited in lines of its
    own, and nothing that does not need it waits there: not candidates, not who leaves, not a disconnect.
    """

    def __init__(
        self,
        *,
        service: SignalingService,
        emitter: ConnectionEmitter,
        sessions: LoginSessions,
        origins: Origins,
        proxies: TrustedProxies,
        pending_connections: PendingConnections,
        compression: bool,
        base_path: str,
        audit: AuditLog,
        quotas: ConnectionQuotas,
    ) -> None:
        self._service = service
        self._emitter = emitter
        self._sessions = sessions
        self._origins = origins
        self._pending_connections = pending_connections
        self._quotas = quotas
        self._waiting: dict[Connection, asyncio.Task[None]] = {}
        options = Options(
            path=f"{PATH}/",
            prefix=base_path,
            origin_allowed=lambda origin, _host: origin is None or origin in origins.allowed,
            forbidden_body=msgspec.json.encode(problem_body(origins.refusal())),
            client_address=proxies.client_address,
            address_group=rate_limit_prefix,
            compression=compression,
            ping_interval=PING_INTERVAL,
            ping_timeout=PING_TIMEOUT,
        )
        self.engine = Engine(self, EventTypes(PAYLOADS), options)
        dispatcher = EventDispatcher(service, audit=audit, new_mailbox=self.engine.mailbox)
        self.on_event = dispatcher.on_event
        self.on_refused_event = dispatcher.on_refused_event

    def on_connect(self, connection: Connection, auth: dict[str, object] | None) -> Awaitable[None]:
        return self._connect(connection, auth)

    async def _connect(self, connection: Connection, auth: dict[str, object] | None) -> None:
        """A CONNECT without identity waits; one that cannot be checked now has to come back."""
        working_for.set(client_path(connection.handshake.address))
        try:
            token = _token(auth)
            if token is not None:
                identity: Identity | None = await self._identify_token(token)
            else:
                identity = await self._identify_cookie(connection.handshake)
        except Refusal as refusal:
            connection.refuse(refusal.message, {"code": refusal.code})
        except DATABASE_UNAVAILABLE as error:
            log.error("signaling.database_unavailable", event_name="connect", error=type(error).__name__)
            connection.close_transport()
        except Exception as error:
            log.exception("signaling.connect_failed", error=type(error).__name__)
            connection.close_transport()
        else:
            if identity is None:
                self._wait(connection)
            else:
                self._accept(connection, identity, by_cookie=token is None)

    def _accept(self, connection: Connection, identity: Identity, *, by_cookie: bool) -> None:
        address = rate_limit_prefix(connection.handshake.address)
        try:
            rate_limiter = self._quotas.take(address, identity.user_id)
        except Refusal as refusal:
            connection.refuse(refusal.message, {"code": refusal.code})
            return
        known = SocketState(
            ConnectionId(connection.sid),
            identity.user_id,
            rate_limiter,
            self.engine.mailbox(),
            self.engine.mailbox(),
        )
        connection.data = known
        connection.accept()
        if connection.connected:
            self._emitter.add(connection, by_cookie=by_cookie)
            self._service.connected(known.connection_id, identity)
        else:  # it ended meanwhile
            self._quotas.give_back(address, identity.user_id)

    def _wait(self, connection: Connection) -> None:
        connection.wait(MAX_WAIT_SECONDS + PING_INTERVAL)  # the waiting room closes it before that
        self._waiting[connection] = asyncio.create_task(self._close_after_wait(connection))

    async def _close_after_wait(self, connection: Connection) -> None:
        """Without a packet, so that clients come back by themselves."""
        await self._pending_connections.wait(connection.handshake.address, since=connection.opened_at)
        connection.close_transport()

    async def _identify_token(self, token: str) -> Identity:
        """Whoever is in a call comes back to it though the database is away."""
        try:
            return await self._sessions.identify_access(token)
        except DATABASE_UNAVAILABLE:
            known = self._service.known(*self._sessions.claimed(token))
            if known is None:
                raise
            return known

    async def _identify_cookie(self, handshake: Handshake) -> Identity | None:
        """None without a cookie, or where it comes from a site that may not use it."""
        cookie = session_token(handshake.cookie)
        if cookie is None or not self._origins.allows(
            origin=handshake.origin, fetch_site=handshake.fetch_site
        ):
            return None
        return await self._sessions.identify_refresh(cookie)

    def on_disconnect(self, connection: Connection, reason: Reason) -> None:
        waiting = self._waiting.pop(connection, None)
        if waiting is not None:
            waiting.cancel()
        connection_id = ConnectionId(connection.sid)
        if self._emitter.remove(connection_id):
            self._quotas.give_back(rate_limit_prefix(connection.handshake.address), connection.data.user_id)
        self._service.disconnected(connection_id)


def _token(auth: object) -> str | None:
    """Raises InvalidToken for an `auth` that is no handshake of ours."""
    if auth is None:
        return None
    try:
        return msgspec.convert(auth, ConnectAuth).token or None
    except msgspec.ValidationError as error:
        raise InvalidToken from error
