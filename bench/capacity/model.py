"""The needs of a number of sockets: nodes, Redis and PostgreSQL. Pure.

People are spread evenly over the nodes and rooms know nothing of it, so that of n nodes a peer is at another
one with 1 - 1/n. What every node tells every other one grows with the square of their number, which is what
ends the growth of a cluster.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from math import ceil, inf

from bench.capacity.costs import Costs, Paced
from bench.capacity.profile import (
    CANDIDATE_BYTES,
    DECISION_BYTES,
    DESCRIPTION_BYTES,
    FACT_BYTES,
    RENEWALS,
    Limits,
    Profile,
)
from bench.capacity.simulation import Load
from parlour.calls.room_list import BYTES_PER_SECOND, LONGEST_PAUSE_SECONDS

ROOM_TELLINGS = 10.0
"""A second, at most: a node tells the others which rooms are in use after a pause of 0.1 s."""
LIST_SHARE = 0.1
"""Of a node's time, at most: the list of rooms pauses for as long as it takes."""
ROOM_BYTES = 60.0
MOST_NODES = 20_000
MOST_SOCKETS = 10_000_000
SIMULATED_MESSAGES = 40_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """The ways in which nodes tell each other: as built, or as it would have to be for more sockets."""

    facts_to_all: bool = True
    """Each node is told of each message of a chat and of each login; else those with members in the room."""
    whole_lists: bool = True
    """Each node knows all rooms in use and sends whole lists of them; else nothing of other nodes."""


