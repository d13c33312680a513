"""A session without sockets or clock: the heartbeat of hours, in no time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parlour.engine.options import Options
from parlour.engine.packets import Binary, Packet, decode_packet
from parlour.engine.session import Reason, TransportSession
from tests.unit.engine.memory import Keeper, Listener, MemoryTransport

OPTIONS = Options()


def opened(
    name: str = "websocket", options: Options = OPTIONS
) -> tuple[TransportSession, MemoryTransport, Listener]:
    transport, listener = MemoryTransport(name), Listener()
    session = TransportSession("sid", transport, Keeper(), options, 0.0)
    session.consumer = listener
    return session, transport, listener


def test_pings_come_at_the_interval_for_a_day() -> None:
    session, transport, _ = opened()
    now = pings = 0.0
    while now < 86_400:
        now = session.next_deadline()
        session.on_deadline(now)
        if transport.take() == [b"2"]:
            pings += 1
            assert now == pings * 25.0
            session.receive_text(transport, "3")
    assert session.closed is None


def test_a_session_ends_a_timeout_after_the_ping_that_nobody_answered() -> None:
    session, transport, listener = opened()
    session.on_deadline(25.0)
    assert session.next_deadline() == 45.0
    session.on_deadline(44.9)
    assert session.closed is None
    assert not session.is_overdue(44.9)
    assert session.is_overdue(45.0)
    session.on_deadline(45.0)
    assert listener.closed == [Reason.PING_TIMEOUT]
    assert transport.closed is Reason.PING_TIMEOUT


def test_a_late_tick_does_not_shorten_the_time_to_answer() -> None:
    session, transport, _ = opened()
    session.on_deadline(100.0)
    assert transport.sent == [b"2"]
    assert not session.is_overdue(100.0 + 20.0 - 2 * OPTIONS.tick - 0.01)
    assert session.is_overdue(100.0 + 20.0)


def test_a_timeout_longer_than_the_interval_waits_for_the_one_pong() -> None:
    session, transport, _ = opened(options=Options(ping_interval=1.0, ping_timeout=5.0))
    for now in (1.0, 2.0, 3.0):
        session.on_deadline(now)
    assert transport.take() == [b"2"]
    session.receive_text(transport, "3")
    session.on_deadline(4.0)
    assert transport.take() == [b"2"]


def test_the_deadline_of_the_layer_above_is_kept() -> None:
    session, _, listener = opened()
    listener.deadline = 3.0
    assert session.next_deadline() == 3.0
    session.on_deadline(3.0)
    assert listener.deadlines == [3.0]


def test_an_upgrade_takes_along_what_waits() -> None:
    session, polling, listener = opened("polling")
    session.send(b"4one")
    session.send_binary(b"two")
    candidate = MemoryTransport()
    assert session.offer(candidate, 0.0)
    session.receive_text(candidate, "2probe")
    assert session.is_upgrading
    session.receive_text(polling, "4from polling")
    session.receive_text(candidate, "5")
    assert candidate.sent == [b"3probe", b"4one", Binary(b"two")]
    assert (polling.closed, session.transport, session.is_upgrading) == (
        Reason.TRANSPORT_CLOSE,
        candidate,
        False,
    )
    session.receive_text(polling, "4too late")
    session.receive_text(candidate, "4from websocket")
    assert listener.heard == ["from polling", "from websocket"]


def test_an_upgrade_has_its_time() -> None:
    session, polling, _ = opened("polling")
    candidate = MemoryTransport()
    session.offer(candidate, 0.0)
    assert session.next_deadline() == OPTIONS.upgrade_timeout
    session.on_deadline(OPTIONS.upgrade_timeout)
    assert candidate.closed is not None
    assert polling.closed is None
    assert session.offer(MemoryTransport(), 20.0)


@pytest.mark.parametrize("name", ["polling", "websocket"])
def test_the_loss_of_a_transport_ends_its_session_once(name: str) -> None:
    session, transport, listener = opened(name)
    session.transport_lost(MemoryTransport())
    assert session.closed is None
    session.transport_lost(transport)
    session.transport_lost(transport)
    session.close(Reason.FORCED_CLOSE)
    session.send(b"4late")
    session.receive_text(transport, "4late")
    assert listener.closed == [Reason.TRANSPORT_CLOSE]
    assert listener.heard == transport.sent == []


STEPS = st.one_of(
    st.tuples(
        st.just("text"),
        st.sampled_from([0, 1, 2]),
        st.sampled_from(["4x", "1", "2probe", "2", "3", "5", "6", "x", ""]),
    ),
    st.tuples(st.just("binary"), st.sampled_from([0, 1, 2]), st.just("")),
    st.tuples(st.sampled_from(["offer", "lost"]), st.sampled_from([0, 1, 2]), st.just("")),
    st.tuples(st.sampled_from(["wait", "send", "close"]), st.integers(0, 30), st.just("")),
)


@given(st.sampled_from(["polling", "websocket"]), st.lists(STEPS))
def test_no_sequence_raises_or_leaves_a_transport_open(name: str, steps: list[tuple[str, int, str]]) -> None:
    session, transport, listener = opened(name)
    transports, now = [transport, MemoryTransport(), MemoryTransport()], 0.0
    offered = {0}
    for what, number, text in steps:
        if what == "text":
            packet: Packet = decode_packet(text)
            session.receive(transports[number], packet)
        elif what == "binary":
            session.receive_binary(transports[number], b"x")
        elif what == "offer":
            if number not in offered and session.offer(transports[number], now):
                offered.add(number)
        elif what == "lost":
            session.transport_lost(transports[number])
        elif what == "wait":
            now += number
            session.on_deadline(now)
        elif what == "send":
            session.send(b"4x")
        else:
            session.close(Reason.FORCED_CLOSE)
        assert session.closed is not None or session.next_deadline() > 0
    session.close(Reason.FORCED_CLOSE)
    assert len(listener.closed) == 1
    assert transport.closed is not None or session.transport is not transport
    assert session.transport.closed is not None  # type: ignore[attr-defined]
