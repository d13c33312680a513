"""Names, passwords and times, as every part of Parlour reads them."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from parlour.wire.base import ChatText, Password, RoomName, Username, iso, username_key


def fits(kind: Any, text: str) -> bool:
    try:
        TypeAdapter[str](kind).validate_python(text)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("name", ["anna", "Ann-Lee_99", "a" * 24, "A123", "_anna", "____"])
def test_usernames(name: str) -> None:
    assert fits(Username, name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "ann",
        "a" * 25,
        "1anna",
        "-anna",
        "ann lee",
        "anna\n",
        "\nanna",
        "änna",
        "anna@",
        "ann\0",
        "аnna",
    ],
)
def test_what_is_no_username(name: str) -> None:
    assert not fits(Username, name)


@given(st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{3,23}", fullmatch=True))
def test_usernames_are_compared_without_regard_to_case(name: str) -> None:
    assert fits(Username, name)
    assert username_key(name) == username_key(name.upper()) == username_key(name.lower())


@pytest.mark.parametrize(("length", "fit"), [(7, False), (8, True), (128, True), (129, False)])
def test_password_length(length: int, fit: bool) -> None:
    assert fits(Password, "p" * length) is fit
    assert fits(Password, "🐎" * length) is fit, "characters are counted, not bytes"


def test_passwords_are_taken_as_they_are() -> None:
    assert TypeAdapter[str](Password).validate_python("  spaces stay  ") == "  spaces stay  "
    assert not fits(Password, "no\0nul in here")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Garden", "Garden"),
        ("  Garden\u00a0", "Garden"),
        ("a", "a"),
        ("☃" * 64, "☃" * 64),
        ("a/b?#%", "a/b?#%"),
    ],
)
def test_room_names(text: str, name: str) -> None:
    assert TypeAdapter[str](RoomName).validate_python(text) == name


@pytest.mark.parametrize(
    "text",
    ["", "   ", "a" * 65, "a\nb", "a\r\nb", "a\tb", "a\0b", "a\x7fb", "a\u2028b", "a\u2029b", "a\u0085b"],
)
def test_what_is_no_room_name(text: str) -> None:
    """Control characters and line breaks: a room's name is one line, in a letter's subject too."""
    assert not fits(RoomName, text)


@given(st.text(max_size=80))
def test_a_room_name_is_trimmed_and_one_line(text: str) -> None:
    try:
        name = TypeAdapter[str](RoomName).validate_python(text)
    except ValidationError:
        return
    assert name == name.strip()
    assert 1 <= len(name) <= 64
    assert name.splitlines() == [name]


@pytest.mark.parametrize(("length", "fit"), [(0, False), (1, True), (4000, True), (4001, False)])
def test_chat_length(length: int, fit: bool) -> None:
    assert fits(ChatText, "☃" * length) is fit


def test_chat_keeps_its_lines_and_takes_no_nul() -> None:
    assert TypeAdapter[str](ChatText).validate_python(" a\nb ") == " a\nb "
    assert not fits(ChatText, "a\0b")


def test_times_are_utc_with_z_and_milliseconds() -> None:
    assert iso(datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)) == "2026-01-02T03:04:05.678Z"
    tokyo = timezone(timedelta(hours=9))
    assert iso(datetime(2026, 1, 2, 3, 4, 5, tzinfo=tokyo)) == "2026-01-01T18:04:05.000Z"


@given(st.datetimes(datetime(1900, 1, 2), datetime(2200, 1, 1), timezones=st.timezones()))  # noqa: DTZ001 - hypothesis wants it bare
def test_times_are_read_back(moment: datetime) -> None:
    read = datetime.fromisoformat(iso(moment))
    assert timedelta() <= moment - read < timedelta(milliseconds=1)
