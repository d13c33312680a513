"""A tiny app behind the edge: whatever it does, what leaves is in order."""

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from parlour.errors import IdentityRequired
from parlour.http.middleware import MAX_BODY_BYTES, FailureResponses, RequestMiddleware, handle_refusals
from parlour.logs import configure_logs
from parlour.rooms.refusals import RoomNotFound

HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


class Body(BaseModel):
    name: str
    numbers: list[int] = []


@pytest.fixture(scope="module", autouse=True)
def log() -> Iterator[io.StringIO]:
    """What is logged: loggers remember where they first wrote to, hence one for all tests here."""
    written = io.StringIO()
    configure_logs(level="info", stream=written)
    yield written
    logging.getLogger().handlers.clear()
    structlog.reset_defaults()


def tiny_app() -> FastAPI:  # noqa: C901 - a row of small endpoints
    app = FastAPI(openapi_url=None)
    handle_refusals(app, not_found_page=lambda request: None)

    @app.get("/fine")
    async def fine() -> dict[str, str]:
        return {}

    @app.get("/room/{name}")
    async def refused(name: str) -> None:
        raise RoomNotFound

    @app.get("/private")
    async def private() -> None:
        raise IdentityRequired

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("the password is swordfish")

    @app.get("/broken/{token}")
    async def broken_late(token: str) -> StreamingResponse:
        async def lines() -> AsyncIterator[bytes]:
            yield b"a first line"
            raise RuntimeError("swordfish")

        return StreamingResponse(lines())

    @app.get("/away")
    async def away() -> None:
        raise OperationalError("SELECT swordfish", {}, Exception("no connection"))

    @app.get("/crowded")
    async def crowded() -> None:
        raise PoolTimeout("no connection left")

    @app.get("/status/{status}")
    async def status(status: int) -> None:
        raise HTTPException(status, "swordfish")

    @app.post("/body")
    async def body(body: Body) -> Body:
        return body

    @app.post("/raw")
    async def raw(request: Request) -> int:
        return len(await request.body())

    return app


def client_of(app: ASGIApp) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(RequestMiddleware(FailureResponses(app), headers=HEADERS))
    return httpx.AsyncClient(transport=transport, base_url="http://parlour")


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert (problem["status"], problem["code"], problem["type"]) == (status, code, "about:blank")
    assert problem["message"] == problem["detail"]
    assert problem["title"]
    assert "swordfish" not in answer.text
    assert "Traceback" not in answer.text
    return problem


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/room/attic", 404, "room_not_found"),
        ("/private", 401, "identity_required"),
        ("/broken", 500, "internal_error"),
        ("/away", 503, "unavailable"),
        ("/crowded", 503, "unavailable"),
        ("/nothing/here", 404, "not_found"),
        ("/body", 405, "method_not_allowed"),
        ("/status/404", 404, "not_found"),
        ("/status/413", 413, "request_too_large"),
        ("/status/418", 422, "invalid_request"),
        ("/status/502", 500, "internal_error"),
        ("/status/503", 503, "unavailable"),
    ],
)
async def test_every_refusal_is_a_problem(path: str, status: int, code: str) -> None:
    async with client_of(tiny_app()) as client:
        answer = await client.get(path)
    assert_problem(answer, status, code)
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_refusals_say_what_to_do_in_their_headers() -> None:
    async with client_of(tiny_app()) as client:
        assert (await client.get("/private")).headers["www-authenticate"] == "Bearer"
        assert int((await client.get("/away")).headers["retry-after"]) > 0
        assert (await client.get("/body")).headers["allow"] == "POST"


async def test_an_error_after_the_first_line_adds_nothing() -> None:
    """Too late for a problem; the connection ends without the answer's end, so that clients notice."""
    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.Event().wait()  # a client that listens and says no more
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/broken/token", "query_string": b"", "headers": []}
    await RequestMiddleware(FailureResponses(tiny_app()), headers=HEADERS)(scope, receive, send)
    start, *rest = sent
    assert (start["type"], start["status"]) == ("http.response.start", 200)
    assert [(message["body"], message["more_body"]) for message in rest] == [(b"a first line", True)]


