"""Captures write the pictures or the sound of a track into files, its parts, each at its time.

Pictures come with the time at which they are to be shown, sound with none but that of its arrival. From both
is taken how long they lay in the jitter buffer (`jitter_delay`).
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar

import livekit.rtc as rtc
import numpy as np
import structlog

from parlour.recorder.clock import RecorderClock
from parlour.recorder.jitter_delay import JitterDelay
from parlour.recorder.manifest import Kind, Manifest, PartBegan, PartEnded
from parlour.recorder.recorded_track import RecordedTrack
from parlour.recorder.sample_clock import RATE, SampleClock, seemed_at
from parlour.recorder.track_files import LONGEST_SILENCE, PictureFile, SoundFile
from parlour.recorder.writing import TrackWriting

_WAITING_FRAMES, _WAITING_BATCHES = 8, 50
_SOUND_FRAME_MS = 20
_BATCH_FRAMES = 10
_STRANGE = 3_000_000
"""A timestamp further from now, in microseconds, is not one of the monotonic clock."""
_CLOSE_SECONDS = 2.0
_LOOK_MICROSECONDS, _LOOK_SECONDS = 2_000_000, 1.0

_File = TypeVar("_File", PictureFile, SoundFile)

log = structlog.get_logger("parlour.recorder")


@dataclass(slots=True)
class Studio:
    """The things that all captures share.

    `lost` counts the pictures for which there was no time. `on_part` is called with the track of each part
    that begins.
    """

    manifest: Manifest
    clock: RecorderClock
    threads: Executor
    frames_per_second: int
    lost: int = field(default=0)
    on_part: Callable[[RecordedTrack], None] = field(default=lambda _track: None)

    def begin_part(self, track: RecordedTrack, kind: Kind, at: int) -> PartBegan:
        file = self.manifest.next_file(track.source)
        part = PartBegan(
            at=at, file=file, kind=kind, identity=track.identity, source=track.source, track=track.sid
        )
        self.manifest.add(part)
        self.on_part(track)
        return part

    def open_part(self, part: PartBegan, file: _File, *, most: int) -> "OpenPart[_File]":
        """Have a file written, of whose work at most `most` pieces wait."""
        return OpenPart(part, file, TrackWriting(self.threads, most=most))

    async def end_part(self, part: "OpenPart[Any] | None") -> None:
        """Close the file of a part, if there is one. Raises what the writing has raised."""
        if part is not None:
            await part.writing.finish(part.file.close)
            self.manifest.add(PartEnded(at=self.clock.now(), file=part.began.file))


@dataclass(frozen=True, slots=True)
class OpenPart(Generic[_File]):
    """A part that is being written."""

    began: PartBegan
    file: _File
    writing: TrackWriting


class DelayLook:
    """Asks WebRTC for the delay of a track, at most every two seconds, and waits a second at most."""

    def __init__(self, clock: RecorderClock, track: Any) -> None:
        self._clock = clock
        self._track = track
        self._delay = JitterDelay()
        self._next = 0

    async def microseconds(self) -> int:
        if (now := self._clock.now()) >= self._next:
            self._next = now + _LOOK_MICROSECONDS
            try:
                async with asyncio.timeout(_LOOK_SECONDS):
                    statistics = await self._track.get_stats()
            except Exception as error:  # the SDK has none of its own for a track that has just gone
                log.warning("recorder.no-statistics", track=self._track.sid, error=repr(error))
                statistics = []
            for entry in statistics:
                if entry.HasField("inbound_rtp"):
                    inbound = entry.inbound_rtp.inbound
                    self._delay.look(inbound.jitter_buffer_delay, inbound.jitter_buffer_emitted_count)
        return self._delay.microseconds


class PictureCapture:
    """The pictures of a track. A new part begins with the first picture after a pause (muted)."""

    def __init__(self, studio: Studio, track: RecordedTrack, publication: Any, source: Any) -> None:
        """`source` is the SDK's track."""
        self._studio = studio
        self._track = track
        self._publication = publication
        self._source = source
        self._delay = DelayLook(studio.clock, source)
        self._part: OpenPart[PictureFile] | None = None
        self._next = 0

    async def run(self) -> None:
        """Record until this is cancelled."""
        stream = rtc.VideoStream(self._source, format=rtc.VideoBufferType.I420, capacity=_WAITING_FRAMES)
        async with _closing(stream):
            try:
                async for event in stream:
                    await self._take(event)
            finally:
                await self._end()

    async def _take(self, event: Any) -> None:
        if self._publication.muted:
            await self._end()
            return
        clock, now = self._studio.clock, self._studio.clock.now()
        at = clock.at(event.timestamp_us)
        if abs(at - now) > _STRANGE:
            at = now
        at -= await self._delay.microseconds()
        if at < self._next:  # more pictures than are wanted, or one of the past
            return
        self._next = at + 750_000 // self._studio.frames_per_second
        part = self._part or self._begin(at)
        frame = event.frame
        if not part.writing.offer(partial(part.file.write, frame.data, frame.width, frame.height, at)):
            self._studio.lost += 1

    def _begin(self, at: int) -> OpenPart[PictureFile]:
        studio = self._studio
        began = studio.begin_part(self._track, "picture", at)
        path = studio.manifest.folder / began.file
        file = PictureFile(path, began=at, frames_per_second=studio.frames_per_second)
        self._part = studio.open_part(began, file, most=_WAITING_FRAMES)
        return self._part

    async def _end(self) -> None:
        part, self._part = self._part, None
        await self._studio.end_part(part)


