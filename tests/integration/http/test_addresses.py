"""Unknown paths, wrong methods, HEAD and OPTIONS."""

import pytest

from tests.integration.http.answers import refused
from tests.integration.http.endpoints import BESIDE, ENDPOINTS, Endpoint
from tests.people import Person

pytestmark = pytest.mark.database("sqlite")

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
ALLOWED: dict[str, set[str]] = {}
for _endpoint in (*ENDPOINTS, *BESIDE):
    ALLOWED.setdefault(_endpoint.path, set()).add(_endpoint.method)
for _path in ("/healthz", "/readyz"):
    ALLOWED[_path].add("HEAD")


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/rooms", "/room/", "/room/check/", "/client/login/", "/ROOM", "/client/verify/x",
     "/socket.ioo", "/.env", "/..%2f..%2fetc/passwd", "/%00", "/%ff", "/r", "/x" * 2000],
    ids=lambda path: path[:30],
)  # fmt: skip
async def test_unknown_paths(nobody: Person, path: str) -> None:
    for method in METHODS:
        answer = await nobody.http.request(method, path)
        assert answer.status_code == 404, method
        assert answer.headers["content-type"] == "application/problem+json", method
        if method != "HEAD":
            refused(answer, 404, "not_found")


@pytest.mark.parametrize("path", sorted(ALLOWED))
async def test_wrong_methods(nobody: Person, path: str) -> None:
    for method in METHODS:
        if method in ALLOWED[path]:
            continue
        answer = await nobody.http.request(method, path)
        assert answer.status_code == 405, method
        assert set(answer.headers["allow"].split(", ")) == ALLOWED[path]
        if method != "HEAD":
            refused(answer, 405, "method_not_allowed")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_health_answers_head(nobody: Person, path: str) -> None:
    answer = await nobody.http.get(path)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    answer = await nobody.http.head(path)
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
async def test_a_question_about_the_options_changes_nothing(nobody: Person, endpoint: Endpoint) -> None:
    answer = await nobody.http.options(endpoint.path)
    refused(answer, 405, "method_not_allowed")
    assert "set-cookie" not in answer.headers


async def test_a_person_who_opens_an_unknown_address_gets_a_page(nobody: Person) -> None:
    answer = await nobody.http.get("/nothing", headers={"Accept": "text/html,*/*;q=0.8"})
    assert answer.status_code in (404, 503)  # 503 where the web client is not built
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


async def test_an_unknown_address_is_not_redirected(nobody: Person) -> None:
    """A redirect would repeat whatever the Host header says."""
    answer = await nobody.http.get("/room/", headers={"Host": "evil.example"})
    refused(answer, 404, "not_found")
    assert "location" not in answer.headers
