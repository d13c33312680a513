"""Delay after wrong passwords, such that a guesser waits and the owner of the account does not."""

from dataclasses import dataclass

from parlour.errors import RateLimited
from parlour.limits.memory_counts import RateLimitStorage
from parlour.limits.quotas import Allowances, rate_limit_prefix, rate_limit_site

FAILURES_COUNT_FOR = 900
LONGEST_WAIT_OF_GUESSER = 900
LONGEST_WAIT_OF_ADDRESS = 60
"""Seconds: shorter than a guesser's longest wait, since a whole school may share an address."""
TARGET_COUNTS_FOR = 86_400
NEWCOMERS_PACE = 5
LONGEST_PACE_OF_NEWCOMERS = 30
PACE_OF_THOSE_WHO_FAILED = 60
"""All in seconds."""
FREE_PER_TARGET = 10
"""A factor of a guesser's free failures: so many, from all addresses together, before a target is paced."""


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
    """Exponential backoff: `free` failures cost nothing, then each doubles the wait, from one second on."""

    def __init__(self, storage: RateLimitStorage, *, name: str, free: int, longest: int) -> None:
        self._storage = storage
        self._name = name
        self._free = free
        self._longest = longest

    async def require(self, subject: str) -> None:
        """Check that no wait is running. Raises RateLimited."""
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
    """Pace the attempts at a target after many failures there: an attempt every few seconds, and the more
    failures, the fewer.

    Guessers without a failure at the target have turns apart from the others, so an attacker with a few
    addresses cannot use up the turns of an owner at a new device. Logging in is slow then, but nobody is
    locked out.
    """

    def __init__(self, storage: RateLimitStorage, *, name: str, free: int) -> None:
        self._storage = storage
        self._name = name
        self._free = free

    async def failed(self, target: str, site: str) -> None:
        await self._storage.incr(f"{self._name}/failures/{target}", TARGET_COUNTS_FOR)
        await self._storage.incr(f"{self._name}/site/{target}/{site}", FAILURES_COUNT_FOR)

    async def require(self, target: str, site: str, *, failed: bool) -> None:
        """Check, without taking it, that the turn is free. Raises RateLimited.

        `failed` is True for a guesser that has failed at this target.
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
    """Throttle wrong passwords by guesser, by address and by target. Only failures count: many people may log
    in at once.

    Call `require` early, `begin` before a password is checked, and `still_allowed` after it: attempts in
    parallel then tell a guesser no more than attempts in sequence.
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
        """Check, without counting, that an attempt is allowed. Raises RateLimited."""
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
        """Check again after the password: others may have failed meanwhile. Raises RateLimited; the turn that
        `begin` took stays taken.
        """
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
