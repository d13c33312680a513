"""The node seam: the questions of calls whose answers a second node could hold.

`cluster.local` answers from the memory of a single process; `tests/contract` holds each implementation to the
same suite. `calls/` asks this interface only.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

from parlour.accounts.identity import UserId
from parlour.calls.presence import ConnectionId
from parlour.calls.rate_limiter import EventRateLimiter
from parlour.node_id import NodeId
from parlour.wire.signaling import AnyServerEvent, FromPeer

Fact = TypeVar("Fact")

MAX_LOGIN_WAIT_SECONDS = 30.0


class Node(Protocol):
    """This process among the nodes of its cluster.

    Questions that another node might have to answer are coroutines. Delivery is synchronous: calls change
    presence and queue the messages of that change with no `await` in between, so that no two joins miss each
    other and no member gets half of a change. An implementation with a network puts messages for other nodes
    into one queue per node and sends from there.
    """

    @property
    def node_id(self) -> NodeId: ...

    def deliver(self, to: ConnectionId, message: AnyServerEvent, /) -> None:
        """Queue a message for a connection. Hot path.

        Messages to a connection arrive in the order of the calls. A message to a connection that is gone is
        dropped: a client that resumes gets it from the replay buffer.
        """

    def deliver_within(self, to: ConnectionId, message: FromPeer, most: int, /) -> bool:
        """Deliver a peer's message, unless more than `most` bytes wait for the connection: return False then.
        Hot path.
        """

    def backlog(self, connection_id: ConnectionId, /) -> int:
        """Return the bytes that wait for a connection, 0 if the connection is gone.

        The method is synchronous, so for a connection of another node it returns the bytes that wait in this
        node's queue to that node.
        """

    def hang_up(self, connection_id: ConnectionId, /) -> None:
        """Close a connection after everything that was delivered to it before."""

    def subscribe(self, kind: type[Fact], subscriber: Callable[[Fact], None]) -> None:
        """Subscribe to the facts of a type, whichever node's transaction committed them.

        A session therefore ends on the nodes of all its sockets, and a ban reaches the call on any node.
        Facts about the same room or person arrive in the order of their commits (chat messages in the order
        of the history), each once. Subscribers are called synchronously, in the order of subscription.
        """

    async def wait_for_login(self, address: str, *, since: float) -> None:
        """Wait until a login from this address succeeds on any node, at most MAX_LOGIN_WAIT_SECONDS.

        `since` is the moment (`time.monotonic`) at which the waiting transport was opened; a login after it
        ends the wait at once. The wait is shorter, or none, if too many transports wait (see
        PendingConnections).
        """

    async def admit(self, address: str, user_id: UserId) -> EventRateLimiter:
        """Count a connection of an address and a person, and return the rate limiter of that person.

        `address` is a rate-limit prefix. Raises RateLimited or TooManyConnections. The caller must call
        `dismiss` exactly once for each admitted connection.
        """

    def admit_now(self, address: str, user_id: UserId) -> EventRateLimiter | None:
        """Do as `admit`, or return None, with nothing counted, if another node has to be asked."""

    def dismiss(self, address: str, user_id: UserId) -> None:
        """Stop counting an admitted connection."""
