"""JWTs signed with HS256 and one secret, at a quarter of PyJWT's cost. Pure.

The header of each token that a secret signs is the same text, so a token that begins with it needs no parser
of headers. `Hs256.claims` verifies no other token; those are PyJWT's (see `TokenSigner`).
"""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress
from typing import Any

import msgspec

ALGORITHM = "HS256"
_JSON = json.JSONEncoder(separators=(",", ":"))
_ASCII_JSON = msgspec.json.Encoder()
_BLOCK = 64
"""The bytes of a block of SHA-256."""


class Hs256:
    """Signs claims, and verifies the tokens that it would sign itself, byte for byte."""

    def __init__(self, secret: str, *, key_id: str) -> None:
        self._inner, self._outer = _padded_key(secret.encode())
        self._head = _base64url(_JSON.encode({"alg": ALGORITHM, "kid": key_id, "typ": "JWT"}).encode()) + "."

    def sign(self, claims: dict[str, Any]) -> str:
        """Return the text that PyJWT makes of these claims: the database keeps hashes of such texts."""
        signed = self._head + _base64url(_encoded(claims))
        return f"{signed}.{self._signature(signed)}"

    def claims(self, text: str) -> dict[str, Any] | None:
        """Return the JSON object of a token of this secret, whose claims are yet to be checked.

        None says nothing about the token: it may have another header, or its base64 may be other than this
        class would write it (RFC 4648, section 3.5 leaves that open), or the token may be forged.
        """
        if not text.startswith(self._head) or not text.isascii():
            return None
        signed, _, signature = text.rpartition(".")
        if not hmac.compare_digest(self._signature(signed), signature):
            return None
        payload = signed[len(self._head) :]
        try:
            content = urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
            claims = json.loads(content)
        except (ValueError, RecursionError):
            return None
        return claims if isinstance(claims, dict) and _base64url(content) == payload else None

    def _signature(self, signed: str) -> str:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(signed.encode())
        outer.update(inner.digest())
        return _base64url(outer.digest())


def _padded_key(secret: bytes) -> "tuple[hashlib._Hash, hashlib._Hash]":
    """Return the two hashes of HMAC (RFC 2104), which have taken in the key.

    `hmac.digest` has OpenSSL look up its algorithms each time, which takes 7 µs, and 40 after other work has
    displaced OpenSSL's code and data from the CPU's caches.
    """
    key = hashlib.sha256(secret).digest() if len(secret) > _BLOCK else secret
    key = key.ljust(_BLOCK, b"\0")
    return hashlib.sha256(bytes(byte ^ 0x36 for byte in key)), hashlib.sha256(
        bytes(byte ^ 0x5C for byte in key)
    )


def _encoded(claims: dict[str, Any]) -> bytes:
    """Encode as PyJWT does: by msgspec, in a third of the time, where both write the same."""
    if all(map(_is_written_alike, claims.values())):
        with suppress(UnicodeEncodeError):  # half of a surrogate pair
            encoded = _ASCII_JSON.encode(claims)
            if encoded.isascii() and b"\x7f" not in encoded:  # PyJWT escapes all else
                return encoded
    return _JSON.encode(claims).encode()


def _is_written_alike(value: object) -> bool:
    """True for texts, and for numbers that need no exponent."""
    kind = type(value)
    return kind is str or (kind in (int, float) and 1 <= value < 2**53)  # type: ignore[operator]


def _base64url(content: bytes) -> str:
    """Encode without padding (RFC 7515, section 2)."""
    return urlsafe_b64encode(content).rstrip(b"=").decode()
