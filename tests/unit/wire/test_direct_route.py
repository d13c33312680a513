"""A plain request gets the same answer by the short way as by FastAPI's own, and has the same effects."""

import json
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, Query, Request, Response
from fastapi.routing import APIRoute
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from parlour.app import Parlour
from parlour.errors import IdentityRequired
from parlour.http.middleware import MAX_BODY_BYTES, RequestMiddleware, handle_refusals
from parlour.settings import Settings
from parlour.wire.direct_route import DirectRoute

Told = list[Any]


class Asked(BaseModel):
    name: str = Field(max_length=12)
    number: int = 3
    nested: dict[str, int] | None = None


class Answered(BaseModel):
    seen: str
    number: float | None = None


async def note(told: Told, what: str) -> None:
    told.append(("after", what))


def application(route_class: type[APIRoute], told: Told) -> Any:
    """Build an application that writes down what happens in it."""
    router = APIRouter(route_class=route_class)
    add_routes_of_a_caller(router, told)
    add_other_routes(router, told)
    app = FastAPI(telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False})
    handle_refusals(app, not_found_page=lambda _request: None)
    app.router.routes += router.routes
    return RequestMiddleware(app, headers={})


def add_routes_of_a_caller(router: APIRouter, told: Told) -> None:
    async def caller(request: Request) -> str:
        told.append("caller")
        request.state.known = True
        if request.headers.get("authorization") == "nobody":
            raise IdentityRequired
        return request.headers.get("authorization", "")

    @router.post("/required", response_model_exclude_none=True)
    async def required(body: Asked, who: Annotated[str, Depends(caller)], request: Request) -> Answered:
        told.append((body.model_dump(), who, request.state.known))
        return Answered(seen=body.name, number=body.number or None)

    @router.post("/optional")
    async def optional(
        who: Annotated[str, Depends(caller)],
        response: Response,
        background: BackgroundTasks,
        body: Asked | None = None,
    ) -> Answered:
        response.set_cookie("seen", who.encode().hex())
        response.headers["x-own"] = "1"
        if body is not None and body.number == 4:
            response.status_code = 202
        background.add_task(note, told, who)
        return Answered(seen="nothing" if body is None else body.name)

    @router.get("/none")
    async def none(who: Annotated[str, Depends(caller)]) -> Answered:
        if who == "wrong":
            return {"seen": "a dictionary"}  # type: ignore[return-value]
        return Answered(seen=who, number=0.5)


def add_other_routes(router: APIRouter, told: Told) -> None:
    @router.post("/raw", response_model=Answered)
    async def raw(body: Asked, background: BackgroundTasks) -> Response:
        background.add_task(note, told, body.name)
        return Response(body.name, 201, media_type="text/plain")

    @router.post("/query")
    async def query(body: Asked, size: Annotated[int, Query(ge=1)] = 1) -> Answered:
        return Answered(seen=body.name, number=size)


def encoded(given: Any) -> bytes:
    return json.dumps(given).encode()


texts = st.sampled_from(["Ann", "", "x" * 13, "Zoë", "\ud800", "0"]) | st.text(max_size=14)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**70) | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
objects = st.fixed_dictionaries(
    {},
    optional={
        "name": texts | values,
        "number": st.integers(0, 5) | values,
        "nested": st.none() | st.dictionaries(texts, st.integers(), max_size=2) | values,
        "other": values,
    },
)
bodies = (
    st.fixed_dictionaries({"name": texts, "number": st.integers(0, 5)}).map(
        lambda given: json.dumps(given).encode()
    )
    | objects.map(lambda given: json.dumps(given).encode())
    | values.map(lambda given: json.dumps(given).encode())
    | st.binary(max_size=20)
    | st.sampled_from(
        [
            b"",
            b"null",
            b"{",
            b'{"name":"Ann","name":"Bob"}',
            '{"name":"Ann"}'.encode("utf-16"),
            b"\xef\xbb\xbf" + b'{"name":"Ann"}',
            b'{"name":"Ann","other":"' + b"x" * 5000 + b'"}',
            b"[" * 4000,
            b'{"name":"Ann","other":' + b"1," * 20_000,
            b'{"number":NaN,"name":"Ann"}',
        ]
    )
)
kinds = st.lists(
    st.sampled_from(
        [
            b"application/json",
            b"application/json; charset=utf-8",
            b"text/plain",
            b"APPLICATION/JSON",
            b"",
            b"a/b+json",
        ]
    ),
    max_size=2,
)


