"""Rules for rooms' names, and when two names are the same or look the same."""

import re
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files

from parlour.wire.characters import DEFAULT_IGNORABLE, is_default_ignorable

ROOM_NAME_LENGTH = 64
NAME_KEY_LENGTH = 192
_LONGEST_KEPT = 200
"""The characters of a name that the memory of keys keeps at most."""

_JOINERS = "\u200c\u200d"
_SELECTORS = "\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"
BLACK_FLAG = "\U0001f3f4"
_TAGS = "\U000e0020-\U000e007f"
_USED = re.compile(f"[{_JOINERS}{_SELECTORS}{_TAGS}]")
"""Invisible characters that belong to an emoji or to a letter of some scripts."""

_HIDDEN = f"{DEFAULT_IGNORABLE}\u2800"
_FORBIDDEN = (
    "\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e001f\U000e0080-\U000e00ff\U000e01f0-\U000e0fff"
)
_NOTHING = rf"[\s{_JOINERS}{_SELECTORS}{_TAGS}]*"
NEW_NAME_PATTERN = (
    rf"^(?!{_NOTHING}\.{_NOTHING}\.?{_NOTHING}$)[^{_FORBIDDEN}]*[^\s{_FORBIDDEN}{_HIDDEN}][^{_FORBIDDEN}]*$"
)
"""One line with something to see, without controls of direction; `.` and `..` fit no path (RFC 3986)."""

_NEW_NAME = re.compile(NEW_NAME_PATTERN)
_MARKS_IN_A_ROW = 4
"""The most marks that a language stacks upon a letter (UTS 39, section 5.4); more cover their neighbours."""


def parsed_name(text: str) -> str:
    """A new name in its normal form: NFC, without joiners and selectors that join and select nothing.

    Raises ValueError where it is not one line that one can see, or no segment of a path.
    """
    name = unicodedata.normalize("NFC", _without_unused(unicodedata.normalize("NFC", text))).strip()
    if not _NEW_NAME.match(name) or len(name) > ROOM_NAME_LENGTH:
        raise ValueError("use characters that can be seen, on one line")
    return name


def exact_name_key(name: str) -> str:
    """Return the key by which spellings are equal that differ in case alone."""
    return name.strip().casefold()


def name_key(name: str) -> str:
    """Two names are the same one where their keys are equal.

    Case, spaces, width, composition and what is not seen make no difference (close to NFKC_Casefold, UAX 44).
    """
    return _name_key(name) if len(name) > _LONGEST_KEPT else _name_key_lately(name)


def _name_key(name: str) -> str:
    key = _folded(name)
    for _ in range(3):
        if (again := _folded(key)) == key:
            break
        key = again
    if len(key) <= NAME_KEY_LENGTH:
        return key
    return unicodedata.normalize("NFC", exact_name_key(name))[
        :NAME_KEY_LENGTH
    ]  # one ligature may be 18 letters


_name_key_lately = lru_cache(maxsize=4096)(_name_key)
"""`_name_key`, and the keys of the names that were asked for last: each request to a room asks twice."""


def search_key(text: str) -> str:
    """Fold a text in which people search: case, width, composition and spaces make no difference.

    Both databases compare such keys: their own folding knows ASCII alone, or depends on their locale. Close
    to NFKC_Casefold (UAX 44); a text becomes 18 times as long at most.
    """
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split())


def older_name_key(name: str) -> str:
    """The key of a room from before `name_key`, where another has that. New names have no controls."""
    return f"\u001f{exact_name_key(name)}"[:NAME_KEY_LENGTH]


def name_skeleton(name: str) -> str:
    """Two names look the same where their skeletons are equal, as Latin and Cyrillic `a` do.

    It follows UTS 39, section 4, where scripts differ; letters of ASCII that look alike stay apart.
    """
    if name.isascii():
        return name_key(name)
    table = _confusables()
    like = unicodedata.normalize("NFKC", _shown(name)).translate(table)
    return name_key(name_key(like).translate(table))


@cache
def _confusables() -> dict[int, str]:
    text = files("parlour.wire").joinpath("confusables.txt").read_text(encoding="utf-8")
    return {ord(line[0]): line[1] for line in text.splitlines() if not line.startswith("#")}


def _folded(name: str) -> str:
    composed = unicodedata.normalize("NFKC", _shown(name)).casefold()
    return " ".join(unicodedata.normalize("NFKC", composed).split())


def _shown(name: str) -> str:
    """Strip what is invisible, save for the tags that tell flags apart."""
    return "".join(
        one
        for one in _without_unused(name)
        if not is_default_ignorable(one) or "\U000e0020" <= one <= "\U000e007f"
    )


def _without_unused(name: str) -> str:
    kept: list[str] = []
    marks = 0
    for place, character in enumerate(name):
        before = kept[-1] if kept else ""
        if _USED.match(character) and not _is_of_use(character, before, name[place + 1 : place + 2]):
            continue
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks <= _MARKS_IN_A_ROW:
            kept.append(character)
    return "".join(kept)


def _is_of_use(character: str, before: str, after: str) -> bool:
    """Joiners stand between emoji or letters of scripts without case; the rest follows what it changes."""
    kind = unicodedata.category(before) if before else ""
    if character in _JOINERS:
        follows = unicodedata.category(after) if after else ""
        return kind in ("So", "Lo", "Mn", "Mc", "Sk") and follows in ("So", "Lo")
    if _is_tag(character):
        return before == BLACK_FLAG or _is_tag(before)
    if "\ufe00" <= character <= "\ufe0f":
        return kind in ("So", "Sm", "Po", "Nd", "Sk", "Lo")
    return kind == "Lo"


def _is_tag(character: str) -> bool:
    return "\U000e0020" <= character <= "\U000e007f"
