"""Leases and ownership in Redis: scripts, so that each question is answered in one step.

Times are Redis's own, so the clocks of the nodes do not matter. Leases stand in a sorted set with the
milliseconds at which each ends; an ownership is a record `lease epoch` and counts while that lease goes on.
The records of the dead are removed by whoever renews next, a bounded number at a time.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from parlour.cluster.batches import FAREWELL, Batch, encode
from parlour.cluster.coordinator import Lease, LeaseId, Ownership
from parlour.cluster.redis.connections import RedisLink, ask
from parlour.cluster.redis.descriptions import encode_description
from parlour.redis_client import bounded

MAX_INBOX_ENTRIES = 4_096
KEPT_SECONDS = 86_400
"""What no node has touched for so long is removed by Redis: the cluster is gone."""
BATCH_FIELD = b"b"
"""The field of an entry that has a batch."""
_HELLO = b"hello"

_NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""

# KEYS: leases, nodes, states, owners, epoch, owned by the lease.
# ARGV: lease, milliseconds, description, state, '1' for a new lease, prefix of `owned`, seconds to keep keys.
_RENEW = (
    _NOW
    + """
local ends = redis.call('ZSCORE', KEYS[1], ARGV[1])
if ARGV[5] ~= '1' and (not ends or tonumber(ends) <= now) then return false end
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
redis.call('HSET', KEYS[3], ARGV[1], string.format('%.0f', now) .. ' ' .. ARGV[4])
for _, dead in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, 4)) do
  local names = redis.call('SPOP', ARGV[6] .. dead, 500)
  for _, name in ipairs(names) do
    local record = redis.call('HGET', KEYS[4], name)
    if record and string.sub(record, 1, #dead + 1) == dead .. ' ' then redis.call('HDEL', KEYS[4], name) end
  end
  if #names < 500 then
    redis.call('ZREM', KEYS[1], dead)
    redis.call('HDEL', KEYS[2], dead)
    redis.call('HDEL', KEYS[3], dead)
  end
end
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, ARGV[7]) end
local answer = {}
for _, lease in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf')) do
  local description = redis.call('HGET', KEYS[2], lease)
  if description then
    answer[#answer + 1] = lease
    answer[#answer + 1] = description
  end
end
return answer
"""
)

# KEYS: leases, owners, epoch, owned by the lease. ARGV: lease, name, seconds to keep keys.
_OWN = (
    _NOW
    + """
local function lives(lease)
  local ends = redis.call('ZSCORE', KEYS[1], lease)
  return ends and tonumber(ends) > now
end
if not lives(ARGV[1]) then return false end
local record = redis.call('HGET', KEYS[2], ARGV[2])
if record then
  local owner, epoch = string.match(record, '^(%S+) (%d+)$')
  if owner == ARGV[1] or lives(owner) then return {owner, epoch} end
end
local last = tonumber(redis.call('GET', KEYS[3]) or '0')
local epoch = string.format('%.0f', math.max(now, last + 1))
redis.call('SET', KEYS[3], epoch)
redis.call('HSET', KEYS[2], ARGV[2], ARGV[1] .. ' ' .. epoch)
redis.call('SADD', KEYS[4], ARGV[2])
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, ARGV[3]) end
return {ARGV[1], epoch}
"""
)

# KEYS: owners, owned by the lease. ARGV: lease, name.
_DISOWN = """
local record = redis.call('HGET', KEYS[1], ARGV[2])
if record and string.sub(record, 1, #ARGV[1] + 1) == ARGV[1] .. ' ' then
  redis.call('HDEL', KEYS[1], ARGV[2])
end
redis.call('SREM', KEYS[2], ARGV[2])
return true
"""


@dataclass(frozen=True, slots=True)
class Renewed:
    """The lease goes on; `leases` are all that do, this one included, with their descriptions as they stand
    in Redis.
    """

    leases: dict[LeaseId, bytes]


class Registry:
    """The questions to Redis about leases and ownership.

    Each ends within the patience, or raises one of REDIS_UNAVAILABLE.
    """

    def __init__(self, link: RedisLink) -> None:
        self._redis = link.questions
        self._keys = link.keys
        self._times = link.times

    async def register(self, lease: Lease, *, state: bytes) -> Renewed:
        """Begin a lease, with an empty inbox."""
        inbox = self._keys.inbox(lease.lease_id)
        async with bounded(self._times.patience), self._redis.pipeline(transaction=False) as pipe:
            pipe.xadd(inbox, {_HELLO: b""})
            pipe.pexpire(inbox, self._inbox_milliseconds)
            pipe.execute_command(*self._renewal(lease, state, is_new=True))
            *_, answer = await pipe.execute()
        return Renewed(_leases_of(answer))

    async def renew(self, lease: Lease, *, state: bytes, read_to: bytes) -> Renewed | None:
        """Renew a lease, and drop what was read from the inbox; return None if the lease has ended.

        A lease without its inbox is of no use, and counts as ended: the inbox keeps at least the entry that
        was read last. One without it is that of a replica, of whose clock nothing is known: what is written
        there might count as read already.
        """
        inbox = self._keys.inbox(lease.lease_id)
        async with bounded(self._times.patience), self._redis.pipeline(transaction=False) as pipe:
            pipe.execute_command("XTRIM", inbox, "MINID", "=", read_to)
            pipe.execute_command("XLEN", inbox)
            pipe.pexpire(inbox, self._inbox_milliseconds)
            pipe.execute_command(*self._renewal(lease, state, is_new=False))
            _, entries, _, answer = await pipe.execute()
        return Renewed(_leases_of(answer)) if entries and answer is not None else None

    async def leave(self, lease_id: LeaseId, *, others: Iterable[LeaseId] = ()) -> None:
        """End a lease now, and have the others look at once who is there: they take its calls over."""
        farewell = encode(Batch(lease_id, FAREWELL, []))
        async with bounded(self._times.patience), self._redis.pipeline(transaction=False) as pipe:
            pipe.execute_command("ZADD", self._keys.leases, "XX", 0, lease_id)
            pipe.execute_command("UNLINK", self._keys.inbox(lease_id))
            for other in others:
                pipe.xadd(self._keys.inbox(other), {BATCH_FIELD: farewell}, nomkstream=True)
            await pipe.execute()

    async def own(self, lease_id: LeaseId, name: str) -> Ownership | None:
        """Own a name unless a lease that goes on does. Return None if the asking lease has ended."""
        keys = self._keys
        async with bounded(self._times.patience):
            answer: list[bytes] | None = await ask(
                self._redis, "EVAL", _OWN, 4,
                keys.leases, keys.owners, keys.epoch, keys.owned(lease_id),
                lease_id, name, KEPT_SECONDS,
            )  # fmt: skip
        if answer is None:
            return None
        owner, epoch = answer
        return Ownership(name, LeaseId(owner.decode()), int(epoch))

    async def disown(self, lease_id: LeaseId, name: str) -> None:
        keys = self._keys
        async with bounded(self._times.patience):
            await ask(self._redis, "EVAL", _DISOWN, 2, keys.owners, keys.owned(lease_id), lease_id, name)

    @property
    def _inbox_milliseconds(self) -> int:
        return round(self._times.ttl * 2_500)

    def _renewal(self, lease: Lease, state: bytes, *, is_new: bool) -> tuple[Any, ...]:
        keys, milliseconds = self._keys, round(self._times.ttl * 1_000)
        own = keys.owned(lease.lease_id)
        names = (keys.leases, keys.nodes, keys.states, keys.owners, keys.epoch, own)
        values = (
            lease.lease_id,
            milliseconds,
            encode_description(lease),
            state,
            "1" if is_new else "0",
            keys.owned_prefix,
            KEPT_SECONDS,
        )
        return ("EVAL", _RENEW, len(names), *names, *values)


def _leases_of(answer: list[bytes]) -> dict[LeaseId, bytes]:
    return {LeaseId(lease.decode()): about for lease, about in zip(answer[::2], answer[1::2], strict=True)}
