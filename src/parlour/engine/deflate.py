"""permessage-deflate (RFC 7692) without context takeover: each message is compressed on its own.

A connection therefore keeps no window between messages: its 40 KB would be several times the size of the
connection itself.
"""

import zlib

RESPONSE = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
"""The value of Sec-WebSocket-Extensions that accepts an offer (RFC 7692, section 7.1)."""

SMALLEST = 1024
"""Bytes: shorter messages are not compressed, as in ws, the library of Socket.IO's reference server."""

_KNOWN = {"server_no_context_takeover", "client_no_context_takeover", "client_max_window_bits"}
_TAIL = b"\x00\x00\xff\xff"
_RAW = -zlib.MAX_WBITS


class TooLarge(ValueError):
    """The inflated message would exceed its limit."""


def is_offered(header: str | None) -> bool:
    """Return True if the value of a client's Sec-WebSocket-Extensions can be accepted with `RESPONSE`."""
    return any(_can_be_taken(offer) for offer in (header or "").split(","))


def _can_be_taken(offer: str) -> bool:
    name, *parameters = (part.strip() for part in offer.split(";"))
    names = {parameter.partition("=")[0].strip() for parameter in parameters}
    return name == "permessage-deflate" and names <= _KNOWN


def deflated(message: bytes) -> bytes:
    compressor = zlib.compressobj(level=1, wbits=_RAW)
    return (compressor.compress(message) + compressor.flush(zlib.Z_SYNC_FLUSH)).removesuffix(_TAIL)


def inflated(message: bytes, limit: int) -> bytes:
    """Inflate a message. Raises TooLarge before more than `limit` bytes are held (a "zip bomb"), and
    ValueError for data that is no DEFLATE.
    """
    try:
        text = zlib.decompressobj(wbits=_RAW).decompress(message + _TAIL, limit + 1)
    except zlib.error as error:
        raise ValueError("not deflate") from error
    if len(text) > limit:
        raise TooLarge
    return text
