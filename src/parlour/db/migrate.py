"""Upgrade a database to the newest revision.

Importing Alembic takes a quarter of a second, so it is imported only if a migration is due.
"""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from parlour.db.database import AsyncConnection, Database

HEAD = "0023"
"""The newest revision in `migrations/versions`; a unit test holds it to Alembic's own answer."""

_MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x7061726C
START_SECONDS = 30.0
"""The deadline of the first query at the start: a machine that boots is slow."""


class DatabaseTooNew(RuntimeError):
    """The database was made by a newer version of Parlour."""


async def migrate(database: Database) -> str | None:
    """Run the missing migrations in one transaction; return the revision that the database had before."""
    database.require_file()
    async with database.reading(within=START_SECONDS) as connection:
        before = await connection.run_sync(_revision)
    if before != HEAD:
        async with database.transaction(within=None) as connection:
            await _upgrade(connection, is_sqlite=database.is_sqlite)
        await database.checkpoint(truncates=True)
    return before


async def _upgrade(connection: AsyncConnection, *, is_sqlite: bool) -> None:
    if not is_sqlite:  # an advisory lock: two servers may start at once
        await connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    await connection.run_sync(_run_alembic)


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
        raise DatabaseTooNew(
            "this database was made by a newer version of Parlour; please update Parlour"
        ) from error
