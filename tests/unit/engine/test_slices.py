"""Work in slices: a few items a turn, in order, whatever the handling does."""

from collections.abc import Callable

import pytest

from parlour.engine.slices import ITEMS_A_TURN, Slices


class Loop:
    """The turns of an event loop, one by one."""

    def __init__(self) -> None:
        self.soon: list[Callable[[], None]] = []

    def turn(self) -> None:
        calls, self.soon = self.soon, []
        for call in calls:
            call()


def test_a_few_items_are_handled_in_each_turn_in_their_order() -> None:
    loop, handled = Loop(), list[int]()
    slices = Slices(handled.append, lambda call: loop.soon.append(call))
    for number in range(2 * ITEMS_A_TURN + 1):
        slices.add(number)
    assert handled == []
    for handled_so_far in (ITEMS_A_TURN, 2 * ITEMS_A_TURN, 2 * ITEMS_A_TURN + 1):
        loop.turn()
        assert handled == list(range(handled_so_far))
    assert loop.soon == []


def test_items_that_the_handling_adds_wait_for_a_later_turn_and_cause_no_second_slice() -> None:
    loop, handled = Loop(), list[int]()

    def handle(number: int) -> None:
        handled.append(number)
        if number < 3 * ITEMS_A_TURN:
            slices.add(number + 1)

    slices: Slices[int] = Slices(handle, lambda call: loop.soon.append(call))
    slices.add(0)
    while loop.soon:
        before = len(handled)
        loop.turn()
        assert len(handled) - before == 1
        assert len(loop.soon) <= 1
    assert handled == list(range(3 * ITEMS_A_TURN + 1))


def test_an_error_stops_neither_the_items_after_it_nor_later_turns() -> None:
    loop, handled = Loop(), list[int]()

    def handle(number: int) -> None:
        if number == 0:
            raise RuntimeError
        handled.append(number)

    slices: Slices[int] = Slices(handle, lambda call: loop.soon.append(call))
    slices.add(0)
    slices.add(1)
    with pytest.raises(RuntimeError):
        loop.turn()
    loop.turn()
    assert handled == [1]
    assert len(slices) == 0
