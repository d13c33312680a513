"""The delay of a track follows WebRTC's counters, in steps that are worth a cut in the sound."""

from parlour.recorder.jitter_delay import JitterDelay


def test_the_delay_is_the_average_since_the_look_before() -> None:
    delay = JitterDelay()
    assert delay.microseconds == 0
    delay.look(2_000.0, 40_000)
    assert delay.microseconds == 50_000
    delay.look(2_000.0 + 12_000.0, 40_000 + 96_000)
    assert delay.microseconds == 125_000


def test_small_changes_and_looks_without_anything_new_change_nothing() -> None:
    delay = JitterDelay()
    delay.look(0.0, 0)
    assert delay.microseconds == 0
    delay.look(1.0, 20)
    delay.look(1.0, 20)
    delay.look(1.0 + 1.3, 40)
    assert delay.microseconds == 50_000
    delay.look(2.3 + 0.6, 60)
    assert delay.microseconds == 30_000
