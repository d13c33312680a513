"""The process of the recorder: it reads a request, records, mixes, and reports."""

import asyncio
import os
import shutil
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import av
import msgspec
import structlog

from parlour.logs import configure_logs
from parlour.recorder.captures import Studio
from parlour.recorder.clock import RecorderClock
from parlour.recorder.followed_call import FollowedCall
from parlour.recorder.listener import Listener
from parlour.recorder.manifest import (
    FileMixed,
    FolderInUse,
    Manifest,
    ManifestUnreadable,
    PersonNamed,
    RecorderStarted,
    RecordingEnded,
)
from parlour.recorder.mixing import MixingStopped, mix
from parlour.recorder.participant import Unreachable
from parlour.recorder_lines import (
    LONGEST_LINE,
    Bounds,
    EndReason,
    Failed,
    Finished,
    Instruction,
    Interrupted,
    Mixing,
    Recording,
    RecordingPlace,
    RecordingRequest,
)

FINISHED, FAILED, INTERRUPTED = 0, 1, 4
_LOOK_SECONDS = 1.0
_MIXING_NICENESS = 10
_PROGRESS = 0.01
_REQUEST_SECONDS = 5.0

log = structlog.get_logger("parlour.recorder")


class NothingRecorded(Exception):
    """A recording that is over was never begun."""


