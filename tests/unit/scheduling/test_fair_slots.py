"""Slots that are lent in fair turns, whoever is cancelled meanwhile."""

import asyncio

import pytest

from parlour.scheduling.fair_queue import FairQueueFull
from parlour.scheduling.fair_slots import FairSlots, working_for


class Work:
    """Tasks that each use a slot till the test says so."""

    def __init__(self, slots: FairSlots) -> None:
        self._slots = slots
        self._ends: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.begun: list[str] = []

    async def begins(self, name: str, *, of: str = "192.0.2.1") -> None:
        self._ends[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._run(name, of))
        await settled()

    async def ends(self, *names: str) -> None:
        for name in names:
            self._ends[name].set()
        await settled()

    async def _run(self, name: str, of: str) -> None:
        working_for.set((of, of))
        async with self._slots.slot():
            self.begun.append(name)
            await self._ends[name].wait()


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_as_many_at_once_as_there_are_slots() -> None:
    work = Work(FairSlots(2, limit=10))
    for name in ("a", "b", "c"):
        await work.begins(name)
    assert work.begun == ["a", "b"]
    await work.ends("b")
    assert work.begun == ["a", "b", "c"]


async def test_a_flood_of_one_client_holds_up_another_by_one() -> None:
    work = Work(FairSlots(1, limit=1000))
    for number in range(300):
        await work.begins(f"flood {number}")
    await work.begins("ann", of="192.0.2.2")
    await work.ends("flood 0")
    await work.ends("flood 1")
    assert work.begun == ["flood 0", "flood 1", "ann"]


async def test_the_newest_of_a_flood_gives_way() -> None:
    work = Work(FairSlots(1, limit=3))
    for number in range(4):
        await work.begins(f"flood {number}")
    await work.begins("one too many")
    with pytest.raises(FairQueueFull):
        await work.tasks["one too many"]
    await work.begins("ann", of="192.0.2.2")
    with pytest.raises(FairQueueFull):
        await work.tasks["flood 3"]


async def test_no_slot_is_lost_where_tasks_are_cancelled_at_any_moment() -> None:
    """While it uses one, while it waits, as its turn comes in the same turn of the event loop, after that."""
    slots = FairSlots(1, limit=10)
    work = Work(slots)
    for name in ("used", "waits", "turn comes first", "cancelled first", "last"):
        await work.begins(name)
    work.tasks["waits"].cancel()
    await settled()
    work.tasks["cancelled first"].cancel()
    work.tasks["used"].cancel()
    await asyncio.sleep(0)  # its slot has gone to the next one, which has not gone on yet
    work.tasks["turn comes first"].cancel()
    await settled()
    assert work.begun == ["used", "last"]
    await work.ends("last")
    await work.begins("afterwards")
    assert work.begun[-1] == "afterwards"
