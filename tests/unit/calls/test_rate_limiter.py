"""How fast one person may send."""

from hypothesis import given
from hypothesis import strategies as st

from parlour.calls.rate_limiter import AHEAD_SECONDS, EventRateLimiter, EventRates
from parlour.wire.events import RateKind

RATES = EventRates(relays=100, entries=5, chats=10, others=20)


BYTES = 100 * 1024


def rate_limiter() -> EventRateLimiter:
    return EventRateLimiter(RATES.intervals())


def test_a_burst_of_ten_seconds_is_allowed_and_no_more() -> None:
    mine = rate_limiter()
    allowed = sum(mine.allows(RateKind.CHAT, 1000.0) for _ in range(500))
    assert 10 * AHEAD_SECONDS <= allowed <= 10 * AHEAD_SECONDS + 2
    assert not mine.allows(RateKind.CHAT, 1000.0)
    assert mine.allows(RateKind.RELAY, 1000.0), "kinds do not share"
    assert mine.allows(RateKind.CHAT, 1000.3)


@given(st.lists(st.tuples(st.sampled_from(RateKind), st.floats(0, 0.2)), max_size=300))
def test_never_more_than_the_rate_and_one_burst(sent: list[tuple[RateKind, float]]) -> None:
    mine, now = rate_limiter(), 50.0
    allowed = dict.fromkeys(RateKind, 0)
    for kind, pause in sent:
        now += pause
        allowed[kind] += mine.allows(kind, now)
    for kind, interval in zip(RateKind, RATES.intervals(), strict=True):
        assert allowed[kind] <= (now - 50.0 + AHEAD_SECONDS) / interval + 2


@given(st.sampled_from(RateKind), st.floats(1, 100))
def test_who_keeps_to_the_rate_is_never_held_up(kind: RateKind, factor: float) -> None:
    mine, interval = rate_limiter(), RATES.intervals()[kind]
    assert all(mine.allows(kind, 7.0 + number * interval * factor) for number in range(400))


@given(st.lists(st.tuples(st.integers(0, 200_000), st.floats(0, 0.2)), max_size=300))
def test_relays_are_counted_by_messages_and_by_bytes(sent: list[tuple[int, float]]) -> None:
    mine, now, messages, size = rate_limiter(), 50.0, 0, 0
    for length, pause in sent:
        now += pause
        if mine.allows_relay(length, now):
            messages, size = messages + 1, size + length
    seconds = now - 50.0 + AHEAD_SECONDS
    assert messages <= seconds * 100 + 2
    assert size <= seconds * BYTES + 2 * 200_000


def test_a_mesh_of_eight_that_all_restart_at_once_is_never_held_up() -> None:
    """In three tabs: offers and answers of 15 KB to each, thrice, and forty candidates with each of them."""
    mine = EventRateLimiter(EventRates(relays=500, entries=5, chats=20, others=50).intervals())
    sizes = ([15_000] * 2 + [250] * 40) * 7 * 3 * 3
    assert all(mine.allows_relay(size, 1000.0) for size in sizes)


def test_long_messages_cost_more() -> None:
    mine = rate_limiter()
    assert (
        sum(mine.allows(RateKind.CHAT, 1000.0, units=16) for _ in range(500)) <= 10 * AHEAD_SECONDS / 16 + 2
    )
