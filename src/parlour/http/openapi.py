"""OpenAPI 3.1 of the HTTP API, from the routes and the types of `wire`."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi

from parlour.errors import HeadTooLarge, RequestTooLarge, Unavailable
from parlour.http.content_encodings import Encoded
from parlour.wire.http import Problem
from parlour.wire.refusals import refusals

DESCRIPTION = """
The HTTP API of Parlour. Signaling goes over Socket.IO: see `/asyncapi.json`.

Callers are identified by `Authorization: Bearer <accessToken>` or, if that header is missing, by
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
    "/password/forgotten",
    "/password/reset",
    "/email/verify",
    "/link",
    "/invitation/link",
    "/invitation/guest",
    "/logout",
    "/refresh",
    "/config",
    "/healthz",
    "/readyz",
)
WITHOUT_DATABASE = ("/config", "/healthz")
OPTIONAL = ("/room/check",)


class Document:
    """A description that is built once, in a thread, and served as bytes, which are compressed there too: to
    build one takes 0.1 seconds.
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
    for path, operations in document["paths"].items():
        for operation in operations.values():
            _describe(path, operation)
    return document


def _describe(path: str, operation: dict[str, Any]) -> None:
    """What every endpoint shares: who may call it, and what is refused before it is reached."""
    shared = refusals(
        HeadTooLarge,
        *([RequestTooLarge] if "requestBody" in operation else []),
        *([Unavailable] if path not in WITHOUT_DATABASE else []),
    )
    # As text, as the other statuses are by now: 503 beside "503" would be one key twice in JSON.
    operation["responses"] |= {str(status): response for status, response in shared.items()}
    identified: list[dict[str, list[str]]] = [{"accessToken": []}, {"cookie": []}]
    if path in OPTIONAL or path == "/logout":
        operation["security"] = [*identified, {}]
    elif path == "/refresh":
        operation["security"] = [{"cookie": []}]
    elif path not in ANONYMOUS:
        operation["security"] = identified
