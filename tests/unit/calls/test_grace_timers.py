"""Graces: each is over once, and thousands that are over at the same moment do not hold the event loop."""

import asyncio
from collections import Counter

from parlour.calls.grace_timers import CALLS_A_TURN, GraceTimers


async def test_timers_that_are_over_at_the_same_moment_are_called_a_few_at_a_time() -> None:
    timers: GraceTimers[int] = GraceTimers(0)
    numbers = range(3 * CALLS_A_TURN)
    for number in numbers:
        timers.begin(number)
    loop, turn, over = asyncio.get_running_loop(), 0, list[int]()
    calls: Counter[int] = Counter()
    finished = asyncio.Event()

    def next_turn() -> None:
        nonlocal turn
        turn += 1
        if not finished.is_set():
            loop.call_soon(next_turn)

    def when_over(number: int) -> None:
        over.append(number)
        calls[turn] += 1
        if len(over) == len(numbers):
            finished.set()

    next_turn()
    task = asyncio.create_task(timers.run(when_over))
    await finished.wait()
    task.cancel()
    assert over == list(numbers)
    assert max(calls.values()) <= CALLS_A_TURN


async def test_a_timer_that_was_ended_is_not_called() -> None:
    timers: GraceTimers[str] = GraceTimers(0)
    timers.begin("ended")
    timers.begin("over")
    timers.end("ended")
    over: asyncio.Queue[str] = asyncio.Queue()
    task = asyncio.create_task(timers.run(over.put_nowait))
    assert await over.get() == "over"
    task.cancel()
    assert over.empty()
    assert len(timers) == 0
