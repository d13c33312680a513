"""Counts that all nodes share: how many each lease has of something, and how many all may have together.

A node writes how many it has, and never adds: a request that is sent again changes nothing. Counts of leases
that have ended are passed over, and removed by the next claim. Addresses and people are hashed: counts stay
in Redis for a day, where messages between nodes stay for seconds.
"""

import hashlib
from collections.abc import Mapping, Sequence

from parlour.cluster.coordinator import CountClaim, LeaseId
from parlour.cluster.redis.connections import RedisLink, ask
from parlour.redis_client import bounded

KEPT_MILLISECONDS = 24 * 60 * 60 * 1_000
"""A node writes its counts anew much more often; those of a cluster that is gone are removed by Redis."""
_A_REQUEST = 250

# KEYS: leases, then a hash for each claim. ARGV: lease, milliseconds, then `own` and `limit` of each claim.
_CLAIM = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for i = 2, #KEYS do
  local total = tonumber(ARGV[2 * i - 1])
  local held = redis.call('HGETALL', KEYS[i])
  for j = 1, #held, 2 do
    if held[j] ~= ARGV[1] then
      local ends = redis.call('ZSCORE', KEYS[1], held[j])
      if ends and tonumber(ends) > now then
        total = total + tonumber(held[j + 1])
      else
        redis.call('HDEL', KEYS[i], held[j])
      end
    end
  end
  if total > tonumber(ARGV[2 * i]) then return i - 2 end
end
for i = 2, #KEYS do
  redis.call('HSET', KEYS[i], ARGV[1], ARGV[2 * i - 1])
  redis.call('PEXPIRE', KEYS[i], ARGV[2])
end
return -1
"""


class SharedCounts:
    """The questions to Redis about counts. Each raises one of REDIS_UNAVAILABLE."""

    def __init__(self, link: RedisLink, secret: str) -> None:
        self._redis = link.questions
        self._link = link
        self._salt = hashlib.sha256(b"parlour counts " + secret.encode()).digest()

    async def claim(self, lease_id: LeaseId, claims: Sequence[CountClaim]) -> int | None:
        """Return the index of the first claim that does not fit, with nothing written; None if all do."""
        keys = [self._link.keys.leases, *(self._key(claim.name) for claim in claims)]
        values = [number for claim in claims for number in (claim.own, claim.limit)]
        async with bounded(self._link.times.patience):
            refused: int = await ask(
                self._redis, "EVAL", _CLAIM, len(keys), *keys, lease_id, KEPT_MILLISECONDS, *values
            )
        return None if refused < 0 else refused

    async def write(self, lease_id: LeaseId, counts: Mapping[str, int]) -> None:
        items = list(counts.items())
        for start in range(0, len(items), _A_REQUEST):
            async with (
                bounded(self._link.times.patience),
                self._redis.pipeline(transaction=False) as pipe,
            ):
                for name, count in items[start : start + _A_REQUEST]:
                    key = self._key(name)
                    if count:
                        pipe.execute_command("HSET", key, lease_id, count)
                        pipe.execute_command("PEXPIRE", key, KEPT_MILLISECONDS)
                    else:
                        pipe.execute_command("HDEL", key, lease_id)
                await pipe.execute()

    def _key(self, name: str) -> str:
        hashed = hashlib.blake2b(name.encode(), key=self._salt, digest_size=12).hexdigest()
        return self._link.keys.counts(hashed)
