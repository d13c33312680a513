"""Checks of the database and of Redis."""

from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from parlour.db.database import AsyncConnection, Database, UnusableFile, is_locked
from parlour.db.migrate import HEAD
from parlour.db.private_files import NotPrivate
from parlour.doctor.findings import Finding, Report
from parlour.doctor.machine import space_of
from parlour.options import cluster_secret, database_connections
from parlour.settings import Settings, SettingsError

SKEW_SECONDS, LARGE_SKEW_SECONDS = 2.0, 30.0
ANSWER_SECONDS = 10.0
_ALLOWED_CONNECTIONS = (
    "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
)


class DatabaseCheck:
    """The database answers, has the newest tables, and the same time."""

    name = "database"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def run(self) -> list[Finding]:
        report = Report(self.name)
        try:
            url = self._settings.database()
            database = Database(url, allow_readable=self._settings.allow_insecure)
            database.require_file()
        except (SettingsError, UnusableFile, NotPrivate) as error:
            report.fail(f"{str(error).rstrip('.')}.", "Correct PARLOUR_DATABASE_URL, or who owns the file.")
            return report.findings
        try:
            await self._ask(database, report)
        except (SQLAlchemyError, OSError) as error:
            self._say_failure(report, error)
        finally:
            with suppress(SQLAlchemyError, OSError):
                await database.close()
        if database.is_sqlite and database.engine.url.database:
            space_of(report, Path(database.engine.url.database).parent)
        return report.findings

    async def _ask(self, database: Database, report: Report) -> None:
        async with database.reading(within=ANSWER_SECONDS) as connection:
            revision = await connection.run_sync(_revision)
            if not database.is_sqlite:
                await _compare_clocks(connection, report)
                version = (await connection.execute(text("SHOW server_version"))).scalar()
                report.ok(f"PostgreSQL {version} answers.")
                await self._compare_connections(connection, report)
            else:
                report.ok("the SQLite file answers.")
        if revision == HEAD:
            report.ok(f"its tables are of this version ({HEAD}).")
        elif revision is None:
            report.warn(
                "it has no tables yet.", "Start Parlour once (parlour serve), or run parlour migrate."
            )
        elif revision < HEAD:
            report.warn(
                f"its tables are of an older version ({revision}, not {HEAD}).",
                "Make a backup, then start Parlour again or run parlour migrate.",
            )
        else:
            report.fail(
                f"its tables are of a newer version of Parlour ({revision}, not {HEAD}).",
                "Update Parlour, or restore the backup that you made before you updated it.",
            )

    async def _compare_connections(self, connection: AsyncConnection, report: Report) -> None:
        """Say whether all servers of the cluster may have as many connections as they may want at once."""
        allowed = (await connection.execute(text(_ALLOWED_CONNECTIONS))).scalar_one()
        servers = await _servers(self._settings)
        wanted = sum(count * database_connections(count) for count in servers.values())
        if wanted > allowed:
            report.warn(
                f"it allows {allowed} connections, and {servers.total()} servers may open {wanted}.",
                "Raise max_connections in postgresql.conf, or run fewer servers or workers.",
            )

    def _say_failure(self, report: Report, error: Exception) -> None:
        if is_locked(error):
            report.fail(
                "another program keeps the SQLite file locked.",
                "End that program, or wait until it is done: two copies of Parlour, or a backup of the file?",
            )
            return
        report.fail(
            f"it does not answer ({type(error).__name__}).",
            "See whether it runs, and whether host, port, name and password in PARLOUR_DATABASE_URL fit.",
        )


async def _servers(settings: Settings) -> Counter[str]:
    """Return how many servers of the cluster each machine has, this one's if there is no cluster."""
    if settings.redis_url is None:
        return Counter({"": 1})
    from parlour.cluster.redis.connections import REDIS_UNAVAILABLE
    from parlour.cluster.redis.overview import seen_nodes

    url, secret = settings.redis_url.get_secret_value(), cluster_secret(settings)
    try:
        seen = await seen_nodes(url, secret=secret, patience=ANSWER_SECONDS)
    except REDIS_UNAVAILABLE:  # the check of Redis says so
        return Counter()
    return Counter(node.lease.description.host for node in seen)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return revision


async def _compare_clocks(connection: AsyncConnection, report: Report) -> None:
    theirs = (await connection.execute(text("SELECT clock_timestamp()"))).scalar()
    if not isinstance(theirs, datetime):
        return
    skew = abs((datetime.now(UTC) - theirs).total_seconds())
    if skew > LARGE_SKEW_SECONDS:
        report.fail(
            f"its clock and this machine's differ by {skew:.0f} seconds, so logins end too soon or too late.",
            "Let both machines take their time from NTP (timedatectl set-ntp true).",
        )
    elif skew > SKEW_SECONDS:
        report.warn(
            f"its clock and this machine's differ by {skew:.0f} seconds.",
            "Let both machines take their time from NTP (timedatectl set-ntp true).",
        )


class RedisCheck:
    """Redis answers, where the settings name one."""

    name = "redis"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def run(self) -> list[Finding]:
        report, url = Report(self.name), self._settings.redis_url
        if url is None:
            report.skipped("none is set: limits are counted in memory.")
            return report.findings
        from parlour.limits.redis_counts import RedisRateLimitStorage, RedisRefuses

        counts = RedisRateLimitStorage(url.get_secret_value(), secret=self.name)
        try:
            await counts.require_usable()
            is_there = await counts.check()
        except RedisRefuses as error:
            report.fail(
                f"it refuses what PARLOUR_REDIS_URL says ({error}).",
                "Correct user, password or number of the database in it.",
            )
            return report.findings
        finally:
            await counts.aclose()
        if is_there:
            report.ok("it answers.")
        else:
            report.fail("it does not answer.", "Start Redis, or correct host and port in PARLOUR_REDIS_URL.")
        return report.findings
