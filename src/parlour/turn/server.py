"""A TURN server beside Parlour: it is started, watched and ended."""

import asyncio
import os
import signal
import ssl
from collections import deque
from contextlib import suppress
from pathlib import Path

import structlog

from parlour.db.private_files import make_private_folder
from parlour.turn.options import Certificate, TurnOptions
from parlour.turn.programs import TurnProgram

END_SECONDS = 2.0
LOOK_SECONDS = 10.0
"""The time between two looks at the files of coturn's certificate, of whose changes it has to be told."""
_LAST_LINES = 5
_LINE_BYTES = 4096

log = structlog.get_logger("parlour.turn")


class TurnServerEnded(Exception):
    """The TURN server has ended by itself."""


class TurnServer:
    """Runs the program; the supervisor of tasks starts it again whenever it ends."""

    def __init__(
        self, program: TurnProgram, options: TurnOptions, folder: Path, *, look_seconds: float = LOOK_SECONDS
    ) -> None:
        """`folder` is the server's own, for a configuration with the secret."""
        self._program = program
        self._options = options
        self._folder = folder
        self._look_seconds = look_seconds

    async def run(self) -> None:
        """Run the server until it ends, or until this is cancelled. Raises TurnServerEnded."""
        former = await asyncio.to_thread(self._certificate_version)
        process = await self._start()
        log.info("turn.started", server=self._program.kind, port=self._options.port, pid=process.pid)
        last: deque[str] = deque(maxlen=_LAST_LINES)
        saying = asyncio.create_task(_log_output(process, last))
        renewing = asyncio.create_task(self._tell_of_renewals(process, former))
        try:
            status = await process.wait()
            await saying
        finally:
            renewing.cancel()
            await _end(process)
            saying.cancel()
        log.warning("turn.ended", server=self._program.kind, status=status, said=list(last))
        raise TurnServerEnded(f"{self._program.kind} ended with status {status}")

    async def _start(self) -> asyncio.subprocess.Process:
        configuration = await asyncio.to_thread(self._write_configuration)
        return await asyncio.create_subprocess_exec(
            *self._program.command(configuration),
            cwd=self._folder,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def _tell_of_renewals(self, process: asyncio.subprocess.Process, told: object) -> None:
        """Have coturn load its certificate again when the files change; parlour-turn looks at them itself."""
        certificate = self._options.certificate
        if self._program.kind != "coturn" or certificate is None:
            return
        while True:
            await asyncio.sleep(self._look_seconds)
            found = await asyncio.to_thread(self._certificate_version)
            if found != told and await asyncio.to_thread(_fit_together, certificate):
                told = found
                log.info("turn.certificate_changed", server=self._program.kind)
                with suppress(ProcessLookupError):
                    process.send_signal(signal.SIGUSR2)

    def _certificate_version(self) -> object:
        """Return a value that changes with the files, also where a link leads to others."""
        certificate = self._options.certificate
        return certificate and [_version(file) for file in (certificate.chain, certificate.key)]

    def _write_configuration(self) -> Path:
        make_private_folder(self._folder)
        file = self._folder / f"{self._program.kind}.conf"
        file.unlink(missing_ok=True)
        with open(file, "x", encoding="utf-8", opener=_owner_only) as opened:
            opened.write(self._program.configuration(self._options, self._folder))
        return file


async def _log_output(process: asyncio.subprocess.Process, last: deque[str]) -> None:
    """Log what the server says, at the level of details since coturn says much, and keep the last lines."""
    if process.stdout is None:
        return
    while True:
        try:
            line = await process.stdout.readline()
        except ValueError:  # a line above the limit of the reader, which has dropped it
            continue
        if not line:
            return
        last.append(line[:_LINE_BYTES].decode(errors="replace").rstrip())
        log.debug("turn.said", line=last[-1])


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), END_SECONDS)
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _version(file: Path) -> tuple[int, int, int] | None:
    """Return None for a file that is not there, as between two steps of a renewal."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _fit_together(certificate: Certificate) -> bool:
    """Return False while a renewal is half written."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
            certificate.chain,
            certificate.key,
            password="",  # nosec B106 - nobody is there to type one
        )
    except (OSError, ValueError):
        return False
    return True


def _owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
