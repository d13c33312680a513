"""Counters in memory: right, bounded, of constant cost, and not to be flushed."""

import sys
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any

import pytest

from parlour.limits import memory_counts
from parlour.limits.memory_counts import MemoryRateLimitStorage


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Time:
    return Time()


async def test_counts_end_with_their_time(clock: Time) -> None:
    storage = MemoryRateLimitStorage(clock=clock)
    assert [await storage.incr("ann", 60) for _ in range(3)] == [1, 2, 3]
    clock.now = 59.5
    assert await storage.incr("ann", 60, 2) == 5, "what counts on does not last longer"
    assert await storage.seconds_left("ann", at_most=60) == 0.5
    clock.now = 60
    assert await storage.get("ann") == 0
    assert await storage.incr("ann", 60) == 1
    await storage.clear("ann")
    assert await storage.get("ann") == await storage.seconds_left("ann", at_most=60) == 0


async def test_keys_are_apart() -> None:
    storage = MemoryRateLimitStorage()
    for number in range(1000):
        await storage.incr(f"key {number}", 60, number + 1)
    assert [await storage.get(f"key {number}") for number in range(1000)] == list(range(1, 1001))
    await storage.incr("\ud800", 60)
    assert await storage.get("\ud800") == 1, "half of a surrogate pair is a key, too"
    assert await storage.reset() == 1001


async def test_however_many_keys_come_so_many_are_kept() -> None:
    storage = MemoryRateLimitStorage(sets=8, ways=16)
    for number in range(10_000):
        await storage.incr(f"{number}" * 100, 3600)
    assert sum(len(counters) for counters in storage._sets) == 8 * 16
    assert max(len(key) for counters in storage._sets for key in counters) == 16, "long keys cost nothing"


async def test_a_flood_of_keys_flushes_no_counter_of_worth() -> None:
    storage = MemoryRateLimitStorage(sets=8, ways=16)
    await storage.incr("victim", 900, 2)
    for number in range(10_000):
        await storage.incr(f"flood {number}", 3600)
    assert await storage.get("victim") == 2


async def test_what_has_ended_goes_first(clock: Time) -> None:
    storage = MemoryRateLimitStorage(sets=1, ways=3, clock=clock)
    await storage.incr("ended", 1, 100)
    clock.now = 2
    for key in ("first", "second", "third"):
        await storage.incr(key, 60)
    assert [await storage.get(key) for key in ("first", "second", "third")] == [1, 1, 1]
    await storage.incr("fourth", 60)
    assert [await storage.get(key) for key in ("first", "second", "third")] == [0, 1, 1]


async def test_what_comes_while_all_is_full_is_counted() -> None:
    storage = MemoryRateLimitStorage(sets=1, ways=4)
    for number in range(4):
        await storage.incr(f"{number}", 60, 1000)
    assert [await storage.incr("newcomer", 60) for _ in range(5)] == [1, 2, 3, 4, 5]


async def test_a_check_costs_the_same_with_ten_keys_and_with_200_000() -> None:
    few, many = MemoryRateLimitStorage(), MemoryRateLimitStorage()
    for number in range(10):
        await few.incr(f"key {number}", 3600)
    for number in range(200_000):
        await many.incr(f"key {number}", 3600)

    async def cost(storage: MemoryRateLimitStorage) -> int:
        reading = await lines_run(lambda: storage.get("new"))
        return reading + await lines_run(lambda: storage.incr("new", 60))

    assert await cost(many) <= await cost(few) + 4 * memory_counts.WAYS


async def lines_run(ask: Callable[[], Awaitable[Any]]) -> int:
    """Lines of the module that one question runs, those of loops each time: a measure without a clock."""
    lines = 0

    def trace(frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal lines
        if frame.f_code.co_filename != memory_counts.__file__:
            return None
        lines += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        await ask()
    finally:
        sys.settrace(before)
    return lines
