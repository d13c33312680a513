"""OpenAPI 3.1 of the HTTP API, from the routes and the types of `wire`."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from parlour.wire.http import Problem

DESCRIPTION = """
The HTTP API of Parlour. Signaling goes over Socket.IO: see `/asyncapi.json`.

Whoever calls is identified by `Authorization: Bearer <accessToken>`, or, where that header is missing, by
the cookie `jwt`. Every refusal is `application/problem+json` (RFC 9457) with a stable `code` and a
`message` for people. All times are ISO 8601 in UTC.
"""

ANONYMOUS = (
    "/guest",
    "/guest/verify",
    "/client",
    "/client/login",
    "/client/verify",
    "/verification",
    "/logout",
    "/refresh",
    "/config",
    "/healthz",
    "/readyz",
)
OPTIONAL = ("/room/check",)


def openapi(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary="Self-hosted video conferences",
        description=DESCRIPTION,
        routes=app.routes,
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    components["securitySchemes"] = {
        "accessToken": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        "cookie": {"type": "apiKey", "in": "cookie", "name": "jwt"},
    }
    for path, operations in document["paths"].items():
        for operation in operations.values():
            _describe(path, operation)
    return document


def _describe(path: str, operation: dict[str, Any]) -> None:
    identified: list[dict[str, list[str]]] = [{"accessToken": []}, {"cookie": []}]
    if path in OPTIONAL:
        operation["security"] = [*identified, {}]
    elif path in ("/refresh", "/logout"):
        operation["security"] = [{"cookie": []}]
    elif path not in ANONYMOUS:
        operation["security"] = identified
