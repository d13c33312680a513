"""The health of an SFU, which of several is chosen, and what waits to be removed from one."""

import asyncio
from datetime import UTC, datetime
from functools import partial

import pytest

from parlour.sfu.health import ENTERED_WITHIN_LOOKS, FAILURES, PEOPLE_OF_A_CALL, SfuHealth
from parlour.sfu.options import SfuAccess
from parlour.sfu.removals import MOST, TRIES, Removals
from parlour.sfu.room_service import RoomService
from parlour.sfu.sfus import Sfus
from parlour.sfu_link import SfuLink, SfuNumber, SfuUnavailable
from parlour.wire.signaling import PeerId


def access(name: str, *, is_here: bool = False) -> SfuAccess:
    url = "http://127.0.0.1:9"
    return SfuAccess(name=name, url=url, key="key", secret="0123456789" * 4, is_here=is_here)


def test_one_is_unwell_until_it_answers_and_after_some_failures() -> None:
    health = SfuHealth()
    assert not health.failed()
    assert not health.is_well
    assert health.answered({})
    assert not health.answered({})
    for failure in range(1, FAILURES + 2):
        assert health.failed() == (failure == FAILURES)
        assert health.is_well == (failure < FAILURES)
    assert health.answered({})
    assert not health.failed()
    assert not health.answered({})
    assert [health.failed() for _ in range(FAILURES)] == [False] * (FAILURES - 1) + [True]


def test_a_room_with_people_is_expected() -> None:
    health = SfuHealth()
    health.answered({"a": 3, "b": 0})
    assert health.expected() == {"a"}
    health.answered({"a": 0})
    assert health.expected() == frozenset()


def test_a_room_that_was_opened_is_expected_before_people_are_counted_there() -> None:
    health = SfuHealth()
    begun = health.expected()
    health.has_opened("a")
    health.has_opened("b")
    assert begun == frozenset()
    health.answered({})  # of the look that had begun
    assert health.expected() == {"a", "b"}
    for _ in range(ENTERED_WITHIN_LOOKS - 1):
        assert "b" in health.expected()
        health.answered({"a": 1, "b": 0})
    assert health.expected() == {"a"}
    health.answered({"a": 0})
    assert health.expected() == frozenset()


def test_the_one_with_the_fewest_people_is_chosen() -> None:
    sfus = Sfus([access("a"), access("b"), access("c", is_here=True)], partial(datetime.now, UTC))
    a, b, c = sfus.by_number.values()
    assert sfus.choose() is None
    a.health.answered({"x": 10})
    assert sfus.choose() == a.number
    a.health.answered({"x": 10})
    b.health.answered({"x": 1, "y": 8})
    assert [sfus.choose(), sfus.choose()] == [b.number, a.number]  # a call was to come to b then
    assert b.health.load == PEOPLE_OF_A_CALL + 9
    assert sfus.choose(besides=frozenset({a.number})) == b.number
    for sfu in (a, b, c):
        sfu.health.answered({"x": 9})
    assert sfus.choose() == c.number  # of those with as many, the one of this machine
    assert sfus.well_ones() == {a.number, b.number, c.number}
    assert sfus.drained_ones() == frozenset()
    a.health.is_drained = c.health.is_drained = True
    assert [sfus.choose(), sfus.choose()] == [b.number, b.number]
    assert sfus.choose(besides=frozenset({b.number})) is None
    assert sfus.drained_ones() == {a.number, c.number}
    assert sfus.well_ones() == {a.number, b.number, c.number}


def test_numbers_name_the_same_sfu_everywhere() -> None:
    assert access("https://sfu.example.org").number == SfuNumber(0xE1CA3A40)
    assert access("a").number != access("b").number


async def test_without_any_nothing_is_available() -> None:
    link: SfuLink = Sfus([], partial(datetime.now, UTC))
    assert not link.is_well(SfuNumber(1))
    assert (link.choose(), link.well_ones()) == (None, frozenset())
    link.remove(SfuNumber(1), "room", PeerId("ann"))
    link.close_room(SfuNumber(1), "room")
    with pytest.raises(SfuUnavailable):
        await link.open_room(SfuNumber(1), "room")


async def test_removals_are_bounded_and_given_up_after_some_tries() -> None:
    removals = Removals(SfuNumber(1), RoomService(access("not there")))
    for number in range(MOST + 10):
        removals.add("room", PeerId(str(number)))
    assert len(removals) == MOST
    removals = Removals(SfuNumber(1), RoomService(access("not there")))
    removals.add("room", PeerId("ann"))
    removals.add("room", PeerId("ann"))
    for tried in range(TRIES):
        assert len(removals) == (1 if tried < TRIES else 0)
        assert await removals.carry_out() == 1.0
    assert not len(removals)
    async with asyncio.timeout(5):
        assert await removals.carry_out() is None
    await removals._service.close()
