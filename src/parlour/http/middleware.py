"""The middleware of every HTTP request: log line, size limit, response headers, and the form of refusals."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers as StarletteHeaders
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from parlour.db.database import DATABASE_UNAVAILABLE
from parlour.errors import (
    FieldError,
    InternalError,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    PreflightRefused,
    Refusal,
    RequestTooLarge,
    TryLater,
    Unavailable,
)
from parlour.wire.refusals import PROBLEM_JSON, problem_body
from parlour.wire.validation import field_sentence

MAX_BODY_BYTES = 256 * 1024
MAX_BODY_COMMAS = 10_000
"""The most commas in a JSON body. A comma separates values, and the number of values is the cost of
parsing.
"""
_HEADERS_BY_STATUS: dict[int, dict[str, str]] = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "Bearer"},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": "5"},
}
_METHODS = ("DELETE", "GET", "HEAD", "POST", "PUT")

log = structlog.get_logger("parlour.http")

_LOGGED_AT_DEBUG = ("/assets", "/healthz", "/readyz")
"""The paths that machines and every page ask for: their successes are logged at debug level only."""

Headers = list[tuple[bytes, bytes]]
NotFoundPage = Callable[[Request], Response | None]


class RequestMiddleware:
    """The outermost ASGI layer of HTTP: it adds the log line of each request, the size limit and the headers.

    The line names the route's template, never the path, since paths may hold tokens. Paths
    under `limits_itself` enforce their own body limit.
    """

    def __init__(self, app: ASGIApp, *, headers: dict[str, str], limits_itself: tuple[str, ...] = ()) -> None:
        self._app = app
        self._limits_itself = limits_itself
        self._headers: Headers = [(k.lower().encode(), v.encode()) for k, v in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        started = time.perf_counter()
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = self._with_headers(message["headers"], request_id)
            await send(message)

        with structlog.contextvars.bound_contextvars(request=request_id):
            try:
                limited = not scope["path"].startswith(self._limits_itself)
                await self._app(scope, _limited(scope, receive) if limited else receive, answer)
            finally:
                route = _route(scope)
                tell = (
                    log.debug if route in _LOGGED_AT_DEBUG and status < HTTPStatus.BAD_REQUEST else log.info
                )
                tell(
                    "request",
                    method=scope["method"],
                    route=route,
                    status=status,
                    ms=round((time.perf_counter() - started) * 1000, 1),
                )

    def _with_headers(self, given: Any, request_id: str) -> Headers:
        headers: Headers = list(given)
        names = {name.lower() for name, _ in headers}
        headers += [(name, value) for name, value in self._headers if name not in names]
        headers.append((b"x-request-id", request_id.encode()))
        return headers


class FailureResponses:
    """Answer requests in which an inner layer raised, so that no unhandled error leaves the server.

    This layer must be inside of `Cors`, or a page of an allowed origin could not read these answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def answer(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except Refusal as refusal:
            failure = refusal
        except asyncio.CancelledError:  # the server ends, and this request still waited for its turn
            failure = Unavailable()
        except Exception as error:
            log.exception("request.failed", error=type(error).__name__)
            failure = InternalError()
        else:
            return
        if not started:
            await problem_response(failure)(scope, receive, send)


class Cors(CORSMiddleware):
    """CORS (Fetch standard) with refusals in the form of all other refusals."""

    def preflight_response(self, request_headers: StarletteHeaders) -> Response:
        answer = super().preflight_response(request_headers)
        if answer.status_code == HTTPStatus.OK:
            return answer
        return problem_response(PreflightRefused(), {"Vary": answer.headers["Vary"]})


def _route(scope: Scope) -> str:
    route = scope.get("route")
    template = getattr(route, "path_format", None) or getattr(route, "path", None)
    return str(template) if template else str(scope.get("parlour.route", "unknown"))


def _limited(scope: Scope, receive: Receive) -> Receive:
    """Limit the bytes of a body. Raises RequestTooLarge before more than the limit is read."""
    declared = dict(scope["headers"]).get(b"content-length", b"0")
    if not declared.isdigit() or int(declared) > MAX_BODY_BYTES:
        return _refuse_too_large
    read = commas = 0

    async def limited() -> Message:
        nonlocal read, commas
        message = await receive()
        body = message.get("body", b"")
        read += len(body)
        commas += body.count(b",")
        if read > MAX_BODY_BYTES or commas > MAX_BODY_COMMAS:
            raise RequestTooLarge
        return message

    return limited


async def _refuse_too_large() -> Message:
    raise RequestTooLarge


def problem_response(refusal: Refusal, headers: dict[str, str] | None = None) -> JSONResponse:
    """Build a problem+json answer (RFC 9457), with the header that its status requires (RFC 9110)."""
    asked_for = _HEADERS_BY_STATUS.get(refusal.status, {})
    if isinstance(refusal, TryLater):
        asked_for = {"Retry-After": str(refusal.retry_after)}
    return JSONResponse(
        problem_body(refusal),
        status_code=refusal.status,
        media_type=PROBLEM_JSON,
        headers=asked_for | (headers or {}),
    )


def raw_response(refusal: Refusal, headers: dict[str, str]) -> bytes:
    """Build the bytes of a whole HTTP response that closes the connection, for refusals of the protocol
    itself.
    """
    response = problem_response(refusal, {**headers, "Connection": "close"})
    lines = [f"HTTP/1.1 {refusal.status} {HTTPStatus(refusal.status).phrase}".encode()]
    lines += [name + b": " + value for name, value in response.raw_headers]
    return b"\r\n".join([*lines, b"", bytes(response.body)])


def handle_refusals(app: FastAPI, *, not_found_page: NotFoundPage) -> None:
    """Turn every refusal, the framework's own included, into problem+json; people get a page for a 404."""

    async def refused(request: Request, refusal: Refusal) -> JSONResponse:
        request.state.refusal = refusal
        return problem_response(refusal)

    async def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        return problem_response(InvalidRequest(fields=_field_errors(error)))

    async def framework(request: Request, error: HTTPException) -> Response:
        if error.status_code == HTTPStatus.NOT_FOUND and (page := not_found_page(request)) is not None:
            return page
        if isinstance(error.__cause__, Refusal):  # raised while the framework read the body
            return problem_response(error.__cause__)
        headers = dict(error.headers or {})
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = _allowed_methods(request) or headers.get("Allow", "")
        return problem_response(_framework_refusal(error.status_code), headers)

    async def unavailable(_request: Request, error: Exception) -> JSONResponse:
        log.error("request.database_unavailable", error=type(error).__name__)
        return problem_response(Unavailable())

    async def failed(_request: Request, _error: Exception) -> JSONResponse:
        return problem_response(
            InternalError()
        )  # the framework raises the error again: FailureResponses logs it

    handlers: dict[type[Exception], Callable[[Request, Any], Awaitable[Response]]] = {
        Exception: failed,
        Refusal: refused,
        RequestValidationError: invalid,
        HTTPException: framework,
        **dict.fromkeys(DATABASE_UNAVAILABLE, unavailable),
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


def _field_errors(error: RequestValidationError) -> tuple[FieldError, ...]:
    return tuple(
        FieldError(field=_dotted(problem["loc"], problem["type"]), message=field_sentence(problem))
        for problem in error.errors()
    )


def _dotted(place: tuple[str | int, ...], kind: str) -> str:
    """Join a location to a field name: `email.0` for ("body", "email", 0). Malformed JSON has no fields, so
    its fault is of the whole body.
    """
    inside = place[1:] if kind != "json_invalid" else ()
    return ".".join(str(part) for part in inside) or str(place[0])


def _framework_refusal(status: int) -> Refusal:
    match status:
        case HTTPStatus.NOT_FOUND:
            return NotFound()
        case HTTPStatus.METHOD_NOT_ALLOWED:
            return MethodNotAllowed()
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return RequestTooLarge()
        case HTTPStatus.SERVICE_UNAVAILABLE:
            return Unavailable()
        case _ if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return InvalidRequest()
        case _:
            return InternalError()


def _allowed_methods(request: Request) -> str:
    """Return the methods of all routes at this path: the framework only knows those of the first route."""
    routes = request.app.router.routes
    return ", ".join(
        method
        for method in _METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)
    )
