"""Assertions on answers. Refusals are problem details (RFC 9457) with the members `code` and `message`."""

import re
from datetime import datetime
from http import HTTPStatus
from typing import Any

import httpx

_MEMBERS = {"type", "title", "status", "detail", "code", "message"}
_SNAKE_CASE = re.compile(r"[a-z]+(_[a-z]+)*")
_SENTENCE = re.compile(r"(?!Input |String |Field |Value |JSON )[A-Z].*\.")
"""A sentence in Parlour's words: the excluded openings belong to pydantic's own messages."""
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def refused(
    answer: httpx.Response, status: int, code: str | None = None, *, field: str | None = None
) -> None:
    """Assert that an answer is a refusal in the shape of all refusals; `field` is an invalid field."""
    told = f"{answer.request.method} {answer.url.path}: {answer.status_code} {answer.text[:500]}"
    assert answer.status_code == status, told
    assert answer.headers["content-type"] == "application/problem+json", told
    problem = answer.json()
    assert set(problem) - {"errors"} == _MEMBERS, told
    assert problem["type"] == "about:blank", told
    assert problem["title"] == HTTPStatus(status).phrase, told
    assert problem["status"] == status, told
    assert problem["detail"] == problem["message"], told
    assert problem["message"].endswith((".", "?", "!")), told
    assert _SNAKE_CASE.fullmatch(problem["code"]), told
    if code is not None:
        assert problem["code"] == code, told
    if field is not None:
        assert field in invalid_fields(problem), told


def does_not_fit(answer: httpx.Response, field: str) -> None:
    """Assert that an answer is a 422 that names the field."""
    refused(answer, 422, "invalid_request", field=field)


def invalid_fields(problem: dict[str, Any]) -> set[str]:
    for error in problem["errors"]:
        assert set(error) - {"code"} == {"field", "message"}, error
        assert _SNAKE_CASE.fullmatch(error.get("code", "absent")), error
        assert _SENTENCE.fullmatch(error["message"]), error
    return {error["field"] for error in problem["errors"]}


def nothing_to_say(answer: httpx.Response) -> None:
    """Assert that an answer is a 200 with an empty object."""
    assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {}


def moment(text: str) -> datetime:
    """Parse a time, which has to be ISO 8601 in UTC with the suffix Z."""
    assert _UTC.fullmatch(text), text
    return datetime.fromisoformat(text)