class SoundCapture:
    """The sound of a track. A new part begins after a gap that is too long to be written as silence."""

    def __init__(self, studio: Studio, track: RecordedTrack, source: Any) -> None:
        """`source` is the SDK's track."""
        self._studio = studio
        self._track = track
        self._source = source
        self._delay = DelayLook(studio.clock, source)
        self._arrivals: list[tuple[int, int]] = []
        self._batch: list[Any] = []
        self._part: OpenPart[SoundFile] | None = None
        self._times = SampleClock(0)  # of the open part
        self._written = 0

    async def run(self) -> None:
        """Record until this is cancelled."""
        stream = rtc.AudioStream(
            self._source, sample_rate=RATE, num_channels=1, frame_size_ms=_SOUND_FRAME_MS
        )
        async with _closing(stream):
            try:
                async for event in stream:
                    await self._take(event.frame)
            finally:
                await self._end()

    async def _take(self, frame: Any) -> None:
        self._batch.append(np.frombuffer(frame.data, np.int16).copy())
        count = self._arrivals[-1][0] if self._arrivals else 0
        self._arrivals.append((count + frame.samples_per_channel, self._studio.clock.now()))
        if len(self._batch) == _BATCH_FRAMES:
            await self._place_batch()

    async def _place_batch(self) -> None:
        samples = np.concatenate(self._batch)
        seemed = seemed_at(self._arrivals) - await self._delay.microseconds()
        self._batch, self._arrivals = [], []
        part = self._part or self._begin(seemed)
        placed = self._times.place(seemed=seemed, samples=len(samples))
        if placed.position - self._written > LONGEST_SILENCE:
            await self._end()
            part = self._begin(seemed)
            placed = self._times.place(seemed=seemed, samples=len(samples))
        kept = samples[placed.dropped :]
        if part.writing.offer(partial(part.file.write, placed.position, kept)):
            self._written = placed.position + len(kept)
        else:
            log.warning("recorder.sound-lost", track=self._track.sid, samples=len(kept))

    def _begin(self, at: int) -> OpenPart[SoundFile]:
        studio = self._studio
        began = studio.begin_part(self._track, "sound", at)
        file = SoundFile(studio.manifest.folder / began.file)
        self._part = studio.open_part(began, file, most=_WAITING_BATCHES)
        self._times, self._written = SampleClock(at), 0
        return self._part

    async def _end(self) -> None:
        part, self._part = self._part, None
        await self._studio.end_part(part)


@asynccontextmanager
async def _closing(stream: Any) -> AsyncIterator[None]:
    """Close a stream of the SDK, which says so to itself only while its room lives."""
    try:
        yield
    finally:
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await stream.aclose()
        except TimeoutError:
            log.warning("recorder.stream-open", stream=type(stream).__name__)
