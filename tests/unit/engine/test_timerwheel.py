"""The timer wheel against a list of deadlines."""

from hypothesis import given
from hypothesis import strategies as st

from parlour.engine.timerwheel import TimerWheel

TICK = 0.25
TIMES = st.integers(0, 400).map(lambda number: number / 16)


class Item:
    wheel_slot: int | None = None


@given(st.lists(TIMES), st.lists(TIMES).map(sorted))
def test_an_item_comes_up_at_its_time_or_a_tick_later(dues: list[float], visits: list[float]) -> None:
    wheel: TimerWheel[Item] = TimerWheel(TICK, 0.0)
    waiting = {Item(): due for due in dues}
    for item, due in waiting.items():
        wheel.schedule(item, due)
    for now in [*visits, 30.0]:
        for item in wheel.due(now):
            assert waiting.pop(item) <= now
        assert all(due > now - TICK for due in waiting.values() if now >= TICK)
    assert not waiting
    assert len(wheel) == 0


@given(st.lists(st.tuples(TIMES, TIMES)))
def test_an_item_is_moved_and_cancelled(moves: list[tuple[float, float]]) -> None:
    wheel: TimerWheel[Item] = TimerWheel(TICK, 0.0)
    moved, cancelled = [Item() for _ in moves], [Item() for _ in moves]
    for (first, second), item, other in zip(moves, moved, cancelled, strict=True):
        wheel.schedule(item, first)
        wheel.schedule(item, second)
        wheel.schedule(other, first)
        wheel.cancel(other)
        wheel.cancel(other)
    assert len(wheel) == len(moves)
    assert sorted(map(id, wheel.due(100.0))) == sorted(map(id, moved))


def test_what_is_cancelled_while_others_come_up_does_not() -> None:
    wheel: TimerWheel[Item] = TimerWheel(TICK, 0.0)
    items = [Item() for _ in range(10)]
    for item in items:
        wheel.schedule(item, 1.0)
    came = []
    for item in wheel.due(2.0):
        came.append(item)
        for other in items:
            if other is not item:
                wheel.cancel(other)
    assert len(came) == 1


def test_what_is_scheduled_while_others_come_up_waits_for_its_time() -> None:
    wheel: TimerWheel[Item] = TimerWheel(TICK, 0.0)
    item = Item()
    wheel.schedule(item, 1.0)
    for due in wheel.due(1.0):
        wheel.schedule(due, 0.5)
        wheel.schedule(due, 1.5)
    assert list(wheel.due(1.25)) == []
    assert list(wheel.due(1.5)) == [item]


def test_a_long_sleep_is_no_long_search() -> None:
    wheel: TimerWheel[Item] = TimerWheel(0.005, 0.0)
    item = Item()
    wheel.schedule(item, 1.0)
    assert list(wheel.due(1e9)) == [item]
