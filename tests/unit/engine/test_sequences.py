"""Any sequence of packets to a whole engine: nothing raises or leaks, the application is told in order."""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from parlour.engine import Connection, Engine, EventRejection, EventTypes, Handshake, Options, Reason
from parlour.engine.packets import Outgoing
from parlour.engine.session import TransportSession
from tests.unit.engine.memory import MemoryTransport

TEXTS = [
    "40",
    '40{"token":"x"}',
    '40{"later":true}',
    '40{"refuse":true}',
    "40/other",
    "40/unknown",
    "41",
    "41/other,",
    '42["hello",1]',
    '42["hello","wrong"]',
    '427["hello",1]',
    '42/other,["hello",1]',
    '42["slow",1]',
    '42["fail",1]',
    '42["unknown"]',
    '42["hello",',
    "42[]",
    '430["answer"]',
    "43x",
    '451-["hello",{"_placeholder":true,"num":0}]',
    '461-0[{"_placeholder":true,"num":0}]',
    "1",
    "2",
    "3",
    "5",
    "6",
    "4",
    "",
    "x",
]
STEPS = st.one_of(
    st.sampled_from(TEXTS),
    st.text(max_size=8),
    st.binary(max_size=4),
    st.sampled_from(["accept", "close", "ask", "turn"]).map(lambda word: (word,)),
)


class Told:
    """An application that checks the order of what it is told."""

    def __init__(self) -> None:
        self.states: dict[Connection, str] = {}
        self.busy: set[Connection] = set()
        self.answers: Counter[bool] = Counter()
        self.asked = 0

    def on_connect(self, connection: Connection, auth: dict[str, object] | None) -> None:
        assert connection not in self.states
        self.states[connection] = "open"
        if auth and "refuse" in auth:
            self.states[connection] = "refused"
            connection.refuse("no")
        elif not (auth and "later" in auth):
            connection.accept()

    def on_event(
        self, connection: Connection, name: str, payload: Any, ack_id: int | None
    ) -> Awaitable[None] | None:
        assert self.states[connection] == "open"
        assert connection not in self.busy
        if name == "fail":
            raise RuntimeError("asked to fail")
        if ack_id is not None:
            connection.ack(ack_id, payload)
        return self._slow(connection) if name == "slow" else None

    async def _slow(self, connection: Connection) -> None:
        self.busy.add(connection)
        await asyncio.sleep(0)
        self.busy.remove(connection)

    def on_refused_event(
        self, connection: Connection, name: str, refusal: EventRejection, detail: str, ack_id: int | None
    ) -> None:
        assert self.states[connection] == "open"
        assert connection not in self.busy
        connection.emit("refused", name)

    def on_disconnect(self, connection: Connection, reason: Reason) -> None:
        assert self.states[connection] == "open"
        assert connection not in self.busy
        self.states[connection] = "ended"

    def ask(self, connection: Connection) -> None:
        self.asked += 1
        connection.request("question", on_answer=lambda answer: self.answers.update([answer is None]))


async def play(steps: list[Any], *, as_text: bool = False) -> list[Outgoing]:
    """What was sent, without the ids that are made anew each time."""
    told = Told()
    options = Options(namespaces=frozenset({"/", "/other"}), max_queue=2, max_pending_acks=2)
    engine = Engine(told, EventTypes({"hello": int, "slow": int, "fail": int}), options)
    transport = MemoryTransport()
    session = engine.sessions.open(transport, Handshake("192.0.2.1"))
    for step in steps:
        await _step(step, told, session, transport, as_text=as_text)
        connected = [c for c, state in told.states.items() if c.connected and state == "open"]
        assert set(engine.connections.values()) == set(connected)
    session.transport_lost(transport)
    await engine.close()
    assert not engine.sessions.by_sid
    assert not engine.connections
    assert set(told.states.values()) <= {"ended", "refused"}
    assert sum(told.answers.values()) == told.asked
    assert engine.counters().closed.keys() == {session.closed}
    return [re.sub(rb'"sid":"[^"]+"', b"", sent) for sent in transport.sent if isinstance(sent, bytes)]


async def _step(
    step: Any, told: Told, session: TransportSession, transport: MemoryTransport, *, as_text: bool
) -> None:
    match step:
        case str() if as_text:
            session.receive_text(transport, step)
        case str():
            session.receive_bytes(transport, step.encode())
        case bytes():
            session.receive_binary(transport, step)
        case ("accept",):
            for connection in told.states:
                connection.accept()
        case ("close",):
            for connection in list(told.states)[:1]:
                connection.close_transport()
        case ("ask",):
            for connection in told.states:
                told.ask(connection)
        case _:
            await asyncio.sleep(0)


@settings(max_examples=300, deadline=None)
@given(st.lists(STEPS, max_size=30))
def test_no_sequence_of_packets_raises_or_leaks(steps: list[Any]) -> None:
    asyncio.run(play(["40", *steps]))


@settings(max_examples=300, deadline=None)
@given(st.lists(STEPS, max_size=30))
def test_the_short_way_of_events_leads_where_the_long_way_does(steps: list[Any]) -> None:
    assert asyncio.run(play(["40", *steps])) == asyncio.run(play(["40", *steps], as_text=True))


@settings(max_examples=100, deadline=None)
@given(st.lists(STEPS, max_size=10))
def test_no_sequence_before_connect_raises_or_leaks(steps: list[Any]) -> None:
    asyncio.run(play(steps))
