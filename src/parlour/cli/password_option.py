"""The option `--password` of commands that set a password."""

import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from parlour.cli.running import fail

LONGEST_LINE = 4096
_Command = TypeVar("_Command", bound=Callable[..., Any])


def password_option(variable: str) -> Callable[[_Command], _Command]:
    """Declare `--password`, asked for twice at a terminal, else read from `variable` or a line of stdin."""
    return click.option(
        "--password",
        callback=_given_or_asked,
        envvar=variable,
        help=f"The password; asked for, or read from standard input, unless given here or as {variable}.",
    )


def _given_or_asked(_context: click.Context, _parameter: click.Parameter, given: str | None) -> str:
    if given is not None:
        return given
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    line = sys.stdin.readline(LONGEST_LINE).removesuffix("\n").removesuffix("\r")
    if not line:
        fail("password: there was none at the standard input.")
    return line
