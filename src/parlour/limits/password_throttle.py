"""Delay after wrong passwords, such that a guesser waits and the owner of the account does not."""

from dataclasses import dataclass

from parlour.errors import RateLimited
from parlour.limits.memory_counts import RateLimitStorage
from parlour.limits.quotas import Allowances, rate_limit_prefix, rate_limit_site

FAILURES_COUNT_FOR = 900
LONGEST_WAIT_OF_GUESSER = 900
LONGEST_WAIT_OF_ADDRESS = 60
"""Shorter, since a school may stand behind one address."""
TARGET_COUNTS_FOR = 86_400
NEWCOMERS_PACE = 5
LONGEST_PACE_OF_NEWCOMERS = 30
PACE_OF_THOSE_WHO_FAILED = 60
"""All in seconds."""
FREE_PER_TARGET = 10
"""Times what one guesser has free: from all addresses together, before tries at one target are paced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """A password given to open `target`, an account or a room.

    Wrong passwords are counted together by `guesser`: an address at an account, a device at its account,
    a person at all rooms. `address` is None for a trusted guesser: a device that logged in to this
    account before, a member of the room. Wrong passwords of others do not delay these.
    """

    target: str
    guesser: str
    address: str | None


class Backoff:
    """Exponential backoff: so many failures are free, then each doubles the wait, beginning with one
    second.
    """

    def __init__(self, storage: RateLimitStorage, *, name: str, free: int, longest: int) -> None:
        self._storage = storage
        self._name = name
        self._free = free
        self._longest = longest

    async def require(self, subject: str) -> None:
        """Raises RateLimited during a wait."""
        key = self._key("wait", subject)
        if await self._storage.get(key):
            raise RateLimited(retry_after=await self._storage.seconds_left(key, at_most=self._longest))

    async def failed(self, subject: str) -> None:
        failures = await self._storage.incr(self._key("failures", subject), FAILURES_COUNT_FOR)
        if failures >= self._free:
            wait = min(2 ** min(failures - self._free, 20), self._longest)
            # A full storage in memory forgets low counts first, so a long wait counts for much.
            await self._storage.incr(self._key("wait", subject), wait, wait)

    async def failures(self, subject: str) -> int:
        return await self._storage.get(self._key("failures", subject))

    async def forget(self, subject: str) -> None:
        await self._storage.clear(self._key("failures", subject))

    def _key(self, what: str, subject: str) -> str:
        return f"{self._name}/{what}/{subject}"


class TargetThrottle:
    """Paces attempts at a target that many guess at: one in some seconds, slower the more have failed.

    Guessers without a failure there have turns of their own, apart from those with one, so a guesser with
    some addresses cannot use up the turns of an owner at a new device. This is slow, and excludes nobody.
    """

    def __init__(self, storage: RateLimitStorage, *, name: str, free: int) -> None:
        self._storage = storage
        self._name = name
        self._free = free

    async def failed(self, target: str, site: str) -> None:
        await self._storage.incr(f"{self._name}/failures/{target}", TARGET_COUNTS_FOR)
        await self._storage.incr(f"{self._name}/site/{target}/{site}", FAILURES_COUNT_FOR)

    async def require(self, target: str, site: str, *, failed: bool) -> None:
        """Raises RateLimited if somebody has this turn; takes none. `failed` tells whether the guesser
        has failed.
        """
        turn = await self._turn(target, site, failed)
        if turn is not None and await self._storage.get(turn.key):
            raise RateLimited(retry_after=await self._storage.seconds_left(turn.key, at_most=turn.seconds))

    async def take(self, target: str, site: str, *, failed: bool) -> None:
        """Take a turn. Raises RateLimited."""
        turn = await self._turn(target, site, failed)
        if turn is not None and await self._storage.incr(turn.key, turn.seconds) > 1:
            raise RateLimited(retry_after=await self._storage.seconds_left(turn.key, at_most=turn.seconds))

    async def _turn(self, target: str, site: str, failed: bool) -> "_Turn | None":
        """Return None while attempts at the target are not paced."""
        failures = await self._storage.get(f"{self._name}/failures/{target}")
        if failures < self._free:
            return None
        if failed or await self._storage.get(f"{self._name}/site/{target}/{site}"):
            return _Turn(f"{self._name}/turn/failed/{target}", PACE_OF_THOSE_WHO_FAILED)
        pace = min(NEWCOMERS_PACE * failures // self._free, LONGEST_PACE_OF_NEWCOMERS)
        return _Turn(f"{self._name}/turn/new/{target}", pace)


@dataclass(frozen=True, slots=True)
class _Turn:
    key: str
    seconds: int


class PasswordThrottle:
    """Throttles wrong passwords by guesser, by address and by target. Only failures count: many may log
    in at once.

    `require` is asked early, `begin` before a password is checked, `still_allowed` after it: a guesser
    with many attempts at once learns no more than with one after the other.
    """

    def __init__(self, storage: RateLimitStorage, allowances: Allowances, *, name: str) -> None:
        self._guessers = Backoff(
            storage,
            name=f"{name}/guesser",
            free=allowances.failures_per_account,
            longest=LONGEST_WAIT_OF_GUESSER,
        )
        self._addresses = Backoff(
            storage,
            name=f"{name}/address",
            free=allowances.failures_per_address,
            longest=LONGEST_WAIT_OF_ADDRESS,
        )
        self._pace = TargetThrottle(
            storage, name=f"{name}/target", free=FREE_PER_TARGET * allowances.failures_per_account
        )

    async def require(self, guess: Guess) -> None:
        """Raises RateLimited; counts nothing."""
        await self._require_no_wait(guess)
        if guess.address is not None:
            site = rate_limit_site(guess.address)
            await self._pace.require(guess.target, site, failed=await self._has_failed(guess))

    async def begin(self, guess: Guess) -> None:
        """Take a turn if attempts at the target are paced. Raises RateLimited."""
        await self._require_no_wait(guess)
        if guess.address is not None:
            site = rate_limit_site(guess.address)
            await self._pace.take(guess.target, site, failed=await self._has_failed(guess))

    async def still_allowed(self, guess: Guess) -> None:
        """Raises RateLimited if others failed meanwhile; the turn of `begin` stands."""
        await self._require_no_wait(guess)

    async def failed(self, guess: Guess) -> None:
        await self._guessers.failed(guess.guesser)
        if guess.address is not None:
            await self._addresses.failed(rate_limit_prefix(guess.address))
            await self._pace.failed(guess.target, rate_limit_site(guess.address))

    async def succeeded(self, guess: Guess) -> None:
        """Forget the failures of this guesser alone: the owner's login is no fresh start for others."""
        await self._guessers.forget(guess.guesser)

    async def _has_failed(self, guess: Guess) -> bool:
        return await self._guessers.failures(guess.guesser) > 0

    async def _require_no_wait(self, guess: Guess) -> None:
        await self._guessers.require(guess.guesser)
        if guess.address is not None:
            await self._addresses.require(rate_limit_prefix(guess.address))
