"""JWTs signed with HS256 and one secret, at a quarter of PyJWT's cost. Pure.

The header of each token that a secret signs is the same text, so a token that begins with it needs no parser
of headers. `Hs256.claims` verifies no other token; those are PyJWT's (see `TokenSigner`).
"""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

ALGORITHM = "HS256"
_JSON = json.JSONEncoder(separators=(",", ":"))


class Hs256:
    """Signs claims, and verifies the tokens that it would sign itself, byte for byte."""

    def __init__(self, secret: str, *, key_id: str) -> None:
        self._secret = secret.encode()
        self._head = _base64url(_JSON.encode({"alg": ALGORITHM, "kid": key_id, "typ": "JWT"}).encode()) + "."

    def sign(self, claims: dict[str, Any]) -> str:
        """Return the text that PyJWT makes of these claims: the database keeps hashes of such texts."""
        signed = self._head + _base64url(_JSON.encode(claims).encode())
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
        return _base64url(hmac.digest(self._secret, signed.encode(), "sha256"))


def _base64url(content: bytes) -> str:
    """Encode without padding (RFC 7515, section 2)."""
    return urlsafe_b64encode(content).rstrip(b"=").decode()
