"""STUN messages (RFC 8489), with the methods and attributes of TURN (RFC 8656). Pure."""

import hashlib
import hmac
import secrets
import struct
import zlib
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address, ip_address

MAGIC_COOKIE = 0x2112A442
HEADER_LENGTH = 20
UDP_TRANSPORT = bytes([17, 0, 0, 0])
"""The value of REQUESTED-TRANSPORT: a relay that speaks UDP with the peers."""
_COOKIE = struct.pack("!I", MAGIC_COOKIE)
_FINGERPRINT_MASK = 0x5354554E
_INTEGRITY_LENGTH, _FINGERPRINT_LENGTH = 24, 8
_IPV4, _IPV6 = 1, 2

IpAddress = IPv4Address | IPv6Address


class MalformedStun(Exception):
    """The bytes are no STUN message, or an attribute has no such value."""


class Method(IntEnum):
    """Methods of STUN and TURN (RFC 8489, section 18.2; RFC 8656, section 17)."""

    BINDING = 0x001
    ALLOCATE = 0x003
    REFRESH = 0x004
    SEND = 0x006
    DATA = 0x007
    CREATE_PERMISSION = 0x008


class Kind(IntEnum):
    """The class of a message (RFC 8489, section 5)."""

    REQUEST = 0
    INDICATION = 1
    SUCCESS = 2
    ERROR = 3


class Attribute(IntEnum):
    """Attributes of STUN and TURN (RFC 8489, section 18.3; RFC 8656, section 18)."""

    USERNAME = 0x0006
    MESSAGE_INTEGRITY = 0x0008
    ERROR_CODE = 0x0009
    LIFETIME = 0x000D
    XOR_PEER_ADDRESS = 0x0012
    DATA = 0x0013
    REALM = 0x0014
    NONCE = 0x0015
    XOR_RELAYED_ADDRESS = 0x0016
    REQUESTED_TRANSPORT = 0x0019
    XOR_MAPPED_ADDRESS = 0x0020
    FINGERPRINT = 0x8028


@dataclass(frozen=True, slots=True)
class TransportAddress:
    """An IP address and a port."""

    ip: IpAddress
    port: int

    def __str__(self) -> str:
        return f"[{self.ip}]:{self.port}" if self.ip.version == 6 else f"{self.ip}:{self.port}"


@dataclass(frozen=True, slots=True)
class StunMessage:
    """A message; `attributes` are in the order of the wire, without those of integrity and fingerprint."""

    method: Method
    kind: Kind
    transaction: bytes
    attributes: tuple[tuple[int, bytes], ...] = ()

    @classmethod
    def new(cls, method: Method, *attributes: tuple[int, bytes], kind: Kind = Kind.REQUEST) -> "StunMessage":
        return cls(method, kind, secrets.token_bytes(12), attributes)

    def value(self, attribute: Attribute) -> bytes | None:
        """Return the value of the first attribute of this type, None without one."""
        return next((value for kind, value in self.attributes if kind == attribute), None)

    def address(self, attribute: Attribute) -> TransportAddress:
        """Decode an XOR-…-ADDRESS. Raises MalformedStun if the message has none."""
        value = self.value(attribute)
        if value is None:
            raise MalformedStun(f"no {attribute.name}")
        return _xor_decoded(value, self.transaction)

    def error(self) -> tuple[int, str] | None:
        """Return the code and the reason of an error, None without one."""
        value = self.value(Attribute.ERROR_CODE)
        if value is None or len(value) < 4:
            return None
        return (value[2] & 7) * 100 + value[3], value[4:].decode(errors="replace")

    def encoded(self, key: bytes | None = None) -> bytes:
        """Encode the message, with MESSAGE-INTEGRITY by `key` if there is one, and FINGERPRINT."""
        body = b"".join(_encoded(kind, value) for kind, value in self.attributes)
        if key is not None:
            head = self._header(len(body) + _INTEGRITY_LENGTH)
            digest = hmac.new(key, head + body, hashlib.sha1).digest()
            body += _encoded(Attribute.MESSAGE_INTEGRITY, digest)
        head = self._header(len(body) + _FINGERPRINT_LENGTH)
        check = zlib.crc32(head + body) ^ _FINGERPRINT_MASK
        return head + body + _encoded(Attribute.FINGERPRINT, struct.pack("!I", check))

    def _header(self, length: int) -> bytes:
        word = _message_type(self.method, self.kind)
        return struct.pack("!HH", word, length) + _COOKIE + self.transaction


