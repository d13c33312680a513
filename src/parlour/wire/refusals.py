"""Refusals as they cross the network: problem+json (RFC 9457) and its place in OpenAPI."""

from http import HTTPStatus
from typing import Any

from parlour.errors import Refusal, TryLater
from parlour.wire.http import FieldProblem, Problem

PROBLEM_JSON = "application/problem+json"
_RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}


def problem(refusal: Refusal) -> Problem:
    return Problem(
        title=HTTPStatus(refusal.status).phrase,
        status=refusal.status,
        detail=refusal.message,
        code=refusal.code,
        message=refusal.message,
        errors=[
            FieldProblem(field=error.field, message=error.message, code=error.code or None)
            for error in refusal.fields
        ]
        or None,
    )


def problem_body(refusal: Refusal) -> dict[str, Any]:
    return problem(refusal).model_dump(exclude_none=True)


def refusals(*kinds: type[Refusal]) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an endpoint for OpenAPI: one example for each refusal, by status."""
    by_status: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        response = by_status.setdefault(
            kind.status,
            {
                "description": "",
                "content": {
                    PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}
                },
            },
        )
        if issubclass(kind, TryLater):
            response["headers"] = _RETRY_AFTER
        response["description"] = " ".join(filter(None, (response["description"], kind.sentence())))
        response["content"][PROBLEM_JSON]["examples"][kind.code] = {"value": problem_body(kind())}
    return by_status
