"""How often is too often (the `limits` library); counted in memory, or in Redis (see `counts`)."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from limits import RateLimitItem, RateLimitItemPerHour
from limits.aio.storage import Storage
from limits.aio.strategies import FixedWindowRateLimiter

from parlour.errors import RateLimited
from parlour.wire.addresses import mailbox_key

FAILURES_COUNT_FOR = 900
LONGEST_WAIT_OF_ACCOUNT = 900
LONGEST_WAIT_OF_ADDRESS = 60
"""Shorter, since a school may stand behind one address. All in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowances:
    """Failures within a quarter of an hour, mails and rooms within an hour, the rest within a minute."""

    failures_per_account: int
    failures_per_address: int
    mails_per_recipient: int
    mails_per_address: int
    rooms_per_person: int
    messages_per_person: int
    writes_per_person: int


class Backoff:
    """So many failures are free, then each doubles the wait, from one second on."""

    def __init__(self, storage: Storage, *, name: str, free: int, longest: int) -> None:
        self._storage = storage
        self._name = name
        self._free = free
        self._longest = longest

    async def require(self, subject: str) -> None:
        """Raises RateLimited while a wait runs."""
        key = self._key("wait", subject)
        if await self._storage.get(key):
            raise RateLimited(retry_after=await self._storage.get_expiry(key) - time.time())

    async def failed(self, subject: str) -> None:
        failures = await self._storage.incr(self._key("failures", subject), FAILURES_COUNT_FOR)
        if failures >= self._free:
            wait = min(2 ** min(failures - self._free, 20), self._longest)
            await self._storage.incr(self._key("wait", subject), wait)

    async def forget(self, subject: str) -> None:
        await self._storage.clear(self._key("failures", subject))

    def _key(self, what: str, subject: str) -> str:
        return f"{self._name}/{what}/{subject}"


class Guesses:
    """Wrong passwords, by account and by address. Only failures count, so that many may log in at once.

    `require` is asked before a password is looked at and again after it: those who guess many at once
    hear no more than those who guess one by one.
    """

    def __init__(self, storage: Storage, allowances: Allowances, *, name: str) -> None:
        self._accounts = Backoff(
            storage,
            name=f"{name}/account",
            free=allowances.failures_per_account,
            longest=LONGEST_WAIT_OF_ACCOUNT,
        )
        self._addresses = Backoff(
            storage,
            name=f"{name}/address",
            free=allowances.failures_per_address,
            longest=LONGEST_WAIT_OF_ADDRESS,
        )

    async def require(self, account: str, address: str) -> None:
        """Raises RateLimited."""
        await self._accounts.require(account)
        await self._addresses.require(neighbourhood(address))

    async def failed(self, account: str, address: str) -> None:
        await self._accounts.failed(account)
        await self._addresses.failed(neighbourhood(address))

    async def succeeded(self, account: str) -> None:
        await self._accounts.forget(account)


class Quota:
    """So many an hour, or a minute; the item's namespace tells quotas apart."""

    def __init__(self, storage: Storage, item: RateLimitItem) -> None:
        self._windows = FixedWindowRateLimiter(storage)
        self._item = item

    async def require(self, subject: str, *, cost: int = 1) -> None:
        """Raises RateLimited where it is used up; takes nothing."""
        if not await self._windows.test(self._item, subject, cost=cost):
            window = await self._windows.get_window_stats(self._item, subject)
            raise RateLimited(retry_after=window.reset_time - time.time())

    async def take(self, subject: str, *, cost: int = 1) -> None:
        """Raises RateLimited."""
        await self.require(subject, cost=cost)
        if not await self._windows.hit(self._item, subject, cost=cost):  # somebody was faster
            await self.require(subject)


class Postage:
    """Mails, by the mailbox that they go to and by the address that makes the server send them."""

    def __init__(self, storage: Storage, allowances: Allowances) -> None:
        self._recipients = Quota(
            storage, RateLimitItemPerHour(allowances.mails_per_recipient, namespace="mail-to")
        )
        self._addresses = Quota(
            storage, RateLimitItemPerHour(allowances.mails_per_address, namespace="mail-by")
        )

    async def take(self, recipient: str, *, address: str) -> None:
        """Raises RateLimited."""
        await self._recipients.require(mailbox_key(recipient))
        await self._addresses.take(neighbourhood(address))
        await self._recipients.take(mailbox_key(recipient))

    async def take_many(self, recipients: Sequence[str], *, address: str) -> list[str]:
        """Those who may be written to. Raises RateLimited where the address has sent too many."""
        await self._addresses.take(neighbourhood(address), cost=max(1, len(recipients)))
        return [recipient for recipient in recipients if await self._may_get(recipient)]

    async def _may_get(self, recipient: str) -> bool:
        try:
            await self._recipients.take(mailbox_key(recipient))
        except RateLimited:
            return False
        return True


@lru_cache(maxsize=4096)  # to parse an address takes as long as to relay a message
def neighbourhood(address: str) -> str:
    """What one person can choose addresses from: a /64 of IPv6."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Address(int(parsed) >> 64 << 64))
