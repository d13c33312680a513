"""The measured costs from which the needs are computed: CPU in seconds, memory and sizes in bytes."""

from pathlib import Path

import msgspec

KEPT = Path(__file__).with_name("costs.json")


class Paced(msgspec.Struct, frozen=True, kw_only=True):
    """The CPU time of a message: for a process that had rested before it, and for one that is never idle."""

    rested: float
    busy: float

    def at(self, load: float) -> float:
        """Return the cost in a process whose share of its core is `load`: as often it is woken first."""
        return self.busy + (self.rested - self.busy) * (1 - min(1.0, load))


class RequestCost(msgspec.Struct, frozen=True, kw_only=True):
    """An HTTP request: CPU time by process (`hashing` is the node's too), questions to Redis, commits."""

    node: float
    hashing: float
    postgres: float
    redis: float
    redis_requests: float
    commits: float


class Costs(msgspec.Struct, frozen=True, kw_only=True):
    circumstances: str

    node_memory: float
    """Of a node in a cluster, with nobody there."""
    socket_memory: float
    room_elsewhere_memory: float
    """For each room in use at another node."""
    node_at_rest: float
    """CPU seconds a second of a node in a cluster, with nobody there."""
    heartbeat: float
    connect: float
    """TCP, upgrade and CONNECT, which asks Redis how many sockets the address and the person have."""
    join: Paced
    """By a connected socket, into a call of four with all at one node: a mean of the four."""
    decision: float
    """For each message between nodes about a join, at both of them, with what it is about."""
    candidate: Paced
    description: Paced
    """Sockets at one node."""
    list_room: float
    """A round of `share-rooms`: for each room in use."""
    list_byte: float
    """For each byte of a list that is sent to a socket."""

    send: Paced
    """Another node gets a message: `rested` is one in a round of its own, `busy` one in a round of many."""
    receive: Paced
    round_trip: float
    """Seconds from a message's `send` to the other node, at rest: a round of writing takes as long."""
    fact: float
    """At a node that it does not concern, beyond `receive`."""
    own_question: float
    """At a node: who owns this call? Redis answers."""

    redis_at_rest: float
    """CPU seconds a second of a Redis without nodes."""
    redis_wake: float
    """Redis wakes for one request; while it is busy many come with one wake."""
    redis_entry: float
    """XADD, and its share of the XREAD that brings it."""
    redis_byte: float
    """For each byte of a message, in and out."""
    redis_renewal: float
    redis_renewal_lease: float
    """A renewal of a lease, and for each lease that it lists."""
    redis_own: float
    redis_claim: float

    requests: dict[str, RequestCost]
    """login, refresh, access (a room's password), entry, page (of rooms), message"""
    attendance_postgres: float
    """Of PostgreSQL for a row of attendance, taken as that of a message."""


def load(file: Path = KEPT) -> Costs:
    """Raises msgspec.MsgspecError, or OSError."""
    return msgspec.json.decode(file.read_bytes(), type=Costs)


def save(costs: Costs, file: Path = KEPT) -> None:
    file.write_bytes(msgspec.json.format(msgspec.json.encode(costs), indent=2) + b"\n")
