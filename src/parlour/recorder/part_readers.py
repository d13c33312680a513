"""Parts of tracks, read in the order of time; never more of one than a second is in memory."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import av
import numpy as np

from parlour.recorder.sample_clock import RATE


def length_of(path: Path) -> int:
    """Return how long a file is that nobody closed, in microseconds; 0 for one that holds nothing."""
    last = 0
    try:
        with av.open(str(path)) as container:
            for packet in container.demux():
                if packet.pts is not None:
                    last = max(
                        last, int((packet.pts + (packet.duration or 0)) * packet.time_base * 1_000_000)
                    )
    except (av.FFmpegError, OSError):
        return last
    return last


class PictureReader:
    """The pictures of a part, by the time since its beginning."""

    def __init__(self, path: Path) -> None:
        self._frames = _frames(path)
        self._shown: Any = None
        self._coming: Any = next(self._frames, None)

    def at(self, microseconds: int) -> Any:
        """Return the last picture up to this time, which never goes back; None before the first."""
        while self._coming is not None and self._coming.time * 1_000_000 <= microseconds + 500:
            self._shown, self._coming = self._coming, next(self._frames, None)
        return self._shown

    def close(self) -> None:
        self._frames.close()


class SoundReader:
    """The sound of a part, by samples since its beginning."""

    def __init__(self, path: Path) -> None:
        self._frames = _frames(path)
        self._waiting: Any = np.zeros(0, np.float32)
        self._position = 0
        """The place of the first sample of `_waiting`."""

    def read(self, position: int, count: int) -> Any:
        """Return samples from `position`, which never goes back; silence where there are none."""
        self._fill(position + count)
        sound = np.zeros(count, np.float32)
        begin = max(position, self._position)
        end = min(position + count, self._position + len(self._waiting))
        if begin < end:
            found = self._waiting[begin - self._position : end - self._position]
            sound[begin - position : end - position] = found
        passed = min(max(0, position + count - self._position), len(self._waiting))
        self._waiting = self._waiting[passed:]
        self._position += passed
        return sound

    def close(self) -> None:
        self._frames.close()

    def _fill(self, until: int) -> None:
        pieces = [self._waiting]
        there = self._position + len(self._waiting)
        while there < until and (frame := next(self._frames, None)) is not None:
            samples = frame.to_ndarray().reshape(-1)
            begin = round(frame.time * RATE)
            missing = begin - there
            if missing > RATE // 100:  # a cluster that is not readable
                pieces.append(np.zeros(min(missing, until - there), np.float32))
                there += len(pieces[-1])
            pieces.append(samples)
            there += len(samples)
        self._waiting = np.concatenate(pieces)


def _frames(path: Path) -> Generator[Any, None, None]:
    """Decode a file as far as it is readable."""
    try:
        with av.open(str(path)) as container:
            stream = container.streams[0]
            stream.thread_type, stream.codec_context.thread_count = "NONE", 1
            yield from container.decode(stream)
    except (av.FFmpegError, OSError, IndexError):
        return
