"""Transports without identity: they wait, cost next to nothing, get nothing, and are closed.

Existing browser clients connect before they log in. Their CONNECT is neither answered nor refused; once
somebody logs in from the same address, or the time is over, the transport is closed, and the client
comes back by itself with the cookie that it has by then. Addresses of one /64 of IPv6 count as one: what a
person's devices choose from, for HTTP and for the socket.
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
"""From all addresses together; the one that has waited longest gives way, so who has many addresses keeps
nobody out."""
REMEMBERED_ADDRESSES = 10_000
ANSWER_SECONDS = 1.0
"""A login's answer, with the cookie, may be on its way for so long after the login."""


class PendingConnections:
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
        """Until `release`, or the time is over, or others need the place; at once where too many of that
        address wait.

        `since` is of `time.monotonic`: a transport that was open before somebody logged in cannot have the
        cookie, though it says so only after the login. One that opened while the login's answer was on its
        way may lack it as well, so it waits no longer than until that answer must have come.
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
        """Somebody logged in from there."""
        prefix = rate_limit_prefix(address)
        self._released_at[prefix] = time.monotonic()
        self._released_at.move_to_end(prefix)
        if len(self._released_at) > REMEMBERED_ADDRESSES:
            self._released_at.popitem(last=False)
        for released in self._waiting.get(prefix, ()):
            released.set()

    def count(self) -> int:
        return len(self._all)
