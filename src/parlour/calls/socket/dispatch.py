"""Dispatch events to use cases: apply the rate limits, validate, keep the order, answer, and audit."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, cast

import structlog
from msgspec.structs import replace

from parlour.accounts.identity import UserId
from parlour.audit.entries import AuditLog
from parlour.calls.handlers import EventOrder, Handler, Rest, handlers_by_event
from parlour.calls.presence import ConnectionId
from parlour.calls.rate_limiter import EventRateLimiter
from parlour.calls.refusals import InvalidPayload, UnknownEvent
from parlour.calls.service import ACCEPTED, SignalingService
from parlour.db.database import DATABASE_UNAVAILABLE
from parlour.engine import Connection, EventRejection, Mailbox
from parlour.errors import InternalError, RateLimited, Refusal, Unavailable
from parlour.limits.quotas import client_path
from parlour.scheduling.fair_slots import working_for
from parlour.wire.events import ClientEvent, RateKind, Rejected
from parlour.wire.signaling import CLIENT_EVENTS, Acknowledgement, Join, Refused, ToPeer

log = structlog.get_logger("parlour.signaling")

MAX_NAME_LENGTH = 64
MAX_WAITING, LONGEST_WAIT_SECONDS = 64, 4.0
"""The most events in each queue of a connection, and the seconds after which a queued event is refused."""

_TO_PEER = frozenset(event for event in CLIENT_EVENTS.values() if event.relayed_as is not None)
_WITHOUT_PAYLOAD: dict[str, ClientEvent] = {
    name: cast("type[ClientEvent]", event)() for name, event in CLIENT_EVENTS.items() if not event.has_payload
}


@dataclass(slots=True)
class SocketState:
    """The state of an accepted connection. All connections of a person share a rate limiter.

    Use cases that need the database wait in two queues, so that no other event waits for it: `entries` holds
    the joins, and the events sent after a join on which they may depend; `writes` holds the rest.
    """

    connection_id: ConnectionId
    user_id: UserId
    rate_limiter: EventRateLimiter
    entries: Mailbox
    writes: Mailbox
    late_relays: int = 0
    """The number of relays in `entries`: later relays must not overtake them."""


class EventDispatcher:
    """Dispatch the events of all connections. Relayed messages are answered at once, without a task.

    Use cases that need the database are awaited in queues of their own; candidates, leaves and disconnects do
    not wait there.
    """

    def __init__(self, service: SignalingService, *, audit: AuditLog) -> None:
        self._service = service
        self._handlers = handlers_by_event(service.handlers())
        self._audit = audit

    def on_event(self, connection: Connection, name: str, payload: Any, ack_id: int | None) -> None:
        if type(payload) in _TO_PEER:
            answer = self._relay(connection, payload, ack_id)
            if answer is not None and (ack_id is not None or answer is not ACCEPTED):
                _answer(connection, name, answer, ack_id)
        else:
            self._on_use_case(connection, name, payload, ack_id)

    def _on_use_case(self, connection: Connection, name: str, payload: Any, ack_id: int | None) -> None:
        state: SocketState = connection.data
        event: ClientEvent = _WITHOUT_PAYLOAD[name] if payload is None else payload
        if not state.rate_limiter.allows(event.rate, time.monotonic(), units=event.units()):
            _answer(connection, name, _rejected(RateLimited()), ack_id)
            return
        if type(event) is Join and event.offers:
            event = _with_allowed_offers(event, state.rate_limiter)
        if not event.is_valid():
            _answer(connection, name, _rejected(InvalidPayload()), ack_id)
        else:
            self._dispatch(_Incoming(connection, state, event, ack_id))

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

    # Relays

    def _relay(self, connection: Connection, event: ToPeer, ack_id: int | None) -> Acknowledgement | None:
        """Relay an event. Return None if it has to wait: a join under way may be about to introduce the
        receiver.

        Hot path, with all that it calls: after each system call, Python's code and data have left the CPU's
        caches, so each call is expensive. Hence plain methods where properties would read better, and a size
        that is measured once.
        """
        sender: SocketState = connection.data
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
        self, connection: Connection, sender: SocketState, event: ToPeer, size: int, ack_id: int | None
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

    # Use cases

    def _dispatch(self, incoming: "_Incoming") -> None:
        handler, state = self._handlers[type(incoming.event)], incoming.state
        match handler.order:
            case EventOrder.AT_ONCE:
                self._handle(incoming, handler, incoming.connection.new_mailbox())
            case EventOrder.JOIN:
                self._handle(incoming, handler, state.entries)
            case EventOrder.AFTER_JOINS if state.entries.busy:
                call = partial(self._handle, incoming, handler, state.writes)
                self._enqueue(state.entries, incoming, call)
            case EventOrder.AFTER_JOINS:
                self._handle(incoming, handler, state.writes)

    def _handle(self, incoming: "_Incoming", handler: Handler[Any], queue: Mailbox) -> None:
        """Run a use case. Answer now, or after the rest of the use case has run in `queue`."""
        try:
            outcome = handler.handle(incoming.state.connection_id, incoming.event)
        except Refusal as refusal:
            self._finish(incoming, handler, refusal)
            return
        if callable(outcome):
            self._enqueue(queue, incoming, partial(self._complete, incoming, handler, outcome))
        else:
            self._finish(incoming, handler, outcome)

    def _enqueue(
        self, queue: Mailbox, incoming: "_Incoming", call: Callable[[], Awaitable[None] | None]
    ) -> None:
        """Queue a call. If it waits longer than LONGEST_WAIT_SECONDS it is refused without being tried: the
        database was unavailable to the calls before it.
        """
        due = time.monotonic() + LONGEST_WAIT_SECONDS

        def call_in_time() -> Awaitable[None] | None:
            if time.monotonic() <= due:
                return call()
            incoming.answer(_rejected(Unavailable()))
            return None

        if len(queue) >= MAX_WAITING:
            incoming.answer(_rejected(Unavailable()))
        else:
            queue.run(call_in_time)

    def _complete(self, incoming: "_Incoming", handler: Handler[Any], rest: Rest) -> Awaitable[None] | None:
        """Call the rest of a use case, and answer unless it has to be awaited."""
        outcome: Acknowledgement | Awaitable[Acknowledgement] | Refusal
        try:
            outcome = rest()
        except Exception as error:
            outcome = _refusal_of(error, incoming.event)
        if isinstance(outcome, Awaitable):
            return self._await_answer(incoming, handler, outcome)
        self._finish(incoming, handler, outcome)
        return None

    async def _await_answer(
        self, incoming: "_Incoming", handler: Handler[Any], answer: Awaitable[Acknowledgement]
    ) -> None:
        working_for.set(client_path(incoming.connection.handshake.address))
        result: Acknowledgement | Refusal
        try:
            result = await answer
        except Exception as error:
            result = _refusal_of(error, incoming.event)
        self._finish(incoming, handler, result)

    def _finish(
        self, incoming: "_Incoming", handler: Handler[Any], result: Acknowledgement | Refusal
    ) -> None:
        audit = incoming.event.audit
        if isinstance(result, Refusal):
            if audit.forbidden and result.status == HTTPStatus.FORBIDDEN:
                self._record(incoming, "refusal", result.code)
            incoming.answer(_rejected(result))
            return
        if audit.done is not None:
            self._record(incoming, "role", audit.done)
        incoming.answer(result)
        if handler.after_answer is not None:
            handler.after_answer(incoming.state.connection_id)

    def _record(self, incoming: "_Incoming", kind: str, code: str) -> None:
        identity = self._service.identity_of(incoming.state.connection_id)
        self._audit.record(
            kind=kind,
            code=code,
            actor="" if identity is None else identity.email,
            subject=incoming.event.audit_subject(),
            address=incoming.connection.handshake.address,
        )


@dataclass(frozen=True, slots=True)
class _Incoming:
    """An event on its way through the dispatcher."""

    connection: Connection
    state: SocketState
    event: ClientEvent
    ack_id: int | None

    def answer(self, answer: Acknowledgement) -> None:
        _answer(self.connection, self.event.event, answer, self.ack_id)


def _answer(connection: Connection, name: str, answer: Acknowledgement, ack_id: int | None) -> None:
    """Acknowledge an event that asks for it; for any other event, send only a refusal, as `refused`."""
    if ack_id is not None:
        connection.ack(ack_id, answer)
    elif isinstance(answer, Rejected):
        refused = Refused(name[:MAX_NAME_LENGTH], answer.code, answer.message)
        connection.emit(Refused.event, refused)


def _with_allowed_offers(join: Join, rate_limiter: EventRateLimiter) -> Join:
    """Count each offer of a join as the relay that it is, and leave out those above the person's rates."""
    now = time.monotonic()
    return replace(
        join, offers=[offer for offer in join.offers if rate_limiter.allows_relay(offer.size(), now)]
    )


def _refusal_of(error: Exception, event: ClientEvent) -> Refusal:
    """Return the refusal that answers an error of a use case, and log an error that is no refusal itself."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, DATABASE_UNAVAILABLE):
        log.error("signaling.database_unavailable", event_name=event.event, error=type(error).__name__)
        return Unavailable()
    log.error("signaling.failed", event_name=event.event, error=type(error).__name__, exc_info=error)
    return InternalError()


def _rejected(refusal: Refusal) -> Rejected:
    return Rejected(refusal.code, refusal.message)
