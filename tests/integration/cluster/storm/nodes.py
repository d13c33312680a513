"""The nodes of the storm, each with a way to Redis of its own, and what befalls them."""

import json
import os
import signal
from datetime import datetime, timedelta

import httpx

from tests.integration.cluster.storm.client import PATIENCE_SECONDS
from tests.integration.cluster.storm.redis_line import RedisLine
from tests.servers import ParlourServer
from tests.servers.packet_filter import PacketFilter
from tests.servers.parlour import NO_TLS

PROOF = timedelta(seconds=12)
"""The last proof of a person's presence may be so long before the end of its node."""


LEASE_ENDED = "cluster.lease_ended"
FAULTS = ("Traceback", '"level": "error"', '"level": "critical"')
UNAVAILABLE = "database_unavailable"


class Node:
    """A server. `struck_at` is when the disaster began from which it has not recovered for certain."""

    def __init__(self, number: int, server: ParlourServer, line: RedisLine, packets: PacketFilter) -> None:
        self.number = number
        self.server = server
        self.line = line
        self.is_dead = False
        self.is_frozen = False
        self.is_cut_off = False
        self._packets = packets
        self.struck_at: float | None = None
        self.http = httpx.AsyncClient(base_url=server.address, verify=NO_TLS, timeout=PATIENCE_SECONDS)

    @property
    def is_up(self) -> bool:
        return not self.is_dead and not self.is_frozen

    @property
    def reaches_redis(self) -> bool:
        """Return False if a disaster of this node keeps it from Redis, wherever Redis is."""
        return self.is_up and not self.is_cut_off

    @property
    def address(self) -> str:
        return self.server.address

    def freeze(self) -> None:
        self.is_frozen = True
        os.kill(self.server.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        if self.is_frozen:
            os.kill(self.server.pid, signal.SIGCONT)
            self.is_frozen = False

    def cut_off(self) -> None:
        """Have the kernel drop all packets between this node and Redis. Neither is told."""
        if not self.is_cut_off:
            self._packets.drop(self.line.port)
            self.is_cut_off = True

    def reconnect(self) -> None:
        if self.is_cut_off:
            self._packets.let_pass(self.line.port)
            self.is_cut_off = False

    def has_lost_a_lease(self) -> bool:
        """Return True if this node was out of Redis's reach for so long since the log was marked: a machine
        that has too much to do cuts nodes off, too (`Storm._expect_leases`).
        """
        return LEASE_ENDED in self.server.log_since_mark()

    def leases_ended_at(self) -> list[datetime]:
        """Return the times at which this node noticed the end of a lease since the log was marked."""
        lines = [line for line in self.server.log_lines(since_mark=True) if LEASE_ENDED in line]
        return [datetime.fromisoformat(json.loads(line)["timestamp"]) for line in lines]

    def expect_clean_log(self) -> None:
        """Nothing that went wrong is a fault of the program. Raises AssertionError.

        What a process had asked the database before it was suspended has taken too long afterwards.
        """
        lines = [line for line in self.server.log_since_mark().splitlines() if UNAVAILABLE not in line]
        faults = [line for line in lines if any(word in line for word in FAULTS)]
        assert not faults, "\n".join(faults[:5])

    async def aclose(self) -> None:
        self.thaw()
        self.reconnect()
        await self.http.aclose()
