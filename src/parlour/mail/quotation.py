"""Names that strangers chose, as a letter may quote them: nothing in them is a link, or turns text around."""

import re
import unicodedata

_DIRECTION_CONTROLS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_FIRST_STRONG_ISOLATE, _POP_DIRECTIONAL_ISOLATE = "\u2068", "\u2069"
_DOTS = ".\u3002\uff0e\uff61\u2024"
"""What host names are written with, and what browsers take for it (UTS 46)."""
_LINKABLE = re.compile(
    rf"""
    (?<=[^\s\d])[{_DOTS}](?=[^\W_])                                # evil.example
    | (?<=\d)[{_DOTS}](?=\d*[^\W\d_]) | (?<=\d)[{_DOTS}](?=\d+[{_DOTS}])  # 192.0.2.7, but not 2.0
    | (?<!\d):(?=\S) | :(?=//)                                 # https:, but not 10:30
    | /(?=/) | @(?=\S)
    """,
    re.VERBOSE,
)


def quotable(name: str) -> str:
    """A name whose text runs alone, and in which mail programs find no address to make a link of.

    What they would find is taken apart by visible spaces: invisible characters would be dropped again by the
    browser that opens the link. Right-to-left text is isolated (UAX 9), and controls are left out.
    """
    apart = _LINKABLE.sub(lambda found: f"{found[0]} ", _DIRECTION_CONTROLS.sub("", name))
    if any(unicodedata.bidirectional(character) in ("R", "AL", "AN") for character in apart):
        return f"{_FIRST_STRONG_ISOLATE}{apart}{_POP_DIRECTIONAL_ISOLATE}"
    return apart
