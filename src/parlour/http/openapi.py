"""Generate OpenAPI 3.1 of the HTTP API from the routes and the types of `wire`."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts

from parlour.errors import HeadTooLarge, RequestTooLarge, Unavailable
from parlour.http.content_encodings import Encoded
from parlour.wire.endpoint import CallerKind, Endpoint, endpoint_of, without_declaration
from parlour.wire.http import Problem
from parlour.wire.refusals import refusals

DESCRIPTION = """
The HTTP API of Parlour. Signaling goes over Socket.IO: see `/asyncapi.json`.

Callers are identified by `Authorization: Bearer <accessToken>` or, if that header is missing, by
the cookie `jwt`. Every refusal is `application/problem+json` (RFC 9457) with a stable `code` and a
`message` for people. All times are ISO 8601 in UTC.
"""

_TOKEN: list[dict[str, list[str]]] = [{"accessToken": []}]
_COOKIE: list[dict[str, list[str]]] = [{"cookie": []}]
_SECURITY: dict[CallerKind, list[dict[str, list[str]]] | None] = {
    CallerKind.ANYONE: None,
    CallerKind.OPTIONAL: [*_TOKEN, *_COOKIE, {}],
    CallerKind.FORMER: [*_TOKEN, *_COOKIE, {}],
    CallerKind.COOKIE: _COOKIE,
    CallerKind.CALLER: [*_TOKEN, *_COOKIE],
    CallerKind.WRITER: [*_TOKEN, *_COOKIE],
}


class Document:
    """A description that is built and compressed once, in a thread, and then served as bytes: building takes
    0.1 seconds, which would hold the event loop.
    """

    def __init__(self, build: Callable[[], dict[str, Any]]) -> None:
        self._build = build
        self._building: asyncio.Task[Encoded] | None = None

    async def answer(self, request: Request) -> Response:
        if self._building is None:
            self._building = asyncio.create_task(asyncio.to_thread(self._encoded))
        encoded = await asyncio.shield(self._building)
        return encoded.response(request, media_type="application/json")

    def _encoded(self) -> Encoded:
        return Encoded(json.dumps(self._build(), ensure_ascii=False, separators=(",", ":")).encode())


def openapi(app: FastAPI, *, base_path: str) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary="Self-hosted video conferences",
        description=DESCRIPTION,
        routes=app.routes,
        servers=[{"url": base_path}] if base_path else None,
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
    declared = declared_endpoints(app)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            without_declaration(operation)
            _describe(declared[method.upper(), path], operation)
    return document


def declared_endpoints(app: FastAPI) -> dict[tuple[str, str], Endpoint]:
    """Collect the declarations of endpoints (`wire.endpoint`), by method and path."""
    found = {}
    for context in iter_route_contexts(app.routes):
        said = endpoint_of(context)
        if said is not None and context.path is not None:
            found.update({(method, context.path): said for method in context.methods or ()})
    return found


def _describe(said: Endpoint, operation: dict[str, Any]) -> None:
    """Add the parts that endpoints share: the permitted callers, and the refusals of the outer layers."""
    shared = refusals(
        HeadTooLarge,
        *([RequestTooLarge] if "requestBody" in operation else []),
        *([Unavailable] if said.needs_database else []),
    )
    # Keys are text, like the other statuses by now: 503 beside "503" would be a duplicate key in JSON.
    operation["responses"] |= {str(status): response for status, response in shared.items()}
    security = _SECURITY[said.caller]
    if security is not None:
        operation["security"] = security
