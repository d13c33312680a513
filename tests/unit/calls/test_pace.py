"""How fast one connection may send."""

from hypothesis import given
from hypothesis import strategies as st

from parlour.calls.pace import AHEAD_SECONDS, Kind, Pace, Rates

RATES = Rates(relays=100, entries=5, chats=10, others=20)


def pace() -> Pace:
    return Pace(RATES.intervals())


def test_a_burst_of_ten_seconds_is_allowed_and_no_more() -> None:
    mine = pace()
    allowed = sum(mine.allows(Kind.CHAT, 1000.0) for _ in range(500))
    assert 10 * AHEAD_SECONDS <= allowed <= 10 * AHEAD_SECONDS + 2
    assert not mine.allows(Kind.CHAT, 1000.0)
    assert mine.allows(Kind.RELAY, 1000.0), "kinds do not share"
    assert mine.allows(Kind.CHAT, 1000.3)


@given(st.lists(st.tuples(st.sampled_from(Kind), st.floats(0, 0.2)), max_size=300))
def test_never_more_than_the_rate_and_one_burst(sent: list[tuple[Kind, float]]) -> None:
    mine, now = pace(), 50.0
    allowed = dict.fromkeys(Kind, 0)
    for kind, pause in sent:
        now += pause
        allowed[kind] += mine.allows(kind, now)
    for kind, interval in zip(Kind, RATES.intervals(), strict=True):
        assert allowed[kind] <= (now - 50.0 + AHEAD_SECONDS) / interval + 2


@given(st.sampled_from(Kind), st.floats(1, 100))
def test_who_keeps_to_the_rate_is_never_held_up(kind: Kind, factor: float) -> None:
    mine, interval = pace(), RATES.intervals()[kind]
    assert all(mine.allows(kind, 7.0 + number * interval * factor) for number in range(400))
