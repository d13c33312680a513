"""Puts the audit log together: entries, counts, and the tasks that write them."""

from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter

from parlour.audit.counts import AuditCounts
from parlour.audit.entries import AuditLog
from parlour.db.database import Database
from parlour.tasks import Supervisor


class AuditFeature:
    """Builds the audit log and its counts, and their tasks."""

    def __init__(self, database: Database, tasks: Supervisor, clock: Callable[[], datetime]) -> None:
        self.counts = AuditCounts(database=database, clock=clock)
        self.log = AuditLog(database=database, clock=clock, counts=self.counts)
        tasks.repeat("audit", self.log.step)
        tasks.repeat("audit counts", self.counts.step)

    def routers(self) -> list[APIRouter]:
        return []

    async def close(self) -> None:
        await self.log.flush()
        await self.counts.flush()
