"""Says in plain words what is wrong with a value, where pydantic has found it."""

import re
from collections.abc import Mapping
from typing import Any

from parlour.wire.base import MESSAGE_ID_PATTERN, NO_CONTROL, NO_NUL, USERNAME_LENGTH, USERNAME_PATTERN

_WORDS = {
    "missing": "is missing",
    "int_type": "has to be a whole number",
    "int_parsing": "has to be a whole number",
    "int_from_float": "has to be a whole number",
    "int_parsing_size": "has to be a smaller number",
    "bool_type": "has to be true or false",
    "bool_parsing": "has to be true or false",
    "greater_than_equal": "has to be {ge} or more",
    "less_than_equal": "has to be {le} or less",
    "string_type": "has to be text",
    "string_unicode": "has to be valid Unicode text",
    "string_too_short": "has to have at least {min_length} characters",
    "string_too_long": "can have at most {max_length} characters",
    "list_type": "has to be a list",
    "too_short": "has to have at least {min_length} entries",
    "too_long": "can have at most {max_length} entries",
    "model_type": "has to be a JSON object",
    "model_attributes_type": "has to be a JSON object",
    "json_invalid": "isn't valid JSON",
}
_PATTERNS = {
    USERNAME_PATTERN: f"has to be {USERNAME_LENGTH[0]} to {USERNAME_LENGTH[1]} letters, digits, - or _, "
    "and can't start with a digit or -",
    MESSAGE_ID_PATTERN: "has to be 1 to 64 letters, digits, - or _",
    NO_NUL: "can't contain a null character",
    NO_CONTROL: "has to be one line without control characters",
}
_EMPTY = {"string_too_short", "too_short"}
_ALTERNATIVES = re.compile(r"\^\(([a-z|-]+)\)\$")


def plain_words(error: Mapping[str, Any]) -> str:
    """Return the words that follow the value's name: `has to be a whole number`. `error` is of `errors()`."""
    kind, context = str(error["type"]), error.get("ctx", {})
    if kind == "value_error":
        words = str(error["msg"]).removeprefix("Value error, ")
        return f"{words[0].lower()}{words[1:]}"
    if kind == "string_pattern_mismatch":
        pattern = str(context["pattern"])
        alternatives = _ALTERNATIVES.fullmatch(pattern)
        if alternatives is None:
            return _PATTERNS.get(pattern, "has characters or a length that can't be used")
        *first, last = alternatives[1].split("|")
        return f"has to be {', '.join(first)} or {last}"
    if kind == "literal_error":
        return "has to be " + str(context["expected"]).replace("'", "")
    if kind in _EMPTY and context.get("min_length") == 1:
        return "can't be empty"
    return _WORDS.get(kind, "can't be used").format_map(context)


def field_sentence(error: Mapping[str, Any]) -> str:
    """The same as a sentence of its own, which a form shows beside the field."""
    words = plain_words(error)
    if error["type"] != "value_error":
        words = f"this {words}"
    return f"{words[0].upper()}{words[1:]}."
