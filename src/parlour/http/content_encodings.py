"""Negotiate the content encoding (RFC 9110, section 12.5.3), and compress JSON.

An answer may hold a secret beside text that other people chose. An attacker who chooses text and sees the
length of the compressed answer can find out the secret (BREACH), so such answers are not compressed.
"""

import asyncio
import hashlib
import re
import zlib
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

GZIP = "gzip"
SMALLEST_BYTES = 1024
"""Shorter content is not compressed: most of its answer is the head."""
LONGEST_HEADER = 1024
"""The characters of Accept-Encoding that are read; the rest is ignored."""
PORTION_BYTES = 16 * 1024
"""The bytes that are compressed in a turn of the event loop: less than a millisecond."""
_LEVEL = 5
_GZIP_WINDOW = 31
_ELEMENT = re.compile(r"\s*([\w*-]+)\s*(?:;\s*[qQ]\s*=\s*([01](?:\.\d{0,3})?)\s*)?", re.ASCII)
_JSON = re.compile(r"application/(?:[\w.+-]+\+)?json\b", re.ASCII | re.IGNORECASE)
_SECRET_MEMBERS = (b'"accessToken"', b'"credential"')
"""The members with secrets of a session and of a TURN server. JSON escapes the quotes inside of texts, so a
text cannot look like such a member."""


def chosen_encoding(accept_encoding: str, offered: Sequence[str]) -> str | None:
    """Return the encoding of `offered` (the best first) that the client prefers, None for `identity`.

    A client without Accept-Encoding gets `identity`, which every client can read.
    """
    accepted: dict[str, float] = {}
    for element in accept_encoding[:LONGEST_HEADER].split(","):
        found = _ELEMENT.fullmatch(element)
        if found is not None:
            accepted[found[1].lower()] = float(found[2] or 1)
    others = accepted.get("*", 0.0)
    qualities = [accepted.get(encoding, others) for encoding in offered]
    best = max(qualities, default=0.0)
    if best == 0.0 or best < accepted.get("identity", 0.0):
        return None
    return offered[qualities.index(best)]


class Encoded:
    """Content that does not change, plain and compressed. Construct it once: compressing takes long."""

    def __init__(self, content: bytes) -> None:
        compressed = zlib.compress(content, level=9, wbits=_GZIP_WINDOW)
        self._forms = {None: content, GZIP: compressed}
        self._digest = hashlib.sha256(content).hexdigest()[:16]

    def response(
        self,
        request: Request,
        *,
        media_type: str,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Answer with the form that the client accepts, or with 304 if the client has that form already (RFC
        9110, section 13.1.2): each form has an ETag of its own.
        """
        encoding = chosen_encoding(accept_encoding(request.scope), [GZIP])
        etag = f'"{self._digest}{"" if encoding is None else f"-{encoding}"}"'
        described = {"Vary": "Accept-Encoding", "ETag": etag, **(headers or {})}
        known = [
            tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")
        ]
        if status == HTTPStatus.OK and etag in known:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=described)
        if encoding is not None:
            described["Content-Encoding"] = encoding
        return Response(self._forms[encoding], status, described, media_type)


def accept_encoding(scope: Scope) -> str:
    """Join all lines of the header into one (RFC 9110, section 5.3)."""
    return ",".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"accept-encoding")


class CompressedJson:
    """An ASGI layer that compresses JSON of more than 1 KB for clients that accept it.

    It leaves answers alone that set a cookie, hold a secret, or say `no-transform` (RFC 9111, 5.2.2.6).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await self._app(scope, receive, _Answer(scope, send))


class _Answer:
    """An answer whose head is held back until the first kilobyte of the body decides about compression."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._head: Message | None = None
        self._body = bytearray()
        self._compressor: zlib._Compress | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _may_be_compressed(message):
            self._head = message
            return
        if message["type"] != "http.response.body":
            await self._send(message)
            return
        content, more = message.get("body", b""), message.get("more_body", False)
        if self._head is not None:
            await self._begin(self._head, content, more=more)
        elif self._compressor is not None:
            await self._compress(self._compressor, content, more=more)
        else:
            await self._send(message)

    async def _begin(self, head: Message, content: bytes, *, more: bool) -> None:
        self._body += content
        if more and len(self._body) < SMALLEST_BYTES:
            return
        self._head = None
        body = bytes(self._body)
        headers = MutableHeaders(scope=head)
        compresses = len(body) >= SMALLEST_BYTES and not any(member in body for member in _SECRET_MEMBERS)
        if compresses:
            headers.add_vary_header("Accept-Encoding")
        if not compresses or chosen_encoding(accept_encoding(self._scope), [GZIP]) is None:
            await self._send(head)
            await self._send({"type": "http.response.body", "body": body, "more_body": more})
            return
        del headers["Content-Length"]
        headers["Content-Encoding"] = GZIP
        await self._send(head)
        self._compressor = zlib.compressobj(_LEVEL, wbits=_GZIP_WINDOW)
        await self._compress(self._compressor, body, more=more)

    async def _compress(self, compressor: "zlib._Compress", content: bytes, *, more: bool) -> None:
        for start in range(0, len(content), PORTION_BYTES):
            if start:
                await asyncio.sleep(0)
            compressed = compressor.compress(content[start : start + PORTION_BYTES])
            if compressed:
                await self._send({"type": "http.response.body", "body": compressed, "more_body": True})
        if not more:
            await self._send({"type": "http.response.body", "body": compressor.flush(), "more_body": False})


def _may_be_compressed(head: Message) -> bool:
    headers = MutableHeaders(scope=head)
    return (
        _JSON.match(headers.get("content-type", "")) is not None
        and "content-encoding" not in headers
        and "accept-encoding" not in headers.get("vary", "").lower()  # chosen already
        and "set-cookie" not in headers
        and "no-transform" not in headers.get("cache-control", "")
    )
