"""Engine.IO protocol 4: packets and payloads, as bytes in and types out.

A packet is one character for its type and what follows; a payload (HTTP long-polling alone) is packets
joined by the record separator 0x1E, binary ones as `b` and base64 (protocol document, "Packet
encoding" and "HTTP long-polling payload encoding"). Nothing here raises, whatever the input.
"""

from base64 import b64decode, b64encode
from collections.abc import Sequence

import msgspec
from msgspec import Struct

SEPARATOR = b"\x1e"

CLOSE = b"1"
PING = b"2"
NOOP = b"6"
PROBE_ANSWER = b"3probe"


class Message(Struct, frozen=True, gc=False):
    """Text for the layer above."""

    text: str


class BinaryMessage(Struct, frozen=True, gc=False):
    """Bytes for the layer above."""

    data: bytes


class Close(Struct, frozen=True, gc=False):
    """The peer closes the session."""


class Ping(Struct, frozen=True, gc=False):
    """In this protocol version only a probe of a second transport; `data` is then "probe"."""

    data: str


class Pong(Struct, frozen=True, gc=False):
    """The answer to the server's ping."""

    data: str


class Upgrade(Struct, frozen=True, gc=False):
    """The peer moves the session to the transport that carries this packet."""


class Noop(Struct, frozen=True, gc=False):
    """Ends a poll."""


class Malformed(Struct, frozen=True, gc=False):
    """Not a packet that a client may send; the session is closed."""

    reason: str


Packet = Message | BinaryMessage | Close | Ping | Pong | Upgrade | Noop | Malformed


class Binary(Struct, frozen=True, gc=False):
    """An outgoing binary message; a WebSocket sends it as a binary frame, polling as base64."""

    data: bytes


Outgoing = bytes | Binary


class OpenData(Struct, frozen=True, rename="camel"):
    """The handshake (protocol document, "Handshake"); times are milliseconds."""

    sid: str
    upgrades: list[str]
    ping_interval: int
    ping_timeout: int
    max_payload: int


def open_packet(data: OpenData) -> bytes:
    return b"0" + msgspec.json.encode(data)


def decode_packet(text: str) -> Packet:
    kind = text[:1]
    if kind == "4":
        return Message(text[1:])
    if kind == "3":
        return Pong(text[1:])
    if kind == "2":
        return Ping(text[1:])
    if text == "1":
        return Close()
    if text == "5":
        return Upgrade()
    if text == "6":
        return Noop()
    return Malformed("unknown packet type")


def decode_payload(body: bytes, most: int) -> list[Packet]:
    """Decode the packets of one HTTP body, in order.

    The last is `Malformed` if the rest cannot be read. If a body has more than `most` packets, none is
    decoded.
    """
    if body.count(SEPARATOR) >= most:
        return [Malformed("too many packets")]
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return [Malformed("invalid UTF-8")]
    packets: list[Packet] = []
    for part in text.split("\x1e"):
        packet = _decode_binary(part) if part.startswith("b") else decode_packet(part)
        packets.append(packet)
        if type(packet) is Malformed:
            break
    return packets


def _decode_binary(part: str) -> Packet:
    try:
        return BinaryMessage(b64decode(part[1:], validate=True))
    except ValueError:
        return Malformed("invalid base64")


def encode_payload(packets: Sequence[Outgoing]) -> bytes:
    return SEPARATOR.join(
        packet if isinstance(packet, bytes) else b"b" + b64encode(packet.data) for packet in packets
    )
