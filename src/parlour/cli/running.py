"""Run a command against the database of the settings: output, failures and their exit codes.

Exit codes: 0 done; 1 refused, such as a name that is taken; 2 a wrong option, argument or setting, or a
database that does not answer; 3 a database that another program locks, so that the same command may work
later. A closed pipe ends a command by SIGPIPE, as the system does (141 in a shell).
"""

import json
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from parlour.lean_imports import import_fastapi, lean_imports

if TYPE_CHECKING:
    from parlour.app import Parlour
    from parlour.settings import Settings

_Value = TypeVar("_Value")
REFUSED, WRONG, LOCKED = 1, 2, 3
ACTOR = "command line"

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandResult:
    """The result of a command: `lines` for a terminal, `data` for JSON.

    `audit` is the kind, code and subject of its entry in the audit log; None for commands that neither change
    nor show personal data.
    """

    lines: list[str]
    data: Any
    audit: tuple[str, str, str] | None = None


class Commands(click.Group):
    """Ends silently by SIGPIPE where the reader closes the pipe (`parlour room list | head -1`)."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        return super().main(*args, **kwargs)


def ignore_closed_pipes() -> None:
    """Restore Python's own behaviour while sockets are open: BrokenPipeError instead of SIGPIPE's end."""
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)


def settings_or_fail(**overrides: str) -> "Settings":
    from parlour.settings import SettingsError, read_settings

    try:
        return read_settings(**overrides)
    except SettingsError as error:
        fail(str(error))


def run(
    work: "Callable[[Parlour], Coroutine[Any, Any, CommandResult]]", *, as_json: bool, migrated: bool = True
) -> None:
    """Run a command against the database of the settings; print its result, or fail with the reason."""
    with lean_imports():
        import asyncio
        import logging

        import_fastapi()
        from parlour.app import Parlour
        from parlour.db.migrate import migrate
        from parlour.logs import configure_logs

    async def session() -> CommandResult:
        parlour = Parlour(settings, port=8000)
        parlour.core.database.require_file()  # before there is anything to close
        try:
            if migrated:
                await migrate(parlour.core.database)
            result = await work(parlour)
            if result.audit is not None:
                kind, code, subject = result.audit
                parlour.audit.log.record(kind=kind, code=code, actor=ACTOR, subject=subject, address="")
                await parlour.audit.log.flush()
            return result
        finally:
            parlour.accounts.passwords.close()
            await parlour.core.database.close()

    _require_text(click.get_current_context().params)
    settings = settings_or_fail()
    configure_logs(level="warning")
    logging.getLogger("sqlalchemy").addHandler(logging.NullHandler())  # what fails is said below, once
    logging.getLogger("sqlalchemy").propagate = False
    ignore_closed_pipes()
    try:
        result = asyncio.run(session())
    except Exception as error:
        sentence, status = failure(error)
        fail(sentence, status=status)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    show(result, as_json=as_json)


def failure(error: Exception) -> tuple[str, int]:
    """Map an exception to a sentence and an exit code. Re-raises exceptions that are faults of Parlour."""
    from sqlalchemy.exc import SQLAlchemyError

    from parlour.db.database import UnusableFile, is_locked
    from parlour.db.migrate import DatabaseTooNew, MigrationUnderWay
    from parlour.db.private_files import NotPrivate
    from parlour.errors import Refusal
    from parlour.settings import PREFIX, SettingsError

    match error:
        case Refusal():
            fields = "; ".join(f"{fault.field}: {fault.message.rstrip('.')}" for fault in error.fields)
            return f"{fields}." if fields else error.message, REFUSED
        case SettingsError():
            return str(error), WRONG
        case DatabaseTooNew():
            return f"{PREFIX}DATABASE_URL: {error}.", WRONG
        case MigrationUnderWay():
            return f"{PREFIX}DATABASE_URL: {error}.", LOCKED
        case NotPrivate() | UnusableFile():
            return f"{PREFIX}DATABASE_URL: {error}.", WRONG
        case _ if is_locked(error):
            return (
                f"{PREFIX}DATABASE_URL: another program keeps the database locked; try again later.",
                LOCKED,
            )
        case SQLAlchemyError() | OSError():
            name = type(error).__name__
            return f"{PREFIX}DATABASE_URL: the database does not answer ({name}).", WRONG
    raise error


def show(result: CommandResult, *, as_json: bool) -> None:
    """Print the result; with stdout closed (`>&-`) nothing is written."""
    lines = [json.dumps(result.data, ensure_ascii=False, indent=2)] if as_json else result.lines
    if sys.stdout is None:
        return
    try:
        for line in lines:
            click.echo(line)
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more as it ends
        fail(f"done, but the answer cannot be written ({error.strerror}).")


def valid(read: Callable[[], _Value], *, name: str | None = None) -> _Value:
    """Validate arguments by calling `read`; end the command with a sentence for the first invalid argument.

    `name` names the argument where `read` returns a plain value instead of a body with named members.
    """
    from pydantic import ValidationError

    from parlour.wire.validation import plain_words

    try:
        return read()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        fail(f"{name or first['loc'][0]}: {plain_words(first)}.")


def _require_text(arguments: Mapping[str, Any]) -> None:
    """Fail for arguments that are not UTF-8: the system passes any bytes, as surrogate escapes."""
    for name, value in arguments.items():
        if isinstance(value, str) and not _is_text(value):
            fail(f"{name}: has to be text in UTF-8.")


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def fail(sentence: str, *, status: int = WRONG) -> NoReturn:
    click.echo(f"parlour: {sentence}", err=True)
    sys.exit(status)
