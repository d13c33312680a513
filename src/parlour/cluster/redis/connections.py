"""The ways to Redis, each with explicit time limits, and the names of the keys."""

import hashlib
from dataclasses import dataclass
from typing import Any, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from parlour.cluster.coordinator import LeaseId
from parlour.cluster.redis.wire import WireOptions
from parlour.redis_client import RedisMaster, connection_pool

REDIS_UNAVAILABLE = (RedisError, OSError)
"""What a request raises if Redis is away, hangs or refuses; `asyncio.timeout` raises an OSError as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseTimes:
    """Seconds. A dead node is known to the others after `ttl` + `beat` at the latest.

    A node believes its lease to be over `margin` earlier than Redis does: clocks run at different speeds, and
    what was decided has to be sent. `patience` bounds each request, `block` the wait for messages.
    """

    ttl: float = 4.0
    beat: float = 0.8
    margin: float = 0.4
    patience: float = 0.8
    block: float = 1.0


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of a cluster. Those that a script touches have one hash tag, so that a Redis Cluster keeps
    them together; inboxes are spread.
    """

    prefix: str
    tag: str

    @staticmethod
    def of(secret: str) -> "Keys":
        """Name the keys after what the servers of one cluster alone know: two clusters in one Redis do not
        meet, and the secret cannot be read from the name.
        """
        tag = hashlib.sha256(b"parlour cluster " + secret.encode()).hexdigest()[:16]
        return Keys("parlour/cluster", tag)

    @property
    def leases(self) -> str:
        return self._common("leases")

    @property
    def nodes(self) -> str:
        return self._common("nodes")

    @property
    def states(self) -> str:
        return self._common("states")

    @property
    def owners(self) -> str:
        return self._common("owners")

    @property
    def epoch(self) -> str:
        return self._common("epoch")

    @property
    def owned_prefix(self) -> str:
        return self._common("owned") + "/"

    def owned(self, lease_id: LeaseId) -> str:
        return self.owned_prefix + lease_id

    def counts(self, hashed: str) -> str:
        return self._common("counts") + "/" + hashed

    def inbox(self, lease_id: LeaseId) -> str:
        return f"{self.prefix}/{self.tag}/inbox/{lease_id}"

    def _common(self, name: str) -> str:
        return f"{self.prefix}/{{{self.tag}}}/{name}"


@dataclass(frozen=True, slots=True)
class RedisLink:
    """How a node reaches its cluster's Redis: questions go by the library, messages by connections of their
    own (`wire`).
    """

    questions: Redis
    wire: WireOptions
    keys: Keys
    times: LeaseTimes

    @staticmethod
    def to(url: str, *, secret: str, times: LeaseTimes) -> "RedisLink":
        """`url` has been validated by the settings. No connection is opened yet."""
        master = RedisMaster.of(url, seconds=times.patience)
        pool = connection_pool(master, connections=4, seconds=times.patience)
        return RedisLink(Redis(connection_pool=pool), WireOptions.of(master), Keys.of(secret), times)

    async def aclose(self) -> None:
        await self.questions.aclose(close_connection_pool=True)


async def ask(client: Redis, *command: str | int) -> Any:
    """Send a command by its name, and return the plain answer: the library's own method has no types."""
    return await cast(Any, client).execute_command(*command)
