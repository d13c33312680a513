"""Which encoding a client gets, and which JSON is compressed."""

import gzip
import json
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from parlour.http.content_encodings import GZIP, PORTION_BYTES, CompressedJson, chosen_encoding

BOTH = ["br", GZIP]


@pytest.mark.parametrize(
    ("said", "chosen"),
    [
        ("", None),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", GZIP),
        ("GZip;Q=0.5", GZIP),
        ("gzip;q=1.0, br;q=0.8", GZIP),
        ("br;q=0, gzip;q=0.000", None),
        ("*", "br"),
        ("*;q=0", None),
        ("br;q=0, *", GZIP),
        ("identity", None),
        ("identity;q=0.5, gzip", GZIP),
        ("identity, gzip;q=0.5", None),
        ("gzip ; q = 0.5 , br", "br"),
        ("deflate, zstd", None),
        ("gzip;q=2", None),
        ("gzip;q=-1, b r, ,,;q=1", None),
        (f"{'x,' * 600}gzip", None),
    ],
)
def test_the_clients_wish(said: str, chosen: str | None) -> None:
    assert chosen_encoding(said, BOTH) == chosen


def test_nothing_is_offered() -> None:
    assert chosen_encoding("gzip, br", []) is None


class Answered:
    def __init__(self) -> None:
        self.head: Message = {}
        self.pieces: list[bytes] = []
        self.ended = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.head = message
        else:
            assert self.head, "the head comes first"
            assert not self.ended
            self.pieces.append(message["body"])
            self.ended = not message.get("more_body", False)

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self.head["headers"]}

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)


async def answered(
    *pieces: bytes, accepts: str = "gzip", kind: str = "application/json", **headers: str
) -> Answered:
    """What a client gets of an application that answers so."""
    given = {"content-type": kind, **{name.replace("_", "-"): value for name, value in headers.items()}}

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        raw = [(name.encode(), value.encode()) for name, value in given.items()]
        await send({"type": "http.response.start", "status": 200, "headers": raw})
        for piece in pieces[:-1]:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": pieces[-1]})

    async def receive() -> Any:
        raise AssertionError

    answer = Answered()
    scope = {"type": "http", "headers": [(b"accept-encoding", accepts.encode())]}
    await CompressedJson(app)(scope, receive, answer)
    assert answer.ended
    return answer


LONG = json.dumps(["a text"] * 20_000).encode()


async def test_a_long_answer() -> None:
    answer = await answered(LONG, content_length=str(len(LONG)), vary="Origin")
    assert gzip.decompress(answer.body) == LONG
    assert len(answer.body) < len(LONG) / 50
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == "Origin, Accept-Encoding"
    assert "content-length" not in answer.headers


@pytest.mark.parametrize("size", [1, 700, PORTION_BYTES, 3 * PORTION_BYTES + 1])
async def test_an_answer_that_comes_in_pieces(size: int) -> None:
    pieces = [LONG[start : start + size] for start in range(0, min(len(LONG), 300 * size), size)]
    answer = await answered(*pieces, b"")
    whole = b"".join(pieces)
    compressed = len(whole) >= 1024
    assert (gzip.decompress(answer.body) if compressed else answer.body) == whole
    assert ("content-encoding" in answer.headers) is compressed


@pytest.mark.parametrize("kind", ["application/problem+json", "application/json; charset=utf-8"])
async def test_all_kinds_of_json(kind: str) -> None:
    assert (await answered(LONG, kind=kind)).headers["content-encoding"] == "gzip"


@pytest.mark.parametrize(
    ("body", "given"),
    [
        (b"[]", {}),
        (LONG[:1023], {}),
        (LONG, {"accepts": "br, gzip;q=0"}),
        (LONG, {"kind": "text/plain"}),
        (LONG, {"kind": "application/jsonx"}),
        (LONG, {"content_encoding": "gzip"}),
        (LONG, {"set_cookie": "jwt=x"}),
        (LONG, {"cache_control": "no-store, no-transform"}),
        (b'{"email":"%s","accessToken":"t"}' % (b"a" * 5000), {}),
        (b'{"iceServers":[{"credential":"t","urls":["%s"]}]}' % (b"a" * 5000), {}),
    ],
)
async def test_what_stays_as_it_is(body: bytes, given: dict[str, str]) -> None:
    answer = await answered(body, content_length=str(len(body)), **given)
    assert answer.body == body
    assert answer.headers["content-length"] == str(len(body))
    assert answer.headers.get("content-encoding") == given.get("content_encoding")


async def test_a_text_that_looks_like_a_secret_changes_nothing() -> None:
    body = json.dumps({"description": '"accessToken":"' + "a" * 5000}).encode()
    assert gzip.decompress((await answered(body)).body) == body
