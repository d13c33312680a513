"""Bodies that do not fit: every endpoint refuses them with 422 or 413, names the field, and stays up."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.integration.http.answers import does_not_fit, refused
from tests.integration.http.endpoints import ALL_WITH_BODY, BESIDE, ENDPOINTS, WITH_BODY, Endpoint
from tests.people import Person

before_the_database = pytest.mark.database("sqlite")
"""Refused before any database is asked: on one of them is enough."""

JSON = {"Content-Type": "application/json"}

NO_OBJECT: dict[str, bytes] = {
    "nothing": b"",
    "spaces": b"  ",
    "null": b"null",
    "number": b"5",
    "text": b'"text"',
    "true": b"true",
    "array": b"[]",
    "array of objects": b'[{"email": "x@example.org"}]',
    "not a number": b"NaN",
    "infinity": b"-Infinity",
}
MALFORMED: dict[str, bytes] = {
    "prose": b"hello",
    "open brace": b"{",
    "single quotes": b"{'email': 'x@example.org'}",
    "trailing comma": b'{"email": "x@example.org",}',
    "two objects": b"{}{}",
    "form": b"email=x%40example.org",
    "xml": b"<email>x@example.org</email>",
    "no utf-8": b'{"email": "\xff\xfe"}',
    "cut utf-8": b'{"email": "\xc3',
    "NUL": b"\x00",
    "raw control characters": b'{"email": "\x01\n"}',
    "deep arrays": b"[" * 100_000,
    "deep objects": b'{"email":' * 20_000,
    "deep and closed": b"[" * 100_000 + b"]" * 100_000,
    "deep inside": b'{"email": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "a number of many digits": b'{"limit": ' + b"9" * 100_000 + b"}",
}

ANY_FIELD: dict[str, Any] = {
    "number": 5,
    "fraction": 1.5,
    "huge number": 10**400,
    "true": True,
    "object": {},
    "nested": {"email": {"email": ["x"]}},
    "array": [],
    "array of arrays": [[["x"]]],
    "nested 500 times": json.loads("[" * 500 + "]" * 500),
}
"""Of a wrong type for every field that is text; `array` for the addresses of an invitation means none."""

NO_TEXT: dict[str, str] = {
    "NUL": "a\x00b@example.org",
    "only NUL": "\x00",
    "lone high surrogate": "a\ud800b@example.org",
    "lone low surrogate": "\udfff",
    "surrogates in the wrong order": "\udc00\ud800",
    "long": "x" * 200_000,
}
"""No text that any field takes."""

ODD_TEXT: dict[str, str] = {
    "empty": "",
    "space": " ",
    "control characters": "\x01\x02\x1b[31m\x7f\x85",
    "line feed": "a\n",
    "bidirectional": "\u202eabc\u2066",
    "separators": "a\u2028b\u2029c",
    "zero width": "\u200b\u200d\ufeff",
    "combining": "e" + "\u0301" * 60,
    "grows when folded": "\u0390" * 64,
    "no characters": "\ufdd0\uffff\U0010ffff",
    "quotes": "'\"`;--",
    "like pattern": "%_\\%",
    "template": "{{7*7}}${7*7}%s%n",
    "path": "../../etc/passwd",
    "email that grows when folded": f"a@{'.'.join(['ß' * 50] * 4)}.de",
    "longest email": f"{'a' * 64}@{'.'.join(['b' * 60] * 3)}.org",
    "email in other letters": "имя@пример.рф",
    "64 letters": "x" * 64,
    "300 letters": "x" * 300,
    "number as text": "5",
}
"""Text that some fields take and others do not: in any case an answer, never a failure."""

FEW = {what: ODD_TEXT[what] for what in ("empty", "control characters", "no characters", "grows when folded")}
"""Where each costs the hash of a password."""


async def send(
    person: Person, endpoint: Endpoint, content: bytes, headers: dict[str, str] = JSON
) -> httpx.Response:
    return await person.request(endpoint.method, endpoint.path, content=content, headers=headers)


async def send_changed(person: Person, endpoint: Endpoint, **changed: object) -> httpx.Response:
    """ASCII alone on the wire: what is none is escaped, lone surrogates too."""
    return await send(person, endpoint, json.dumps(endpoint.body | changed).encode())


# ---------------------------------------------------------------------------------------- the body


@before_the_database
@pytest.mark.parametrize("endpoint", ALL_WITH_BODY, ids=str)
async def test_bodies_that_are_no_object(ann: Person, endpoint: Endpoint) -> None:
    for what, content in NO_OBJECT.items():
        answer = await send(ann, endpoint, content)
        if endpoint.needs_body or what not in ("nothing", "null"):
            assert answer.status_code == 422, what
            refused(answer, 422, "invalid_request")
        elif endpoint in WITH_BODY:
            assert answer.status_code == 200, what
        else:  # what it asks for may stand elsewhere, such as in the query
            assert answer.status_code < 500, what
            assert answer.status_code != 422, what


@before_the_database
@pytest.mark.parametrize("endpoint", ALL_WITH_BODY, ids=str)
async def test_malformed_bodies(ann: Person, endpoint: Endpoint) -> None:
    for what, content in MALFORMED.items():
        answer = await send(ann, endpoint, content)
        assert answer.status_code == 422, what
        refused(answer, 422, "invalid_request")


@before_the_database
@pytest.mark.parametrize("endpoint", ALL_WITH_BODY, ids=str)
async def test_malformed_bodies_of_nobody(nobody: Person, endpoint: Endpoint) -> None:
    for what, content in MALFORMED.items():
        answer = await send(nobody, endpoint, content)
        assert answer.status_code in (401, 422), what
        refused(answer, answer.status_code)


@before_the_database
@pytest.mark.parametrize("endpoint", WITH_BODY, ids=str)
@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/html",
        "nonsense",
        "",
    ],
)
async def test_bodies_of_another_type(ann: Person, endpoint: Endpoint, media_type: str) -> None:
    """A form of another site can send these without asking first, so none is read as JSON."""
    content = json.dumps(endpoint.body).encode()
    answer = await send(ann, endpoint, content, {"Content-Type": media_type})
    refused(answer, 422, "invalid_request")


@pytest.mark.parametrize(
    "media_type", ["application/json; charset=utf-8", "Application/JSON", "application/x+json"]
)
async def test_other_names_of_json(ann: Person, media_type: str) -> None:
    endpoint = next(candidate for candidate in WITH_BODY if candidate.path == "/event")
    answer = await send(ann, endpoint, json.dumps(endpoint.body).encode(), {"Content-Type": media_type})
    refused(answer, 404, "room_not_found")


@before_the_database
@pytest.mark.parametrize("endpoint", WITH_BODY, ids=str)
async def test_bodies_that_are_too_large(ann: Person, nobody: Person, endpoint: Endpoint) -> None:
    async def in_pieces() -> AsyncIterator[bytes]:
        yield b'{"x": "'
        for _ in range(300):
            yield b"x" * 1024
        yield b'"}'

    for person in (ann, nobody):
        large = b'{"x": "' + b"x" * 300_000 + b'"}'
        refused(await send(person, endpoint, large), 413, "request_too_large")
        answer = await person.request(endpoint.method, endpoint.path, content=in_pieces(), headers=JSON)
        refused(answer, 413, "request_too_large")
    assert (await ann.get("/healthz")).status_code == 200


@before_the_database
@pytest.mark.parametrize("endpoint", [one for one in ENDPOINTS if not one.body], ids=str)
async def test_bodies_where_none_is_read(nobody: Person, endpoint: Endpoint) -> None:
    for content in (b"nonsense", b"[" * 100_000, b"x" * 300_000):
        answer = await nobody.http.request(endpoint.method, endpoint.path, content=content, headers=JSON)
        assert answer.status_code < 500
        if answer.status_code != 204:
            refused(answer, answer.status_code)


async def test_a_body_of_256_kib_is_read(ann: Person) -> None:
    endpoint = next(candidate for candidate in WITH_BODY if candidate.path == "/event")
    content = json.dumps(endpoint.body).encode().ljust(256 * 1024)
    refused(await send(ann, endpoint, content), 404, "room_not_found")
    refused(await send(ann, endpoint, content + b" "), 413, "request_too_large")


# -------------------------------------------------------------------------------------- the fields


@before_the_database
@pytest.mark.parametrize("endpoint", WITH_BODY, ids=str)
async def test_fields_of_a_wrong_type(ann: Person, endpoint: Endpoint) -> None:
    for field, fitting in endpoint.body.items():
        for what, value in ANY_FIELD.items():
            if isinstance(fitting, int) and what in ("number", "true"):
                continue
            answer = await send_changed(ann, endpoint, **{field: value})
            assert answer.status_code == 422, f"{field}: {what}"
            named = f"{field}.0" if isinstance(fitting, list) and isinstance(value, list) and value else field
            does_not_fit(answer, named)


@pytest.mark.parametrize("endpoint", WITH_BODY, ids=str)
async def test_fields_that_are_null(ann: Person, endpoint: Endpoint) -> None:
    for field in endpoint.body:
        answer = await send_changed(ann, endpoint, **{field: None})
        if field in endpoint.optional:
            assert answer.status_code != 422, field
        else:
            does_not_fit(answer, field)


@pytest.mark.parametrize("endpoint", WITH_BODY, ids=str)
async def test_fields_that_are_missing(ann: Person, endpoint: Endpoint) -> None:
    for field in endpoint.body:
        body = {name: value for name, value in endpoint.body.items() if name != field}
        answer = await ann.post(endpoint.path, body)
        if field in endpoint.optional:
            assert answer.status_code != 422, field
        else:
            does_not_fit(answer, field)


@before_the_database
@pytest.mark.parametrize("endpoint", [one for one in WITH_BODY if one.needs_body], ids=str)
async def test_all_fields_that_do_not_fit_are_named(ann: Person, endpoint: Endpoint) -> None:
    answer = await ann.post(endpoint.path, {})
    for field in set(endpoint.body) - set(endpoint.optional):
        does_not_fit(answer, field)


@pytest.mark.parametrize("endpoint", WITH_BODY, ids=str)
async def test_text_that_no_field_takes(ann: Person, endpoint: Endpoint) -> None:
    for field, fitting in endpoint.body.items():
        for what, text in NO_TEXT.items():
            value, named = ([text], f"{field}.0") if isinstance(fitting, list) else (text, field)
            answer = await send_changed(ann, endpoint, **{field: value})
            assert answer.status_code == 422, f"{field}: {what}"
            does_not_fit(answer, named)


@pytest.mark.parametrize("endpoint", WITH_BODY, ids=str)
async def test_odd_text_gets_an_answer(ann: Person, nobody: Person, endpoint: Endpoint) -> None:
    for field, fitting in endpoint.body.items():
        odd = FEW if field == "password" or endpoint.path == "/client/login" else ODD_TEXT
        for what, text in odd.items():
            value = [text] if isinstance(fitting, list) else text
            for person in (ann, nobody) if endpoint.needs_identity else (nobody,):
                answer = await send_changed(person, endpoint, **{field: value})
                assert answer.status_code < 500, f"{field}: {what}"
                if not answer.is_success:
                    refused(answer, answer.status_code)


@before_the_database
@pytest.mark.parametrize("endpoint", WITH_BODY, ids=str)
async def test_a_refusal_does_not_repeat_what_was_sent(ann: Person, endpoint: Endpoint) -> None:
    for field, fitting in endpoint.body.items():
        secret = "hunter2-hunter2"
        answer = await send_changed(ann, endpoint, **{field: {secret: secret}})
        assert secret not in answer.text, field
        long = secret * 1000
        answer = await send_changed(ann, endpoint, **{field: [long] if isinstance(fitting, list) else long})
        assert secret not in answer.text, field


async def test_members_that_nobody_knows_are_ignored(ann: Person) -> None:
    body = {"room": "no such room", "": 1, "__proto__": {}, "email": None, "\ud800": 1, "class": "x" * 10_000}
    answer = await ann.post("/event", content=json.dumps(body).encode(), headers=JSON)
    refused(answer, 404, "room_not_found")


async def test_the_last_of_two_members_counts(ann: Person) -> None:
    answer = await ann.post("/event", content=b'{"room": 5, "room": "no such room"}', headers=JSON)
    refused(answer, 404, "room_not_found")


# ---------------------------------------------------------------------------------------- the query


@pytest.mark.parametrize("endpoint", [one for one in (*ENDPOINTS, *BESIDE) if one.query], ids=str)
async def test_queries_that_are_odd(ann: Person, endpoint: Endpoint) -> None:
    name = endpoint.query[0]
    for query in (
        "",
        name,
        f"{name}=",
        f"{name}=%00",
        f"{name}=%ff",
        f"{name}=%ed%a0%80",
        f"{name}=%zz",
        f"{name}=a&{name}=b",
        f"{name}[]=a",
        f"{name}={'x' * 30_000}",
        "&" * 5_000,
        "%",
    ):
        answer = await ann.request(endpoint.method, f"{endpoint.path}?{query}")
        assert 400 <= answer.status_code < 500, query
        refused(answer, answer.status_code)
