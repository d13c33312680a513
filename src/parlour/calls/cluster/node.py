"""The node seam: everything that calls ask about what a second node could know.

`cluster.local` answers from the memory of a single process; `tests/contract` holds each implementation to the
same suite. `calls/` asks this interface only.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

from parlour.accounts.identity import UserId
from parlour.calls.presence import ConnectionId
from parlour.calls.rate_limiter import EventRateLimiter
from parlour.node_id import NodeId
from parlour.rooms.entities import RoomId
from parlour.wire.signaling import AnyServerEvent

Fact = TypeVar("Fact")

MAX_LOGIN_WAIT_SECONDS = 30.0


class Node(Protocol):
    """This process among the nodes of its cluster.

    Questions that another node might have to answer are coroutines. Delivery is synchronous: calls change
    presence and queue the messages of that change with no `await` in between, so that no two joins miss each
    other and nobody is sent half of a change. An implementation with a network puts messages for other nodes
    into one queue per node and sends from there.
    """

    @property
    def node_id(self) -> NodeId: ...

    async def owner_of(self, room_id: RoomId) -> NodeId:
        """Name the node that decides who is in the call of a room: exactly one, for all who ask."""

    def deliver(self, to: ConnectionId, message: AnyServerEvent, /) -> None:
        """Queue a message for a connection. Hot path.

        Messages to one connection arrive in the order of the calls. One to a connection that is gone is
        dropped: whoever resumes gets it from the replay buffer.
        """

    def backlog(self, connection_id: ConnectionId, /) -> int:
        """Count the bytes that wait for a connection, 0 for one that is gone. Hot path.

        Synchronous, hence what is known here: for a connection of another node the bytes that wait in this
        node's queue to it.
        """

    def hang_up(self, connection_id: ConnectionId, /) -> None:
        """Close a connection after everything that was delivered to it before."""

    def subscribe(self, kind: type[Fact], subscriber: Callable[[Fact], None]) -> None:
        """Hear the facts of a type, whichever node's transaction made them true.

        So sessions end on the nodes of all their sockets, and a ban reaches the call wherever it is. Facts
        about one room or one person arrive in the order of their commits (chat messages in the order of the
        history), each once. Subscribers are called synchronously, in the order in which they subscribed.
        """

    async def wait_for_login(self, address: str, *, since: float) -> None:
        """Wait until a login from this address succeeds on any node, at most MAX_LOGIN_WAIT_SECONDS.

        `since` is of `time.monotonic`: when the transport that waits was opened; a login after that ends the
        wait at once. Fewer seconds, or none, where too many wait (see PendingConnections).
        """

    async def admit(self, address: str, user_id: UserId) -> EventRateLimiter:
        """Count a connection of an address and a person, and return the rate limiter of that person.

        `address` is a rate-limit prefix. Raises RateLimited or TooManyConnections. What was admitted is
        dismissed once.
        """

    def dismiss(self, address: str, user_id: UserId) -> None:
        """Count a connection that was admitted no more."""
