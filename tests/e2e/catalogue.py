"""The texts of the web client in each language, as tests look for them."""

import json
import re
from functools import cache
from pathlib import Path

from playwright.async_api import Page

TEXTS = Path(__file__).parents[2] / "web" / "src" / "texts"
LOCALES = {"de": "de-DE", "es": "es-ES", "fr": "fr-FR", "ru": "ru-RU", "ar": "ar-EG"}
_LONG_ENOUGH = 9
"""Shorter English texts may be words of another language, too."""


@cache
def catalogue(language: str) -> dict[str, str]:
    texts: dict[str, str] = json.loads((TEXTS / f"{language}.json").read_text(encoding="utf-8"))
    return texts


class Said:
    """The texts of one language: `said("home.rooms")`; values are put into the places of a text."""

    def __init__(self, language: str) -> None:
        self._texts = catalogue(language)
        self._rtl = language == "ar"

    def __call__(self, key: str, **values: str) -> str:
        text = re.sub(r"</?\w+>", "", self._texts[key])
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", f"\u2068{value}\u2069" if self._rtl else value)
        return text


async def english_on(page: Page, language: str) -> list[str]:
    """Return the English texts that a page in another language shows or says."""
    shown: str = await page.evaluate(
        """() => [document.title, document.body.innerText,
          ...[...document.querySelectorAll("[aria-label], [placeholder], [title]")].flatMap((element) =>
            [element.ariaLabel, element.placeholder, element.title])].join("\\n")"""
    )
    own = set(catalogue(language).values())
    english = (text for text in catalogue("en").values() if text not in own)
    sentences = [text for text in english if len(text) >= _LONG_ENOUGH and "{" not in text]
    # A look for the plain text first: to compile so many expressions takes longer than the page does.
    return [
        text for text in sentences if text in shown and re.search(rf"(?<!\w){re.escape(text)}(?!\w)", shown)
    ]
