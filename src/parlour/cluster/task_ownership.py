"""Which tasks of the cluster this node runs: those that its lease owns by their names."""

import asyncio
import time

import structlog

from parlour.cluster.coordinator import CoordinationUnavailable, Coordinator

AWAY_SECONDS = 5.0
"""The time after which a node that cannot ask Redis runs the tasks by itself."""

log = structlog.get_logger("parlour.cluster")


class ClusterTasks:
    """While Redis cannot be asked, each node runs the tasks: the database keeps what each does in order, and
    people whose time is over must not wait for Redis.
    """

    def __init__(self, coordinator: Coordinator) -> None:
        self._coordinator = coordinator
        self._own: set[str] = set()
        self._away_since: float | None = None
        self._left = asyncio.Event()

    async def own(self, name: str) -> bool:
        if self._left.is_set():
            return False
        try:
            ownership = await self._coordinator.own(_key(name))
        except CoordinationUnavailable:
            now = time.monotonic()
            if self._away_since is None:
                self._away_since = now
            return now - self._away_since >= AWAY_SECONDS
        self._away_since = None
        if self._left.is_set():  # meanwhile
            await self.give_up(name)
            return False
        lease = self._coordinator.lease
        is_own = lease is None or ownership.owner == lease.lease_id
        if is_own and name not in self._own:
            self._own.add(name)
            log.info("cluster.task_begun", task=name)
        elif not is_own and name in self._own:
            self._own.discard(name)
            log.info("cluster.task_elsewhere", task=name, owner=ownership.owner)
        return is_own

    async def give_up(self, name: str) -> None:
        self._own.discard(name)
        try:
            await self._coordinator.disown(_key(name))
        except CoordinationUnavailable:
            return

    async def leave(self) -> None:
        self._left.set()
        for name in tuple(self._own):
            await self.give_up(name)
            log.info("cluster.task_given_up", task=name)


def _key(name: str) -> str:
    return f"task {name}"
