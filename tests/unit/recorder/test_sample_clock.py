"""Sound is placed by the least late of what arrived; lost samples leave a gap of their length."""

from hypothesis import given
from hypothesis import strategies as st

from parlour.recorder.sample_clock import RATE, SampleClock, seemed_at

_BATCH = RATE // 5
_BATCH_US = 200_000
_BEGAN = 1_795_840_000_000_000


def samples(microseconds: int) -> int:
    return microseconds * RATE // 1_000_000


def test_a_batch_seems_to_be_where_the_least_late_of_its_frames_says() -> None:
    frame = RATE // 50
    on_time = [(frame * number, _BEGAN + 20_000 * number) for number in range(1, 11)]
    late = [(count, at + (0 if count == 4 * frame else 7_000 + count)) for count, at in on_time]
    assert seemed_at(on_time) == seemed_at(late) == _BEGAN


@given(seed=st.integers(0, 10_000), late=st.integers(0, 25_000))
def test_lateness_that_comes_and_goes_moves_nothing(seed: int, late: int) -> None:
    clock = SampleClock(_BEGAN)
    for number in range(50):
        lateness = (0, 0, late, late * 20)[(seed >> number % 10) * (number + 1) % 4]
        placed = clock.place(seemed=_BEGAN + number * _BATCH_US + (lateness if number else 0), samples=_BATCH)
        if number % 4 == 0:  # the program catches up
            clock.place(seemed=_BEGAN + (number + 1) * _BATCH_US, samples=0)
        assert (placed.position, placed.dropped) == (number * _BATCH, 0)


@given(lost=st.integers(40_000, 20_000_000))
def test_lost_samples_leave_a_gap(lost: int) -> None:
    clock = SampleClock(_BEGAN)
    for number in range(3):
        clock.place(seemed=_BEGAN + number * _BATCH_US, samples=_BATCH)
    places = [
        clock.place(seemed=_BEGAN + number * _BATCH_US + lost, samples=_BATCH) for number in range(3, 9)
    ]
    assert all(place.dropped == 0 for place in places)
    assert abs(places[-1].position - (8 * _BATCH + samples(lost))) <= 1


@given(held_up=st.integers(0, 30))
def test_a_program_that_was_held_up_and_catches_up_moves_nothing(held_up: int) -> None:
    """It reads what has waited for it at once."""
    clock = SampleClock(_BEGAN)
    for number in range(40):
        lateness = max(0, 5 + held_up - number) * _BATCH_US if number >= 5 else 0
        placed = clock.place(seemed=_BEGAN + number * _BATCH_US + lateness, samples=_BATCH)
        assert (placed.position, placed.dropped) == (number * _BATCH, 0)


@given(early=st.integers(6_000, 900_000))
def test_sound_that_was_begun_too_late_is_put_right(early: int) -> None:
    """The first batch came late, the others on time: what is in the way of the second is dropped."""
    clock, ends = SampleClock(_BEGAN + early), []
    for number in range(10):
        placed = clock.place(seemed=_BEGAN + number * _BATCH_US + (0 if number else early), samples=_BATCH)
        ends.append(placed.position + _BATCH - placed.dropped)
    assert ends == sorted(ends)
    assert abs(ends[-1] - (10 * _BATCH - samples(early))) <= RATE // 200 + 1


@given(arrivals=st.lists(st.integers(-(10**6), 10**7), max_size=40))
def test_places_never_go_back_nor_overlap(arrivals: list[int]) -> None:
    clock, end = SampleClock(_BEGAN), 0
    for number, shift in enumerate(arrivals):
        placed = clock.place(seemed=_BEGAN + number * _BATCH_US + shift, samples=_BATCH)
        assert placed.position >= end
        assert 0 <= placed.dropped <= _BATCH
        end = placed.position + _BATCH - placed.dropped
