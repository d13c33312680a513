"""Files that Chromium plays in a loop in the place of cameras and microphones.

Chromium's own fake camera has little to encode but its bouncing shape, and its microphone beeps. Here a face
sways a little before a room, with the noise of a sensor, and people speak in turns.
"""

import math
import random
import struct
import wave
from dataclasses import dataclass
from pathlib import Path

_LOOP_SECONDS = 2
_NOISE = b"\x03"
"""The bits of a sample that are random in each picture: as much as a small sensor adds in a room."""
_SWAY = 0.04
"""The way of the face to each side, as a share of the picture's width."""
_RATE = 48_000
_SYLLABLES = 4
"""A second, as in speech."""
_PITCH, _HARMONICS = 140, 12
_LOUD = 9_000
TURN_SECONDS = 4
"""Seconds that a person speaks before the next one does."""


@dataclass(frozen=True, slots=True)
class Camera:
    """The size and the rate of a fake camera's pictures."""

    width: int
    height: int
    frames_per_second: int

    @property
    def title(self) -> str:
        return f"{self.height}p{self.frames_per_second}"

    def flags(self, folder: Path) -> tuple[str, ...]:
        """Return Chromium's flags for this camera, whose file is written to `folder` once."""
        path = folder / f"{self.title}.y4m"
        if not path.exists():
            self._write(path)
        return ("--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={path}")

    def _write(self, path: Path) -> None:
        chance = random.Random(1)
        room, face = _texture(self, 60, 30), _texture(self, 140, 50)
        count = self.width * self.height
        mask = int.from_bytes(_NOISE * count)
        colours = b"\x78" * (count // 4) + b"\x8c" * (count // 4)
        frames = _LOOP_SECONDS * self.frames_per_second
        with path.open("wb") as file:
            file.write(
                f"YUV4MPEG2 W{self.width} H{self.height} F{self.frames_per_second}:1 Ip A1:1\n".encode()
            )
            for frame in range(frames):
                shift = round(math.sin(2 * math.pi * frame / frames) * _SWAY * self.width)
                plain = int.from_bytes(self._picture(room, face, shift))
                noise = int.from_bytes(chance.randbytes(count)) & mask
                file.write(b"FRAME\n" + (plain + noise).to_bytes(count) + colours)

    def _picture(self, room: bytes, face: bytes, shift: int) -> bytes:
        """Return the luma of a face before a room, `shift` pixels from the middle."""
        left, right = self.width * 3 // 10 + shift, self.width * 7 // 10 + shift
        rows = []
        for row in range(self.height):
            at = row * self.width
            if row < self.height // 6:
                rows.append(room[at : at + self.width])
            else:
                shown = face[at + left - shift : at + right - shift]
                rows.append(room[at : at + left] + shown + room[at + right : at + self.width])
        return b"".join(rows)


def _texture(camera: Camera, darkest: int, contrast: int) -> bytes:
    """Return luma without sharp edges: waves in both directions. With the noise added it fits into a byte."""
    scale = 2 * math.pi / camera.height
    across = [
        math.sin(column * scale * 5) + math.sin(column * scale * 17) / 2 for column in range(camera.width)
    ]
    lines = []
    for row in range(camera.height):
        down = math.sin(row * scale * 4) + math.cos(row * scale * 23) / 2
        lines.append(bytes(darkest + int((3 + value + down) / 6 * contrast) for value in across))
    return b"".join(lines)


def microphone_flags(folder: Path, *, place: int, people: int) -> tuple[str, ...]:
    """Return Chromium's flags for the microphone of one of so many people, who speak one after the other."""
    path = folder / f"voice-{place}-of-{people}.wav"
    if not path.exists():
        _write_voice(path, place, people)
    return (f"--use-file-for-fake-audio-capture={path}",)


def _write_voice(path: Path, place: int, people: int) -> None:
    period = [
        sum(math.sin(2 * math.pi * _PITCH * tone * at / _RATE) / tone for tone in range(1, _HARMONICS + 1))
        for at in range(_RATE // 4)
    ]
    syllable = [math.sin(math.pi * _SYLLABLES * at / _RATE) ** 2 for at in range(_RATE // _SYLLABLES)]
    spoken = [int(_LOUD * voice * loud) for voice, loud in zip(period, syllable, strict=True)]
    turn = struct.pack(f"<{len(spoken)}h", *spoken) * (_SYLLABLES * TURN_SECONDS)
    silence = bytes(len(turn))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        for at in range(people):
            file.writeframes(turn if at == place else silence)
