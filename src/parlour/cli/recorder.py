"""The command `parlour recorder`."""

import sys

import click

from parlour.cli.running import fail, ignore_closed_pipes


@click.command("recorder")
def recorder() -> None:
    """Record a call on an SFU (LiveKit) into a folder. Started by programs.

    Its standard input is a pipe. The first line is a request as JSON: {"url", "token", "folder"}. The line
    {"finish": true} ends the recording. Lines of JSON on standard output say how it goes.

    Exit codes: 0 finished, 1 failed, 4 interrupted; the same folder goes on with it.
    """
    try:
        from parlour.recorder.process import main
    except ModuleNotFoundError as error:
        fail(f"{error.name} is not installed, which recording needs: `pip install 'parlour[recording]'`.")
    ignore_closed_pipes()
    sys.exit(main())
