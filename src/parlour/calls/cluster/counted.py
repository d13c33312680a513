"""A node whose sockets are counted together with those of the other nodes, by address and by person."""

import asyncio

from parlour.accounts.identity import UserId
from parlour.bus import Bus
from parlour.calls.cluster.connection_quotas import ConnectionQuotas
from parlour.calls.cluster.local import LocalConnections, LocalNode
from parlour.calls.cluster.pending_connections import PendingConnections
from parlour.calls.rate_limiter import EventRateLimiter
from parlour.calls.refusals import TooManyConnections
from parlour.cluster.coordinator import CoordinationUnavailable, Coordinator, CountClaim, Lease, LeaseId
from parlour.errors import RateLimited
from parlour.node_id import NodeId

WRITE_AFTER_SECONDS = 0.2
ANEW_SECONDS = 3_600.0
AWAY_SECONDS = 1.0


class CountedNode(LocalNode):
    """Asks Redis at each CONNECT while there are other nodes. While Redis is away this node counts alone, and
    tells its counts once Redis is back.
    """

    def __init__(
        self,
        node_id: NodeId,
        coordinator: Coordinator,
        *,
        bus: Bus,
        connections: LocalConnections,
        pending_connections: PendingConnections,
        quotas: ConnectionQuotas,
    ) -> None:
        super().__init__(
            node_id, bus=bus, connections=connections, pending_connections=pending_connections, quotas=quotas
        )
        self._coordinator = coordinator
        self._unwritten: set[str | UserId] = set()
        """Addresses and people whose counts Redis may have wrong."""
        self._has_unwritten = asyncio.Event()
        self._has_lease = False

    def admit_now(self, address: str, user_id: UserId) -> EventRateLimiter | None:
        if self._coordinator.others:
            return None
        rate_limiter = self._quotas.take(address, user_id)
        self._note(address, user_id)
        return rate_limiter

    async def admit(self, address: str, user_id: UserId) -> EventRateLimiter:
        """Count here first: two that come at once must not both take the last place."""
        rate_limiter = self._quotas.take(address, user_id)
        try:
            await self._claim(address, user_id)
        except BaseException:
            self.dismiss(address, user_id)
            raise
        return rate_limiter

    def dismiss(self, address: str, user_id: UserId) -> None:
        self._quotas.give_back(address, user_id)
        self._note(address, user_id)

    # Who is there

    def lease_begun(self, lease: Lease) -> None:
        """Have all counts written, since Redis knows none of the new lease."""
        self._has_lease = True
        self._write_all()

    def lease_lost(self) -> None:
        """Count alone. The lease's end has voided what is written, and what was still to be."""
        self._has_lease = False
        self._unwritten.clear()
        self._has_unwritten.clear()

    def node_joined(self, lease: Lease) -> None:
        """Ask from now on: `others` says so."""

    def node_left(self, lease: Lease) -> None:
        """Nothing changes: counts of leases that have ended do not count."""

    def messages_lost(self, sender: LeaseId) -> None:
        """Nothing changes: no message is about counts."""

    async def step(self) -> float | None:
        """Write what has changed; repeated by the supervisor. Return the seconds to pause."""
        try:
            async with asyncio.timeout(ANEW_SECONDS):
                await self._has_unwritten.wait()
        except TimeoutError:  # Redis forgets what is not written for a day
            self._write_all()
            return None
        await asyncio.sleep(WRITE_AFTER_SECONDS)
        try:
            await self.write_counts()
        except CoordinationUnavailable:
            return AWAY_SECONDS
        return None

    async def write_counts(self) -> None:
        """Write what has changed. Raises CoordinationUnavailable; it is still to be written then."""
        self._has_unwritten.clear()
        taken, self._unwritten = self._unwritten, set()
        written = {subject: self._count(subject) for subject in taken}
        try:
            await self._coordinator.write_counts(
                {_name(subject): count for subject, count in written.items()}
            )
        except BaseException:
            self._note(*taken)
            raise
        # A claim that overtook this may have written another count.
        self._note(*(subject for subject, count in written.items() if self._count(subject) != count))

    async def _claim(self, address: str, user_id: UserId) -> None:
        """Raises RateLimited or TooManyConnections."""
        by_address, by_person = self._quotas.held(address, user_id)
        limits = self._quotas.limits
        claims = (
            CountClaim(_name(address), by_address, limits.per_address),
            CountClaim(_name(user_id), by_person, limits.per_person),
        )
        try:
            refused = await self._coordinator.claim(claims)
        except CoordinationUnavailable:
            self._note(address, user_id)
            return
        if refused is not None:
            raise RateLimited if refused == 0 else TooManyConnections
        if self._quotas.held(address, user_id) != (by_address, by_person):
            self._note(address, user_id)

    def _write_all(self) -> None:
        self._note(*self._quotas.addresses(), *self._quotas.people())

    def _note(self, *subjects: str | UserId) -> None:
        if self._has_lease and subjects:
            self._unwritten.update(subjects)
            self._has_unwritten.set()

    def _count(self, subject: str | UserId) -> int:
        if isinstance(subject, str):
            return self._quotas.addresses().get(subject, 0)
        return self._quotas.people().get(subject, 0)


def _name(subject: str | UserId) -> str:
    return f"address {subject}" if isinstance(subject, str) else f"person {subject}"
