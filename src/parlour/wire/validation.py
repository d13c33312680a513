"""Says in plain words what is wrong with a value, where pydantic has found it."""

import re
from collections.abc import Mapping
from typing import Any

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
    "string_type": "has to be a text",
    "string_too_short": "has to have at least {min_length} characters",
    "string_too_long": "may have at most {max_length} characters",
}
_ALTERNATIVES = re.compile(r"\^\(([a-z|-]+)\)\$")


def plain_words(error: Mapping[str, Any]) -> str:
    """What follows the name of the value: `has to be a whole number`. `error` is one of `errors()`."""
    kind, context = str(error["type"]), error.get("ctx", {})
    if kind == "value_error":
        words = str(error["msg"]).removeprefix("Value error, ")
        return f"{words[0].lower()}{words[1:]}"
    if kind == "string_pattern_mismatch":
        alternatives = _ALTERNATIVES.fullmatch(str(context["pattern"]))
        if alternatives is None:
            return "has letters or a length that are not allowed"
        *first, last = alternatives[1].split("|")
        return f"has to be {', '.join(first)} or {last}"
    return _WORDS.get(kind, "cannot be used").format_map(context)
