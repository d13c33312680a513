"""Names in the mixed picture, as brightness and coverage of pixels."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_FONTS = (
    "/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf",
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf",
    "/usr/share/fonts/TTF/DejaVuSans.ttf",
)
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Label:
    """A name on a dark ground: the brightness of each pixel, for both halves of a picture even in size."""

    brightness: Any

    def put(self, luma: Any, blue: Any, red: Any, *, left: int, bottom: int, most: int) -> None:
        """Draw it into the planes of a picture, `most` pixels wide at most."""
        height, width = self.brightness.shape
        width, top = min(width, most // 2 * 2), max(0, bottom - height)
        luma[top:bottom, left : left + width] = self.brightness[: bottom - top, :width]
        for plane in (blue, red):
            plane[top // 2 : bottom // 2, left // 2 : (left + width) // 2] = 128


class Labels:
    """Draws each name once for each size of letters."""

    def __init__(self, font: str | None) -> None:
        """`font` is a file; without one, a usual font of the system is taken, or Pillow's own."""
        self._file = font or next((name for name in _FONTS if Path(name).exists()), None)
        self._fonts: dict[int, Any] = {}
        self._labels: dict[tuple[str, int], Label] = {}

    def label(self, name: str, size: int) -> Label:
        """Return a name in letters of `size` pixels."""
        size = max(8, size // 2 * 2)
        found = self._labels.get((name, size))
        if found is None:
            found = self._labels[name, size] = self._draw(name[:_LONGEST], size)
        return found

    def _draw(self, name: str, size: int) -> Label:
        font = self._fonts.get(size)
        if font is None:
            loaded = ImageFont.truetype(self._file, size) if self._file else ImageFont.load_default(size)
            font = self._fonts[size] = loaded
        width = (int(font.getlength(name)) + size) // 2 * 2 + 2
        image = Image.new("L", (width, size * 3 // 2 // 2 * 2), 24)
        ImageDraw.Draw(image).text((size // 2, size * 3 // 4), name, fill=235, font=font, anchor="lm")
        return Label(np.asarray(image))
