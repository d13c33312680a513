"""All Engine.IO sessions of a process: they are opened, found, timed by a timer wheel, and closed here."""

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from itertools import islice
from typing import Protocol

from parlour.engine.budget import ByteBudget
from parlour.engine.connection import Handshake
from parlour.engine.handshake import Rejected
from parlour.engine.options import Options
from parlour.engine.packets import OpenData, open_packet
from parlour.engine.pending import PendingSessions
from parlour.engine.session import Consumer, Reason, Transport, TransportSession
from parlour.engine.slices import ITEMS_A_TURN, Slices
from parlour.engine.timerwheel import TimerWheel

logger = logging.getLogger("parlour.engine")


def new_sid() -> str:
    """Return 120 random bits as 20 characters that need no escaping in a URL."""
    return secrets.token_urlsafe(15)


class ConsumerFactory(Protocol):
    """Makes the layer above a new session."""

    def __call__(self, session: TransportSession, handshake: Handshake, now: float) -> Consumer: ...


class Ending(Protocol):
    """A transport whose connection has ended, or is to end."""

    def end(self) -> None: ...


def _end(ending: Ending) -> None:
    ending.end()


class TransportSessions:
    """The sessions of a process. They belong to the event loop in which the first session is opened."""

    def __init__(self, options: Options, consumer_factory: ConsumerFactory) -> None:
        self.options = options
        self.by_sid: dict[str, TransportSession] = {}
        self.pending = PendingSessions(options.max_pending, options.max_pending_per_address)
        self.unfinished = ByteBudget(options.max_unfinished)
        self.ends: Slices[Ending] = Slices(_end, self.soon)
        self.opened = 0
        self.closed: Counter[Reason] = Counter()
        self.failed_handlers = 0
        self.shutting_down = False
        self.is_batching = False
        """True while several messages of a read are handled: transports collect their packets until `flush`,
        which the protocol that has read calls. ICE candidates arrive in bunches, and a bunch goes to the same
        few peers: a system call for each peer is enough.
        """
        self._flushes: list[Callable[[], None]] = []
        self._will_flush = False
        self._consumer_factory = consumer_factory
        self._wheel: TimerWheel[TransportSession] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = 0.0
        self._tasks: set[asyncio.Task[None]] = set()

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def soon(self, call: Callable[[], object]) -> None:
        """Call back after the running callback has returned."""
        asyncio.get_running_loop().call_soon(call)

    def spawn(self, awaitable: Awaitable[None], done: Callable[[], None]) -> None:
        async def run() -> None:
            try:
                await awaitable
            except Exception:
                self.handler_failed()

        def finished(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            done()

        task = asyncio.get_running_loop().create_task(run())
        self._tasks.add(task)
        task.add_done_callback(finished)

    def handler_failed(self) -> None:
        """Count and log a failure; only call it while the exception is handled."""
        self.failed_handlers += 1
        logger.exception("a handler failed")  # noqa: LOG004 - called by handlers

    # Sending

    def flush_later(self, flush: Callable[[], None]) -> None:
        """Call `flush` at the end of the batch, or else after this turn of the event loop."""
        self._flushes.append(flush)
        if not self.is_batching and not self._will_flush:
            self._will_flush = True
            self.soon(self._flush_at_last)

    def flush(self) -> None:
        self.is_batching = False
        flushes, self._flushes = self._flushes, []
        for flush in flushes:
            flush()

    def _flush_at_last(self) -> None:
        self._will_flush = False
        self.flush()

    # Sessions

    def closed_to_newcomers(self) -> Rejected | None:
        if self.shutting_down:
            return Rejected.SHUTTING_DOWN
        return Rejected.FULL if len(self.by_sid) >= self.options.max_sessions else None

    def open(self, transport: Transport, handshake: Handshake) -> TransportSession:
        """Open a session and send its open packet (protocol document, "Handshake")."""
        options, now = self.options, self.now()
        sid = options.session_prefix + new_sid()
        session = TransportSession(sid, transport, self, options, now)
        session.consumer = self._consumer_factory(session, handshake, now)
        self.by_sid[sid] = session
        self.opened += 1
        self.await_connect(session, handshake)
        upgrades = ["websocket"] if transport.name == "polling" and "websocket" in options.transports else []
        data = OpenData(
            sid,
            upgrades,
            round(options.ping_interval * 1000),
            round(options.ping_timeout * 1000),
            options.max_payload,
        )
        session.send(open_packet(data))
        self.reschedule(session)
        return session

    def await_connect(self, session: TransportSession, handshake: Handshake) -> None:
        """Count a session as pending, in no namespace; the oldest pending session may have to give way."""
        if session.closed is None:
            displaced = self.pending.add(session, self.options.address_group(handshake.address))
            if displaced is not None:
                displaced.close(Reason.DISPLACED)

    def find(self, sid: str) -> TransportSession | None:
        """Return a live session, or None; end an overdue session that the coarse timer wheel has yet to
        end.
        """
        session = self.by_sid.get(sid)
        if session is not None and session.is_overdue(self.now()):
            session.close(Reason.PING_TIMEOUT)
            return None
        return session

    def session_closed(self, session: TransportSession, reason: Reason) -> None:
        self.by_sid.pop(session.sid, None)
        self.pending.discard(session)
        self.closed[reason] += 1
        if self._wheel is not None:
            self._wheel.cancel(session)

    # Time

    def reschedule(self, session: TransportSession) -> None:
        """Move a session on the timer wheel, after its deadline became earlier."""
        if session.closed is not None:
            return
        if self._wheel is None:
            self._wheel = TimerWheel(self.options.tick, self.now())
        self._wheel.schedule(session, session.next_deadline())
        if self._timer is None:
            self._start_timer()

    def _start_timer(self) -> None:
        loop, tick = asyncio.get_running_loop(), self.options.tick
        self._timer_due = (loop.time() // tick + 1) * tick  # the moment of the wheel's next slot
        self._timer = loop.call_at(self._timer_due, self._tick)

    def _tick(self) -> None:
        self._timer = None
        now, wheel = self.now(), self._wheel
        stalled = now - self._timer_due > self.options.ping_timeout / 2
        # After a stall of the whole process the sockets are read first: their pongs wait there.
        self._meet_deadlines(iter(()) if wheel is None or stalled else wheel.due(now), now)

    def _meet_deadlines(self, due: Iterator[TransportSession], now: float) -> None:
        """Handle due sessions, a few in each turn of the event loop: thousands that connected at the same
        moment are due in the same tick. The next tick may begin before the last of them had its turn.
        """
        count = 0
        for session in islice(due, ITEMS_A_TURN):
            count += 1
            session.on_deadline(now)
            self.reschedule(session)
        if count == ITEMS_A_TURN:
            self.soon(partial(self._meet_deadlines, due, now))
        elif self.by_sid and self._timer is None:
            self._start_timer()

    # The end

    async def close(self, grace: float = 5.0) -> None:
        """End all sessions and refuse new ones; running handlers get `grace` seconds."""
        self.shutting_down = True
        for session in list(self.by_sid.values()):
            session.close(Reason.SHUTTING_DOWN)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = self.now() + grace
        await asyncio.sleep(0)
        while self._tasks:
            _, pending = await asyncio.wait(self._tasks, timeout=max(0.0, deadline - self.now()))
            if pending and self.now() >= deadline:
                for task in pending:
                    task.cancel()
                await asyncio.wait(pending, timeout=1.0)
                break
            await asyncio.sleep(0)
