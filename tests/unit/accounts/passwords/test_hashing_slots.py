"""Who hashes when: fair turns, bounds, and nobody who has gone."""

import asyncio

import pytest

from parlour.accounts.identity import RequestSource
from parlour.accounts.passwords.hashing_slots import HashingSlots
from parlour.errors import Busy


def source(address: str, gone: asyncio.Event | None = None) -> RequestSource:
    async def until_gone() -> None:
        assert gone is not None
        await gone.wait()

    return RequestSource(address=address, device="a test", gone=None if gone is None else until_gone)


class Hashing:
    """Hashes that end when the test says so, one after the other."""

    def __init__(self, *, limit: int = 8) -> None:
        self.turns = HashingSlots(slots=1, limit=limit)
        self.order: list[str] = []
        self._steps = asyncio.Semaphore(0)
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def asks(self, name: str, who: RequestSource, *, subject: str = "", known: bool = False) -> None:
        """Returns when the request waits, hashes or is refused."""
        self._tasks[name] = asyncio.create_task(self._hash(name, who, subject, known))
        await settled()

    async def _hash(self, name: str, who: RequestSource, subject: str, known: bool) -> None:
        async with self.turns.turn(who, subject=subject, known=known):
            self.order.append(name)
            await self._steps.acquire()

    def ends_one(self) -> None:
        self._steps.release()

    async def goes_on(self, times: int = 1) -> None:
        for _ in range(times):
            self.ends_one()
            await settled()

    def __getitem__(self, name: str) -> asyncio.Task[None]:
        return self._tasks[name]


async def settled() -> None:
    """Everything that can run has run: nothing here waits for time or input."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_flood_of_one_address_holds_up_another_by_one_hash() -> None:
    hashing = Hashing(limit=400)
    for number in range(300):
        await hashing.asks(f"flood {number}", source("192.0.2.1"))
    await hashing.asks("ann", source("192.0.2.2"))
    await hashing.goes_on(2)
    assert "ann" in hashing.order[:3]
    await hashing.goes_on(300)
    assert len(hashing.order) == 301


async def test_a_network_of_ipv6_has_one_turn() -> None:
    hashing = Hashing(limit=400)
    for number in range(200):
        await hashing.asks(f"flood {number}", source(f"2001:db8:1:{number:x}::1"))
    await hashing.asks("ann", source("2001:db8:2::1"))
    await hashing.goes_on(2)
    assert "ann" in hashing.order[:3]
    await hashing.goes_on(200)


async def test_behind_one_address_accounts_take_turns() -> None:
    hashing = Hashing(limit=400)
    for number in range(50):
        await hashing.asks(f"guess {number}", source("192.0.2.1"), subject="victim")
    await hashing.asks("ann", source("192.0.2.1"), subject="ann")
    await hashing.goes_on(2)
    assert "ann" in hashing.order[:3]
    await hashing.goes_on(50)


async def test_each_second_turn_is_a_known_devices() -> None:
    hashing = Hashing(limit=400)
    for number in range(100):
        await hashing.asks(f"stranger {number}", source(f"192.0.2.{number}"))
    for number in range(3):
        await hashing.asks(f"known {number}", source("198.51.100.1"), known=True)
    await hashing.goes_on(6)
    assert {"known 0", "known 1", "known 2"} < set(hashing.order[:7])
    await hashing.goes_on(100)
    assert len(hashing.order) == 103


async def test_too_many_are_refused_and_an_honest_one_is_not() -> None:
    hashing = Hashing(limit=8)
    for number in range(12):
        await hashing.asks(f"flood {number}", source("192.0.2.1"))
    refused = [f"flood {number}" for number in range(12) if hashing[f"flood {number}"].done()]
    assert refused == ["flood 9", "flood 10", "flood 11"], "one hashes, eight wait"
    for name in refused:
        with pytest.raises(Busy) as busy:
            await hashing[name]
        assert busy.value.retry_after >= 1
    await hashing.asks("ann", source("192.0.2.2"))
    with pytest.raises(Busy):
        await hashing["flood 8"]
    assert hashing.turns.waiting == 8
    await hashing.goes_on(2)
    assert "ann" in hashing.order
    await hashing.goes_on(8)
    assert hashing.turns.waiting == 0


async def test_whoever_has_gone_leaves_the_queue() -> None:
    hashing, gone = Hashing(), asyncio.Event()
    await hashing.asks("first", source("192.0.2.1"))
    await hashing.asks("gone", source("192.0.2.2", gone))
    await hashing.asks("cancelled", source("192.0.2.3"))
    await hashing.asks("last", source("192.0.2.4"))
    gone.set()
    hashing["cancelled"].cancel()
    await settled()
    assert hashing.turns.waiting == 1
    with pytest.raises(Busy):
        await hashing["gone"]
    await hashing.goes_on(2)
    assert hashing.order == ["first", "last"]


async def test_a_turn_that_comes_to_one_who_is_cancelled_goes_on() -> None:
    hashing = Hashing()
    for name in ("first", "cancelled", "last"):
        await hashing.asks(name, source(name))
    hashing.ends_one()
    await asyncio.sleep(0)
    assert hashing.turns.waiting == 1
    assert hashing.order == ["first"], "it has the turn, and does not know so yet"
    hashing["cancelled"].cancel()
    await settled()
    assert hashing.order[-1] == "last"
    await hashing.goes_on()
    await hashing.asks("afterwards", source("192.0.2.1"))
    assert hashing.order[-1] == "afterwards", "no turn was lost"
    await hashing.goes_on()


async def test_what_fails_in_its_turn_passes_it_on() -> None:
    turns = HashingSlots(slots=1)

    async def fails() -> None:
        async with turns.turn(None):
            await asyncio.sleep(0)
            raise ValueError

    ended = await asyncio.gather(fails(), fails(), return_exceptions=True)
    assert [type(one) for one in ended] == [ValueError, ValueError]
    async with turns.turn(None):
        assert turns.waiting == 0
