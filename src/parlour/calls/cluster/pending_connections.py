"""Transports without an identity wait for a login, cost next to nothing, receive nothing, and are closed.

Existing browser clients connect before they log in. Their CONNECT is neither answered nor refused; after a
login from the same address, or after MAX_LOGIN_WAIT_SECONDS, the transport is closed, and the client
reconnects by itself with the cookie that it has by then. All addresses of a /64 of IPv6 count as the same,
since a subscriber owns a whole /64.
"""

import asyncio
import math
import time
from collections import OrderedDict, defaultdict

from parlour.accounts.facts import LoginSucceeded
from parlour.calls.cluster.node import MAX_LOGIN_WAIT_SECONDS
from parlour.limits.quotas import rate_limit_prefix

MAX_PER_ADDRESS = 100
MAX_WAITING = 10_000
"""Global cap, so many addresses give no advantage: the connection that has waited longest gives way."""
REMEMBERED_ADDRESSES = 10_000
ANSWER_SECONDS = 1.0
"""The time after a login in which its answer, which carries the cookie, may still be in transit."""


class PendingConnections:
    """Bounded waits for a login, by rate-limit prefix; in a full table the longest wait ends first."""

    def __init__(
        self,
        *,
        max_wait: float = MAX_LOGIN_WAIT_SECONDS,
        max_per_address: int = MAX_PER_ADDRESS,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        self._max_wait = max_wait
        self._max_per_address = max_per_address
        self._max_waiting = max_waiting
        self._all: OrderedDict[asyncio.Event, None] = OrderedDict()
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._released_at: OrderedDict[str, float] = OrderedDict()

    async def wait(self, address: str, *, since: float = math.inf) -> None:
        """Wait until `release`, until the time is over, or until a newer connection needs the place; do not
        wait at all if too many connections of the address do.

        `since` is the moment (`time.monotonic`) at which the transport was opened. A transport that was open
        before a login cannot have the login's cookie, even if its CONNECT arrives afterwards. A transport
        that was opened while the login's answer was in transit may lack the cookie as well, so it waits only
        until that answer must have arrived.
        """
        prefix = rate_limit_prefix(address)
        released_at = self._released_at.get(prefix, -math.inf)
        if since <= released_at:
            return
        max_wait = self._max_wait
        if since <= released_at + ANSWER_SECONDS:
            max_wait = min(max_wait, released_at + ANSWER_SECONDS - time.monotonic())
        here = self._waiting[prefix]
        if len(here) >= self._max_per_address:
            return
        if len(self._all) >= self._max_waiting:
            self._all.popitem(last=False)[0].set()
        released = asyncio.Event()
        here.add(released)
        self._all[released] = None
        try:
            async with asyncio.timeout(max_wait):
                await released.wait()
        except TimeoutError:
            return
        finally:
            here.discard(released)
            self._all.pop(released, None)
            if not here and self._waiting.get(prefix) is here:
                del self._waiting[prefix]

    def on_login(self, login: LoginSucceeded) -> None:
        self.release(login.address)

    def release(self, address: str) -> None:
        """End the waits of an address from which a person logged in."""
        prefix = rate_limit_prefix(address)
        self._released_at[prefix] = time.monotonic()
        self._released_at.move_to_end(prefix)
        if len(self._released_at) > REMEMBERED_ADDRESSES:
            self._released_at.popitem(last=False)
        for released in self._waiting.get(prefix, ()):
            released.set()

    def count(self) -> int:
        return len(self._all)
