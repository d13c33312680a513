"""/openapi.json says all of the contract. That it says no less than tests meet, `Document.examine` sees."""

from typing import Any

import pytest
from openapi_spec_validator import validate

from tests.integration.http.document import Document
from tests.integration.http.endpoints import BESIDE, ENDPOINTS, Endpoint

pytestmark = pytest.mark.database("sqlite")

REFUSALS: dict[str, set[int]] = {
    "POST /guest": {409},
    "PUT /guest/verify": {403, 404, 409},
    "POST /client": {409},
    "POST /client/login": {401, 403},
    "PUT /client/verify": {403, 404, 409, 401, 413},
    "PUT /logout": set(),
    "GET /refresh": {401, 403},
    "POST /room": {409, 404, 403, 401},
    "POST /room/access": {404, 401, 403},
    "POST /room/check": {401},
    "POST /message": {404, 403, 401},
    "POST /invitation": {404, 403, 401},
    "POST /invitation/check": {403, 401},
    "POST /event": {404, 403, 401},
    "POST /event/log": {400, 404, 403, 401},
}
"""The contract's table, and 401 for those that need an identity. A confirmation may bring a password."""


def operation(document: Document, endpoint: Endpoint) -> dict[str, Any]:
    found: dict[str, Any] = document.content["paths"][endpoint.path][endpoint.method.lower()]
    return found


async def test_the_document_is_valid(document: Document) -> None:
    validate(document.content)
    assert document.content["openapi"].startswith("3.1")


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
async def test_every_refusal_is_described_with_an_example(document: Document, endpoint: Endpoint) -> None:
    responses = operation(document, endpoint)["responses"]
    expected = {str(status) for status in REFUSALS[str(endpoint)]}
    expected.add("431")
    if endpoint.body:
        expected |= {"413", "422"}
    if endpoint.query:
        expected.add("422")
    described = {status for status in responses if not status.startswith("2")}
    assert expected <= described
    assert described - expected <= {"409", "429", "503"}  # a message's id; too often; a database that is away
    for status in described:
        assert responses[status]["description"]
        (content,) = responses[status]["content"].items()
        assert content[0] == "application/problem+json"
        assert content[1]["schema"] == {"$ref": "#/components/schemas/Problem"}
        for code, example in content[1]["examples"].items():
            assert example["value"]["code"] == code
            assert example["value"]["status"] == int(status)


@pytest.mark.parametrize("endpoint", [*ENDPOINTS, *BESIDE], ids=str)
async def test_every_endpoint_says_what_it_is_for(document: Document, endpoint: Endpoint) -> None:
    described = operation(document, endpoint)
    assert described["summary"]
    assert described["description"]
    (success,) = [status for status in described["responses"] if status.startswith("2")]
    assert success == ("204" if endpoint.path == "/logout" else "200")


@pytest.mark.parametrize("endpoint", [*ENDPOINTS, *BESIDE], ids=str)
async def test_who_may_call(document: Document, endpoint: Endpoint) -> None:
    security = operation(document, endpoint).get("security")
    both: list[dict[str, list[str]]] = [{"accessToken": []}, {"cookie": []}]
    if endpoint.path == "/refresh":
        assert security == [{"cookie": []}]
    elif endpoint.path in ("/logout", "/room/check"):
        assert security == [*both, {}]
    else:
        assert security == (both if endpoint.needs_identity else None)


@pytest.mark.parametrize("endpoint", [one for one in ENDPOINTS if one.body], ids=str)
async def test_bodies_are_described(document: Document, endpoint: Endpoint) -> None:
    request = operation(document, endpoint)["requestBody"]
    schema = request["content"]["application/json"]["schema"]
    if "anyOf" in schema:
        schema = schema["anyOf"][0]
    described = document.content["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    assert set(described["properties"]) == set(endpoint.body)
    assert set(described.get("required", [])) == set(endpoint.body) - set(endpoint.optional)
    assert request.get("required", False) == endpoint.needs_body


async def test_nothing_of_the_framework_shows(document: Document) -> None:
    assert not {"HTTPValidationError", "ValidationError"} & set(document.content["components"]["schemas"])
    assert "/dev/mail" not in document.content["paths"]