async def asked(
    app: Any,
    told: Told,
    *,
    path: str,
    body: bytes,
    headers: list[tuple[bytes, bytes]],
    pieces: int,
    ends: bool,
) -> tuple[Any, ...]:
    """Send a request; return its answer and all that happened."""
    told.clear()
    size = max(1, -(-len(body) // pieces))
    parts = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": part, "more_body": True} for part in parts
    ]
    messages.append({"type": "http.request", "body": b""} if ends else {"type": "http.disconnect"})
    answers: Told = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: dict[str, Any]) -> None:
        answers.append(message)

    method = "GET" if path == "/none" else "POST"
    scope = {
        "type": "http", "method": method, "path": path, "query_string": b"size=2", "headers": headers,
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2), "scheme": "http", "http_version": "1.1",
        "root_path": "", "raw_path": path.encode(), "asgi": {"version": "3.0"},
    }  # fmt: skip
    try:
        await app(scope, receive, send)
    except Exception as error:
        answers.append(type(error))
    for answer in answers:
        if isinstance(answer, dict) and "headers" in answer:
            answer["headers"] = [header for header in answer["headers"] if header[0] != b"x-request-id"]
    return answers, list(told)


@given(
    path=st.sampled_from(["/required", "/optional", "/none", "/raw", "/query"]),
    body=bodies,
    kinds=st.just([b"application/json"]) | kinds,
    who=st.sampled_from([b"Ann", b"nobody", b"wrong"]),
    length=st.sampled_from(["true", "true", "none", "long", "odd"]),
    pieces=st.integers(1, 3),
    ends=st.sampled_from([True, True, True, False]),
)
@example("/required", b'{"name":"Ann"}', [b"application/json"], b"Ann", "true", 1, True)
@example("/required", b'{"name":"Ann"}', [b"application/json"], b"nobody", "true", 1, False)
@example(
    "/required", b'{"name":"Ann","other":' + b"1," * 20_000, [b"application/json"], b"Ann", "short", 1, True
)
async def test_both_ways_agree(
    path: str, body: bytes, kinds: list[bytes], who: bytes, length: str, pieces: int, ends: bool
) -> None:
    lengths = {
        "true": str(len(body)), "long": str(MAX_BODY_BYTES), "odd": "+5", "short": "5", "none": None
    }  # fmt: skip
    said = lengths[length]
    headers = [(b"content-type", kind) for kind in kinds]
    headers += [] if said is None else [(b"content-length", said.encode())]
    headers.append((b"authorization", who))
    found = []
    for route_class in (APIRoute, DirectRoute):
        told: Told = []
        app = application(route_class, told)
        found.append(await asked(app, told, path=path, body=body, headers=headers, pieces=pieces, ends=ends))
    assert found[0] == found[1]


def short_ways(routes: list[Any]) -> set[tuple[str, str]]:
    return {
        (method, route.path)
        for route in routes
        if isinstance(route, DirectRoute) and route.is_direct
        for method in route.methods or ()
    }


def test_a_route_of_another_shape_is_fastapis_alone() -> None:
    told: Told = []
    router = APIRouter(route_class=DirectRoute)

    @router.get("/item/{name}")
    async def by_path(name: str) -> Answered:
        raise NotImplementedError

    @router.get("/plain")
    def in_a_thread() -> Answered:
        raise NotImplementedError

    @router.post("/two")
    async def two_bodies(one: Asked, other: Asked) -> Answered:
        raise NotImplementedError

    @router.post("/created", status_code=201)
    async def created(body: Asked) -> Answered:
        raise NotImplementedError

    @router.post("/list")
    async def of_a_list(body: list[int]) -> list[int]:
        raise NotImplementedError

    assert told == []
    assert short_ways(router.routes) == {("POST", "/list")}


@pytest.mark.parametrize(
    "request_line",
    ["GET /refresh", "POST /client/login", "POST /room/check", "POST /room/access", "POST /message"],
)
def test_the_everyday_requests_take_the_short_way(tmp_path: Path, request_line: str) -> None:
    routes = Parlour(Settings(data_dir=tmp_path, _env_file=None), port=8000).fastapi.router.routes
    method, path = request_line.split()
    assert (method, path) in short_ways(list(routes))
