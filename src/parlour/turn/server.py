"""A TURN server beside Parlour: the program is found, started, watched and ended."""

import asyncio
import signal
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import structlog

from parlour.certificate_files import UnusableCertificate, file_stamps, server_context
from parlour.child_process import (
    ChildProcess,
    answer_to,
    ending_with_parent,
    find_built,
    find_executable,
    write_private,
)
from parlour.companions import ProgramUnusable
from parlour.own_address import own_address
from parlour.turn import coturn, own_server
from parlour.turn.coturn import coturn_configuration
from parlour.turn.options import Certificate, TurnOptions
from parlour.turn.own_server import own_server_configuration

ServerKind = Literal["coturn", "parlour"]

LOOK_SECONDS = 10.0
"""The time between two looks at the files of coturn's certificate, of whose changes it has to be told."""
FIRST_LOOK_SECONDS = 1.0
"""The time between two looks for a certificate that is not there yet."""

log = structlog.get_logger("parlour.turn")


class TurnServerEnded(Exception):
    """The TURN server has ended by itself."""


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
        return ending_with_parent((str(self.path), "-c", str(configuration)))

    def require_fitting(self) -> None:
        """Raise ProgramUnusable for a parlour-turn that reads configurations of another version.

        One that is older than this question takes it for the name of a file, and fails.
        """
        if self.kind != "parlour":
            return
        version = answer_to(self.path, own_server.VERSION_FLAG)
        if version is None or version.strip() != str(own_server.CONFIGURATION_VERSION):
            raise ProgramUnusable(
                f"{self.path} was built by another version of Parlour", "run `parlour media install` again"
            )


def find_program(kind: ServerKind | None, media_folder: Path) -> TurnProgram:
    """Find the kind of server that is wanted, by default the project's own, else coturn.

    The project's own knows the ports of relays: it alone keeps them away from other services of the machine.
    Raises ProgramUnusable.
    """
    if kind != "coturn":
        found = find_built(own_server.PROGRAM, media_folder)
        if found is not None:
            return TurnProgram("parlour", found)
    if kind != "parlour":
        found = find_executable(coturn.PROGRAM)
        if found is not None:
            return TurnProgram("coturn", found)
    ways = {
        "parlour": "build Parlour's own (`parlour media install`)",
        "coturn": "install coturn (`apt-get install coturn`)",
    }
    wanted = [ways[kind]] if kind is not None else list(ways.values())
    raise ProgramUnusable("no TURN server is installed", ", or ".join(wanted))


def usable_program(kind: ServerKind | None, media_folder: Path) -> TurnProgram:
    """Find the program as `find_program` does, and ask it for its version. Raises ProgramUnusable."""
    program = find_program(kind, media_folder)
    program.require_fitting()
    return program


class TurnServer:
    """Runs the program; the supervisor of tasks starts it again whenever it ends."""

    def __init__(
        self, program: TurnProgram, options: TurnOptions, folder: Path, *, look_seconds: float = LOOK_SECONDS
    ) -> None:
        """`folder` is the server's own, for a configuration with the secret.

        Without a certificate that can be used the server speaks no TLS, until there is one.
        """
        self._program = program
        self._options = options
        self._folder = folder
        self._look_seconds = look_seconds

    async def run(self) -> None:
        """Run the server until it ends, or until this is cancelled. Raises TurnServerEnded.

        Returns once a certificate is there that was missing: the program has to be started anew for that.
        Nobody loses a relay thereby, if the web pages that lead to it wait for the same certificate.
        """
        wanted = self._options.certificate
        fault = None if wanted is None else await asyncio.to_thread(certificate_fault, wanted)
        if wanted is None or fault is None:
            await self._run(self._options)
            return
        log.info("turn.waits_for_certificate", server=self._program.kind, reason=fault)
        running = asyncio.create_task(self._run(replace(self._options, certificate=None)))
        arriving = asyncio.create_task(_until_usable(wanted))
        try:
            await asyncio.wait({running, arriving}, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                await running
        finally:
            running.cancel()
            arriving.cancel()
            await asyncio.gather(running, arriving, return_exceptions=True)

    async def _run(self, options: TurnOptions) -> None:
        kind, certificate = self._program.kind, options.certificate
        former = None if certificate is None else await asyncio.to_thread(_version, certificate)
        command = self._program.command(await asyncio.to_thread(self._write_configuration, options))
        process = await ChildProcess.start(command, folder=self._folder, on_line=_log_line)
        log.info("turn.started", server=kind, port=options.port, tls=certificate is not None, pid=process.pid)
        renewing = asyncio.create_task(self._tell_of_renewals(process, certificate, former))
        try:
            status = await process.wait()
        finally:
            renewing.cancel()
        log.warning("turn.ended", server=kind, status=status, said=list(process.last))
        raise TurnServerEnded(f"{kind} ended with status {status}")

    async def _tell_of_renewals(
        self, process: ChildProcess, certificate: Certificate | None, told: object
    ) -> None:
        """Have coturn load its certificate again when the files change; parlour-turn looks at them itself."""
        if self._program.kind != "coturn" or certificate is None:
            return
        while True:
            await asyncio.sleep(self._look_seconds)
            found = await asyncio.to_thread(_version, certificate)
            if found != told and await asyncio.to_thread(certificate_fault, certificate) is None:
                told = found
                log.info("turn.certificate_changed", server=self._program.kind)
                process.send_signal(signal.SIGUSR2)

    def _write_configuration(self, options: TurnOptions) -> Path:
        file = self._folder / f"{self._program.kind}.conf"
        write_private(file, self._program.configuration(options, self._folder))
        return file


def _log_line(line: str) -> None:
    """Log what the server says, at the level of details since coturn says much."""
    log.debug("turn.said", line=line)


def certificate_fault(certificate: Certificate) -> str | None:
    """Say why these files cannot be used, such as in the middle of a renewal; None if they can."""
    try:
        server_context(certificate.chain, certificate.key)
    except UnusableCertificate as fault:
        return str(fault)
    return None


async def _until_usable(certificate: Certificate) -> None:
    while await asyncio.to_thread(certificate_fault, certificate) is not None:  # noqa: ASYNC110 - files
        await asyncio.sleep(FIRST_LOOK_SECONDS)


def _version(certificate: Certificate) -> object:
    """Return a value that changes with the files."""
    return file_stamps(certificate.chain, certificate.key)
