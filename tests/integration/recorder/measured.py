"""A program that reads the files of a recording, and prints as JSON how its pictures and sound lie in time.

An offset is the place in a file of what was made at a full second of the call's clock, modulo a second: of
pictures by their marks, of sound by its beeps.
"""

import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np

from tests.integration.recorder.marks import AGAIN, PITCHES, marked_time

_RATE, _WINDOW = 48_000, 240


def luma(frame: Any) -> Any:
    plane = frame.planes[0]
    return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]


def measured_pictures(path: Path, tiles: int) -> list[dict[str, Any]]:
    """Return the measures of each of the tiles, which stand side by side."""
    found: list[list[tuple[float, int]]] = [[] for _ in range(tiles)]
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            whole = luma(frame)
            for tile, marks in enumerate(found):
                if mark := marked_time(cut(whole, tile, tiles)):  # 0 where nobody is seen
                    marks.append((frame.time * 1000, mark))
    return [picture_measures(marks) for marks in found]


def cut(whole: Any, tile: int, tiles: int) -> Any:
    if tiles == 1:
        return whole
    height, width = whole.shape
    wide = (width - 4 * (tiles - 1)) // tiles // 2 * 2
    high = int(wide * 9 / 16) // 2 * 2
    top, left = (height - high) // 2 // 2 * 2, tile * (wide + 4)
    return whole[top : top + high, left : left + wide]


def picture_measures(marks: list[tuple[float, int]]) -> dict[str, Any]:
    offsets = [(place - mark) % 1000 for place, mark in marks]
    differences = [(after[1] - before[1]) % AGAIN for before, after in pairwise(marks)]
    typical = middle(offsets)
    near = [abs((offset - typical + 500) % 1000 - 500) for offset in offsets]
    return {
        "frames": len({mark for _, mark in marks}),
        "seconds": marks[-1][0] / 1000 if marks else 0,
        "offset": typical,
        "within": float(np.percentile(near, 90)) if near else 0,
        "first": marks[0][1] if marks else None,
        "last": marks[-1][1] if marks else None,
        "longest": max(differences, default=0),
    }


def measured_sound(path: Path) -> dict[int, dict[str, Any]]:
    """Return the measures of the beeps of each pitch."""
    samples = heard(path)
    found = {}
    for pitch in PITCHES:
        turning = np.exp(-2j * np.pi * pitch * np.arange(len(samples)) / _RATE)
        loud = np.abs(np.convolve(samples * turning, np.ones(_WINDOW) / _WINDOW, "same"))
        above = loud > loud.max() / 2 if len(loud) and loud.max() > 0.02 else np.zeros(len(loud), bool)
        onsets = np.flatnonzero(above[1:] & ~above[:-1]) / _RATE * 1000
        offset = middle([float(onset % 1000) for onset in onsets])
        found[pitch] = {"beeps": len(onsets), "offset": offset, "seconds": len(samples) / _RATE}
    return found


def heard(path: Path) -> Any:
    with av.open(str(path)) as container:
        pieces = [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
    return np.concatenate(pieces or [np.zeros(0, np.float32)])


def middle(offsets: list[float]) -> float:
    """Return the median on a circle of 1000 ms."""
    if not offsets:
        return 0.0
    turns = np.exp(2j * np.pi * np.array(offsets) / 1000)
    centre = float(np.angle(turns.mean()) / 2 / np.pi * 1000)
    return float((centre + np.median([(offset - centre + 500) % 1000 - 500 for offset in offsets])) % 1000)


def main() -> None:
    folder = Path(sys.argv[1])
    parts = {}
    for path in sorted((folder / "tracks").iterdir()):
        is_sound = "microphone" in path.name
        parts[f"tracks/{path.name}"] = measured_sound(path) if is_sound else measured_pictures(path, 1)[0]
    found: dict[str, Any] = {"parts": parts}
    mixed = folder / "mixed.webm"
    if mixed.exists():
        found["mixed"] = {"pictures": measured_pictures(mixed, 2), "sound": measured_sound(mixed)}
    print(json.dumps(found))  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
