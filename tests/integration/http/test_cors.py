"""CORS with credentials for the allowed origins, and the headers that every answer has."""

import httpx
import pytest

from tests.integration.http.answers import refused
from tests.integration.http.endpoints import ENDPOINTS, Endpoint
from tests.people import Person, done

pytestmark = pytest.mark.database("sqlite")


async def preflight(person: Person, endpoint: Endpoint, origin: str, **headers: str) -> httpx.Response:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": endpoint.method,
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    return await person.http.options(endpoint.path, headers=asked | headers)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
async def test_an_allowed_origin_is_let_through(nobody: Person, endpoint: Endpoint) -> None:
    answer = await preflight(nobody, endpoint, nobody.server.url)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == nobody.server.url
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert endpoint.method in answer.headers["access-control-allow-methods"].split(", ")
    allowed = {name.strip().lower() for name in answer.headers["access-control-allow-headers"].split(",")}
    assert {"authorization", "content-type"} <= allowed
    assert "origin" in answer.headers["vary"].lower()


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost"])
async def test_another_origin_is_not(nobody: Person, origin: str) -> None:
    for endpoint in ENDPOINTS:
        answer = await preflight(nobody, endpoint, origin)
        assert "access-control-allow-origin" not in answer.headers
        refused(answer, 403, "preflight_refused")
        assert "origin" in answer.headers["vary"].lower()


async def test_other_methods_and_headers_are_not(nobody: Person) -> None:
    room = ENDPOINTS[7]
    other_method = {"Access-Control-Request-Method": "PATCH"}
    refused(await preflight(nobody, room, nobody.server.url, **other_method), 403, "preflight_refused")
    other_header = {"Access-Control-Request-Headers": "x-evil"}
    refused(await preflight(nobody, room, nobody.server.url, **other_header), 403, "preflight_refused")


async def test_answers_may_be_read_from_an_allowed_origin(ann: Person) -> None:
    headers = {"Origin": ann.server.url}
    ok = done(await ann.http.get("/ice", headers=headers))
    refusal = await ann.http.post("/room", json={}, headers=headers)
    unknown = await ann.http.get("/nothing", headers=headers)
    too_large = await ann.http.post("/room", content=b"x" * 300_000, headers=headers)
    for answer in (ok, refusal, unknown, too_large):
        assert answer.headers["access-control-allow-origin"] == ann.server.url, answer.status_code
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert "origin" in answer.headers["vary"].lower()


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
async def test_answers_may_not_be_read_from_another_origin(ann: Person, origin: str) -> None:
    for answer in (
        await ann.get("/ice", headers={"Origin": origin}),
        await ann.http.get("/ice", headers={"Origin": origin}),
        await ann.post("/room/check", {}, headers={"Origin": origin}),
    ):
        assert "access-control-allow-origin" not in answer.headers
        assert "origin" in answer.headers["vary"].lower()  # or a cache would mix them up


async def test_without_an_origin_there_is_no_cors(ann: Person) -> None:
    answer = await ann.get("/ice")
    assert "access-control-allow-origin" not in answer.headers
    assert "origin" in answer.headers["vary"].lower()


@pytest.mark.parametrize("path", ["/healthz", "/room/check", "/nothing", "/openapi.json", "/dev/mail"])
async def test_every_answer_has_the_headers_that_keep_browsers_safe(nobody: Person, path: str) -> None:
    answer = await nobody.http.request("POST" if path == "/room/check" else "GET", path)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert len(answer.headers.get_list("x-request-id")) == 1
    assert "server" not in answer.headers
    assert "x-powered-by" not in answer.headers


async def test_requests_are_numbered(nobody: Person) -> None:
    numbers = [(await nobody.http.get("/healthz")).headers["x-request-id"] for _ in range(3)]
    assert len(set(numbers)) == 3
