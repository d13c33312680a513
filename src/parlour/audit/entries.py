"""The audit log of deeds and refusals, with actors and addresses: a task writes and shortens it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, insert, select

from parlour.audit.counts import AuditCounts
from parlour.audit.texts import KEPT_FOR, storable
from parlour.db.database import Database
from parlour.db.tables import audit_log

SHORTEN_EVERY = timedelta(hours=1)
MAX_WAITING = 10_000

log = structlog.get_logger("parlour.audit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """`code` is what happened: a word such as `login`, or the code of a refusal."""

    at: datetime
    kind: str
    code: str
    actor: str
    subject: str
    address: str


class AuditLog:
    """`record` never waits: an answer takes as long whether or not there is something to write.

    Who is refused all the time makes few rows: further refusals are counted by `counts`.
    """

    def __init__(self, *, database: Database, clock: Callable[[], datetime], counts: AuditCounts) -> None:
        self._counts = counts
        self._database = database
        self._clock = clock
        self._waiting: asyncio.Queue[Entry] = asyncio.Queue(MAX_WAITING)
        self._shortened_at: datetime | None = None

    def record(self, *, kind: str, code: str, actor: str, subject: str, address: str) -> None:
        if kind == "refusal" and self._counts.note_refusal(actor):
            self._counts.count(kind=kind, code=code, subject=actor, address=address)
            return
        entry = Entry(
            at=self._clock(),
            kind=kind,
            code=storable(code, 64),
            actor=storable(actor),
            subject=storable(subject),
            address=storable(address, 64),
        )
        try:
            self._waiting.put_nowait(entry)
        except asyncio.QueueFull:
            log.error("audit.lost", kind=kind, code=code)

    async def step(self) -> None:
        """Wait for entries and write them; what cannot be written waits on, as far as there is room."""
        entries = [await self._waiting.get(), *self._drained()]
        try:
            await self._write(entries)
        except BaseException:
            for entry in entries[: MAX_WAITING - self._waiting.qsize()]:
                self._waiting.put_nowait(entry)
            raise

    async def flush(self) -> None:
        """Write the entries that still wait, at the end of a server."""
        entries = self._drained()
        if entries:
            await self._write(entries)

    def _drained(self) -> list[Entry]:
        """Take all entries that wait now."""
        return [self._waiting.get_nowait() for _ in range(self._waiting.qsize())]

    async def newest(self, limit: int) -> list[Entry]:
        """Oldest first."""
        query = select(audit_log).order_by(audit_log.c.id.desc()).limit(limit)
        async with self._database.reading() as connection:
            rows = list(await connection.execute(query))
        return [
            Entry(
                at=row.at,
                kind=row.kind,
                code=row.code,
                actor=row.actor,
                subject=row.subject,
                address=row.address,
            )
            for row in reversed(rows)
        ]

    async def _write(self, entries: list[Entry]) -> None:
        now = self._clock()
        is_time = self._shortened_at is None or now - self._shortened_at >= SHORTEN_EVERY
        async with self._database.transaction() as connection:
            values = [
                {
                    "at": entry.at,
                    "kind": entry.kind,
                    "code": entry.code,
                    "actor": entry.actor,
                    "subject": entry.subject,
                    "address": entry.address,
                }
                for entry in entries
            ]
            await connection.execute(insert(audit_log), values)
            if is_time:
                await connection.execute(delete(audit_log).where(audit_log.c.at < now - KEPT_FOR))
        self._shortened_at = now if is_time else self._shortened_at
