"""Parse and admit an HTTP request to the engine. Pure.

Most refusals are HTTP 400 (403 for a foreign origin) with the codes and messages of the reference server,
since clients show these to people.
"""

import re
from collections.abc import Callable
from enum import Enum
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from parlour.engine.connection import Handshake
from parlour.engine.options import Options
from parlour.engine.session import TransportSession

PROTOCOL_VERSION = "4"
_USUAL_QUERY = re.compile(r"(?:room=[0-9a-f]{8}&)?EIO=4&transport=websocket")
"""The query of a WebSocket's first request, as official clients write it: parsing it takes 5 µs. `room` is
for what spreads connections over several processes; here it means nothing.
"""


class Rejected(Enum):
    """The reason of a refused request: HTTP status, code and message of the JSON body."""

    UNKNOWN_TRANSPORT = (400, 0, "Transport unknown")
    UNKNOWN_SID = (400, 1, "Session ID unknown")
    BAD_METHOD = (400, 2, "Bad handshake method")
    BAD_REQUEST = (400, 3, "Bad request")
    FORBIDDEN = (403, 4, "Forbidden")
    UNSUPPORTED_VERSION = (400, 5, "Unsupported protocol version")
    TOO_LARGE = (413, 3, "Payload too large")
    SHUTTING_DOWN = (503, 3, "Server is shutting down")
    FULL = (503, 3, "Too many connections")
    NOT_FOUND = (404, 3, "Not found")

    @property
    def status(self) -> int:
        return self.value[0]

    @property
    def retry_after(self) -> int | None:
        """The seconds after which the request may succeed, None if it never will."""
        return 5 if self.status == 503 else None

    @property
    def body(self) -> bytes:
        _, code, message = self.value
        return msgspec.json.encode({"code": code, "message": message})


def rejection_body(rejected: Rejected, options: Options) -> bytes:
    if rejected is Rejected.FORBIDDEN and options.forbidden_body is not None:
        return options.forbidden_body
    return rejected.body


class Request(Struct, frozen=True):
    """A request to the engine. `channel` is `polling` for plain HTTP and `websocket` for an HTTP upgrade."""

    method: str
    channel: str
    handshake: Handshake
    transport: str | None
    sid: str | None
    version: str | None


def read_request(method: str, channel: str, handshake: Handshake) -> Request:
    if _USUAL_QUERY.fullmatch(handshake.query):
        return Request(method, channel, handshake, "websocket", None, PROTOCOL_VERSION)
    try:
        query = dict(parse_qsl(handshake.query, keep_blank_values=True))
    except ValueError:
        query = {}
    return Request(
        method, channel, handshake, query.get("transport"), query.get("sid") or None, query.get("EIO")
    )


def admit(
    request: Request, options: Options, find: Callable[[str], TransportSession | None]
) -> TransportSession | Rejected | None:
    """Return the session of the request, None if the request opens a session, or the reason to refuse it."""
    if request.transport not in options.transports:
        return Rejected.UNKNOWN_TRANSPORT
    if not options.origin_allowed(request.handshake.origin, request.handshake.host):
        return Rejected.FORBIDDEN
    if request.transport != request.channel:
        return Rejected.BAD_REQUEST
    if request.sid is None:
        return _admit_new(request)
    session = find(request.sid)
    if session is None:
        return Rejected.UNKNOWN_SID
    if request.channel == "polling" and session.transport.name != "polling":
        return Rejected.BAD_REQUEST
    return session


def _admit_new(request: Request) -> Rejected | None:
    if request.method != "GET":
        return Rejected.BAD_METHOD
    if request.version != PROTOCOL_VERSION:
        return Rejected.UNSUPPORTED_VERSION
    return None
