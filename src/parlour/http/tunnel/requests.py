"""Requests that are passed on, read strictly and written anew. Pure.

Nothing that a client has written reaches the SFU but its token, its query, its key and its User-Agent, each
of known characters: no cookie, no Origin, no address, and no extension of WebSockets, since messages of a
call are short.
"""

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha1

from parlour.errors import InvalidToken, MalformedRequest, NotFound
from parlour.http.tunnel.targets import Target

PREFIX = b"/livekit/"
LONGEST_QUERY = 8 * 1024
LONGEST_TOKEN = 2 * 1024
_PATH = re.compile(rb"/livekit/([0-9a-f]{8})/(rtc|rtc/v1)")
_QUERY = re.compile(rb"[A-Za-z0-9._~!$&'()*+,;=:@/?%-]*")
_TOKEN = re.compile(rb"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_KEY = re.compile(rb"[A-Za-z0-9+/]{22}==")
_AGENT = re.compile(rb"[ -~]{1,512}")
_TOKEN_PARAMETER = b"access_token="
_BEARER = re.compile(rb"[Bb]earer +(\S+)")
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3})(?: [^\r\n]*)?\r\n")

Headers = Sequence[tuple[bytes, bytes]]
"""Names in lower case, and values."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query without the token in it, and the token."""

    rest: bytes
    token: bytes


@dataclass(frozen=True, slots=True)
class Handshake:
    """The handshake of a WebSocket to the SFU of `number`; `service` is the path there."""

    number: str
    service: bytes
    query: Query
    key: bytes
    user_agent: bytes | None

    @property
    def accept(self) -> bytes:
        """Return what a server answers to the key."""
        return b64encode(sha1(self.key + _GUID, usedforsecurity=False).digest())

    def head(self, target: Target, *, client: str) -> bytes:
        """Write the head of the request that the SFU gets."""
        lines = [
            b"GET %b HTTP/1.1" % location(target, self.service, self.query.rest),
            b"Host: " + target.authority,
            b"Upgrade: websocket",
            b"Connection: Upgrade",
            b"Sec-WebSocket-Version: 13",
            b"Sec-WebSocket-Key: " + self.key,
            *credentials(self.query.token, client=client),
        ]
        if self.user_agent is not None:
            lines.append(b"User-Agent: " + self.user_agent)
        return b"\r\n".join([*lines, b"", b""])

    def answer(self) -> bytes:
        """Write the answer that the client gets."""
        return (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: %b\r\n\r\n" % self.accept
        )


def location(target: Target, service: bytes, query: bytes) -> bytes:
    path = target.path.encode() + b"/" + service
    return path + b"?" + query if query else path


def credentials(token: bytes, *, client: str) -> list[bytes]:
    """Write who asks. The token is no part of the URL, which servers log."""
    return [b"Authorization: Bearer " + token, b"X-Forwarded-For: " + client.encode("ascii", "ignore")]


def read_handshake(method: str, version: str, url: bytes, headers: Headers) -> Handshake:
    """Read a request whose head a parser of HTTP has taken apart. Raises Refusal."""
    path, _, query = url.partition(b"?")
    found = _PATH.fullmatch(path)
    if found is None:
        raise NotFound
    key = one(headers, b"sec-websocket-key") or b""
    if (
        (method, version) != ("GET", "1.1")
        or one(headers, b"sec-websocket-version") != b"13"
        or _KEY.fullmatch(key) is None
        or any(name in (b"content-length", b"transfer-encoding") for name, _ in headers)
    ):
        raise MalformedRequest
    agent = one(headers, b"user-agent")
    return Handshake(
        found[1].decode(),
        found[2],
        read_query(query, headers),
        key,
        agent if agent is not None and _AGENT.fullmatch(agent) else None,
    )


def read_query(query: bytes, headers: Headers) -> Query:
    """Take the token out of a query, or else of the header. Raises Refusal."""
    if len(query) > LONGEST_QUERY or _QUERY.fullmatch(query) is None:
        raise MalformedRequest
    parts = query.split(b"&") if query else []
    tokens = [part[len(_TOKEN_PARAMETER) :] for part in parts if part.startswith(_TOKEN_PARAMETER)]
    if not tokens and (bearer := _BEARER.fullmatch(one(headers, b"authorization") or b"")):
        tokens = [bearer[1]]
    if len(tokens) != 1 or len(tokens[0]) > LONGEST_TOKEN or _TOKEN.fullmatch(tokens[0]) is None:
        raise InvalidToken
    rest = b"&".join(part for part in parts if not part.startswith(_TOKEN_PARAMETER))
    return Query(rest, tokens[0])


def one(headers: Headers, name: bytes) -> bytes | None:
    """Return the value of a header, None if there is none or more than one."""
    values = [value for given, value in headers if given == name]
    return values[0] if len(values) == 1 else None


def read_status(head: bytes) -> int | None:
    """Return the status of an answer, None if it is none."""
    found = _STATUS_LINE.match(head)
    return None if found is None else int(found[1])


def accepts(head: bytes, handshake: Handshake) -> bool:
    """Return True if the answer opens the WebSocket that was asked for, without any extension."""
    headers = {}
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        headers[name.strip().lower()] = value.strip()
    return (
        headers.get(b"sec-websocket-accept") == handshake.accept
        and headers.get(b"upgrade", b"").lower() == b"websocket"
        and b"sec-websocket-extensions" not in headers
    )
