"""Upgrade a database to the newest revision: one process does it, the others wait for it.

Importing Alembic takes a quarter of a second, so it is imported only if a migration is due.
"""

import asyncio
import time
from pathlib import Path

import structlog
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import OperationalError

from parlour.db.database import Database, Transaction, is_locked

HEAD = "0030"
"""The newest revision in `migrations/versions`; a unit test holds it to Alembic's own answer."""

_MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 0x7061726C
"""The key of PostgreSQL's advisory lock that is held by the process that migrates."""
START_SECONDS = 30.0
"""The deadline of the first query at the start: a machine that boots is slow."""
WAIT_SECONDS = 300.0
"""The longest wait for the migration of another process."""
_PAUSE_SECONDS = 0.2

log = structlog.get_logger("parlour.db")


class DatabaseTooNew(RuntimeError):
    """The database was made by a newer version of Parlour."""

    def __init__(self) -> None:
        super().__init__("this database was made by a newer version of Parlour; please update Parlour")


class MigrationUnderWay(RuntimeError):
    """Another process has not ended its migration within the time that this one waits."""


async def migrate(database: Database, *, within: float = WAIT_SECONDS) -> str | None:
    """Run the missing migrations in one transaction; return the revision that the database had before.

    Of several processes one migrates, and the others wait `within` seconds at most. Raises DatabaseTooNew or
    MigrationUnderWay.
    """
    database.require_file()
    async with database.reading(within=START_SECONDS) as connection:
        before = await connection.run_sync(_revision)
    if before == HEAD:
        return before
    if before is not None and before > HEAD:
        raise DatabaseTooNew
    before = await _upgrade_or_wait(database, within)
    await database.checkpoint(truncates=True)
    return before


async def _upgrade_or_wait(database: Database, within: float) -> str | None:
    """Upgrade as soon as no other process does, which has left nothing to do perhaps."""
    begun, is_waiting = time.monotonic(), False
    while True:
        try:
            async with database.transaction(within=None) as connection:
                if await _is_alone(connection, is_sqlite=database.is_sqlite):
                    return await _upgrade(connection)
        except OperationalError as error:
            if not is_locked(error):
                raise
        if time.monotonic() - begun >= within:
            raise MigrationUnderWay(
                f"another process has been migrating or locking the database for {within:.0f} seconds; "
                "try again later"
            )
        if not is_waiting:
            is_waiting = True
            log.warning("migration.waiting", hint="another process is migrating the database", most=within)
        await asyncio.sleep(_PAUSE_SECONDS)


async def _is_alone(connection: Transaction, *, is_sqlite: bool) -> bool:
    """Take the lock of migrations until the end of the transaction, or return False.

    SQLite has a single writer: the transaction's beginning raises where another process writes (`is_locked`).
    """
    if is_sqlite:
        return True
    taken = await connection.execute(text(f"SELECT pg_try_advisory_xact_lock({LOCK})"))
    return bool(taken.scalar())


async def _upgrade(connection: Transaction) -> str | None:
    """Return the revision before; another process may have migrated since it was first looked at."""
    before = await connection.run_sync(_revision)
    if before != HEAD:
        await connection.run_sync(_run_alembic)
        log.info("migration.done", before=before, now=HEAD)
    return before


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return revision


def _run_alembic(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise DatabaseTooNew from error