class RecorderProcess:
    """One recording, from the request to the last report."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._report = listener.report
        self._changed = asyncio.Event()
        self._is_over = False
        self._interruption: Interrupted | None = None
        self._next_place: RecordingPlace | None = None
        self._at = ("", "")
        """The address and the room where the call is recorded."""
        self._stop_mixing = threading.Event()
        self._people: set[str] | None = None
        self._call: FollowedCall | None = None

    async def run(self, lines: asyncio.StreamReader) -> int:
        """Do what the first line asks, and return the exit status."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._interrupt, "terminated")
        try:
            request = msgspec.json.decode(await _line(lines), type=RecordingRequest)
            manifest = await asyncio.to_thread(Manifest.open, Path(request.folder))
        except (ValueError, FolderInUse, ManifestUnreadable, OSError) as error:
            return self._failed(error)
        self._people = None if request.people is None else set(request.people)
        self._at = (request.url, request.room)
        reading = asyncio.create_task(self._obey(lines, manifest, request))
        try:
            await self._record_and_mix(request, manifest)
        except (Unreachable, NothingRecorded, av.FFmpegError, OSError, ValueError) as error:
            return self._failed(error)
        finally:
            reading.cancel()
            manifest.close()
        if self._interruption is not None:
            self._report(self._interruption)
            return INTERRUPTED
        return FINISHED

    async def _record_and_mix(self, request: RecordingRequest, manifest: Manifest) -> None:
        clock = RecorderClock.started_now()
        _add_names(manifest, clock, request.names)
        if manifest.contents.end is None:
            reason = "asked" if request.is_over else await self._record(request, manifest, clock)
            if reason is None:
                return
            manifest.add(RecordingEnded(at=clock.now(), reason=reason))
        end, began = manifest.contents.end, manifest.contents.began
        if end is None:
            raise AssertionError("a recording that has ended has an end")
        if began is None:
            raise NothingRecorded("no recorder has begun")
        if request.is_mixed and manifest.contents.mixed is None:
            mixed = await self._mix(request, manifest)
            if self._interruption is not None:
                return
            if mixed is not None:
                manifest.add(FileMixed(at=clock.now(), file=mixed))
        seconds = (end.at - began) / 1_000_000
        self._report(Finished(reason=end.reason, seconds=seconds, mixed=manifest.contents.mixed))

    async def _record(
        self, request: RecordingRequest, manifest: Manifest, clock: RecorderClock
    ) -> EndReason | None:
        """Record until told to end; return why, None for an interruption. Raises Unreachable or OSError."""
        manifest.add(RecorderStarted(at=clock.now()))
        bounds = request.bounds
        with ThreadPoolExecutor(bounds.threads, "recorder") as threads:
            studio = Studio(manifest, clock, threads, bounds.frames_per_second)
            call = FollowedCall(studio, self._people, self._changed.set, most_tracks=bounds.most_tracks)
            self._call = call
            try:
                await call.enter(request.url, request.token)
                return await self._watch(call, studio, bounds)
            finally:
                self._call = None
                await call.leave()

    async def _watch(self, call: FollowedCall, studio: Studio, bounds: Bounds) -> EndReason | None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._changed.wait()
            self._changed.clear()
            if call.failure is not None:
                raise call.failure
            if self._is_over:
                return "asked"
            if call.is_lost:
                self._interrupt("disconnected")
            if self._interruption is None:
                await self._move(call)
            if self._interruption is not None:
                return None
            if (reason := await self._look(call, studio, bounds)) is not None:
                return reason

    async def _move(self, call: FollowedCall) -> None:
        """Go where the call goes; if that cannot be reached, another recorder is to try."""
        place, self._next_place = self._next_place, None
        if place is None:
            await call.look()
            return
        self._at = (place.url, place.room)
        try:
            await call.enter(place.url, place.token)
        except Unreachable as error:
            log.warning("recorder.not-moved", error=str(error))
            self._interrupt("moved")

    async def _look(self, call: FollowedCall, studio: Studio, bounds: Bounds) -> EndReason | None:
        """Report how it goes; return the bound that is reached."""
        folder, began = studio.manifest.folder, studio.manifest.contents.began
        seconds = 0.0 if began is None else (studio.clock.now() - began) / 1_000_000
        size, free = await asyncio.to_thread(_room_on_disk, folder)
        self._report(
            Recording(
                seconds=round(seconds, 1),
                bytes=size,
                tracks=call.tracks,
                skipped=call.skipped,
                lost=studio.lost,
            )
        )
        if seconds > bounds.most_seconds:
            return "time"
        if size > bounds.most_bytes:
            return "bytes"
        return "disk" if free < bounds.least_free_bytes else None

    async def _mix(self, request: RecordingRequest, manifest: Manifest) -> str | None:
        """Make the mixed file with what the machine has to spare. Raises OSError."""
        told = 0.0

        def progress(done: float) -> None:
            nonlocal told
            if done == 1.0 or done - told >= _PROGRESS:
                told = done
                self._report(Mixing(done=round(done, 3)))

        def make() -> str | None:
            os.nice(_MIXING_NICENESS)  # of this thread alone
            folder, contents, stopped = manifest.folder, manifest.contents, self._stop_mixing
            return mix(folder, contents, request.mixed, progress=progress, stopped=stopped)

        self._report(Mixing(done=0.0))
        try:
            return await asyncio.to_thread(make)
        except MixingStopped:
            return None

    async def _obey(self, lines: asyncio.StreamReader, manifest: Manifest, request: RecordingRequest) -> None:
        """Carry out each instruction. The end of the input interrupts the recording, unless another program
        takes this recorder over.
        """
        while True:
            await self._obey_one(lines, manifest)
            try:
                found = await self._next_lines(manifest, request)
            except (OSError, TimeoutError, ValueError) as error:
                log.warning("recorder.not-taken-over", error=repr(error))
                found = None
            if found is None:
                self._interrupt("orphaned")
                return
            lines = found

    async def _obey_one(self, lines: asyncio.StreamReader, manifest: Manifest) -> None:
        while line := await _line(lines):
            try:
                self._carry_out(msgspec.json.decode(line, type=Instruction), manifest)
            except ValueError as error:
                log.warning("recorder.not-understood", error=str(error))

    async def _next_lines(self, manifest: Manifest, request: RecordingRequest) -> asyncio.StreamReader | None:
        """Record on until a program takes this recorder over by a request. Return what else that says.

        Raises OSError, TimeoutError, or ValueError for what is no request.
        """
        if request.orphan_seconds <= 0:
            return None
        lines = await self._listener.next(manifest.folder, within=request.orphan_seconds)
        if lines is None:
            return None
        async with asyncio.timeout(_REQUEST_SECONDS):
            asked = msgspec.json.decode(await _line(lines), type=RecordingRequest)
        if not asked.is_over and (asked.url, asked.room) != self._at:
            self._interrupt("moved")
        people = frozenset() if asked.people is None else asked.people
        instruction = Instruction(names=asked.names, people=people, finish=asked.is_over)
        self._carry_out(instruction, manifest)
        return lines

    def _carry_out(self, instruction: Instruction, manifest: Manifest) -> None:
        _add_names(manifest, RecorderClock.started_now(), instruction.names)
        if self._people is not None:
            self._people |= instruction.people
        if self._call is not None:
            self._call.choose()
        self._next_place = instruction.place or self._next_place
        self._is_over = self._is_over or instruction.finish
        self._changed.set()

    def _interrupt(self, reason: str) -> None:
        if self._interruption is None:
            self._interruption = msgspec.convert({"reason": reason, "event": "interrupted"}, Interrupted)
        self._changed.set()
        self._stop_mixing.set()

    def _failed(self, error: Exception) -> int:
        self._report(Failed(reason=f"{type(error).__name__}: {error}"))
        return FAILED


def main() -> int:
    """Record what the standard input asks for; return the exit status. The log goes to standard error."""
    configure_logs(level="info")
    return asyncio.run(_main())


async def _main() -> int:
    lines = asyncio.StreamReader(limit=LONGEST_LINE)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    return await RecorderProcess(Listener(sys.stdout.fileno())).run(lines)


async def _line(lines: asyncio.StreamReader) -> bytes:
    """Read a line; b"" is the end. One that is too long is dropped, and what stands for it is no JSON."""
    try:
        return await lines.readline()
    except ValueError:
        return b"too long"


def _add_names(manifest: Manifest, clock: RecorderClock, names: dict[str, str]) -> None:
    for identity, name in names.items():
        if manifest.contents.names.get(identity) != name:
            manifest.add(PersonNamed(at=clock.now(), identity=identity, name=name))


def _room_on_disk(folder: Path) -> tuple[int, int]:
    """Return the bytes of the recording, and those that are free."""
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return size, shutil.disk_usage(folder).free
