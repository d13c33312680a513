"""LiveKit beside Parlour: the program is found, started, watched and ended."""

import asyncio
import re
import signal
from http import HTTPStatus
from ipaddress import ip_address
from pathlib import Path

import msgspec
import structlog

from parlour.child_process import ChildProcess, answer_to, ending_with_parent, find_built, write_private
from parlour.companions import ProgramUnusable
from parlour.own_address import own_address
from parlour.sfu.configuration import livekit_configuration
from parlour.sfu.options import API_ADDRESS, IpAddress, SfuOptions

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
    """LiveKit has ended by itself."""


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
        """`folder` is LiveKit's own, for a configuration with the secret."""
        self._program = program
        self._options = options
        self._folder = folder

    async def run(self) -> None:
        """Run it until it ends, or until this is cancelled. Raises SfuEnded.

        SIGTERM alone has LiveKit wait until nobody is connected to it; another signal ends it at once. The
        kernel kills it if Parlour dies: its successor needs the ports.
        """
        file = self._folder / "livekit.json"
        configuration = livekit_configuration(self._options, address=self._address())
        await asyncio.to_thread(write_private, file, configuration)
        command = ending_with_parent((str(self._program), "--config", str(file)), sign="KILL")
        process = await ChildProcess.start(
            command, folder=self._folder, on_line=_log_line, ended_by=(signal.SIGTERM, signal.SIGINT)
        )
        log.info("sfu.started", port=self._options.api_port, pid=process.pid)
        announcing = asyncio.create_task(self._announce(process.pid))
        try:
            status = await process.wait()
        finally:
            announcing.cancel()
        log.warning("sfu.ended", status=status, said=list(process.last))
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
