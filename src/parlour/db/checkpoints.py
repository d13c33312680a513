"""A task that keeps SQLite's file whole: at intervals what is in its log is brought into it."""

import asyncio

import structlog

from parlour.db.database import DATABASE_UNAVAILABLE, Database

CHECKPOINT_SECONDS = 60.0

log = structlog.get_logger("parlour.db")


class Checkpoints:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self) -> None:
        """Until cancelled. A disk that is full or away is waited for."""
        while True:
            await asyncio.sleep(CHECKPOINT_SECONDS)
            try:
                await self._database.checkpoint()
            except DATABASE_UNAVAILABLE as error:
                log.warning("database.checkpoint_postponed", error=type(error).__name__)
