"""Counts of failures and of requests by unknown callers: a flood of requests makes no flood of rows."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_network

import structlog
from sqlalchemy import delete, select

from parlour.audit.texts import KEPT_FOR, storable
from parlour.db.database import Database
from parlour.db.tables import audit_counts
from parlour.db.upsert import add_to_counts

MAX_AN_HOUR = 200
"""Rows of one hour; what would be one more counts for all addresses together."""
REFUSALS_KEPT = 60
"""Rows of one hour for what one known person was refused; further ones are counted too."""
MAX_PEOPLE = 10_000
"""The most people whose refusals are counted for that."""
WRITE_AFTER_SECONDS = 1.0

log = structlog.get_logger("parlour.audit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """An occurrence that is counted in the hour from `at` on; `subject` is the account it was tried on."""

    at: datetime
    kind: str
    code: str
    subject: str
    network: str


class AuditCounts:
    """`count` never waits. Nothing that a stranger wrote is kept but the address, as its network."""

    def __init__(self, *, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._hour: datetime | None = None
        self._this_hour: set[Counted] = set()
        self._refused: Counter[str] = Counter()
        self._waiting: Counter[Counted] = Counter()
        self._counted = asyncio.Event()

    def count(self, *, kind: str, code: str, subject: str, address: str) -> None:
        hour = self._begun_hour()
        code, network = storable(code, 64), network_of(address)
        counted = Counted(at=hour, kind=kind, code=code, subject=storable(subject), network=network)
        if counted not in self._this_hour and len(self._this_hour) >= MAX_AN_HOUR:
            counted = Counted(at=hour, kind=kind, code=code, subject="", network="")
        self._this_hour.add(counted)
        self._waiting[counted] += 1
        self._counted.set()

    def note_refusal(self, actor: str) -> bool:
        """One more of that person; whether it is to be counted, instead of kept as a row."""
        self._begun_hour()
        if actor not in self._refused and len(self._refused) >= MAX_PEOPLE:
            return True
        self._refused[actor] += 1
        return self._refused[actor] > REFUSALS_KEPT

    def _begun_hour(self) -> datetime:
        hour = self._clock().replace(minute=0, second=0, microsecond=0)
        if hour != self._hour:
            self._hour, self._this_hour, self._refused = hour, set(), Counter()
        return hour

    async def step(self) -> None:
        """Wait for something to count, and write what comes within WRITE_AFTER_SECONDS together."""
        await self._counted.wait()
        await asyncio.sleep(WRITE_AFTER_SECONDS)
        await self.flush()

    async def flush(self) -> None:
        """Writes what waits. Raises SQLAlchemyError, and keeps it then."""
        self._counted.clear()
        taken, self._waiting = self._waiting, Counter()
        try:
            await self._write(taken)
        except BaseException:
            self._waiting += taken
            self._counted.set()
            raise

    async def newest(self, limit: int) -> list[tuple[Counted, int]]:
        """Oldest first."""
        query = select(audit_counts).order_by(audit_counts.c.at.desc(), audit_counts.c.id.desc()).limit(limit)
        async with self._database.reading() as connection:
            rows = list(await connection.execute(query))
        return [
            (
                Counted(at=row.at, kind=row.kind, code=row.code, subject=row.subject, network=row.network),
                row.times,
            )
            for row in reversed(rows)
        ]

    async def _write(self, counts: Counter[Counted]) -> None:
        if not counts:
            return
        async with self._database.transaction() as connection:
            for counted in sorted(counts, key=repr):  # in one order, or two servers block each other
                values = {
                    "at": counted.at,
                    "kind": counted.kind,
                    "code": counted.code,
                    "subject": counted.subject,
                    "network": counted.network,
                    "times": counts[counted],
                }
                await add_to_counts(connection, audit_counts, values)
            oldest = self._clock() - KEPT_FOR - timedelta(hours=1)
            await connection.execute(delete(audit_counts).where(audit_counts.c.at < oldest))


def network_of(address: str) -> str:
    """Return the network that one attacker may own whole: a /24 of IPv4, a /48 of IPv6."""
    try:
        return str(ip_network(f"{address}/{48 if ':' in address else 24}", strict=False))
    except ValueError:
        return ""
