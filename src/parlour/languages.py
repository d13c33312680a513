"""The languages that Parlour speaks, and which of them a request asks for."""

import re
from collections.abc import Mapping
from typing import Literal

Direction = Literal["ltr", "rtl"]

LANGUAGES: Mapping[str, Direction] = {
    "en": "ltr",
    "de": "ltr",
    "es": "ltr",
    "fr": "ltr",
    "ru": "ltr",
    "ar": "rtl",
}
"""The direction in which each language is written, by its code (BCP 47); as in web/src/texts/languages.ts."""
DEFAULT_LANGUAGE = "en"

_MOST_RANGES = 20
_RANGE = re.compile(
    r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]{1,40})?\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?"
)


def accepted_language(header: str) -> str | None:
    """Return the language that `Accept-Language` (RFC 9110, section 12.5.4) ranks first among LANGUAGES.

    None if it names none of them. What is malformed is passed over, and only the first ranges are read.
    """
    best, best_quality = None, 0.0
    for language_range in header.split(",", _MOST_RANGES)[:_MOST_RANGES]:
        found = _RANGE.fullmatch(language_range)
        if found is None or found[1].lower() not in LANGUAGES:
            continue
        quality = 1.0 if found[2] is None else float(found[2])
        if quality > best_quality:
            best, best_quality = found[1].lower(), quality
    return best


def known_language(code: str | None) -> str:
    """Return the code, or English for None and for a language of another version of Parlour."""
    return code if code is not None and code in LANGUAGES else DEFAULT_LANGUAGE


def plural_category(language: str, count: int) -> str:
    """Return the plural category of a whole number, by the rules of Unicode's CLDR."""
    tens, hundreds = count % 10, count % 100
    match language:
        case "fr":
            return "one" if count <= 1 else "other"
        case "ru":
            if tens == 1 and hundreds != 11:
                return "one"
            return "few" if tens in (2, 3, 4) and hundreds not in (12, 13, 14) else "many"
        case "ar":
            if count in (0, 1, 2):
                return ("zero", "one", "two")[count]
            if 3 <= hundreds <= 10:
                return "few"
            return "many" if hundreds >= 11 else "other"
        case _:
            return "one" if count == 1 else "other"
