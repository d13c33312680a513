"""LiveKit beside Parlour: the program is found, started or found running, watched and ended."""

import asyncio
import re
from http import HTTPStatus
from ipaddress import ip_address
from pathlib import Path
from typing import TextIO

import msgspec
import structlog

from parlour.child_process import answer_to, find_built, write_private
from parlour.companions import ProgramUnusable
from parlour.db.private_files import make_private_folder
from parlour.own_address import own_address
from parlour.sfu.configuration import livekit_configuration
from parlour.sfu.listeners import listener_at
from parlour.sfu.options import API_ADDRESS, IpAddress, SfuOptions
from parlour.sfu.process import Child, Found, Running, end, followed, held_record, note, noted

PROGRAM = "livekit-server"
VERSION = "1.13.5"
"""The version of media/sfu/go.mod, whose configuration this writes."""
_SAYS_VERSION = re.compile(r"version (\S+)")
_ANSWER_SECONDS = 10.0
_READY_WITHIN_SECONDS = 30.0
_LOOK_SECONDS = 0.1
_WARNINGS = frozenset({"warn", "error", "dpanic", "panic", "fatal"})

log = structlog.get_logger("parlour.sfu")


class SfuEnded(Exception):
    """LiveKit has ended by itself, or could not be started."""


class _LogLine(msgspec.Struct):
    """A line of LiveKit's log."""

    level: str
    msg: str
    error: str = ""


def find_livekit(media_folder: Path) -> Path:
    """Find the program, and ask it for its version. Raises ProgramUnusable."""
    found = find_built(PROGRAM, media_folder)
    if found is None:
        raise ProgramUnusable("LiveKit is not installed", "run `parlour media install --sfu`")
    said = _SAYS_VERSION.search(answer_to(found, "--version") or "")
    if said is None or said[1] != VERSION:
        told = "does not tell its version" if said is None else f"has the version {said[1]}"
        raise ProgramUnusable(f"{found} {told}, not {VERSION}", "run `parlour media install --sfu`")
    return found


class LiveKit:
    """Runs LiveKit; the supervisor of tasks starts it again whenever it ends."""

    def __init__(self, program: Path, options: SfuOptions, folder: Path) -> None:
        """`folder` is LiveKit's own: its configuration with the secret, its id while it runs, and its log."""
        self._program = program
        self._options = options
        self._folder = folder
        self._file = folder / "livekit.json"
        self._log = folder / "livekit.log"

    async def run(self) -> None:
        """Run it until it ends, or until this is cancelled. Raises SfuEnded.

        One that a Parlour which has crashed left behind goes on, unless it is to be another one now.
        """
        configuration = livekit_configuration(self._options, address=self._address())
        make_private_folder(self._folder)
        with held_record(self._folder / "livekit.pid") as record:
            if record is None:
                raise SfuEnded(f"another Parlour runs LiveKit in {self._folder}")
            found = await self._find(record, configuration)
            if found is None:
                process: Running = await self._start(record, configuration)
            else:
                process = found
            try:
                await self._watch(process, is_found=found is not None)
            finally:
                if found is not None:
                    found.close()

    async def _find(self, record: TextIO, configuration: str) -> Found | None:
        """Return the LiveKit that runs already; one that would have to be another one is ended."""
        former = await asyncio.to_thread(_text_of, self._file)
        pid = noted(record)
        found = None if pid is None else Found.by_command(pid, ("--config", str(self._file)))
        if found is None:
            return None
        if found.is_of(self._program) and former == configuration:
            log.info("sfu.found", port=self._options.api_port, pid=found.pid)
            return found
        log.info("sfu.replaced", port=self._options.api_port, pid=found.pid)
        try:
            await end(found)
        finally:
            found.close()
        return None

    async def _start(self, record: TextIO, configuration: str) -> Child:
        port = self._options.api_port
        other = await asyncio.to_thread(listener_at, port)
        if other is not None:
            log.error("sfu.port_taken", port=port, by=other, hint="end it, or set PARLOUR_SFU_PORT")
            raise SfuEnded(f"{other} listens at port {port}")
        await asyncio.to_thread(write_private, self._file, configuration)
        command = (str(self._program), "--config", str(self._file))
        child = await Child.start(command, folder=self._folder, log=self._log)
        note(record, child.pid)
        log.info("sfu.started", port=port, pid=child.pid)
        return child

    async def _watch(self, process: Running, *, is_found: bool) -> None:
        """Wait for its end, and end it if this is cancelled. Raises SfuEnded."""
        async with followed(self._log, _log_line, at_end=is_found) as said:
            announcing = asyncio.create_task(self._announce(process.pid))
            try:
                status = await process.wait()
            except BaseException:
                await end(process)
                raise
            finally:
                announcing.cancel()
        log.warning("sfu.ended", status=status, said=list(said.last))
        raise SfuEnded(f"LiveKit ended with status {status}")

    def _address(self) -> IpAddress:
        if self._options.is_local:
            return ip_address(API_ADDRESS)
        return self._options.address or own_address()

    async def _announce(self, pid: int) -> None:
        """Log when it serves, or that it does not."""
        try:
            async with asyncio.timeout(_READY_WITHIN_SECONDS):
                while not await is_well(self._options.api_port):  # noqa: ASYNC110 - a port announces nothing
                    await asyncio.sleep(_LOOK_SECONDS)
        except TimeoutError:
            log.warning("sfu.silent", port=self._options.api_port, pid=pid, seconds=_READY_WITHIN_SECONDS)
        else:
            log.info("sfu.ready", port=self._options.api_port, pid=pid)


async def is_well(port: int) -> bool:
    """Return True if a LiveKit of this machine answers that it works."""
    from parlour.http.tunnel.asking import NoAnswer, ask  # servers without an SFU import nothing of tunnels
    from parlour.http.tunnel.targets import Target

    try:
        status, _ = await ask(Target(host=API_ADDRESS, port=port), b"", seconds=_ANSWER_SECONDS)
    except NoAnswer:
        return False
    return status == HTTPStatus.OK


def _text_of(file: Path) -> str:
    """Read a file; one that is missing has no text."""
    try:
        return file.read_text("utf-8")
    except FileNotFoundError:
        return ""


def _log_line(line: str) -> None:
    """Log what LiveKit says: what goes wrong as a warning, most of it as a detail."""
    try:
        said = msgspec.json.decode(line, type=_LogLine)
    except msgspec.MsgspecError:
        log.debug("sfu.said", line=line)
        return
    if said.level in _WARNINGS:
        log.warning("sfu.warned", said=said.msg, error=said.error)
    else:
        log.debug("sfu.said", line=line)
