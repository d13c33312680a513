"""Socket.IO protocol 5: the packets inside Engine.IO messages, as text in and types out.

    <type>[<attachments>-][<namespace>,][<acknowledgement id>][JSON]

(protocol document, "Packet encoding"). Decoding never raises, whatever the input. The arguments of an
event stay JSON text until its name determines the type into which they are decoded.
"""

import re
from json import loads
from typing import TypeAlias

import msgspec
from msgspec import Raw, Struct

from parlour.engine.packets import Malformed

EncodedPacket: TypeAlias = bytes
"""A Socket.IO packet with its Engine.IO type in front; the same bytes can be sent to many clients."""

MAX_NAMESPACE_LENGTH = 256
MAX_CONNECT_LENGTH = 102_400
MAX_LENIENT_LENGTH = 65_536
"""The most characters of JSON that are decoded without a known type: a megabyte would take 60 ms."""
_HEAD = re.compile(r"(?:([0-9]{1,4})-)?(?:(/[^,]*)(?:,|\Z))?([0-9]{1,15})?")
encode_json = msgspec.json.Encoder().encode
MAIN_EVENT = b"42"
"""The prefix of an event in the main namespace that asks for no acknowledgement; its arguments follow."""
_decode_auth = msgspec.json.Decoder(dict[str, object]).decode
_check = msgspec.json.Decoder(Raw).decode
"""Validates JSON without building objects, so that large input costs little. Raises JSON_ERRORS."""

JSON_ERRORS = (msgspec.DecodeError, UnicodeError, RecursionError)
"""The errors that msgspec raises on text that is not JSON; its ValidationError is a DecodeError too."""


class Connect(Struct, frozen=True):
    """A client asks for a namespace; `auth` holds its credentials, None without any."""

    namespace: str
    auth: dict[str, object] | None


class Disconnect(Struct, frozen=True, gc=False):
    """A client leaves a namespace."""

    namespace: str


class Event(Struct, frozen=True, gc=False):
    """A client sends an event; `arguments` is the undecoded JSON array, the event's name included."""

    namespace: str
    name: str
    arguments: str
    ack_id: int | None


class Ack(Struct, frozen=True, gc=False):
    """A client acknowledges an event of the server; `arguments` is the undecoded JSON array."""

    namespace: str
    ack_id: int
    arguments: str


class BinaryEvent(Struct, frozen=True, gc=False):
    """An event (or, without a name, an acknowledgement) followed by `attachments` binary messages."""

    namespace: str
    name: str | None
    ack_id: int | None
    attachments: int


class _Named(Struct, array_like=True, frozen=True, gc=False):
    """The first element of an array; msgspec skips the others without building anything."""

    name: str | int | float


_decode_named = msgspec.json.Decoder(_Named).decode

SocketPacket = Connect | Disconnect | Event | Ack | BinaryEvent | Malformed


def decode_message(text: str) -> SocketPacket:
    if text.startswith('2["'):
        end = text.find('"', 3)
        name = text[3:end]
        if end > 3 and "\\" not in name:
            return Event("/", name, text[1:], None)
    return _decode_any(text)


def _decode_any(text: str) -> SocketPacket:
    head = _HEAD.match(text, 1)
    if head is None:  # the pattern matches the empty text
        return Malformed("unknown packet")
    attachments, namespace, ack_id = head.groups()
    json = text[head.end() :]
    namespace = namespace or "/"
    kind = text[:1]
    if len(namespace) > MAX_NAMESPACE_LENGTH:
        return Malformed("namespace too long")
    if (attachments is not None) != (kind in ("5", "6")):
        return Malformed("attachments where none are")
    number = None if ack_id is None else int(ack_id)
    if kind == "2":
        return _decode_event(namespace, number, json)
    if kind == "0" and number is None:
        return _decode_connect(namespace, json)
    if kind == "1" and number is None and not json:
        return Disconnect(namespace)
    if kind == "3" and number is not None and _is_array(json):
        return Ack(namespace, number, json)
    if attachments is not None:
        return _decode_binary(kind, namespace, number, int(attachments), json)
    return Malformed("unknown or incomplete packet")


def _decode_connect(namespace: str, json: str) -> SocketPacket:
    if not json:
        return Connect(namespace, None)
    if len(json) > MAX_CONNECT_LENGTH:
        return Malformed("CONNECT payload too long")
    try:
        return Connect(namespace, _decode_auth(json))
    except JSON_ERRORS:
        auth = lenient_json(json)
    return Connect(namespace, auth) if isinstance(auth, dict) else Malformed("invalid CONNECT payload")


def _decode_event(namespace: str, ack_id: int | None, json: str) -> SocketPacket:
    name = event_name(json)
    if name is None:
        return Malformed("invalid EVENT payload")
    return Event(namespace, name, json, ack_id)


def _decode_binary(
    kind: str, namespace: str, ack_id: int | None, attachments: int, json: str
) -> SocketPacket:
    if kind == "6":
        if ack_id is None or not _is_array(json):
            return Malformed("invalid BINARY_ACK payload")
        return BinaryEvent(namespace, None, ack_id, attachments)
    name = event_name(json)
    if name is None:
        return Malformed("invalid BINARY_EVENT payload")
    return BinaryEvent(namespace, name, ack_id, attachments)


def event_name(json: str) -> str | None:
    """Return the first element of a JSON array, None if that is no string."""
    try:
        return str(_decode_named(json).name)
    except JSON_ERRORS:
        return _lenient_name(json)


def lenient_json(text: str) -> object:
    """Decode by the grammar of RFC 8259 alone, which allows lone surrogates in strings (section 8.2). Return
    None for text that is not JSON by that grammar either.
    """
    if len(text) > MAX_LENIENT_LENGTH:
        return None
    try:
        value: object = loads(text)
    except (ValueError, RecursionError):
        return None
    return value


def _lenient_name(text: str) -> str | None:
    """Return the name of an event whose text contains a lone surrogate, which is not Unicode."""
    arguments = lenient_json(text)
    name = arguments[0] if isinstance(arguments, list) and arguments else None
    return name.encode(errors="replace").decode() if isinstance(name, str) else None


def _is_array(json: str) -> bool:
    try:
        _check(json)
    except JSON_ERRORS:
        return False
    return json.lstrip(" \t\r\n").startswith("[")


def _head(kind: str, namespace: str, ack_id: int | None = None) -> bytes:
    where = "" if namespace == "/" else namespace + ","
    return f"4{kind}{where}{'' if ack_id is None else ack_id}".encode()


def encode_event(
    name: str, *arguments: object, namespace: str = "/", ack_id: int | None = None
) -> EncodedPacket:
    """Encode an event. Raises msgspec's errors for arguments that JSON cannot represent."""
    if namespace == "/" and ack_id is None:
        return MAIN_EVENT + encode_json((name, *arguments))
    return _head("2", namespace, ack_id) + encode_json((name, *arguments))


def encode_ack(ack_id: int, *arguments: object, namespace: str = "/") -> EncodedPacket:
    return _head("3", namespace, ack_id) + encode_json(arguments)


def encode_connected(sid: str, *, namespace: str) -> EncodedPacket:
    return _head("0", namespace) + encode_json({"sid": sid})


def encode_refused(message: str, data: object = None, *, namespace: str) -> EncodedPacket:
    """Encode a CONNECT_ERROR; a client's error carries `message` and, unless it is None, `data`."""
    error = {"message": message} if data is None else {"message": message, "data": data}
    return _head("4", namespace) + encode_json(error)


def encode_disconnect(*, namespace: str) -> EncodedPacket:
    return _head("1", namespace)
