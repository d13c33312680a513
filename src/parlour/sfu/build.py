"""Build LiveKit from its sources in Go, which the module proxy has."""

from pathlib import Path

from parlour.go_build import build, media_source
from parlour.sfu.server import PROGRAM

_PACKAGE = "github.com/livekit/livekit-server/cmd/server"


def build_livekit(folder: Path) -> Path:
    """Build the version of media/sfu/go.mod, which takes some minutes. Raises CommandFailed or OSError."""
    return build(media_source() / "sfu", folder, package=_PACKAGE, program=PROGRAM)
