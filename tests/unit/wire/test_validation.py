"""What is wrong with a field is said in sentences that people understand, whatever was sent."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from parlour.wire import http
from parlour.wire.base import Body
from parlour.wire.validation import field_sentence

BODIES: list[type[Body]] = [
    http.ClientRegistration,
    http.GuestRegistration,
    http.Login,
    http.NewRoom,
    http.NewMessage,
    http.NewInvitation,
    http.RoomCheck,
    http.EventMove,
    http.NameChange,
]
_FIELDS = sorted({field for body in BODIES for field in body.model_json_schema()["properties"]})
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.just("x" * 5000),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
)


def sentences(body: Any, value: Any) -> list[str]:
    try:
        TypeAdapter(body).validate_python(value)
    except ValidationError as error:
        return [field_sentence(one) for one in error.errors()]
    return []


@pytest.mark.parametrize(
    ("body", "value", "said"),
    [
        (http.Login, {"username": "ann"}, "This is missing."),
        (http.Login, {"username": "", "password": "x"}, "This can't be empty."),
        (http.Login, {"username": 7, "password": "x"}, "This has to be text."),
        (http.Login, [], "This has to be a JSON object."),
        (http.GuestRegistration, {"email": "ann"}, "This is not a valid email address."),
        (http.NameChange, {"displayName": "\u202e"}, "Use characters that can be seen, on one line."),
        (http.NameChange, {"displayName": "x" * 65}, "This can have at most 64 characters."),
        (http.NewMessage, {"roomname": "R", "message": "a\0"}, "This can't contain a null character."),
        (
            http.NewMessage,
            {"roomname": "R", "message": "a", "message_id": ":"},
            "This has to be 1 to 64 letters, digits, - or _.",
        ),
        (http.RoomCheck, {"limit": 0}, "This has to be 1 or more."),
        (http.NewRoom, {"topology": "star"}, "This has to be auto, mesh or sfu."),
        (http.NewInvitation, {"room": "R", "email": "ann@x.org"}, "This has to be a list."),
        (
            http.ClientRegistration,
            {"email": "ann@example.org", "username": "7ann", "password": "long enough"},
            "This has to be 4 to 24 letters, digits, - or _, and can't start with a digit or -.",
        ),
    ],
)
def test_what_is_said(body: Any, value: Any, said: str) -> None:
    assert said in sentences(body, value)


@given(st.sampled_from(BODIES), st.dictionaries(st.sampled_from(_FIELDS), _VALUES) | _VALUES)
def test_every_error_is_a_sentence_of_ours(body: Any, value: Any) -> None:
    for said in sentences(body, value):
        assert re.fullmatch(r"[A-Z].*\.", said), said
        assert "can't be used" not in said, "this kind of error has no words yet"
        assert "Input" not in said
        assert "{" not in said
