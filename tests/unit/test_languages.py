"""Which language a request asks for, and how each language counts."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parlour.languages import LANGUAGES, accepted_language, known_language, plural_category

WEB_LANGUAGES = Path(__file__).parents[2] / "web" / "src" / "texts" / "languages.ts"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", None),
        ("*", None),
        ("ja, zh-Hant-TW;q=0.8", None),
        ("de", "de"),
        ("de-AT,en;q=0.5", "de"),
        ("en;q=0.5, DE-at ; q=0.7", "de"),
        ("ja, ar;q=0.3, ru;q=0.4", "ru"),
        ("fr;q=0, es;q=0.1", "es"),
        ("de;q=nonsense, fr", "fr"),
        ("es-419", "es"),
        ("en-US,en;q=0.9,de;q=0.8", "en"),
    ],
)
def test_the_language_that_a_browser_ranks_first(header: str, language: str | None) -> None:
    assert accepted_language(header) == language


@given(st.text(alphabet="de-AT,;q=01. *\x00é", max_size=400))
def test_whatever_a_header_says_it_names_a_language_or_none(header: str) -> None:
    assert accepted_language(header) in {None, *LANGUAGES}


def test_a_header_of_very_many_languages_is_read_from_its_beginning() -> None:
    assert accepted_language(",".join(["ja"] * 10_000 + ["de"])) is None


def test_a_language_of_another_version_is_english() -> None:
    assert [known_language(code) for code in ("tlh", None, "ar")] == ["en", "en", "ar"]


@pytest.mark.parametrize(
    ("language", "counts"),
    [
        ("en", {"one": [1], "other": [0, 2, 11, 21]}),
        ("fr", {"one": [0, 1], "other": [2, 21]}),
        ("ru", {"one": [1, 21, 101], "few": [2, 4, 22], "many": [0, 5, 11, 12, 14, 111]}),
        (
            "ar",
            {
                "zero": [0],
                "one": [1],
                "two": [2],
                "few": [3, 10, 103],
                "many": [11, 99, 111],
                "other": [100, 102, 200],
            },
        ),
    ],
)
def test_plurals(language: str, counts: dict[str, list[int]]) -> None:
    for category, numbers in counts.items():
        assert {plural_category(language, number) for number in numbers} == {category}


def test_server_and_web_client_speak_the_same_languages() -> None:
    found = re.findall(
        r'^ {2}(\w+): \{ name: "[^"]+", direction: "(\w+)" \}', WEB_LANGUAGES.read_text(), re.MULTILINE
    )
    assert dict(found) == LANGUAGES
    assert list(dict(found)) == list(LANGUAGES)
