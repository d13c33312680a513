"""What rooms may be called, and which names are one."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from parlour.wire.base import NewRoomName, RoomName
from parlour.wire.names import NEW_NAME_PATTERN, name_key, name_skeleton, older_name_key, parsed_name


def fits(text: str) -> bool:
    try:
        TypeAdapter[str](NewRoomName).validate_python(text)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    "name",
    [
        "Garden",
        "a",
        "Q&A: (all) / 100 % – “café”!",
        "a/b?#%",
        "../../x",
        "...",
        "☃" * 64,
        "👩‍👩‍👧 family",
        "❤️",
        "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
        "1️⃣",
        "می‌خواهم",
        "क्‍ष",
        "葛󠄀城",
        "שיחה ומפגש",
        "غرفة ١",
        "ห้องประชุมที่นี่",
        "会議室 IT-отдел",
        "Zoom встреча",
        "İstanbul ılık",
        "Ω",
    ],
)
def test_names_of_every_script_are_names_as_they_are(name: str) -> None:
    assert parsed_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", " ", ".", "..", " .. ", "..\u200d", "\u200b", "\u200d", "\u2060", "\ufeff", "\u3164", "\u115f",
     "\u2800", "\ufe0f", "\u00ad", "\u3000\u00a0", "\u034f", "\U000e0041", "gar\u200bden", "gar\u00adden",
     "a\u202eb", "a\u2066b", "a\u200fb", "a\u061cb", "a\nb", "a\u2028b", "a\x7fb", "a" * 65, "a\ufff9b",
     "a\u180eb"],
)  # fmt: skip
def test_what_nobody_sees_or_no_path_holds_is_no_name(name: str) -> None:
    assert not fits(name)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("  Garden ", "Garden"),
        ("Cafe\u0301", "Café"),
        ("Gar\u200dden", "Garden"),
        ("Garden\ufe0f", "Garden"),
        ("\u200cGarden", "Garden"),
        ("Z" + "\u0337" * 20, "Z" + "\u0337" * 4),
        ("🙂\U000e0067", "🙂"),
    ],
)
def test_what_adds_nothing_is_left_out(text: str, name: str) -> None:
    assert parsed_name(text) == name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Café", "cafe\u0301"),
        ("Garden", "ＧＡＲＤＥＮ"),
        ("Garden", "𝐆arden"),
        ("Garden", "Gar\u200bden"),
        ("Garden", "\u2060Garden\ufeff"),
        ("Garden of Eden", " garden\u00a0of  eden "),
        ("ﬁn", "fin"),
        ("Straße", "STRASSE"),
        ("❤️", "❤"),
        ("한국", "\u1112\u1161\u11ab국"),
    ],
)
def test_two_spellings_of_one_name(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Garden", "Gаrden"),
        ("Garden", "Gаrdеn"),
        ("BOX", "ВОХ"),
        ("paypal", "рауpal"),
        ("scope", "ѕсоре"),
        ("Garden", "Ɡarden"),
        ("Omega", "Οmega"),
        ("Привет", "Πривет"),
    ],
)
def test_two_names_that_look_the_same(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)
    assert name_skeleton(one) == name_skeleton(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Room 1", "Room l"),
        ("Room 10", "Room lO"),
        ("Modern", "Modem"),
        ("über", "uber"),
        ("año", "ano"),
        ("Сад", "Garden"),
        ("🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🏴󠁧󠁢󠁳󠁣󠁴󠁿"),
        ("会議", "会义"),
        ("a-b", "a b"),
        ("Room 2", "Room ²!"),
    ],
)
def test_names_that_anybody_tells_apart(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)
    assert name_skeleton(one) != name_skeleton(other)


@given(st.text(max_size=80))
def test_a_new_name_is_in_its_normal_form_and_can_be_found(text: str) -> None:
    try:
        name = TypeAdapter[str](NewRoomName).validate_python(text)
    except ValidationError:
        return
    assert parsed_name(name) == name
    assert TypeAdapter[str](RoomName).validate_python(name) == name, "the way in takes it"
    assert re.match(NEW_NAME_PATTERN, name)
    assert 1 <= len(name) <= 64
    assert name.splitlines() == [name]


@given(st.text(min_size=1, max_size=64))
def test_keys_fit_their_columns(text: str) -> None:
    """Whatever rooms of before are called: some characters are eighteen in their normal form."""
    assert name_key(text) == name_key(f" {text} ")
    for key in (name_key(text), name_skeleton(text), older_name_key(text)):
        assert len(key) <= 192


@pytest.mark.parametrize("name", ["ﷺ" * 64, "ΐ" * 64, "\u0345" * 64, "𝐆" * 64])
def test_long_keys(name: str) -> None:
    assert len(name_key(name)) <= 192
    assert len(name_skeleton(name)) <= 192
