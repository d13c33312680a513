"""Who is in a cluster, as Redis knows it: for `parlour nodes`, which is no node itself."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from parlour.cluster.coordinator import Lease, LeaseId
from parlour.cluster.redis.connections import Keys, LeaseTimes, RedisLink
from parlour.cluster.redis.descriptions import UnreadableDescription, decode_description, decode_state


@dataclass(frozen=True, slots=True)
class SeenNode:
    """A node whose lease goes on: what it holds, the seconds since it renewed its lease, and the entries in
    its inbox, which it has not read or not yet removed.
    """

    lease: Lease
    holds: Mapping[str, int]
    seen_ago: float
    inbox: int


async def seen_nodes(url: str, *, secret: str, patience: float) -> list[SeenNode]:
    """Return the nodes, oldest first, within `patience` seconds; those that this version cannot read are left
    out. Raises one of REDIS_UNAVAILABLE.
    """
    link = RedisLink.to(url, secret=secret, times=LeaseTimes(patience=patience))
    try:
        async with asyncio.timeout(patience):
            return await _read(link.questions, link.keys)
    finally:
        await link.aclose()


async def _read(redis: Any, keys: Keys) -> list[SeenNode]:
    async with redis.pipeline(transaction=False) as pipe:
        pipe.execute_command("TIME")
        pipe.execute_command("ZRANGE", keys.leases, "0", "-1", "WITHSCORES")
        pipe.execute_command("HGETALL", keys.nodes)
        pipe.execute_command("HGETALL", keys.states)
        (seconds, microseconds), leases, descriptions, states = await pipe.execute()
    now = int(seconds) * 1_000 + int(microseconds) // 1_000
    living = [
        LeaseId(lease.decode())
        for lease, ends in zip(leases[::2], leases[1::2], strict=True)
        if int(ends) > now
    ]
    async with redis.pipeline(transaction=False) as pipe:
        for lease_id in living:
            pipe.execute_command("XLEN", keys.inbox(lease_id))
        lengths = await pipe.execute() if living else []
    nodes = []
    for lease_id, length in zip(living, lengths, strict=True):
        description, state = descriptions.get(lease_id.encode()), states.get(lease_id.encode())
        if description is None or state is None:
            continue
        renewed_at, _, holds = state.partition(b" ")
        try:
            lease, counts = decode_description(lease_id, description), decode_state(holds)
        except UnreadableDescription:
            continue
        nodes.append(SeenNode(lease, counts, max(0.0, (now - int(renewed_at)) / 1_000), length))
    return sorted(nodes, key=lambda node: (node.lease.description.started_at, node.lease.lease_id))
