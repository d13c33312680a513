"""The vectors of docs/end-to-end-encryption.md, computed by an implementation that is not WebCrypto.

`web/src/call/e2ee/vectors.test.ts` has the web client compute the same.
"""

import hashlib
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ROOT = Path(__file__).parents[2]
VECTORS: dict[str, Any] = json.loads((ROOT / "docs" / "end-to-end-encryption.json").read_text("utf-8"))
MEMBERS, WRAP, FRAME = VECTORS["members"], VECTORS["wrap"], VECTORS["frame"]
_NONCE_BYTES = 12


def _base64url(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def _private_key(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int(MEMBERS[name]["private"], 16), ec.SECP256R1())


def _public_bytes(name: str) -> bytes:
    key = _private_key(name).public_key()
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _shared() -> bytes:
    return _private_key("bob").exchange(ec.ECDH(), _private_key("ann").public_key())


def _info(context: dict[str, Any]) -> bytes:
    parts = ("wrap", context["epoch"], context["sender"], context["receiver"], str(context["number"]))
    return b"".join(part.encode() + b"\0" for part in parts) + _public_bytes("ann") + _public_bytes("bob")


def _wrapping_key(info: bytes) -> bytes:
    return HKDF(SHA256(), 32, b"parlour e2ee 1", info).derive(_shared())


@pytest.mark.parametrize("name", ["ann", "bob"])
def test_member_keys(name: str) -> None:
    public, expected = _public_bytes(name), MEMBERS[name]
    assert public.hex() == expected["public"]
    assert _base64url(public) == expected["memberKey"]
    digest = hashlib.sha256(public).hexdigest().upper()
    assert "member-key " + ":".join(re.findall("..", digest)) == expected["fingerprint"]


def test_a_wrap() -> None:
    info = _info(WRAP)
    assert _shared().hex() == WRAP["shared"]
    assert info.hex() == WRAP["info"]
    assert _wrapping_key(info).hex() == WRAP["wrappingKey"]
    nonce, secret = bytes.fromhex(WRAP["nonce"]), bytes.fromhex(WRAP["secret"])
    assert _base64url(nonce + AESGCM(_wrapping_key(info)).encrypt(nonce, secret, info)) == WRAP["key"]


@pytest.mark.parametrize("change", VECTORS["refusedWraps"].values(), ids=VECTORS["refusedWraps"])
def test_a_wrap_is_opened_in_its_context_alone(change: dict[str, Any]) -> None:
    info, nonce = _info(WRAP), bytes.fromhex(WRAP["nonce"])
    sealed = AESGCM(_wrapping_key(info)).encrypt(nonce, bytes.fromhex(WRAP["secret"]), info)
    other = _info({**WRAP, **change})
    with pytest.raises(InvalidTag):
        AESGCM(_wrapping_key(other)).decrypt(nonce, sealed, other)


def test_a_frame_as_livekit_encrypts_it() -> None:
    secret, clear, iv = (bytes.fromhex(text) for text in (WRAP["secret"], FRAME["clear"], FRAME["iv"]))
    frame_key = HKDF(SHA256(), 32, b"LKFrameEncryptionKey", bytes(128)).derive(secret)
    assert frame_key.hex() == FRAME["frameKey"]
    assert FRAME["keyIndex"] == WRAP["number"] % 16
    sealed = AESGCM(frame_key).encrypt(iv, bytes.fromhex(FRAME["payload"]), clear)
    trailer = bytes([_NONCE_BYTES, FRAME["keyIndex"]])
    assert (clear + sealed + iv + trailer).hex() == FRAME["frame"]


@pytest.mark.parametrize("code", VECTORS["codes"].values(), ids=VECTORS["codes"])
def test_codes_that_people_compare(code: dict[str, Any]) -> None:
    ends = "\n".join(sorted(code["ends"])).encode()
    stretched = hashlib.pbkdf2_hmac("sha256", ends, b"parlour security code 1", 200_000, 10)
    assert stretched.hex() == code["bytes"]


def test_a_point_off_the_curve_is_no_key() -> None:
    with pytest.raises(ValueError, match=r"(?i)curve|key"):
        ec.EllipticCurvePublicKey.from_encoded_point(
            ec.SECP256R1(), urlsafe_b64decode(VECTORS["offTheCurve"] + "=")
        )
