"""The command line: serve, migrate, backup, audit, and the groups of `cli/`."""

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from parlour import __version__
from parlour.cli.caddy import caddy_commands
from parlour.cli.doctor import doctor
from parlour.cli.nodes import nodes
from parlour.cli.recorder import recorder
from parlour.cli.rooms import room
from parlour.cli.running import (
    LOCKED,
    CommandResult,
    Commands,
    as_json,
    fail,
    ignore_closed_pipes,
    run,
    settings_or_fail,
    show,
)
from parlour.cli.sfus import sfu_commands
from parlour.cli.turn import media_commands, turn_commands
from parlour.cli.users import user
from parlour.db.private_files import UMASK
from parlour.lean_imports import import_fastapi, lean_imports

if TYPE_CHECKING:
    from parlour.app import Parlour


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="parlour")
def main() -> None:
    """Parlour: self-hosted video conferences.

    Settings are environment variables such as PARLOUR_PUBLIC_URL; they can also be in a file named .env.
    docs/settings.md lists them. None are needed; by default, everything is kept in ./data.

    Exit codes: 0 success, 1 refused, 2 a wrong option or setting, 3 another program has locked the database.
    """
    os.umask(UMASK)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    default=8000,
    type=click.IntRange(0, 65535),
    show_default=True,
    help="The port to listen on; 0 picks a free one.",
)
@click.option("--turn", is_flag=True, help="Run a STUN and TURN server beside it (PARLOUR_TURN=embedded).")
@click.option("--sfu", is_flag=True, help="Run LiveKit, an SFU, beside it (PARLOUR_SFU=embedded).")
@click.option(
    "--domain",
    metavar="NAME",
    help="Serve https://NAME on port 443, with a certificate that Caddy gets (PARLOUR_DOMAIN).",
)
@click.option(
    "--workers",
    metavar="N",
    default=1,
    type=click.IntRange(1, 64),
    show_default=True,
    help="How many processes serve the port, such as one for each core. Several need PARLOUR_REDIS_URL; "
    "SIGHUP replaces them one after another.",
)
@click.option("--worker", metavar="PLACE", hidden=True, help="Its place among the workers, by their parent.")
def serve(
    host: str, port: int, *, turn: bool, sfu: bool, domain: str | None, workers: int, worker: str | None
) -> None:
    """Migrate the database, then serve the API, signaling and web client on one port.

    A service manager may hand over the listening socket instead of --host and --port (LISTEN_FDS).
    """
    gc.disable()  # until the server is ready
    with lean_imports():
        import_fastapi()
        from parlour.serve import DatabaseLocked, PortTaken, serve_as_worker, serve_forever
        from parlour.settings import SettingsError

    ignore_closed_pipes()
    try:
        overrides = {name: "embedded" for name, asked in (("turn", turn), ("sfu", sfu)) if asked}
        if domain is not None:
            overrides["domain"] = domain
        settings = settings_or_fail(**overrides)
        if worker is not None:
            from parlour.handover import WorkerPlace

            serve_as_worker(settings, WorkerPlace.parsed(worker))
        elif workers > 1:
            from parlour.workers import serve_by_workers

            options = [flag for flag, asked in (("--turn", turn), ("--sfu", sfu)) if asked]
            options += [] if domain is None else ["--domain", domain]
            sys.exit(serve_by_workers(settings, workers, host=host, port=port, options=options))
        else:
            serve_forever(settings, host=host, port=port)
    except (SettingsError, PortTaken) as error:
        fail(str(error))
    except DatabaseLocked as error:
        fail(str(error), status=LOCKED)


@main.command()
@as_json
def migrate(as_json: bool) -> None:
    """Upgrade the database to the newest version."""

    async def work(parlour: "Parlour") -> CommandResult:
        from parlour.db.migrate import HEAD
        from parlour.db.migrate import migrate as bring_to_head

        before = await bring_to_head(parlour.core.database)
        done = "Nothing to do." if before == HEAD else f"Migrated from {before or 'nothing'} to {HEAD}."
        return CommandResult(lines=[done], data={"before": before, "now": HEAD})

    run(work, as_json=as_json, migrated=False)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@as_json
def backup(file: Path, as_json: bool) -> None:
    """Back up the SQLite database to FILE and check the copy. The server can keep running.

    The secret that signs tokens isn't included: it is the file secret_key in the data folder.
    """
    with lean_imports():
        from parlour.db.backup import BackupFailed, back_up
        from parlour.db.database import driver_url
        from parlour.settings import SettingsError

    try:
        url = driver_url(settings_or_fail().database())
        if url.get_backend_name() != "sqlite" or not url.database:
            fail("PARLOUR_DATABASE_URL is a PostgreSQL database; back it up with pg_dump.")
        size = back_up(Path(url.database), file)
    except (SettingsError, BackupFailed) as error:
        fail(f"{str(error).rstrip('.')}.")
    done = f"Backed up to {file} ({size:,} bytes) and checked the copy."
    show(CommandResult(lines=[done], data={"file": str(file), "bytes": size}), as_json=as_json)


@main.command()
@click.option(
    "--limit",
    default=100,
    show_default=True,
    type=click.IntRange(1, 100_000),
    help="How many entries to print.",
)
@as_json
def audit(limit: int, as_json: bool) -> None:
    """Print the newest entries of the audit log: time, kind, code, who did it, to what, from which address.

    Failures, and requests without a login, are counted: one line per hour for each kind and network, with the
    account that was tried and the number of times.
    """

    async def work(parlour: "Parlour") -> CommandResult:
        rows: list[dict[str, Any]] = [
            {
                "at": entry.at,
                "kind": entry.kind,
                "code": entry.code,
                "actor": entry.actor,
                "subject": entry.subject,
                "address": entry.address,
            }
            for entry in await parlour.audit.log.newest(limit)
        ]
        rows += [
            {
                "at": count.at,
                "kind": count.kind,
                "code": count.code,
                "actor": "",
                "subject": count.subject,
                "address": count.network,
                "times": times,
            }
            for count, times in await parlour.audit.counts.newest(limit)
        ]
        entries = sorted(rows, key=lambda row: row["at"])[-limit:]
        for entry in entries:
            entry["at"] = f"{entry['at']:%Y-%m-%dT%H:%M:%SZ}"
        return CommandResult(lines=["\t".join(_columns(entry)) for entry in entries], data=entries)

    run(work, as_json=as_json)


def _columns(entry: dict[str, Any]) -> list[str]:
    columns = [entry[name] or "-" for name in ("at", "kind", "code", "actor", "subject", "address")]
    return [*columns, f"{entry['times']} times"] if "times" in entry else columns


main.add_command(user)
main.add_command(room)
main.add_command(doctor)
main.add_command(nodes)
main.add_command(recorder)
main.add_command(sfu_commands)
main.add_command(turn_commands)
main.add_command(media_commands)
main.add_command(caddy_commands)


if __name__ == "__main__":
    main()
