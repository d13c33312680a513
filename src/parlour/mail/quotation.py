"""Quotation of untrusted names in mails: mail programs find no link in them, and no bidi override acts."""

import re
import unicodedata

_DIRECTION_CONTROLS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_FIRST_STRONG_ISOLATE, _POP_DIRECTIONAL_ISOLATE = "\u2068", "\u2069"
_DOTS = ".\u3002\uff0e\uff61\u2024"
"""The full stop of host names, and the characters that browsers map to it (UTS 46)."""
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
    """Return a name in which mail programs find no address to make a link of.

    A visible space splits each part that looks like an address: a browser that opens the link would drop an
    invisible character again. Right-to-left text is isolated (UAX 9), and direction controls are removed.
    """
    split_name = _LINKABLE.sub(lambda match: f"{match[0]} ", _DIRECTION_CONTROLS.sub("", name))
    if any(unicodedata.bidirectional(character) in ("R", "AL", "AN") for character in split_name):
        return f"{_FIRST_STRONG_ISOLATE}{split_name}{_POP_DIRECTIONAL_ISOLATE}"
    return split_name
