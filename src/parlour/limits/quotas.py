"""Fixed-window quotas by the `limits` library, counted in memory or in Redis."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from limits import RateLimitItem, RateLimitItemPerHour
from limits.aio.strategies import FixedWindowRateLimiter

from parlour.errors import RateLimited
from parlour.limits.memory_counts import RateLimitStorage
from parlour.scheduling.turns import in_turns
from parlour.wire.addresses import mailbox_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowances:
    """The numbers that the settings allow: failures per quarter of an hour, mails and rooms per hour, the
    rest per minute.
    """

    failures_per_account: int
    failures_per_address: int
    mails_per_recipient: int
    mails_per_address: int
    rooms_per_person: int
    messages_per_person: int
    writes_per_person: int
    links_per_address: int


class Quota:
    """A quota per hour or per minute; the item's namespace tells quotas apart."""

    def __init__(self, storage: RateLimitStorage, item: RateLimitItem) -> None:
        self._storage = storage
        self._windows = FixedWindowRateLimiter(storage)
        self._item = item

    async def require(self, subject: str, *, cost: int = 1) -> None:
        """Check without counting that `cost` is left. Raises RateLimited."""
        if not await self._windows.test(self._item, subject, cost=cost):
            key, window = self._item.key_for(subject), self._item.get_expiry()
            raise RateLimited(retry_after=await self._storage.seconds_left(key, at_most=window))

    async def take(self, subject: str, *, cost: int = 1) -> None:
        """Count `cost`. Raises RateLimited."""
        await self.require(subject, cost=cost)
        if not await self._windows.hit(self._item, subject, cost=cost):  # used up since the check
            await self.require(subject)


class MailQuota:
    """A quota of mails per recipient's mailbox, and per IP address that makes the server send them."""

    def __init__(self, storage: RateLimitStorage, allowances: Allowances) -> None:
        self._recipients = Quota(
            storage, RateLimitItemPerHour(allowances.mails_per_recipient, namespace="mail-to")
        )
        self._addresses = Quota(
            storage, RateLimitItemPerHour(allowances.mails_per_address, namespace="mail-by")
        )

    async def take(self, recipient: str, *, address: str) -> None:
        """Count a mail. Raises RateLimited."""
        await self._recipients.require(mailbox_key(recipient))
        await self._addresses.take(rate_limit_prefix(address))
        await self._recipients.take(mailbox_key(recipient))

    async def take_many(self, recipients: Sequence[str], *, address: str) -> list[str]:
        """Return the recipients that may get a mail. Raises RateLimited if the address has sent too many."""
        await self._addresses.take(rate_limit_prefix(address), cost=max(1, len(recipients)))
        return [mailbox async for mailbox in in_turns(recipients, each=10) if await self._may_get(mailbox)]

    async def _may_get(self, recipient: str) -> bool:
        try:
            await self._recipients.take(mailbox_key(recipient))
        except RateLimited:
            return False
        return True


@lru_cache(maxsize=4096)  # parsing an address takes as long as relaying a message
def rate_limit_prefix(address: str) -> str:
    """Return the rate-limit key: the address, or its /64 for IPv6 (one subscriber owns a whole /64)."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Address(int(parsed) >> 64 << 64))


def client_path(address: str) -> tuple[str, str]:
    """Return a client's path in a FairQueue: networks take turns, in each its addresses."""
    return rate_limit_site(address), rate_limit_prefix(address)


def rate_limit_site(address: str) -> str:
    """Return the address, or its /48 for IPv6: a subscriber or a rented server can have that many /64s."""
    prefix = rate_limit_prefix(address)
    if ":" not in prefix:
        return prefix
    return str(IPv6Address(int(IPv6Address(prefix)) >> 80 << 80))