async def test_people_get_a_page_where_there_is_nothing() -> None:
    app = FastAPI(openapi_url=None)

    def page(request: Request) -> Response | None:
        return HTMLResponse("a page", 404) if request.headers.get("accept") == "text/html" else None

    handle_refusals(app, not_found_page=page)

    @app.get("/room")
    async def room() -> None:
        raise RoomNotFound

    async with client_of(app) as client:
        assert (await client.get("/nowhere", headers={"Accept": "text/html"})).text == "a page"
        assert_problem(await client.get("/nowhere"), 404, "not_found")
        assert_problem(await client.get("/room", headers={"Accept": "text/html"}), 404, "room_not_found")


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        (b"", ["body"]),
        (b"{", ["body"]),
        (b"[]", ["body"]),
        (b"null", ["body"]),
        (b'"name"', ["body"]),
        (b"\xff\xfe", ["body"]),
        (b"[" * 100_000, ["body"]),
        (b"{}", ["name"]),
        (b'{"name": 1, "numbers": ["one", 2, null]}', ["name", "numbers.0", "numbers.2"]),
    ],
    ids=range(9),
)
async def test_a_body_that_does_not_fit_names_the_field(content: bytes, fields: list[str]) -> None:
    async with client_of(tiny_app()) as client:
        answer = await client.post("/body", content=content, headers={"Content-Type": "application/json"})
    problem = assert_problem(answer, 422, "invalid_request")
    assert [error["field"] for error in problem.get("errors", [])] in (fields, [])
    if content not in (b"\xff\xfe", b"[" * 100_000):
        assert problem["errors"], "the field is named"


async def in_pieces(size: int, piece: int = 50_000) -> AsyncIterator[bytes]:
    for start in range(0, size, piece):
        yield b"a" * min(piece, size - start)


@pytest.mark.parametrize("path", ["/raw", "/body"])
async def test_a_declared_size_is_refused_before_it_is_read(path: str) -> None:
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        read += 1
        yield b"a"

    async with client_of(tiny_app()) as client:
        answer = await client.post(path, content=body(), headers={"Content-Length": str(MAX_BODY_BYTES + 1)})
    assert_problem(answer, 413, "request_too_large")
    assert read == 0


@pytest.mark.parametrize("path", ["/raw", "/body"])
async def test_a_stream_is_refused_where_it_grows_too_large(path: str) -> None:
    async with client_of(tiny_app()) as client:
        answer = await client.post(path, content=in_pieces(MAX_BODY_BYTES + 1))
    assert_problem(answer, 413, "request_too_large")


async def test_the_limit_itself_is_allowed() -> None:
    async with client_of(tiny_app()) as client:
        assert (await client.post("/raw", content=b"a" * MAX_BODY_BYTES)).json() == MAX_BODY_BYTES
        assert (await client.post("/raw", content=in_pieces(MAX_BODY_BYTES))).json() == MAX_BODY_BYTES


@pytest.mark.parametrize("length", ["-1", "many", "1e3", "", "²"])
async def test_an_odd_length_is_no_way_around_the_limit(length: str) -> None:
    async with client_of(tiny_app()) as client:
        headers = {b"Content-Length": length.encode()}
        answer = await client.post("/raw", content=b"a", headers=headers)
    assert_problem(answer, 413, "request_too_large")


async def test_headers_are_added_where_an_answer_says_nothing_itself() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"Cache-Control", b"public")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body"})

    async with client_of(app) as client:
        answer = await client.get("/")
    assert answer.headers.get_list("cache-control") == ["public"]
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_each_request_has_an_id_of_its_own() -> None:
    async with client_of(tiny_app()) as client:
        ids = {(await client.get(path)).headers["x-request-id"] for path in ("/fine", "/broken", "/nowhere")}
    assert len(ids) == 3


async def test_one_line_a_request_names_the_route_and_not_the_path(log: io.StringIO) -> None:
    start = log.tell()
    async with client_of(tiny_app()) as client:
        answer = await client.get("/room/a-secret-name?token=swordfish")
        broken = await client.get("/broken")
    lines = [json.loads(line) for line in log.getvalue()[start:].splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert [(line["method"], line["route"], line["status"]) for line in requests] == [
        ("GET", "/room/{name}", 404),
        ("GET", "/broken", 500),
    ]
    assert [line["request"] for line in requests] == [
        answer.headers["x-request-id"],
        broken.headers["x-request-id"],
    ]
    (failure,) = [line for line in lines if line["event"] == "request.failed"]
    assert failure["error"] == "RuntimeError"
    assert any("broken" in frame for frame in failure["frames"])
    assert "swordfish" not in json.dumps(lines)
    assert "a-secret-name" not in json.dumps(lines)
