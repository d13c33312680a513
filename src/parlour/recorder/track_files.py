"""Files of tracks, written as they come: Matroska with VP8 or Opus, in clusters of a second.

A cluster is given to the system when it is whole, so a recorder that is killed loses the last second, and
what is encoded of the next. What was written stays readable: a player needs neither length nor index.
"""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from parlour.recorder.sample_clock import RATE

_CONTAINER = {"cluster_time_limit": "1000", "flush_packets": "1"}
_PICTURE_TIME, _SOUND_TIME = Fraction(1, 1000), Fraction(1, RATE)
_ENCODER = {"deadline": "realtime", "cpu-used": "12", "lag-in-frames": "0", "auto-alt-ref": "0"}
_BITS_PER_PIXEL, _LEAST_BITRATE, _MOST_BITRATE = 2.2, 100_000, 3_000_000
_KEY_SECONDS = 2
_LONGEST_FRAME_MS = 1000
_SOUND_BITRATE = 40_000
OPUS_FRAME = RATE // 50
LONGEST_SILENCE = RATE * 60
"""The most samples of silence that are written for a gap; a longer one needs a new file."""


class PictureFile:
    """The pictures of a track. Their size may change: each size has an encoder of its own, as VP8 allows."""

    def __init__(self, file: Path, *, began: int, frames_per_second: int) -> None:
        """`began` is the time of time 0, in microseconds by the clock of the frames."""
        self._began = began
        self._key_frames = _KEY_SECONDS * frames_per_second
        self._container: Any = av.open(str(file), "w", format="matroska", options=_CONTAINER)
        self._stream: Any = self._container.add_stream("libvpx")
        self._encoder: Any = None
        self._last = -1

    def write(self, planes: memoryview, width: int, height: int, at: int) -> None:
        """Write a frame of I420. One that is no later than the one before is left out."""
        milliseconds = (at - self._began) // 1000
        if milliseconds <= self._last:
            return
        if self._encoder is None or (self._encoder.width, self._encoder.height) != (width, height):
            self._begin(width, height)
        frame = frame_of_planes(planes, width, height)
        frame.pts, frame.time_base = milliseconds, _PICTURE_TIME
        frame.duration = min(_LONGEST_FRAME_MS, milliseconds - self._last)
        self._last = milliseconds
        self._write(self._encoder.encode(frame))

    def close(self) -> None:
        if self._encoder is not None:
            self._write(self._encoder.encode(None))
        self._container.close()

    def _begin(self, width: int, height: int) -> None:
        if self._encoder is None:
            encoder = self._stream.codec_context
        else:
            self._write(self._encoder.encode(None))
            encoder = av.CodecContext.create("libvpx", "w")
        encoder.width, encoder.height = width, height
        encoder.pix_fmt, encoder.time_base = "yuv420p", _PICTURE_TIME
        encoder.options, encoder.gop_size, encoder.thread_count = _ENCODER, self._key_frames, 1
        encoder.bit_rate = int(min(_MOST_BITRATE, max(_LEAST_BITRATE, width * height * _BITS_PER_PIXEL)))
        self._encoder = encoder

    def _write(self, packets: list[Any]) -> None:
        for packet in packets:
            packet.stream = self._stream
            self._container.mux(packet)


class SoundFile:
    """The sound of a track, without gaps: silence is written where something is missing."""

    def __init__(self, file: Path) -> None:
        self._container: Any = av.open(str(file), "w", format="matroska", options=_CONTAINER)
        self._stream: Any = self._container.add_stream("libopus", rate=RATE, layout="mono")
        encoder = self._stream.codec_context
        encoder.format, encoder.bit_rate = "s16", _SOUND_BITRATE
        encoder.options = {"application": "voip", "compression_level": "5"}
        self._rest = np.zeros(0, np.int16)
        self._written = 0

    def write(self, position: int, samples: Any) -> None:
        """Write samples that begin at `position`, which may leave a gap of LONGEST_SILENCE at most."""
        missing = position - self._written - len(self._rest)
        if not 0 <= missing <= LONGEST_SILENCE:
            raise ValueError(f"a gap of {missing} samples")
        self._rest = np.concatenate((self._rest, np.zeros(missing, np.int16), samples))
        whole = len(self._rest) // OPUS_FRAME * OPUS_FRAME
        for begin in range(0, whole, OPUS_FRAME):
            self._encode(self._rest[begin : begin + OPUS_FRAME])
        self._rest = self._rest[whole:]

    def close(self) -> None:
        if len(self._rest):
            self._encode(np.pad(self._rest, (0, OPUS_FRAME - len(self._rest))))
        self._container.mux(self._stream.encode(None))
        self._container.close()

    def _encode(self, samples: Any) -> None:
        frame: Any = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._written, _SOUND_TIME
        self._written += OPUS_FRAME
        self._container.mux(self._stream.encode(frame))


def frame_of_planes(planes: Any, width: int, height: int) -> Any:
    """Copy I420 without padding into a frame of FFmpeg, whose rows have some."""
    frame: Any = av.VideoFrame(width, height, "yuv420p")
    begin = 0
    for plane in frame.planes:
        wide, high = plane.width, plane.height
        rows = np.frombuffer(planes, np.uint8, wide * high, begin).reshape(high, wide)
        np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[:high, :wide] = rows
        begin += wide * high
    return frame
