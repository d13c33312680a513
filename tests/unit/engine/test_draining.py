"""Connection draining: all are told, closed at rest, and nothing that is under way is lost."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from parlour.engine import Connection, Engine, EventTypes, Options, Reason
from parlour.engine.application import EventRejection
from parlour.engine.connection import Handshake
from parlour.engine.polling import PollingTransport
from parlour.engine.session import Transport, TransportSession
from tests.unit.engine.memory import MemoryTransport

PATIENCE = 10
TOLD = b'42["told"]'


class Slow:
    """Answers an event once it may."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()

    def on_connect(self, connection: Connection, auth: dict[str, object] | None) -> None:
        connection.accept()

    def on_event(
        self, connection: Connection, name: str, payload: Any, ack_id: int | None
    ) -> Awaitable[None]:
        return self._answer(connection, ack_id)

    async def _answer(self, connection: Connection, ack_id: int | None) -> None:
        await self.may_answer.wait()
        if ack_id is not None:
            connection.ack(ack_id, "done")

    def on_refused_event(
        self, connection: Connection, name: str, refusal: EventRejection, detail: str, ack_id: int | None
    ) -> None:
        raise AssertionError(detail)

    def on_disconnect(self, connection: Connection, reason: Reason) -> None:
        pass


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def engine(slow: Slow) -> Engine:
    return Engine(slow, EventTypes({"ask": None}), Options())


def connected(engine: Engine, transport: Transport) -> TransportSession:
    session = engine.sessions.open(transport, Handshake(address="127.0.0.1"))
    session.receive_text(transport, "40")
    transport.take()
    return session


async def drained(
    engine: Engine, *, over: float = 0.0, patience: float = PATIENCE, is_hurried: bool = False
) -> None:
    async with asyncio.timeout(2 * PATIENCE):
        await engine.drain(
            tell=lambda connection: connection.emit("told"),
            is_busy=lambda connection: connection.mailbox.busy,
            over=over,
            patience=patience,
            is_hurried=lambda: is_hurried,
        )


async def test_all_are_told_and_closed_some_at_a_time(engine: Engine) -> None:
    transports = [MemoryTransport() for _ in range(200)]
    sessions = [connected(engine, transport) for transport in transports]
    draining = asyncio.create_task(drained(engine, over=0.5))
    open_before, steps = len(sessions), 0
    while not draining.done():
        await asyncio.sleep(0)
        open_now = sum(session.closed is None for session in sessions)
        steps += open_now < open_before
        open_before = open_now
    await draining
    assert steps > 3, "not all at once"
    assert {session.closed for session in sessions} == {Reason.SHUTTING_DOWN}
    assert all(transport.sent == [TOLD] for transport in transports)
    assert engine.sessions.closed_to_newcomers() is not None


async def test_an_answer_that_is_under_way_is_waited_for(engine: Engine, slow: Slow) -> None:
    transport = MemoryTransport()
    session = connected(engine, transport)
    session.receive_text(transport, '420["ask"]')
    draining = asyncio.create_task(drained(engine))
    while transport.sent != [TOLD]:  # noqa: ASYNC110 - a double announces nothing
        await asyncio.sleep(0)
    assert not draining.done()
    slow.may_answer.set()
    await draining
    assert (transport.sent, session.closed) == ([TOLD, b'430["done"]'], Reason.SHUTTING_DOWN)


async def test_a_poll_that_is_under_way_gets_what_there_is(engine: Engine) -> None:
    transport = PollingTransport(1000)
    session = connected(engine, transport)
    draining, polled = asyncio.create_task(drained(engine)), asyncio.Event()
    got: list[object] = []
    while not session.closed:
        if transport.poll(polled.set):
            got += transport.take()
        else:
            await polled.wait()
            polled.clear()
    await draining
    assert [*got, *transport.take()] == [TOLD, b"1"]


async def test_who_never_rests_is_closed_at_last(engine: Engine) -> None:
    transport = MemoryTransport()
    session = connected(engine, transport)
    session.receive_text(transport, '420["ask"]')
    await drained(engine, patience=0.1)
    assert (transport.sent, session.closed) == ([TOLD], Reason.SHUTTING_DOWN)


async def test_who_polls_no_more_is_closed_at_last(engine: Engine) -> None:
    """Its client has gone elsewhere, and what it was told waits for a poll that never comes."""
    session = connected(engine, PollingTransport(1000))
    await drained(engine, patience=0.1)
    assert session.closed is Reason.SHUTTING_DOWN


async def test_it_can_be_hurried(engine: Engine) -> None:
    session = connected(engine, MemoryTransport())
    await drained(engine, over=PATIENCE, is_hurried=True)
    assert session.closed is None
