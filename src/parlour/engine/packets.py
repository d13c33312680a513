"""Engine.IO protocol 4: packets and payloads, as bytes in and types out.

A packet is a character for its type and the data; a payload (only in HTTP long-polling) joins packets with
the record separator 0x1E, and encodes binary packets as `b` and base64 (protocol document, "Packet encoding"
and "HTTP long-polling payload encoding"). Decoding never raises, whatever the input.
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
    """The client's probe of a second transport, with "probe" in `data`: in version 4 only the server
    pings.
    """

    data: str


class Pong(Struct, frozen=True, gc=False):
    """The answer to the server's ping."""

    data: str


class Upgrade(Struct, frozen=True, gc=False):
    """The peer moves the session to the transport that carries this packet."""


class Noop(Struct, frozen=True, gc=False):
    """A packet that ends a poll and has no other effect."""


class Malformed(Struct, frozen=True, gc=False):
    """The result of decoding data that a client may not send: it closes the session."""

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

    The last packet is `Malformed` if the rest of the body cannot be decoded. If the body has more than `most`
    packets, none of them is decoded.
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