AS_BUILT = Design()
BEYOND = Design(facts_to_all=False, whole_lists=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """The events of the whole cluster in a second."""

    connects: float
    joins: float
    candidates: float
    descriptions: float
    chat: float
    heartbeats: float
    rooms_changed: float
    """Calls that begin or end."""
    attendance: float
    requests: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """The traffic between nodes in a second, all together: messages, the entries that hold them, bytes."""

    messages: float
    entries: float
    size: float
    decided: float = 0.0
    """Those of the messages that are about joins and leaves: questions, decisions."""

    def without_decisions(self) -> "Between":
        share = 1 - self.decided / self.messages if self.messages else 1.0
        return Between(messages=self.messages * share, entries=self.entries * share, size=self.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """The use of machines by so many sockets on so many nodes. CPU in cores, network in bytes a second."""

    sockets: int
    nodes: int
    node_cores: float
    """Of all nodes together."""
    node_load: float
    """Of one node, as a share of a core."""
    overhead: float
    """The part of `node_load` that one more node does not lessen: what the others tell it."""
    node_memory: float
    """Bytes of one node."""
    list_bytes: float
    """Bytes a second of `share-rooms` that one node sends."""
    redis_requests: float
    """Commands a second."""
    redis_cores: float
    redis_fixed_cores: float
    """The part of `redis_cores` that stays on one shard: leases, ownership and counts have one hash tag."""
    redis_bytes: float
    postgres_writes: float
    """Commits a second."""
    postgres_cores: float
    across: float
    """The share of the peers that are at another node."""
    batch: float
    """Messages of an entry."""


@dataclass(frozen=True, slots=True)
class Limit:
    """An end of the growth: the resource, the sockets at which it is used up, and what then."""

    name: str
    sockets: int
    then: str = field(compare=False, default="")


THEN = {
    "node": "Every node hears of all chats, logins and rooms in use. Facts have to go to those nodes alone "
    "that have members in the room, or a socket of the person.",
    "redis": "Redis Cluster: each inbox has a slot of its own, so shards share them; sharded pub/sub with a "
    "channel for each call (SPUBLISH) would spread the same load by call. `cluster/redis/wire` has to follow "
    "MOVED then, and to keep a connection for each shard.",
    "redis-tag": "Leases, ownership and counts have one hash tag, so that one shard answers for all of them. "
    "Ownership needs a tag by call and counts one by address; leases stay together.",
    "redis-network": "Shards of Redis on machines of their own (Redis Cluster), as for its CPU.",
    "postgres": "A replica for what is only read (lists, entries), and a larger machine.",
    "commits": "Messages and attendance in partitions by room, on servers of their own (Citus, or a database "
    "for each group of rooms); sessions by person. Refresh tokens in Redis would save the most commits.",
    "room-list": "`share-rooms` names all rooms in use to everybody outside calls, if only once a minute. It "
    "has to send changes, or the rooms that a page shows; the list by HTTP has pages already.",
}


def traffic(sockets: float, profile: Profile) -> Traffic:
    minute = 1 / 60
    in_call = sockets * profile.in_call
    joins = in_call * profile.joins_per_minute * minute
    churn = sockets * profile.churn_per_minute * minute
    peers = profile.people_per_call - 1
    negotiations = (joins + churn * profile.in_call) * peers
    chat = in_call * profile.chat_per_minute * minute
    return Traffic(
        connects=joins + churn,
        joins=joins,
        candidates=negotiations * 2 * profile.candidates_per_peer,
        descriptions=negotiations * 2,
        chat=chat,
        heartbeats=sockets * profile.heartbeats_per_minute * minute,
        rooms_changed=2 * joins / profile.people_per_call,
        attendance=2 * joins * profile.event_share,
        requests={
            "login": joins * profile.logins_per_join,
            "access": joins * profile.passwords_per_join,
            "refresh": sockets * profile.refreshes_per_minute * minute + joins,
            "entry": joins,
            "page": joins,
            "message": chat,
        },
    )


def batching(messages: float, receivers: int, round_trip: float) -> float:
    """Return how many messages an entry holds, of a node that sends so many a second to so many others.

    All that is queued while a round is under way is the next one, with an entry for each receiver that gets
    something: the occupied cells of the classical occupancy problem.
    """
    if receivers < 1 or messages <= 0:
        return 1.0
    queued = messages * round_trip
    if queued <= 1:
        return 1.0
    occupied = receivers * (1.0 - float((1 - 1 / receivers) ** queued))
    return max(1.0, queued / occupied)


def load_of(found: Needs, profile: Profile, costs: Costs, limits: Limits, design: Design = AS_BUILT) -> Load:
    """Return the load of a plan for the simulation, whose delays are those of candidates.

    Descriptions count as candidates. Hashes of passwords are left out, since threads compute them.
    """
    happening = traffic(found.sockets, profile)
    calls, told = between_nodes(happening, profile, found.nodes, costs, design)
    relays = happening.candidates + happening.descriptions
    decided = calls.messages - relays * found.across
    at_load = costs.join.at(limits.node_load)
    everywhere = (
        (happening.heartbeats, costs.heartbeat),
        (happening.connects, costs.connect),
        (happening.joins + happening.connects, at_load),
        *((count, costs.requests[kind].node) for kind, count in happening.requests.items()),
    )
    heard = (told.messages / found.nodes, costs.fact)
    return Load(
        nodes=found.nodes,
        rate=relays,
        across=found.across,
        cores=None,
        seconds=min(5.0, SIMULATED_MESSAGES / (relays + decided + told.messages)),
        is_even=False,
        told=decided + told.messages,
        work=(*((rate / found.nodes, cost) for rate, cost in everywhere), heard),
    )


def join_messages(places: int) -> float:
    """Return how many messages between nodes a join causes, if a call fills and each is at another node.

    The first owns the call. A later one asks, and its node gets a snapshot first; the decision goes to it and
    to all others in the call but the owner.
    """
    later = range(1, places)
    return sum(1 + 1 + place for place in later) / places


def between_nodes(
    happening: Traffic, profile: Profile, nodes: int, costs: Costs, design: Design
) -> tuple[Between, Between]:
    """Return what concerns calls, and what every node is told, in the whole cluster."""
    if nodes == 1:
        nothing = Between(messages=0.0, entries=0.0, size=0.0)
        return nothing, nothing
    across = 1 - 1 / nodes
    peers = profile.people_per_call - 1
    others = (nodes - 1) * (1 - (1 - 1 / (nodes - 1)) ** (peers * across)) if nodes > 2 else across
    changes = happening.joins + happening.connects  # joins, leaves, returns
    questions, decisions = changes * across, changes * (across + others)
    relayed = happening.candidates * across, happening.descriptions * across
    calls = questions + decisions + sum(relayed)
    calls_size = (questions + decisions) * DECISION_BYTES + relayed[0] * CANDIDATE_BYTES
    calls_size += relayed[1] * DESCRIPTION_BYTES
    logins = happening.requests["login"] + happening.requests["refresh"]
    facts = (happening.chat + logins) * (nodes - 1) if design.facts_to_all else happening.chat * others
    told, told_size = facts, facts * FACT_BYTES
    if design.whole_lists:
        told += min(happening.rooms_changed, ROOM_TELLINGS * nodes) * (nodes - 1)
        told_size += happening.rooms_changed * (nodes - 1) * ROOM_BYTES
    batch = batching((calls + told) / nodes, nodes - 1, costs.round_trip)
    return (
        Between(messages=calls, entries=calls / batch, size=calls_size, decided=questions + decisions),
        Between(messages=told, entries=told / batch, size=told_size),
    )


def needs(
    sockets: int, nodes: int, profile: Profile, costs: Costs, limits: Limits, design: Design = AS_BUILT
) -> Needs:
    """Compute what the sockets use on so many nodes, which may be more than there is."""
    happening = traffic(sockets, profile)
    calls, told = between_nodes(happening, profile, nodes, costs, design)
    batch = (calls.messages + told.messages) / (calls.entries + told.entries) if calls.entries else 1.0
    across = 1 - 1 / nodes
    shared = _shared(happening, costs, limits, nodes, calls)
    at_rest, list_bytes = _list(happening, profile, costs, sockets, nodes if design.whole_lists else None)
    at_rest += costs.node_at_rest
    hears = (_messages(costs.send, told) + _messages(costs.receive, told)) / nodes
    overhead = at_rest + hears + told.messages / nodes * costs.fact
    fixed, spread, requests = _redis(happening, costs, limits, nodes, (calls, told))
    rooms = sockets * profile.in_call / profile.people_per_call
    writes = sum(costs.requests[kind].commits * count for kind, count in happening.requests.items())
    database = sum(costs.requests[kind].postgres * count for kind, count in happening.requests.items())
    return Needs(
        sockets=sockets,
        nodes=nodes,
        node_cores=(shared / nodes + overhead) * nodes,
        node_load=shared / nodes + overhead,
        overhead=overhead,
        node_memory=costs.node_memory
        + sockets / nodes * costs.socket_memory
        + rooms * across * costs.room_elsewhere_memory * design.whole_lists,
        list_bytes=list_bytes,
        redis_requests=requests,
        redis_cores=fixed + spread,
        redis_fixed_cores=fixed,
        redis_bytes=(calls.size + told.size) * 2,
        postgres_writes=writes + happening.attendance,
        postgres_cores=database + happening.attendance * costs.attendance_postgres,
        across=across,
        batch=batch,
    )


def _shared(happening: Traffic, costs: Costs, limits: Limits, nodes: int, calls: Between) -> float:
    """Return the cores for what is shared among the nodes, however many there are."""
    load = limits.node_load
    cores = happening.heartbeats * costs.heartbeat + happening.connects * costs.connect
    cores += (happening.joins + happening.connects) * costs.join.at(load)  # joins, leaves, returns
    cores += happening.candidates * costs.candidate.at(load)
    cores += happening.descriptions * costs.description.at(load)
    cores += sum(
        (costs.requests[kind].node + costs.requests[kind].hashing) * count
        for kind, count in happening.requests.items()
    )
    cores += happening.joins * (1 - 1 / nodes) * costs.own_question + calls.decided * costs.decision
    relayed = calls.without_decisions()
    return cores + _messages(costs.send, relayed) + _messages(costs.receive, relayed)


def _list(
    happening: Traffic, profile: Profile, costs: Costs, sockets: int, nodes: int | None
) -> tuple[float, float]:
    """Return the cores that `share-rooms` takes at a node, and the bytes a second; None: no whole lists."""
    if nodes is None:
        return 0.0, 0.0
    rooms = sockets * profile.in_call / profile.people_per_call
    watching = sockets * (1 - profile.in_call) / nodes
    size = rooms * profile.room_name_bytes
    telling, sending = rooms * costs.list_room, watching * size * costs.list_byte
    tellings = min(ROOM_TELLINGS, happening.rooms_changed, LIST_SHARE / telling if telling else inf)
    pause = min(watching * size / BYTES_PER_SECOND, LONGEST_PAUSE_SECONDS)
    rounds = min(tellings, 1 / pause if pause else inf, LIST_SHARE / (telling + sending) if telling else inf)
    return tellings * telling + rounds * sending, rounds * watching * size


def _messages(cost: Paced, between: Between) -> float:
    return between.messages * cost.busy + between.entries * (cost.rested - cost.busy)


def _redis(
    happening: Traffic, costs: Costs, limits: Limits, nodes: int, messages: tuple[Between, Between]
) -> tuple[float, float, float]:
    """Return the cores for what stays on one shard and for the rest, and the requests a second."""
    if nodes == 1:
        return 0.0, 0.0, 0.0
    wake = costs.redis_wake * (1 - limits.redis_load)
    entries = sum(one.entries for one in messages)
    spread = entries * (costs.redis_entry + 2 * wake) + sum(one.size for one in messages) * costs.redis_byte
    spread += sum(costs.requests[kind].redis * count for kind, count in happening.requests.items())
    questions = happening.joins * (1 - 1 / nodes)
    fixed = costs.redis_at_rest + nodes * RENEWALS * (costs.redis_renewal + nodes * costs.redis_renewal_lease)
    fixed += happening.connects * (costs.redis_claim + wake) + questions * (costs.redis_own + wake)
    requests = entries * 2 + nodes * RENEWALS * 3 + happening.connects + questions
    requests += sum(costs.requests[kind].redis_requests * count for kind, count in happening.requests.items())
    return fixed, spread, requests


def fewest_nodes(
    sockets: int, profile: Profile, costs: Costs, limits: Limits, design: Design = AS_BUILT
) -> int | None:
    """Return the fewest nodes that carry the sockets; None where more of them do not help."""
    nodes = max(1, ceil(sockets / limits.node_sockets))
    while nodes <= MOST_NODES:
        found = needs(sockets, nodes, profile, costs, limits, design)
        if found.node_load <= limits.node_load:
            return nodes
        left = limits.node_load - found.overhead
        if left <= 0:
            return None
        nodes = max(nodes + 1, ceil((found.node_load - found.overhead) * nodes / left))
    return None


def plan(
    sockets: int, profile: Profile, costs: Costs, limits: Limits, design: Design = AS_BUILT
) -> Needs | None:
    nodes = fewest_nodes(sockets, profile, costs, limits, design)
    return None if nodes is None else needs(sockets, nodes, profile, costs, limits, design)


def limits_reached(
    profile: Profile, costs: Costs, limits: Limits, *, most: int = MOST_SOCKETS
) -> list[Limit]:
    """Return what ends the growth of a cluster with one Redis and one PostgreSQL, the first first.

    Beyond the number that no number of nodes carries, nothing is looked for.
    """
    reached = []
    carried = _first(most, lambda sockets: fewest_nodes(sockets, profile, costs, limits) is None)
    if carried is not None:
        reached.append(Limit("node", carried, THEN["node"]))
        most = carried - 1
    for name in THEN.keys() - {"node"}:
        found = _first(most, partial(_exceeds, name, profile, costs, limits))
        if found is not None:
            reached.append(Limit(name, found, THEN[name]))
    return sorted(reached, key=lambda one: one.sockets)


def _exceeds(name: str, profile: Profile, costs: Costs, limits: Limits, sockets: int) -> bool:
    found = plan(sockets, profile, costs, limits)
    if found is None:
        return True
    used, allowed = {
        "redis": (found.redis_cores, limits.redis_load),
        "redis-tag": (found.redis_fixed_cores, limits.redis_load),
        "redis-network": (found.redis_bytes / 2, limits.network_bytes),
        "postgres": (found.postgres_cores, limits.postgres_cores * limits.postgres_load),
        "commits": (found.postgres_writes, limits.commits),
        "room-list": (found.list_bytes * min(found.nodes, limits.cores_per_machine), limits.network_bytes),
    }[name]
    return used > allowed


def _first(most: int, is_reached: Callable[[int], bool]) -> int | None:
    """Return the least number at which something is reached; None if it is not up to `most`.

    What is reached may be left again (a list that takes too long is sent less often), so steps come first.
    """
    low, high = 0, 100
    while not is_reached(min(high, most)):
        if high >= most:
            return None
        low, high = high, high + ceil(high / 5)
    high = min(high, most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_reached(middle) else (middle, high)
    return high
