"""Characters that are not seen, by which two texts that look the same differ."""

from bisect import bisect_right

_DEFAULT_IGNORABLE = (
    (0x00AD, 0x00AD),
    (0x034F, 0x034F),
    (0x061C, 0x061C),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
)
"""Unicode's Default_Ignorable_Code_Point, first and last of each range, bidirectional controls included."""

_STARTS = [first for first, _ in _DEFAULT_IGNORABLE]


def is_default_ignorable(character: str) -> bool:
    """Return True if a character shows nothing of its own outside of its script or an emoji."""
    code = ord(character)
    place = bisect_right(_STARTS, code) - 1
    return place >= 0 and code <= _DEFAULT_IGNORABLE[place][1]


DEFAULT_IGNORABLE = "".join(
    f"{chr(first)}-{chr(last)}" if first != last else chr(first) for first, last in _DEFAULT_IGNORABLE
)
"""The same, as the inside of a character class of a regular expression."""