def decoded(data: bytes) -> StunMessage:
    """Decode a message without a look at its integrity. Raises MalformedStun."""
    if len(data) < HEADER_LENGTH or data[4:8] != _COOKIE or data[0] & 0xC0:
        raise MalformedStun("no STUN header")
    word, length = struct.unpack_from("!HH", data)
    if HEADER_LENGTH + length != len(data) or length % 4:
        raise MalformedStun("another length than the header says")
    attributes, at = [], HEADER_LENGTH
    while at < len(data):
        kind, size = struct.unpack_from("!HH", data, at)
        value = data[at + 4 : at + 4 + size]
        if len(value) < size:
            raise MalformedStun("an attribute that ends behind the message")
        attributes.append((kind, value))
        at += 4 + size + -size % 4
    try:
        method, message_kind = _method_and_kind(word)
    except ValueError as error:
        raise MalformedStun("an unknown method") from error
    return StunMessage(method, message_kind, data[8:HEADER_LENGTH], tuple(attributes))


def is_signed(data: bytes, key: bytes) -> bool:
    """True if the encoded message has a MESSAGE-INTEGRITY that was made with `key`."""
    at = HEADER_LENGTH
    while at + 4 <= len(data):
        kind, size = struct.unpack_from("!HH", data, at)
        if kind == Attribute.MESSAGE_INTEGRITY:
            length = at - HEADER_LENGTH + _INTEGRITY_LENGTH
            signed = data[:2] + struct.pack("!H", length) + data[4:at]
            digest = hmac.new(key, signed, hashlib.sha1).digest()
            return hmac.compare_digest(digest, data[at + 4 : at + 4 + size])
        at += 4 + size + -size % 4
    return False


def long_term_key(username: str, realm: str, password: str) -> bytes:
    """Return the key of long-term credentials (RFC 8489, section 9.2.2), for which it prescribes MD5."""
    text = f"{username}:{realm}:{password}".encode()
    return hashlib.md5(text, usedforsecurity=False).digest()


def xor_encoded(address: TransportAddress, transaction: bytes) -> bytes:
    """Encode the value of an XOR-…-ADDRESS (RFC 8489, section 14.2)."""
    packed = address.ip.packed
    family = _IPV4 if len(packed) == 4 else _IPV6
    port = address.port ^ (MAGIC_COOKIE >> 16)
    return struct.pack("!BBH", 0, family, port) + _xor(packed, _COOKIE + transaction)


def _xor_decoded(value: bytes, transaction: bytes) -> TransportAddress:
    if len(value) not in (8, 20) or value[1] != (_IPV4 if len(value) == 8 else _IPV6):
        raise MalformedStun("an address that is none")
    (port,) = struct.unpack_from("!H", value, 2)
    packed = _xor(value[4:], _COOKIE + transaction)
    return TransportAddress(ip_address(packed), port ^ (MAGIC_COOKIE >> 16))


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(left ^ right for left, right in zip(one, other, strict=False))


def _encoded(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def _message_type(method: Method, kind: Kind) -> int:
    """Interleave method and class as RFC 8489, section 5, shows it."""
    bits = (method & 0xF80) << 2 | (method & 0x070) << 1 | method & 0x00F
    return bits | (kind & 2) << 7 | (kind & 1) << 4


def _method_and_kind(word: int) -> tuple[Method, Kind]:
    method = (word & 0x3E00) >> 2 | (word & 0x00E0) >> 1 | word & 0x000F
    return Method(method), Kind((word & 0x0100) >> 7 | (word & 0x0010) >> 4)
