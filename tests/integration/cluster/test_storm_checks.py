"""The checks of the storm see what they are for."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.cluster.storm import checks
from tests.integration.cluster.storm.checks import Row
from tests.integration.cluster.storm.client import Stretch
from tests.integration.cluster.storm.stalls import Sample, held_up

GOOD = {"a": {"b": True, "c": False}, "b": {"a": False, "c": True}, "c": {"a": True, "b": False}}
HISTORY = ["1", "2", "3", "4", "5"]
SENT_AT = {message: float(message) for message in HISTORY}
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_views() -> None:
    assert checks.unequal_views(GOOD) == []
    assert checks.unequal_views(GOOD | {"c": {"a": True}}) == ["c does not know b"]
    ghost = GOOD | {"c": {"a": True, "b": False, "d": True}}
    assert checks.unequal_views(ghost) == ["c knows d, not in the call"]


def test_offers() -> None:
    assert checks.pairs_without_one_offer(GOOD) == []
    for offers, who in ((True, "both"), (False, "neither")):
        views = {"a": {"b": offers}, "b": {"a": offers}}
        assert checks.pairs_without_one_offer(views) == [f"of a and b {who} would make the offer"]


def test_relays() -> None:
    assert checks.lost_relays({("a", "b"): 2}, {("a", "b"): 3}) == []
    assert checks.lost_relays({("a", "b"): 2}, {("a", "b"): 1}) == ["b heard 1 of 2 relays from a"]


def test_history() -> None:
    assert checks.wrong_history(HISTORY, HISTORY[1:], HISTORY[:1]) == []
    assert checks.wrong_history([*HISTORY, "1"], HISTORY, []) == ["a message is in the history twice"]
    assert checks.wrong_history(HISTORY, [*HISTORY, "6"], []) == ["the history lacks 6"]
    assert checks.wrong_history(HISTORY, HISTORY[1:], []) == ["the history has 1, which nobody wrote"]


@pytest.mark.parametrize(
    "heard",
    [["2", "4", "5"], ["4", "5"], ["3", "2", "4", "5"], ["2", "3", "3", "4", "5"], ["2", "3", "4"], ["6"]],
)
def test_chat_that_goes_on(heard: list[str]) -> None:
    assert checks.wrong_chat(Stretch(1.5, heard), HISTORY, [], SENT_AT)
    assert not checks.wrong_chat(Stretch(1.5, HISTORY[1:]), HISTORY, [], SENT_AT)


def test_chat_of_a_time_that_is_over() -> None:
    """Nobody knows how much was sent before its end, but there is no gap in it."""
    assert not checks.wrong_chat(Stretch(1.5, ["2", "3"], 4), HISTORY, [], SENT_AT)
    assert checks.wrong_chat(Stretch(1.5, ["2", "4"], 4), HISTORY, [], SENT_AT) == ["3 was not heard"]
    assert not checks.wrong_chat(Stretch(1.5, ["2", "4"], 4), HISTORY, ["3"], SENT_AT)


def test_attendance() -> None:
    there = [(after(0), after(10)), (after(20), None)]
    rows = [Row(after(0), after(10)), Row(after(20), None)]
    assert checks.wrong_attendance(rows, there) == []
    assert checks.wrong_attendance([Row(after(0), None)], there) == []
    assert checks.wrong_attendance(rows[:1], there)[0] == "0 rows are open, and the person is there"
    assert checks.wrong_attendance(rows, there[:1]) == ["1 rows are open, and the person is not there"]
    late = [Row(after(1), after(10)), rows[1]]
    [gap] = checks.wrong_attendance(late, there)
    assert gap.startswith("no row for the presence from")
    assert checks.wrong_attendance(late, there, [(after(-1), after(2))]) == []
    early = [Row(after(0), after(4)), Row(after(5), after(10)), rows[1]]
    assert len(checks.wrong_attendance(early, there)) == 1


def test_stalls() -> None:
    """Only what was waited within the time counts, of the processes in question and of the test."""
    waited = [(0.25, 1.0, 9.0, 0.5), (0.5, 1.25, 9.0, 0.0), (0.75, 3.25, 9.5, 0.25), (1.0, 9.0, 9.5, 0.0)]
    samples = [Sample(after(at), {1: one, 2: two}, late) for at, one, two, late in waited]
    assert held_up(samples, {1}, after(0.25), after(0.8)) == 2.5
    assert held_up(samples, {1, 2}, after(0.25), after(0.8)) == 3.0
    assert held_up(samples, {3}, after(0), after(0.6)) == 0.5
