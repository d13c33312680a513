"""The mixed file of a recording: a grid of its pictures with names, and all sound, made when it has ended.

It is made in one pass over all parts: each is open while its time is, a second of sound and two pictures of
it are in memory.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from parlour.recorder.grid import Rectangle, fitted, grid
from parlour.recorder.labels import Labels
from parlour.recorder.manifest import Contents, Part
from parlour.recorder.part_readers import PictureReader, SoundReader, length_of
from parlour.recorder.sample_clock import RATE
from parlour.recorder.scenes import Scene, Tile, scenes
from parlour.recorder.track_files import OPUS_FRAME
from parlour.recorder_lines import MixedShape

FILE = "mixed.webm"
_UNFINISHED = "mixed.unfinished"
_SECOND = 1_000_000
_DARK, _TILE, _GREY = 16, 40, 128
_ENCODER = {"deadline": "realtime", "cpu-used": "8", "auto-alt-ref": "0", "lag-in-frames": "0"}
_BITS_PER_PIXEL = 2.2
_LOUDEST = 0.97


class MixingStopped(Exception):
    """It was told to stop before the file was whole."""


def mix(
    folder: Path,
    contents: Contents,
    shape: MixedShape,
    *,
    progress: Callable[[float], None],
    stopped: threading.Event,
) -> str | None:
    """Make the mixed file and return its name; None where nothing was recorded.

    Raises MixingStopped, OSError or av.FFmpegError. A file that is not whole has another name.
    """
    parts = with_ends(folder, contents)
    shown = scenes(parts, contents.names)
    if not shown:
        return None
    began, ended = shown[0].began, shown[-1].ended
    seconds = (ended - began + _SECOND - 1) // _SECOND
    unfinished = folder / _UNFINISHED
    with suppress(FileNotFoundError):
        unfinished.unlink()
    sound = MixedSound(folder, parts, began)
    picture = MixedPicture(folder, parts, shown, shape)
    output = MixedFile(unfinished, shape)
    try:
        for second in range(seconds):
            if stopped.is_set():
                raise MixingStopped
            for number in range(shape.frames_per_second):
                at = began + second * _SECOND + number * _SECOND // shape.frames_per_second
                output.picture(picture.at(at))
            output.sound(sound.second(second))
            progress((second + 1) / seconds)
    finally:
        output.close()
        picture.close()
        sound.close()
    unfinished.rename(folder / FILE)
    return FILE


def with_ends(folder: Path, contents: Contents) -> list[Part]:
    """Return the parts with their ends. One that nobody closed ends with what its file holds."""
    return [
        Part(part.began, part.ended or part.began.at + length_of(folder / part.began.file))
        for part in contents.parts.values()
    ]


class MixedFile:
    """The mixed file while it is written: WebM, its index at the front."""

    def __init__(self, path: Path, shape: MixedShape) -> None:
        self._container: Any = av.open(str(path), "w", format="webm", options={"cues_to_front": "1"})
        stream = self._container.add_stream("libvpx", rate=shape.frames_per_second, options=_ENCODER)
        stream.width, stream.height, stream.pix_fmt = shape.width, shape.height, "yuv420p"
        stream.bit_rate = int(shape.width * shape.height * _BITS_PER_PIXEL)
        encoder = stream.codec_context
        encoder.gop_size, encoder.thread_count = 2 * shape.frames_per_second, 1
        encoder.time_base = Fraction(1, shape.frames_per_second)
        self._picture: Any = stream
        self._sound: Any = self._container.add_stream("libopus", rate=RATE, layout="mono")
        self._sound.codec_context.format = "flt"
        self._sound.codec_context.bit_rate = 64_000
        self._frames = self._samples = 0

    def picture(self, frame: Any) -> None:
        frame.pts, frame.time_base = self._frames, self._picture.codec_context.time_base
        self._frames += 1
        self._container.mux(self._picture.encode(frame))

    def sound(self, samples: Any) -> None:
        for begin in range(0, len(samples), OPUS_FRAME):
            piece = samples[begin : begin + OPUS_FRAME].reshape(1, -1)
            frame: Any = av.AudioFrame.from_ndarray(piece, format="flt", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE, self._samples, Fraction(1, RATE)
            self._samples += OPUS_FRAME
            self._container.mux(self._sound.encode(frame))

    def close(self) -> None:
        for stream in (self._picture, self._sound):
            self._container.mux(stream.encode(None))
        self._container.close()


class MixedSound:
    """The sum of all sound, a second at a time."""

    def __init__(self, folder: Path, parts: list[Part], began: int) -> None:
        sounds = (part for part in parts if part.began.kind == "sound")
        self._parts = sorted(sounds, key=lambda part: part.began.at)
        self._folder = folder
        self._began = began
        self._open: dict[str, SoundReader] = {}
        self._gain = 1.0

    def second(self, second: int) -> Any:
        """Return the samples of the next second."""
        total = np.zeros(RATE, np.float32)
        begin, end = self._began + second * _SECOND, self._began + (second + 1) * _SECOND
        for part in self._parts:
            name = part.began.file
            if part.began.at >= end:
                break
            if part.ended is None or part.ended <= begin:
                self._close(name)
                continue
            if name not in self._open:
                self._open[name] = SoundReader(self._folder / name)
            position = (begin - part.began.at) * RATE // _SECOND
            total += self._open[name].read(position, RATE)
        return self._limited(total)

    def close(self) -> None:
        for name in list(self._open):
            self._close(name)

    def _close(self, name: str) -> None:
        if (reader := self._open.pop(name, None)) is not None:
            reader.close()

    def _limited(self, samples: Any) -> Any:
        """Make a second softer that would be too loud, without a step from the one before."""
        loudest = float(np.abs(samples).max())
        gain = min(1.0, _LOUDEST / loudest) if loudest > 0 else 1.0
        gains = np.full(len(samples), gain, np.float32)
        ramp = RATE // 50
        gains[:ramp] = np.linspace(self._gain, gain, ramp, dtype=np.float32)
        self._gain = gain
        return np.clip(samples * gains, -1.0, 1.0)


class MixedPicture:
    """The pictures of all tiles in one, at times that never go back."""

    def __init__(self, folder: Path, parts: list[Part], shown: list[Scene], shape: MixedShape) -> None:
        self._folder = folder
        self._began = {part.began.file: part.began.at for part in parts}
        self._coming = list(reversed(shown))
        self._scene: Scene | None = None
        self._places: list[Rectangle] = []
        self._labels = Labels(shape.font)
        self._readers: dict[str, PictureReader] = {}
        self._drawn: dict[int, Any] = {}
        self._canvas: Any = av.VideoFrame(shape.width, shape.height, "yuv420p")
        self._size = shape.width, shape.height

    def at(self, at: int) -> Any:
        """Return the picture of this time."""
        while self._coming and self._coming[-1].began <= at:
            self._begin(self._coming.pop())
        if self._scene is not None:
            planes = _planes(self._canvas)
            for index, (tile, place) in enumerate(zip(self._scene.tiles, self._places, strict=True)):
                self._draw(index, tile, place, planes, at)
        return self._copy()

    def close(self) -> None:
        for reader in self._readers.values():
            reader.close()
        self._readers.clear()

    def _begin(self, scene: Scene) -> None:
        self._scene, self._places = scene, grid(len(scene.tiles), *self._size)
        self._drawn.clear()
        wanted = {tile.file for tile in scene.tiles if tile.file is not None}
        for file in self._readers.keys() - wanted:
            self._readers.pop(file).close()
        for file in wanted - self._readers.keys():
            self._readers[file] = PictureReader(self._folder / file)
        planes = _planes(self._canvas)
        _fill(planes, Rectangle(0, 0, *self._size), _DARK)
        for tile, place in zip(scene.tiles, self._places, strict=True):
            _fill(planes, place, _TILE)
            self._name(tile, place, planes)

    def _draw(self, index: int, tile: Tile, place: Rectangle, planes: Any, at: int) -> None:
        if tile.file is None:
            return
        frame = self._readers[tile.file].at(at - self._began[tile.file])
        if frame is None or self._drawn.get(index) is frame:
            return
        inner = fitted(frame.width, frame.height, place)
        if index not in self._drawn or (self._drawn[index].width, self._drawn[index].height) != (
            frame.width,
            frame.height,
        ):
            _fill(planes, place, _DARK)
        self._drawn[index] = frame
        scaled = frame.reformat(inner.width, inner.height, "yuv420p", interpolation="BILINEAR")
        for target, source, share in zip(planes, _planes(scaled), (1, 2, 2), strict=True):
            top, left = inner.top // share, inner.left // share
            target[top : top + source.shape[0], left : left + source.shape[1]] = source
        self._name(tile, place, planes)

    def _name(self, tile: Tile, place: Rectangle, planes: Any) -> None:
        label = self._labels.label(tile.name, place.height // 14)
        label.put(*planes, left=place.left, bottom=place.top + place.height, most=place.width)

    def _copy(self) -> Any:
        copy: Any = av.VideoFrame(*self._size, "yuv420p")
        for target, source in zip(_planes(copy), _planes(self._canvas), strict=True):
            target[:] = source
        return copy


def _planes(frame: Any) -> list[Any]:
    """Return views of the planes of a frame, without the padding of its rows."""
    return [
        np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
        for plane in frame.planes
    ]


def _fill(planes: Any, place: Rectangle, brightness: int) -> None:
    for plane, share, value in zip(planes, (1, 2, 2), (brightness, _GREY, _GREY), strict=True):
        top, left = place.top // share, place.left // share
        plane[top : top + place.height // share, left : left + place.width // share] = value
