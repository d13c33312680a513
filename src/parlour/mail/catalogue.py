"""The texts of mails, read from `texts/*.json` when the first mail in a language is written."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path

import msgspec

from parlour.languages import LANGUAGES, Direction, known_language, plural_category

_TEXTS = Path(__file__).parent / "texts"
_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"


class MailTexts:
    """The texts of one language; values such as names are put into them, and never interpreted."""

    def __init__(self, language: str, texts: Mapping[str, str]) -> None:
        self.language = language
        self.direction: Direction = LANGUAGES[language]
        self._texts = texts

    def __call__(self, key: str, **values: str) -> str:
        """Return a text. In a right-to-left language, its values are isolated (UAX 9)."""
        if self.direction == "rtl":
            values = {name: _isolated(value) for name, value in values.items()}
        return self._texts[key].format_map(values)

    def duration(self, duration: timedelta) -> str:
        """Write a duration, such as `30 minutes`."""
        minutes = round(duration.total_seconds() / 60)
        if minutes < 1:
            return self._count("seconds", round(duration.total_seconds()))
        return self._count("hours", minutes // 60) if minutes % 60 == 0 else self._count("minutes", minutes)

    def _count(self, unit: str, count: int) -> str:
        form = plural_category(self.language, count)
        return self._texts[f"duration.{unit}.{form}"].format_map({"count": str(count)})


def _isolated(value: str) -> str:
    return value if value.startswith(_ISOLATE) else f"{_ISOLATE}{value}{_POP_ISOLATE}"


@cache
def mail_texts(language: str | None) -> MailTexts:
    """Return the texts in a language, the English ones for a language that this version does not know."""
    code = known_language(language)
    content = (_TEXTS / f"{code}.json").read_bytes()
    return MailTexts(code, msgspec.json.decode(content, type=dict[str, str]))
