"""The grid of the mixed picture: where each of its tiles is. Pure."""

from dataclasses import dataclass
from math import ceil

_GAP = 4
_SHAPE = 16 / 9


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A part of a picture in pixels. All four are even, since a picture has half as many colours each way."""

    left: int
    top: int
    width: int
    height: int


def grid(tiles: int, width: int, height: int) -> list[Rectangle]:
    """Return the places of tiles of 16:9 in rows, as large as they can be; the last row is centred."""
    if tiles == 0:
        return []
    columns = max(range(1, tiles + 1), key=lambda columns: _tile(tiles, columns, width, height)[0])
    rows = ceil(tiles / columns)
    tile_width, tile_height = _tile(tiles, columns, width, height)
    top = (height - rows * tile_height - (rows - 1) * _GAP) // 2
    places = []
    for row in range(rows):
        count = min(columns, tiles - row * columns)
        left = (width - count * tile_width - (count - 1) * _GAP) // 2
        places += [
            Rectangle(
                _even(left + column * (tile_width + _GAP)),
                _even(top + row * (tile_height + _GAP)),
                tile_width,
                tile_height,
            )
            for column in range(count)
        ]
    return places


def fitted(width: int, height: int, place: Rectangle) -> Rectangle:
    """Return the largest place within `place` for a picture of this shape, centred."""
    scale = min(place.width / width, place.height / height)
    inner_width, inner_height = max(2, _even(width * scale)), max(2, _even(height * scale))
    return Rectangle(
        place.left + _even((place.width - inner_width) / 2),
        place.top + _even((place.height - inner_height) / 2),
        inner_width,
        inner_height,
    )


def _tile(tiles: int, columns: int, width: int, height: int) -> tuple[int, int]:
    rows = ceil(tiles / columns)
    most_wide = (width - (columns - 1) * _GAP) / columns
    most_high = (height - (rows - 1) * _GAP) / rows
    across = min(most_wide, most_high * _SHAPE)
    return max(2, _even(across)), max(2, _even(across / _SHAPE))


def _even(value: float) -> int:
    return int(value) // 2 * 2
