"""The only module that knows Socket.IO: packets in, use cases of the hub; messages out, packets."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, assert_never

import msgspec
import structlog

from parlour.accounts.cookies import session_token
from parlour.accounts.identity import Identity, UserId
from parlour.accounts.sessions.identification import Origins
from parlour.accounts.sessions.service import LoginSessions
from parlour.audit.entries import AuditLog
from parlour.calls.connection_quotas import ConnectionQuotas
from parlour.calls.pending_connections import MAX_WAIT_SECONDS, PendingConnections
from parlour.calls.presence import ConnectionId
from parlour.calls.rate_limiter import EventRateLimiter, RateKind
from parlour.calls.refusals import InvalidPayload, JoinCancelled, UnknownEvent
from parlour.calls.service import ACCEPTED, SignalingService
from parlour.chat.service import message_cost
from parlour.db.database import DATABASE_UNAVAILABLE
from parlour.engine import (
    Connection,
    EncodedPacket,
    Engine,
    EventRejection,
    EventTypes,
    Handshake,
    Mailbox,
    Options,
    Reason,
    encode_event,
)
from parlour.errors import InternalError, InvalidToken, RateLimited, Refusal, Unavailable
from parlour.http.proxies import TrustedProxies
from parlour.limits.quotas import client_path, rate_limit_prefix
from parlour.scheduling.fair_slots import working_for
from parlour.wire.refusals import problem_body
from parlour.wire.signaling import (
    LEGACY_DESCRIPTION_EVENT,
    PAYLOADS,
    Acknowledgement,
    AnyServerEvent,
    BanPeer,
    CandidateFromPeer,
    ConnectAuth,
    DescriptionFromPeer,
    Join,
    Joined,
    Leave,
    OfferIce,
    OfferSdp,
    Refused,
    Rejected,
    SendChat,
    ToPeer,
    ToServer,
    Username,
    is_valid,
)

log = structlog.get_logger("parlour.signaling")

PATH = "/socket.io"
MAX_NAME_LENGTH = 64
PING_INTERVAL, PING_TIMEOUT = 15.0, 10.0
"""Seconds: whose line went dead without a word is found within their sum, and a tick of the engine."""


_TO_PEER = (OfferIce, OfferSdp)
_FROM_PEER = (CandidateFromPeer, DescriptionFromPeer)


MAX_WAITING, LONGEST_WAIT_SECONDS = 64, 4.0
"""How many events of one connection may wait in each of its lines, and how long one may wait to be tried."""


@dataclass(slots=True)
class _SocketState:
    """What is kept with a connection whose identity is settled. The pace is the person's.

    What needs the database waits in one of two lines, so that nothing else waits for it: joins in `entries`,
    with what was sent after a join that it may depend on; chat and bans in `writes`.
    """

    connection_id: ConnectionId
    user_id: UserId
    rate_limiter: EventRateLimiter
    entries: Mailbox
    writes: Mailbox
    late_relays: int = 0
    """Relays in `entries`: later ones may not overtake them."""
    departures: int = 0
    """How often this connection has left: a join that was sent before is void."""


class ConnectionEmitter:
    """Sends what the hub decides, at once and in order; what many get is encoded once."""

    def __init__(self) -> None:
        self._connections: dict[ConnectionId, Connection] = {}
        self._by_cookie: set[ConnectionId] = set()
        self._message: AnyServerEvent | None = None
        self._packet: EncodedPacket | None = None

    def add(self, connection: Connection, *, by_cookie: bool) -> None:
        connection_id = ConnectionId(connection.sid)
        self._connections[connection_id] = connection
        if by_cookie:
            self._by_cookie.add(connection_id)

    def remove(self, connection_id: ConnectionId) -> bool:
        """False for one that was not added."""
        self._by_cookie.discard(connection_id)
        return self._connections.pop(connection_id, None) is not None

    def deliver(self, to: ConnectionId, message: AnyServerEvent) -> None:
        """Nothing happens where the connection has ended."""
        connection = self._connections.get(to)
        if connection is None:
            return
        if type(message) in _FROM_PEER:  # hot path: a candidate or a description
            connection.emit_now(message.event, message)
            if type(message) is DescriptionFromPeer and to in self._by_cookie:
                connection.emit(LEGACY_DESCRIPTION_EVENT, message)
        else:
            if message is not self._message or self._packet is None:
                self._message, self._packet = message, encode_event(message.event, message)
            connection.emit_encoded(self._packet)

    def backlog(self, connection_id: ConnectionId) -> int:
        """Bytes that wait for a connection, beyond the kernel's buffer."""
        connection = self._connections.get(connection_id)
        return 0 if connection is None else connection.buffered()

    def hang_up(self, connection_id: ConnectionId) -> None:
        """A client that polls has yet to fetch why; its transport ends by itself a little later.

        Existing clients, which the cookie identifies, come back by themselves without a DISCONNECT, and wait
        for the next login.
        """
        connection = self._connections.get(connection_id)
        if connection is None:
            return
        by_websocket = connection.transport_name == "websocket"
        if not by_websocket or connection_id not in self._by_cookie:
            connection.disconnect()
        if by_websocket:
            connection.close_transport()


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
        self._audit = audit
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
        known = _SocketState(
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

    def on_event(self, connection: Connection, name: str, payload: Any, ack_id: int | None) -> None:
        known: _SocketState = connection.data
        if type(payload) in _TO_PEER:
            answer = self._relay(connection, payload, ack_id)
            if answer is not None and (ack_id is not None or answer is not ACCEPTED):
                _answer(connection, name, answer, ack_id)
            return
        if not known.rate_limiter.allows(_kind(name), time.monotonic(), units=_units(payload)):
            _answer(connection, name, _rejected(RateLimited()), ack_id)
            return
        event = _event(name, payload)
        if not is_valid(event):
            _answer(connection, name, _rejected(InvalidPayload()), ack_id)
            return
        self._dispatch(connection, known, event, ack_id)

    def _dispatch(
        self, connection: Connection, known: _SocketState, event: ToServer, ack_id: int | None
    ) -> None:
        match event:
            case Username():
                _answer(connection, event.event, ACCEPTED, ack_id)
            case Leave():
                self._leave(connection, known, event, ack_id)
            case Join():
                act = partial(self._join, known, event, known.departures)
                join = partial(self._answer_when_done, connection, event, ack_id, act)
                self._in_turn(known.entries, connection, event, ack_id, join)
            case SendChat() | BanPeer() if known.entries.busy:
                write = partial(self._write, connection, known, event, ack_id)
                self._in_turn(known.entries, connection, event, ack_id, write)
            case SendChat() | BanPeer():
                self._write(connection, known, event, ack_id)
            case _:
                assert_never(event)

    def _in_turn(
        self,
        replay_buffer: Mailbox,
        connection: Connection,
        event: ToServer,
        ack_id: int | None,
        call: Callable[[], Awaitable[None] | None],
    ) -> None:
        """One that waited too long for those before it is not even tried: they found no database either."""
        due = time.monotonic() + LONGEST_WAIT_SECONDS

        def in_time() -> Awaitable[None] | None:
            if time.monotonic() <= due:
                return call()
            _answer(connection, event.event, _rejected(Unavailable()), ack_id)
            return None

        if len(replay_buffer) >= MAX_WAITING:
            _answer(connection, event.event, _rejected(Unavailable()), ack_id)
        else:
            replay_buffer.run(in_time)

    def _relay(self, connection: Connection, event: ToPeer, ack_id: int | None) -> Acknowledgement | None:
        """None where it has to wait: the receiver may be one whom a join under way is about to meet.

        Hot path, with all that it calls: between two system calls each Python call finds its code and data
        out of the caches. Hence plain methods where properties would read better, and a size that is measured
        once.
        """
        sender: _SocketState = connection.data
        size = event.size()
        if not sender.rate_limiter.allows_relay(size, time.monotonic()):
            return _rejected(RateLimited())
        if not event.is_valid():
            return _rejected(InvalidPayload())
        if sender.late_relays:
            return self._relay_late(connection, sender, event, size, ack_id)
        try:
            return self._service.relay(sender.connection_id, event, size)
        except Refusal as refusal:
            if sender.entries.busy:
                return self._relay_late(connection, sender, event, size, ack_id)
            return _rejected(refusal)

    def _relay_late(
        self, connection: Connection, sender: _SocketState, event: ToPeer, size: int, ack_id: int | None
    ) -> Acknowledgement | None:
        if len(sender.entries) >= MAX_WAITING:
            return _rejected(Unavailable())

        def relay() -> None:
            sender.late_relays -= 1
            try:
                answer: Acknowledgement = self._service.relay(sender.connection_id, event, size)
            except Refusal as refusal:
                answer = _rejected(refusal)
            if ack_id is not None or answer is not ACCEPTED:
                _answer(connection, event.event, answer, ack_id)

        sender.late_relays += 1
        sender.entries.run(relay)
        return None

    def _leave(self, connection: Connection, known: _SocketState, event: Leave, ack_id: int | None) -> None:
        """At once, whatever waits. The acknowledgement says that the attendance is written."""
        known.departures += 1
        try:
            has_record = self._service.leave(known.connection_id)
        except Refusal as refusal:
            _answer(connection, event.event, _rejected(refusal), ack_id)
            return
        if has_record and ack_id is not None:
            self.engine.mailbox().wait_for(self._acknowledge_when_recorded(connection, event, ack_id))
        else:
            _answer(connection, event.event, ACCEPTED, ack_id)

    async def _acknowledge_when_recorded(self, connection: Connection, event: Leave, ack_id: int) -> None:
        await self._service.recorded()
        _answer(connection, event.event, ACCEPTED, ack_id)

    async def _join(self, known: _SocketState, event: Join, departures: int) -> Joined:
        if departures != known.departures:  # left since it was sent
            raise JoinCancelled
        return await self._service.join(known.connection_id, event)

    def _write(
        self, connection: Connection, known: _SocketState, event: SendChat | BanPeer, ack_id: int | None
    ) -> None:
        """In its turn. A message is its author's even where the connection ends before that."""
        act: Callable[[], Awaitable[Acknowledgement]]
        if isinstance(event, SendChat):
            try:
                author = self._service.author(known.connection_id)
            except Refusal as refusal:
                _answer(connection, event.event, _rejected(refusal), ack_id)
                return
            act = partial(self._service.write, author, event)
        else:
            act = partial(self._service.ban, known.connection_id, event)
        self._in_turn(
            known.writes,
            connection,
            event,
            ack_id,
            lambda: self._answer_when_done(connection, event, ack_id, act),
        )

    async def _answer_when_done(
        self,
        connection: Connection,
        event: Join | SendChat | BanPeer,
        ack_id: int | None,
        act: Callable[[], Awaitable[Acknowledgement]],
    ) -> None:
        working_for.set(client_path(connection.handshake.address))
        try:
            answer = await act()
            if isinstance(event, BanPeer):
                self._record(connection, "role", "banned", event)
        except Refusal as refusal:
            answer = _rejected(refusal)
            if refusal.status == HTTPStatus.FORBIDDEN:
                self._record(connection, "refusal", refusal.code, event)
        except DATABASE_UNAVAILABLE as error:
            log.error("signaling.database_unavailable", event_name=event.event, error=type(error).__name__)
            answer = _rejected(Unavailable())
        except Exception as error:
            log.exception("signaling.failed", event_name=event.event, error=type(error).__name__)
            answer = _rejected(InternalError())
        _answer(connection, event.event, answer, ack_id)
        if isinstance(answer, Joined):
            self._service.told(ConnectionId(connection.sid))

    def _record(self, connection: Connection, kind: str, code: str, event: ToServer) -> None:
        who = self._service.who(ConnectionId(connection.sid))
        subject = f"{event.event} {event.room}" if isinstance(event, Join) else event.event
        self._audit.record(
            kind=kind,
            code=code,
            actor="" if who is None else who.email,
            subject=subject,
            address=connection.handshake.address,
        )

    def on_refused_event(
        self, connection: Connection, name: str, refusal: EventRejection, detail: str, ack_id: int | None
    ) -> None:
        if not connection.data.rate_limiter.allows(RateKind.OTHER, time.monotonic()):
            _answer(connection, name, _rejected(RateLimited()), ack_id)
            return
        match refusal:
            case EventRejection.UNKNOWN_EVENT:
                answer = _rejected(UnknownEvent())
            case EventRejection.INVALID_ARGUMENTS | EventRejection.BINARY:
                reason = detail or str(refusal)
                answer = Rejected(InvalidPayload.code, f"{InvalidPayload().message} ({reason})")
        _answer(connection, name, answer, ack_id)

    def on_disconnect(self, connection: Connection, reason: Reason) -> None:
        waiting = self._waiting.pop(connection, None)
        if waiting is not None:
            waiting.cancel()
        connection_id = ConnectionId(connection.sid)
        if self._emitter.remove(connection_id):
            self._quotas.give_back(rate_limit_prefix(connection.handshake.address), connection.data.user_id)
        self._service.disconnected(connection_id)


def _kind(name: str) -> RateKind:
    match name:
        case Join.event | Leave.event:
            return RateKind.ENTRY
        case SendChat.event:
            return RateKind.CHAT
        case _:
            return RateKind.OTHER


def _units(payload: Any) -> int:
    """What an event costs of its rate: a long message as much as several short ones."""
    return message_cost(payload.message) if isinstance(payload, SendChat) else 1


def _event(name: str, payload: Any) -> ToServer:
    if payload is not None:
        event: ToServer = payload
        return event
    return Leave() if name == Leave.event else Username()


def _answer(connection: Connection, name: str, answer: Acknowledgement, ack_id: int | None) -> None:
    """Acknowledges what asks for it; a refusal of what does not is sent as `refused`."""
    if ack_id is not None:
        connection.ack(ack_id, answer)
    elif isinstance(answer, Rejected):
        refused = Refused(name[:MAX_NAME_LENGTH], answer.code, answer.message)
        connection.emit(Refused.event, refused)


def _rejected(refusal: Refusal) -> Rejected:
    return Rejected(refusal.code, refusal.message)


def _token(auth: object) -> str | None:
    """Raises InvalidToken for an `auth` that is no handshake of ours."""
    if auth is None:
        return None
    try:
        return msgspec.convert(auth, ConnectAuth).token or None
    except msgspec.ValidationError as error:
        raise InvalidToken from error
