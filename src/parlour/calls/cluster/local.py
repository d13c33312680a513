"""A node that shares no calls: all their state is in the memory of this process."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from parlour.accounts.facts import LoginSucceeded
from parlour.accounts.identity import UserId
from parlour.bus import Bus
from parlour.calls.cluster.connection_quotas import ConnectionQuotas
from parlour.calls.cluster.pending_connections import PendingConnections
from parlour.calls.presence import ConnectionId
from parlour.calls.rate_limiter import EventRateLimiter
from parlour.node_id import NodeId
from parlour.wire.signaling import AnyServerEvent, FromPeer

Fact = TypeVar("Fact")


class LocalConnections(Protocol):
    """The connections of this process. The methods have the guarantees of the same methods of `Node`."""

    def deliver(self, to: ConnectionId, message: AnyServerEvent, /) -> None: ...

    def deliver_within(self, to: ConnectionId, message: FromPeer, most: int, /) -> bool: ...

    def backlog(self, connection_id: ConnectionId, /) -> int: ...

    def hang_up(self, connection_id: ConnectionId, /) -> None: ...


class LocalNode:
    """The only node of its calls: it owns each of them. Facts of other nodes arrive on its bus as its own do
    (`shared_facts`).
    """

    def __init__(
        self,
        node_id: NodeId,
        *,
        bus: Bus,
        connections: LocalConnections,
        pending_connections: PendingConnections,
        quotas: ConnectionQuotas,
    ) -> None:
        self.node_id = node_id
        self._bus = bus
        self._pending_connections = pending_connections
        self._quotas = quotas
        # Hot path: attributes, so that the seam adds no call to a delivery.
        self.deliver: Callable[[ConnectionId, AnyServerEvent], None] = connections.deliver
        self.deliver_within: Callable[[ConnectionId, FromPeer, int], bool] = connections.deliver_within
        self.backlog: Callable[[ConnectionId], int] = connections.backlog
        self.hang_up: Callable[[ConnectionId], None] = connections.hang_up
        bus.subscribe(LoginSucceeded, pending_connections.on_login)

    def subscribe(self, kind: type[Fact], subscriber: Callable[[Fact], None]) -> None:
        self._bus.subscribe(kind, subscriber)

    async def wait_for_login(self, address: str, *, since: float) -> None:
        await self._pending_connections.wait(address, since=since)

    async def admit(self, address: str, user_id: UserId) -> EventRateLimiter:
        return self._quotas.take(address, user_id)

    def admit_now(self, address: str, user_id: UserId) -> EventRateLimiter | None:
        return self._quotas.take(address, user_id)

    def dismiss(self, address: str, user_id: UserId) -> None:
        self._quotas.give_back(address, user_id)
