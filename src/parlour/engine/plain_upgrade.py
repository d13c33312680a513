"""Read a WebSocket handshake in the plain shape that browsers and Socket.IO clients send. Pure.

The reader accepts a subset of HTTP in which nothing is left to interpretation: a whole head and nothing
behind it, printable ASCII, each header once, on a line of its own, with one space after the colon, and none
that frames a body. Everything else is for a complete HTTP parser, which reads the same from these bytes.
"""

import re
from collections.abc import Sequence
from functools import partial

from msgspec import Struct

from parlour.engine.options import HeaderLines

_REQUEST_LINE = re.compile(r"GET (/[A-Za-z0-9._~/-]*)\?([A-Za-z0-9._~=&%+-]*) HTTP/1\.1\r\n")
_HEADER = re.compile(r"^([A-Za-z0-9-]++): ([!-~]++(?: [!-~]++)*+)\r\n", re.MULTILINE)
_KEY = re.compile(r"[A-Za-z0-9+/]{22}==")
_MOST_HEADERS = 64
_CONNECTION = frozenset({"upgrade", "keep-alive, upgrade"})
_FOR_A_PARSER = frozenset(
    {"content-length", "expect", "proxy-connection", "te", "trailer", "transfer-encoding"}
)


class UpgradeRequest(Struct, frozen=True):
    """The request for a WebSocket; `query` is not decoded, and has no `?`."""

    path: str
    query: str
    lines: HeaderLines


class PlainUpgrade(Struct, frozen=True):
    """A request of the strict shape, and its Sec-WebSocket-Key, which is the Base64 of 16 bytes."""

    request: UpgradeRequest
    key: str


def read_plain_upgrade(head: bytes) -> PlainUpgrade | None:
    """Return the request, None if it is not of the strict shape."""
    if not head.isascii():
        return None
    text = head.decode("ascii")
    line = _REQUEST_LINE.match(text)
    if line is None or not text.endswith("\r\n\r\n"):
        return None
    pairs = _HEADER.findall(text, line.end())
    # Each match is a whole line, so that as many line feeds mean that nothing is left between the matches.
    if len(pairs) > _MOST_HEADERS or text.count("\n") != len(pairs) + 2:
        return None
    headers = {name.lower(): value for name, value in pairs}
    key = headers.get("sec-websocket-key", "")
    if (
        len(headers) < len(pairs)
        or headers.get("upgrade", "").lower() != "websocket"
        or headers.get("connection", "").lower() not in _CONNECTION
        or headers.get("sec-websocket-version") != "13"
        or _KEY.fullmatch(key) is None
        or not _FOR_A_PARSER.isdisjoint(headers)
    ):
        return None
    return PlainUpgrade(UpgradeRequest(line[1], line[2], partial(_lines, headers)), key)


def _lines(headers: dict[str, str], name: str) -> Sequence[str]:
    value = headers.get(name)
    return () if value is None else (value,)
