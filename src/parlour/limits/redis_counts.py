"""Rate limit counters in Redis, shared by several servers, through the `limits` library."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

import structlog
from limits.aio.storage import RedisStorage
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, RedisError, ResponseError

from parlour.limits.memory_counts import MemoryRateLimitStorage, RateLimitStorage, hashed_key
from parlour.redis_client import RedisMaster, bounded, connection_pool

PREFIX = "parlour/limits"
PATIENCE_SECONDS = 1.0
"""The longest that a count may take, connecting included."""
PAUSE_SECONDS = 2.0
"""The pause between two checks of an unavailable Redis."""
CONNECTIONS = 32

log = structlog.get_logger("parlour.counts")
Answer = TypeVar("Answer")


class RedisRefuses(Exception):
    """Redis answers but refuses: a wrong password, or no such database."""


class RedisRateLimitStorage(RateLimitStorage):
    """Counters that are kept in Redis and, as a fallback, in memory.

    Keys are hashed with the servers' secret: a reader of Redis learns neither addresses nor names from them.
    If Redis fails, each process counts locally, on top of its earlier counts, so limits still hold, per
    server. No request fails because of that, and only the request that detects the failure waits, up to
    PATIENCE_SECONDS; `look_for_redis` detects when Redis is back.
    """

    def __init__(self, url: str, *, secret: str) -> None:
        """`url` has been validated by the settings. No connection is opened yet."""
        super().__init__()
        master = RedisMaster.of(url, seconds=PATIENCE_SECONDS)
        pool = connection_pool(master, connections=CONNECTIONS, seconds=PATIENCE_SECONDS)
        self._redis = Redis(connection_pool=pool)
        # The library's signature declares plain options only; its code and manual accept the pool too.
        options = cast(dict[str, Any], {"connection_pool": pool})
        # It reads the scheme alone of its URL then.
        self._shared = RedisStorage("redis://", implementation="redispy", key_prefix=PREFIX, **options)
        self._own = MemoryRateLimitStorage()
        self._secret = hashlib.sha256(b"parlour rate limits " + secret.encode()).digest()
        self._away = asyncio.Event()

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        return self._shared.base_exceptions

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        own = await self._own.incr(key, expiry, amount)
        shared = await self._ask(lambda: self._shared.incr(self._hashed(key), expiry, amount))
        return own if shared is None else shared

    async def get(self, key: str) -> int:
        shared = await self._ask(lambda: self._shared.get(self._hashed(key)))
        return await self._own.get(key) if shared is None else shared

    async def seconds_left(self, key: str, *, at_most: float) -> float:
        """Ask for milliseconds (PTTL): the library's method rounds, and `Retry-After` would be too short.

        A Redis whose calendar clock was set back would keep the count longer than `at_most`: its expiry is
        then set again.
        """
        name = self._shared.bridge.prefixed_key(self._hashed(key))
        left: int | None = await self._ask(lambda: self._redis.pttl(name))
        if left is None:
            return await self._own.seconds_left(key, at_most=at_most)
        if left > at_most * 1000:
            await self._ask(lambda: self._redis.pexpire(name, round(at_most * 1000)))
        return min(max(left, 0) / 1000, at_most)

    async def clear(self, key: str) -> None:
        await self._own.clear(key)
        await self._ask(lambda: self._shared.clear(self._hashed(key)))

    async def reset(self) -> int | None:
        await self._own.reset()
        return await self._ask(self._shared.reset)

    async def check(self) -> bool:
        """Ask Redis, even after a failure. Return True if it answers; the shared counts are used again
        then.
        """
        try:
            await self._bounded(self._ping)
        except (RedisError, OSError) as error:
            self._lost(error)
            return False
        self._found()
        return True

    async def require_usable(self) -> None:
        """Check Redis at the start. Raises RedisRefuses; a Redis that does not answer is no error, since it
        may come later.
        """
        try:
            await self._bounded(self._ping)
        except (AuthenticationError, ResponseError) as error:
            raise RedisRefuses(type(error).__name__) from error
        except (RedisError, OSError) as error:
            self._lost(error)

    async def look_for_redis(self) -> None:
        """Wait until Redis fails, then check it after a pause; the supervisor repeats this."""
        await self._away.wait()
        await asyncio.sleep(PAUSE_SECONDS)
        await self.check()

    async def aclose(self) -> None:
        await self._redis.aclose(close_connection_pool=True)

    def _hashed(self, key: str) -> str:
        return hashed_key(key, self._secret).hex()

    async def _ping(self) -> None:
        await self._redis.get(PREFIX)  # PING would succeed even without permission to read

    async def _ask(self, question: Callable[[], Awaitable[Answer]]) -> Answer | None:
        """Ask Redis within PATIENCE_SECONDS. Return None, without waiting, while it is known to be away."""
        if self._away.is_set():
            return None
        try:
            answer = await self._bounded(question)
        except (RedisError, OSError) as error:
            self._lost(error)
            return None
        return answer

    async def _bounded(self, question: Callable[[], Awaitable[Answer]]) -> Answer:
        async with bounded(PATIENCE_SECONDS):
            return await question()

    def _lost(self, error: Exception) -> None:
        if not self._away.is_set():
            self._away.set()
            log.warning("counts.redis_away", error=type(error).__name__, hint="each server counts alone")

    def _found(self) -> None:
        if self._away.is_set():
            self._away.clear()
            log.info("counts.redis_back")
