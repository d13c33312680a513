"""The interface of a node to its cluster: who is there, who owns what, and messages to other nodes.

A node takes part for as long as it renews its lease, and is addressed by the lease's id. A lease that has
ended never comes back: the node then gets another one, and whatever was said to or by it under the former is
void. So a node that froze, one that was cut off, and all nodes after Redis was restarted empty, go the same
way.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NewType, Protocol

from parlour.node_id import NodeId

LeaseId = NewType("LeaseId", str)


class CoordinationUnavailable(Exception):
    """The question cannot be answered now: this node has no lease, or Redis does not answer."""


@dataclass(frozen=True, slots=True)
class QueueBounds:
    """The most that waits at this node for one other: messages, and their bytes."""

    messages: int = 20_000
    size: int = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeDescription:
    """What a node says of itself when it registers, for other nodes and for people.

    `formats` are the oldest and the newest format of messages that it reads; `started_at` counts seconds
    since 1970 by the clock of its machine.
    """

    version: str = ""
    formats: tuple[int, int] = (1, 1)
    host: str = ""
    pid: int = 0
    started_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Lease:
    """A node for the time of one lease."""

    lease_id: LeaseId
    node_id: NodeId
    description: NodeDescription = field(default=NodeDescription(), compare=False)


@dataclass(frozen=True, slots=True)
class Ownership:
    """The lease that owns a name, and the fencing token of its ownership.

    Of two ownerships of a name the later one has the greater `(epoch, owner)`. Whoever has seen it must
    refuse what the owner of the earlier one still sends: that owner may not have noticed yet.
    """

    name: str
    owner: LeaseId
    epoch: int


@dataclass(frozen=True, slots=True)
class CountClaim:
    """One more of something of which all nodes may hold `limit` together. `own` are this node's, with it."""

    name: str
    own: int
    limit: int


class ClusterWatcher(Protocol):
    """Hears who is there. All methods are called on the event loop, and none may block or await."""

    def lease_begun(self, lease: Lease) -> None:
        """This node has that lease from now on; it owns nothing, and knows of no other node yet."""

    def lease_lost(self) -> None:
        """This node has no lease any more. It owns nothing, all other nodes are out of sight, and what was
        queued for them is gone.
        """

    def node_joined(self, lease: Lease) -> None:
        """A node has that lease. Called before the first message that it sent under it is received."""

    def node_left(self, lease: Lease) -> None:
        """That lease has ended, and no message that was sent under it is received any more."""

    def messages_lost(self, sender: LeaseId) -> None:
        """At least one message of that sender will never be received. Called before those after it."""


class ClusterListener(ClusterWatcher, Protocol):
    """Hears all of the cluster, messages too."""

    def received(self, sender: LeaseId, message: bytes) -> None:
        """Messages of a sender are received in the order of `send`, each once."""


class Coordinator(Protocol):
    """This node in its cluster."""

    @property
    def node_id(self) -> NodeId: ...

    @property
    def lease(self) -> Lease | None:
        """Return this node's lease, None while it has none."""

    @property
    def others(self) -> Mapping[LeaseId, Lease]:
        """Return the leases of the other nodes that are known to live."""

    def listen(self, listener: ClusterListener) -> None:
        """Set the listener, before `run`."""

    def count(self, name: str, counter: Callable[[], int]) -> None:
        """Have people see how many of something this node holds (`parlour nodes`). Called with each renewal
        of the lease.
        """

    async def run(self) -> None:
        """Take part in the cluster until cancelled; whatever becomes unavailable is tried again."""

    async def leave(self) -> None:
        """End the lease, after `run` was cancelled, so that the others need not wait for its end."""

    async def aclose(self) -> None:
        """Close the connections. Call it after `leave`, or without `leave` to look like a crash."""

    def send(self, to: LeaseId, message: bytes) -> bool:
        """Queue a message. Return False, with nothing queued, if the node is not there or too much waits
        for it already. Hot path.
        """

    def report_loss(self, to: LeaseId) -> None:
        """Have that node hear `messages_lost`, since a message for it could not be queued."""

    def backlog(self, to: LeaseId) -> int:
        """Return the bytes of which this node does not know yet that they wait at another one."""

    async def flush(self) -> None:
        """Wait until the receivers will get all that was sent so far, though this node ends now.

        The caller has to have a limit: as long as Redis is away, nothing gets there.
        """

    async def own(self, name: str) -> Ownership:
        """Own a name unless another node's lease does; return who owns it. Raises CoordinationUnavailable.

        A lease that owns the name already keeps its epoch.
        """

    def epoch_of(self, name: str) -> int | None:
        """Return the epoch of this node's ownership, None unless it owns the name for certain. Hot path."""

    async def disown(self, name: str) -> None:
        """Give a name free, if this node owns it.

        Raises CoordinationUnavailable; the name is then free at the latest when this node's lease ends.
        """

    async def claim(self, claims: Sequence[CountClaim]) -> int | None:
        """Have the counts of this node known if all claims fit beside those of the other leases that go on.

        Return the index of the first that does not fit, with nothing changed, else None. Raises
        CoordinationUnavailable.
        """

    async def write_counts(self, counts: Mapping[str, int]) -> None:
        """Have counts of this node's lease known, 0 for nothing more. Raises CoordinationUnavailable."""
