"""Rate limit counters in memory: each check has a constant cost, and their number is bounded."""

import os
import time
from abc import abstractmethod
from collections.abc import Callable
from hashlib import blake2b

from limits.aio.storage import Storage

WAYS = 16
"""Counters in a set."""
SETS = 4_096
"""65,536 counters in all, some 12 MB."""


def hashed_key(key: str, secret: bytes) -> bytes:
    """Hash a key with keyed BLAKE2b (RFC 7693) to 16 bytes, however long the key is.

    Without the secret nobody can test guesses of the key (an address, a name) against the hash.
    """
    return blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16, key=secret[:64]).digest()


class RateLimitStorage(Storage):
    """A storage of the `limits` library that also measures, by a monotonic clock, how long a count lasts."""

    STORAGE_SCHEME = None

    @abstractmethod
    async def seconds_left(self, key: str, *, at_most: float) -> float:
        """Return the seconds until the count ends; never more than `at_most`, its whole time."""

    async def get_expiry(self, key: str) -> float:
        """Return the end of a count as a Unix time, since the library's interface has it; Parlour itself
        calls `seconds_left`, which no change of the calendar clock affects.
        """
        return time.time() + await self.seconds_left(key, at_most=float("inf"))


class MemoryRateLimitStorage(RateLimitStorage):
    """A set-associative cache: each key belongs to a small set, and a full set evicts a counter.

    Evicted is a counter that has ended, else the lowest; among equal counters, the counter written longest
    ago. To have a counter of `n` evicted, an attacker must bring every counter of its set to `n`, and cannot
    choose keys of that set, since the secret of the hash is drawn at the start. An evicted counter starts at
    0 again; no counter is ever too high. A check scans a single set, and ended counters stay until their
    place is needed.
    """

    def __init__(
        self,
        *,
        sets: int = SETS,
        ways: int = WAYS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` counts seconds and is monotonic."""
        super().__init__()
        self._secret = os.urandom(32)
        self._sets: list[dict[bytes, tuple[int, float]]] = [{} for _ in range(sets)]
        self._ways = ways
        self._clock = clock

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        return ValueError

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        digest, counters = self._place(key)
        now = self._clock()
        value, ends_at = counters.pop(digest, (0, 0.0))
        if ends_at <= now:
            value, ends_at = 0, now + expiry
        if len(counters) >= self._ways:
            _give_up_one(counters, now)
        counters[digest] = (value + amount, ends_at)
        return value + amount

    async def get(self, key: str) -> int:
        digest, counters = self._place(key)
        value, ends_at = counters.get(digest, (0, 0.0))
        return value if ends_at > self._clock() else 0

    async def seconds_left(self, key: str, *, at_most: float) -> float:
        digest, counters = self._place(key)
        _, ends_at = counters.get(digest, (0, 0.0))
        return min(max(0.0, ends_at - self._clock()), at_most)

    async def clear(self, key: str) -> None:
        digest, counters = self._place(key)
        counters.pop(digest, None)

    async def reset(self) -> int | None:
        forgotten = sum(len(counters) for counters in self._sets)
        self._sets = [{} for _ in self._sets]
        return forgotten

    async def check(self) -> bool:
        return True

    def _place(self, key: str) -> tuple[bytes, dict[bytes, tuple[int, float]]]:
        digest = hashed_key(key, self._secret)
        return digest, self._sets[int.from_bytes(digest[:4], "big") % len(self._sets)]


def _give_up_one(counters: dict[bytes, tuple[int, float]], now: float) -> None:
    """Evict the counter worth least. Dictionaries keep the order of writing, so `min` finds the oldest of
    equal counters.
    """

    def worth(digest: bytes) -> int:
        value, ends_at = counters[digest]
        return value if ends_at > now else -1

    del counters[min(counters, key=worth)]
