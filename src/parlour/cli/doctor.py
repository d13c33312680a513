"""The command `parlour doctor`."""

import sys
from typing import TYPE_CHECKING

import click

from parlour.cli.running import REFUSED, CommandResult, as_json, show, valid

if TYPE_CHECKING:
    from parlour.doctor.findings import Finding


@click.command("doctor")
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(1, 65_535),
    help="The port that Parlour listens on.",
)
@click.option("--send-to", metavar="ADDRESS", help="Send a mail to this address.")
@as_json
def doctor(port: int, send_to: str | None, *, as_json: bool) -> None:
    """Say in plain words what is wrong with this server, and what to do.

    Looks at the settings, the database, Redis, mail, the public URL with its proxy, STUN and TURN. Run it
    with the settings of the server, as its user. The exit code is 1 if anything has failed.
    """
    import asyncio

    from pydantic import TypeAdapter

    from parlour.doctor.findings import is_well
    from parlour.logs import configure_logs
    from parlour.wire.base import Email

    configure_logs(level="error")
    if send_to is not None:
        send_to = valid(lambda: TypeAdapter[str](Email).validate_python(send_to), name="--send-to")
    findings = asyncio.run(_findings(port, send_to))
    lines = [line for finding in findings for line in finding.lines()]
    show(CommandResult(lines=lines, data=[finding.as_data() for finding in findings]), as_json=as_json)
    if not is_well(findings):
        sys.exit(REFUSED)


async def _findings(port: int, send_to: str | None) -> "list[Finding]":
    """Run all checks; settings that cannot be read are the only finding then."""
    from parlour.doctor.doctor import checks_of
    from parlour.doctor.findings import Report, run_checks
    from parlour.settings import SettingsError, read_settings

    try:
        return await run_checks(checks_of(read_settings(), port=port, send_to=send_to))
    except SettingsError as error:
        report = Report("settings")
        report.fail(str(error), "Change this setting in the environment or in .env.")
        return report.findings
