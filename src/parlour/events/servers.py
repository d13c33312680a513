"""Which servers work on this database, and which of them have died: each row of attendance is kept by one.

A server says that it lives whenever it writes attendance, every ten seconds while anybody is at an event or
another server is there. One that died is known at once on its own machine, where its process is gone, and by
its silence elsewhere. Times are the database's, since the clocks of two machines may differ.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, func, insert, select, update

from parlour.core import utc_now
from parlour.db.database import AsyncConnection
from parlour.db.tables import servers
from parlour.node_id import NodeId

SILENT_FOR = timedelta(seconds=40)
"""Four proofs that did not come."""


@dataclass(frozen=True, slots=True)
class Server:
    """`process` says which process of which machine it is, where that is known."""

    node_id: NodeId
    process: str
    seen_at: datetime


class ServerRegistry:
    """This node among the servers of the database; rows of attendance name it by its node id."""

    def __init__(
        self,
        node_id: NodeId,
        *,
        clock: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self.node_id = node_id
        self._process = _process(os.getpid())
        self._watching_since: float | None = None

    async def beat(self, connection: AsyncConnection) -> None:
        """Says that this server lives, also where another one had given it up."""
        now = await self._now(connection)
        beaten = await connection.execute(
            update(servers).where(servers.c.id == self.node_id).values(seen_at=now)
        )
        if beaten.rowcount == 0:
            await connection.execute(
                insert(servers).values(id=self.node_id, process=self._process, seen_at=now)
            )

    async def end(self, connection: AsyncConnection) -> None:
        """This server keeps no row any more."""
        await connection.execute(delete(servers).where(servers.c.id == self.node_id))

    async def dead(self, connection: AsyncConnection) -> list[Server]:
        """Silence counts only for who has watched it: while the database was away all others were silent."""
        watched = self._watched()
        now = await self._now(connection)
        others = await connection.execute(select(servers).where(servers.c.id != self.node_id))
        return [
            other
            for other in (Server(NodeId(row.id), row.process, row.seen_at) for row in others)
            if not self._lives(other, now=now, watched=watched)
        ]

    def watch(self) -> None:
        """The database answers: from now on the silence of others counts, if it did not before."""
        self._watched()

    def lost_sight(self) -> None:
        """The database did not answer: from now on silence is watched anew."""
        self._watching_since = None

    async def has_company(self, connection: AsyncConnection) -> bool:
        """Tell if there are other servers, be they dead."""
        others = select(func.count()).select_from(servers).where(servers.c.id != self.node_id)
        return bool((await connection.execute(others)).scalar())

    async def forget(self, connection: AsyncConnection, dead: list[Server]) -> None:
        await connection.execute(delete(servers).where(servers.c.id.in_([server.node_id for server in dead])))

    async def _now(self, connection: AsyncConnection) -> datetime:
        """Ask PostgreSQL for its time; SQLite is a file of this machine, whose clock is at hand."""
        if connection.dialect.name == "sqlite":
            return self._clock()
        moment: datetime = (await connection.execute(select(func.now()))).scalar_one()
        return moment

    def _watched(self) -> bool:
        now = self._monotonic()
        if self._watching_since is None:
            self._watching_since = now
        return now - self._watching_since >= SILENT_FOR.total_seconds()

    def _lives(self, other: Server, *, now: datetime, watched: bool) -> bool:
        machine, _, process = other.process.rpartition(" ")
        if machine and machine == self._process.rpartition(" ")[0]:
            pid, _, _ = process.partition(":")
            return _process(int(pid)) == other.process
        return not watched or now - other.seen_at <= SILENT_FOR


def _process(pid: int) -> str:
    """The boot of the machine, the namespace of process ids, then the process and when it began.

    Empty where there is no such process, or no Linux.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        namespace = os.readlink("/proc/self/ns/pid")  # noqa: PTH115 - it points to nothing
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    state, *fields = status.rpartition(")")[2].split()
    if state in ("Z", "X"):  # ended, and not yet waited for
        return ""
    return f"{boot} {namespace} {pid}:{fields[18]}"
