"""The programs that can be the TURN server: which is installed, and whether this Parlour can run it."""

import os
import shutil
import socket
import subprocess  # nosec B404
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from parlour.turn import coturn, own_server
from parlour.turn.coturn import coturn_configuration
from parlour.turn.options import TurnOptions
from parlour.turn.own_server import own_server_configuration
from parlour.turn.stun import IpAddress

ServerKind = Literal["coturn", "parlour"]

_SBIN = ("/usr/local/sbin", "/usr/sbin", "/usr/bin")
_SOMEWHERE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""Addresses of documentation (RFC 5737, RFC 3849): no packet is sent there."""
_ANSWER_SECONDS = 10.0


class TurnServerUnusable(Exception):
    """No TURN server can be run: `says` what is wrong, and `todo` what helps, as parts of a sentence."""

    def __init__(self, says: str, todo: str) -> None:
        super().__init__(f"{says}; {todo}")
        self.says, self.todo = says, todo


@dataclass(frozen=True, slots=True)
class TurnProgram:
    """An installed TURN server."""

    kind: ServerKind
    path: Path

    def configuration(self, options: TurnOptions, folder: Path) -> str:
        relay = options.relay or own_address()
        if self.kind == "coturn":
            return coturn_configuration(options, relay=relay, folder=folder)
        return own_server_configuration(options, relay=relay)

    def command(self, configuration: Path) -> Sequence[str]:
        """Return the command line. The kernel ends coturn with Parlour; parlour-turn sees to that itself."""
        if self.kind == "parlour":
            return (str(self.path), str(configuration))
        guard = shutil.which("setpriv")
        dies = () if guard is None else (guard, "--pdeathsig", "TERM", "--")
        return (*dies, str(self.path), "-c", str(configuration))

    def require_fitting(self) -> None:
        """Raise TurnServerUnusable for a parlour-turn that reads configurations of another version.

        One that is older than this question takes it for the name of a file, and fails.
        """
        if self.kind == "parlour" and self._version() != str(own_server.CONFIGURATION_VERSION):
            raise TurnServerUnusable(
                f"{self.path} was built by another version of Parlour", "run `parlour media install` again"
            )

    def _version(self) -> str | None:
        try:
            asked = subprocess.run(  # noqa: S603  # nosec B603
                (self.path, own_server.VERSION_FLAG),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_ANSWER_SECONDS,
                check=False,
            )
        except (OSError, ValueError, subprocess.TimeoutExpired):
            return None
        return asked.stdout.strip() if asked.returncode == 0 else None


def find_program(kind: ServerKind | None, media_folder: Path) -> TurnProgram:
    """Find the kind of server that is wanted, by default the project's own, else coturn.

    The project's own knows the ports of relays: it alone keeps them away from other services of the machine.
    Raises TurnServerUnusable.
    """
    if kind != "coturn":
        own = media_folder / own_server.PROGRAM
        found = own if os.access(own, os.X_OK) else _which(own_server.PROGRAM)
        if found is not None:
            return TurnProgram("parlour", found)
    if kind != "parlour":
        found = _which(coturn.PROGRAM)
        if found is not None:
            return TurnProgram("coturn", found)
    ways = {
        "parlour": "build Parlour's own (`parlour media install`)",
        "coturn": "install coturn (`apt-get install coturn`)",
    }
    wanted = [ways[kind]] if kind is not None else list(ways.values())
    raise TurnServerUnusable("no TURN server is installed", ", or ".join(wanted))


def usable_program(kind: ServerKind | None, media_folder: Path) -> TurnProgram:
    """Find the program as `find_program` does, and ask it for its version. Raises TurnServerUnusable."""
    program = find_program(kind, media_folder)
    program.require_fitting()
    return program


def _which(name: str) -> Path | None:
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *_SBIN])
    found = shutil.which(name, path=path)
    return None if found is None else Path(found)


def own_address() -> IpAddress:
    """Return this machine's address towards the internet, 127.0.0.1 on a machine without a way there."""
    for family, somewhere in _SOMEWHERE:
        with socket.socket(family, socket.SOCK_DGRAM) as probe, suppress(OSError):
            probe.connect((somewhere, 9))
            return ip_address(probe.getsockname()[0])
    return ip_address("127.0.0.1")


def media_source() -> Path:
    """Return the folder of the Go sources: beside the package in a wheel, in the checkout otherwise."""
    packaged = Path(sys.modules["parlour"].__file__ or "").parent / "_media"
    return packaged if packaged.is_dir() else packaged.parents[2] / "media"
