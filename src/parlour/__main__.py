"""The command line: serve, migrate, backup, user create, room list, audit."""

import asyncio
import gc
import os
import sys
from collections.abc import Callable, Coroutine
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from parlour import __version__
from parlour.db.private_files import UMASK
from parlour.settings import Settings, SettingsError, read_settings

if TYPE_CHECKING:
    from parlour.app import Parlour


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="parlour")
def main() -> None:
    """Parlour: self-hosted video conferences.

    Settings come from the environment and from a file .env, with names such as PARLOUR_PUBLIC_URL;
    docs/settings.md lists them. Without any, everything is kept in ./data.
    """
    os.umask(UMASK)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    default=8000,
    type=click.IntRange(0, 65535),
    show_default=True,
    help="The port; 0 takes a free one.",
)
def serve(host: str, port: int) -> None:
    """Migrate the database, then serve API, signaling and web client on one port."""
    gc.disable()  # until the server is ready: collecting while modules load is an eighth of the start
    from parlour.serve import PortTaken, serve_forever

    try:
        serve_forever(_settings(), host=host, port=port)
    except (SettingsError, PortTaken) as error:
        _fail(str(error))


@main.command()
def migrate() -> None:
    """Bring the database to the newest version."""

    async def run(parlour: "Parlour") -> None:
        from parlour.db.migrate import HEAD
        from parlour.db.migrate import migrate as bring_to_head

        before = await bring_to_head(parlour.database)
        click.echo("Nothing to do." if before == HEAD else f"Migrated from {before or 'nothing'} to {HEAD}.")

    _with_parlour(run, migrated=False)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Copy the SQLite database into FILE, checked, while a server runs or not.

    The secret that signs tokens is not in it: it is the file secret_key of the data folder.
    """
    from parlour.db.backup import BackupFailed, back_up
    from parlour.db.database import driver_url

    try:
        url = driver_url(_settings().database())
        if url.get_backend_name() != "sqlite" or not url.database:
            _fail("PARLOUR_DATABASE_URL names a PostgreSQL database: back it up by pg_dump.")
        size = back_up(Path(url.database), file)
    except (SettingsError, BackupFailed) as error:
        _fail(f"{str(error).rstrip('.')}.")
    click.echo(f"Backed up into {file}: {size:,} bytes, checked.")


@main.group()
def user() -> None:
    """People with an account."""


@user.command("create")
@click.argument("username")
@click.argument("email")
@click.option(
    "--password",
    prompt=True,
    hide_input=True,
    confirmation_prompt=True,
    envvar="PARLOUR_USER_PASSWORD",
    help="Asked for where it is not given; or in the environment as PARLOUR_USER_PASSWORD.",
)
def user_create(username: str, email: str, password: str) -> None:
    """Create a confirmed account, without a mail."""
    from pydantic import ValidationError

    from parlour.wire.http import ClientRegistration

    try:
        wanted = ClientRegistration(email=email, username=username, password=password)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        _fail(f"{first['loc'][0]}: {first['msg'].removeprefix('Value error, ')}")

    async def run(parlour: "Parlour") -> None:
        await parlour.registration.create_client(
            email=wanted.email, username=wanted.username, password=wanted.password
        )
        click.echo(f"Created {wanted.username}.")

    _with_parlour(run)


@user.command("logout")
@click.argument("handle")
def user_logout(handle: str) -> None:
    """End every session of HANDLE, a username or an email; a server that runs closes their sockets."""
    from parlour.accounts.refusals import UserNotFound

    async def run(parlour: "Parlour") -> None:
        user_id = await parlour.sessions.find(handle)
        if user_id is None:
            raise UserNotFound
        ended = await parlour.sessions.end_all(user_id)
        click.echo(f"Ended {ended} session{'' if ended == 1 else 's'} of {handle}.")

    _with_parlour(run)


@main.group()
def room() -> None:
    """Rooms."""


@room.command("list")
def room_list() -> None:
    """List every room: name, kind, creator, date of creation."""

    async def run(parlour: "Parlour") -> None:
        rooms = await parlour.rooms.every_room()
        if not rooms:
            click.echo("There are no rooms yet.")
        for one in rooms:
            kind = "event" if one.is_event else "free"
            click.echo(f"{one.name}\t{kind}\t{one.creator_name}\t{one.created_at:%Y-%m-%d}")

    _with_parlour(run)


@main.command()
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 100_000), help="How many.")
def audit(limit: int) -> None:
    """Print the audit log's newest entries: time, kind, what, who, to what, from where.

    What failed or was asked without a login is counted: one line an hour for each kind and network, with the
    account that was tried and how often.
    """

    async def run(parlour: "Parlour") -> None:
        lines: list[tuple[datetime, tuple[str, ...]]] = [
            (one.at, (one.kind, one.code, one.actor, one.subject, one.address))
            for one in await parlour.audit.newest(limit)
        ]
        lines += [
            (one.at, (one.kind, one.code, "", one.subject, one.network, f"{times} times"))
            for one, times in await parlour.audit_counts.newest(limit)
        ]
        for at, columns in sorted(lines, key=lambda line: line[0])[-limit:]:
            click.echo("\t".join((f"{at:%Y-%m-%dT%H:%M:%SZ}", *(column or "-" for column in columns))))

    _with_parlour(run)


def _settings() -> Settings:
    try:
        return read_settings()
    except SettingsError as error:
        _fail(str(error))


def _with_parlour(run: "Callable[[Parlour], Coroutine[Any, Any, None]]", *, migrated: bool = True) -> None:
    """Runs one command against the database of the settings. A refusal is one sentence."""
    from sqlalchemy.exc import SQLAlchemyError

    from parlour.app import Parlour
    from parlour.db.migrate import DatabaseTooNew
    from parlour.db.migrate import migrate as bring_to_head
    from parlour.db.private_files import NotPrivate
    from parlour.errors import Refusal

    async def session() -> None:
        parlour = Parlour(settings, port=8000)
        try:
            if migrated:
                await bring_to_head(parlour.database)
            await run(parlour)
        finally:
            parlour.passwords.close()
            await parlour.database.close()

    settings = _settings()
    try:
        asyncio.run(session())
    except Refusal as refusal:
        told = "; ".join(f"{one.field}: {one.message}" for one in refusal.fields)
        _fail(told or refusal.message, status=1)
    except (SettingsError, DatabaseTooNew) as error:
        _fail(str(error))
    except NotPrivate as error:
        _fail(f"PARLOUR_DATABASE_URL: {error}.")
    except (SQLAlchemyError, OSError) as error:
        _fail(f"PARLOUR_DATABASE_URL: the database does not answer ({type(error).__name__}).")


def _fail(sentence: str, *, status: int = 2) -> NoReturn:
    click.echo(f"parlour: {sentence}", err=True)
    sys.exit(status)


if __name__ == "__main__":
    main()
