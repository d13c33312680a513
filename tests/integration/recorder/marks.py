"""Marks of time in pictures: written by the people of a call, read in files."""

from typing import Any

WIDTH, HEIGHT = 320, 180
FRAMES_PER_SECOND = 15
PITCHES = (600, 1900)
"""The pitch of each person's beeps, in Hz."""
AGAIN = 60_000
"""The milliseconds after which the marks of pictures begin again."""
_COLUMNS, _ROWS = 8, 2


def picture(milliseconds: int) -> bytes:
    """Return a picture in I420 that is marked with a time."""
    value = milliseconds % AGAIN
    code = value ^ value >> 1
    fields = [b"\xeb" if code >> bit & 1 else b"\x10" for bit in range(_COLUMNS * _ROWS)]
    rows = [
        b"".join(field * (WIDTH // _COLUMNS) for field in fields[row : row + _COLUMNS])
        for row in (0, _COLUMNS)
    ]
    return b"".join(row * (HEIGHT // _ROWS) for row in rows) + b"\x80" * (WIDTH * HEIGHT // 2)


def marked_time(luma: Any) -> int:
    """Read the time in the brightness of a picture of any size; its lower left corner may hold a name."""
    high, wide = luma.shape[0] / _ROWS, luma.shape[1] / _COLUMNS
    code = 0
    for bit in range(_COLUMNS * _ROWS):
        row, column = divmod(bit, _COLUMNS)
        top, left = round((row + 0.2) * high), round((column + 0.25) * wide)
        if luma[top : round((row + 0.6) * high), left : round((column + 0.75) * wide)].mean() > 126:
            code |= 1 << bit
    for shift in (1, 2, 4, 8):
        code ^= code >> shift
    return code
