"""The short way to verify a token and PyJWT's agree, on tokens of the secret's owner and on all others."""

import base64
import hashlib
import hmac
import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from parlour.accounts.hs256 import Hs256
from parlour.accounts.tokens import RefreshToken, TokenSigner, key_id

SECRET = "a secret of at least thirty-two characters"
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SIGNATURE = Hs256(SECRET, key_id=key_id(SECRET))
HEAD = SIGNATURE.sign({}).partition(".")[0]

SHORT = TokenSigner(SECRET)
LIBRARY = TokenSigner("another secret of at least thirty-two characters", old_secrets=[SECRET])
"""It knows the secret as an old one, and so leaves its tokens to PyJWT."""

CLAIMS: dict[str, Any] = {
    "sub": "7",
    "email": "ann@example.org",
    "sid": "family",
    "gen": 3,
    "jti": "id",
    "iss": "parlour",
    "aud": "parlour",
    "typ": "access",
    "iat": int(NOW.timestamp()),
    "exp": int((NOW + timedelta(hours=1)).timestamp()),
}

texts = st.text(st.characters(exclude_categories=[])) | st.sampled_from(
    ["parlour", "access", "refresh", "", "7"]
)
numbers = st.integers() | st.integers(10**17, 10**400) | st.floats() | st.booleans()
values = st.recursive(
    texts | numbers | st.none(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
)
names = st.sampled_from([*CLAIMS, "nbf", "crit"]) | texts


@st.composite
def payloads(draw: st.DrawFn) -> bytes:
    """Draw the JSON of claims: some missing, some of other types, some twice, some not JSON at all."""
    claims = {name: value for name, value in CLAIMS.items() if draw(st.integers(0, 19)) != 0}
    changes = draw(st.lists(st.tuples(names, values), max_size=2))
    members = [*claims.items(), *changes]
    if draw(st.booleans()):
        members = list(dict(members).items())
    escaped = draw(st.booleans())
    body = ",".join(
        f"{json.dumps(name)}:{json.dumps(value, ensure_ascii=escaped)}" for name, value in members
    )
    content = ("{" + body + "}").encode("utf-8", "surrogatepass")
    content = draw(st.sampled_from(["", " ", "\n"])).encode() + content
    if draw(st.integers(0, 9)) == 0:
        content = draw(
            st.sampled_from([b"", b"[]", b"1", b'"x"', b"null", b"[" * 5_000, content[:-1], content + b"x"])
            | st.just(content.decode("utf-8", "replace").encode("utf-16"))
            | st.binary()
        )
    return content


def base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@st.composite
def tokens(draw: st.DrawFn) -> str:
    """Draw a token that the secret signed, in any way to write it, or that it signed and somebody changed."""
    payload = base64url(draw(payloads()))
    if draw(st.integers(0, 4)) == 0:
        payload = written_otherwise(draw, payload)
    signed = f"{HEAD}.{payload}"
    signature = base64url(hmac.digest(SECRET.encode(), signed.encode(), hashlib.sha256))
    if draw(st.integers(0, 4)) == 0:
        signature = written_otherwise(draw, signature)
    text = f"{signed}.{signature}"
    if draw(st.integers(0, 3)) == 0:
        place = draw(st.integers(0, len(text) - 1))
        text = (
            text[:place]
            + draw(st.characters(exclude_categories=[]) | st.sampled_from(".=-_+/"))
            + text[place + 1 :]
        )
    return text


def written_otherwise(draw: st.DrawFn, segment: str) -> str:
    """Write base64 in a way that lenient decoders take for the same: padding, other alphabets, spare bits."""
    place = draw(st.integers(0, len(segment)))
    return draw(
        st.sampled_from(
            [
                segment + "=",
                segment + "==",
                segment.replace("-", "+").replace("_", "/"),
                segment[:place] + "!" + segment[place:],
                segment[:place] + "\n" + segment[place:],
                segment[:place] + "." + segment[place:],
                *(segment[:-1] + last for last in "ABCDwxyz019-_"),
            ]
        )
    )


def outcomes(signer: TokenSigner, text: str) -> list[str]:
    """Read a token as each of four kinds. A NaN equals no other, so the answers are compared as texts."""
    found = []
    for read in (signer.read_access, signer.read_refresh, signer.read_visit, signer.read_device):
        try:
            found.append(repr(read(text, now=NOW)))
        except Exception as error:
            found.append(type(error).__name__)
    try:
        found.append(repr(signer.read_link(text)))
    except Exception as error:
        found.append(type(error).__name__)
    return found


def signed(content: str) -> str:
    text = f"{HEAD}.{base64url(content.encode())}"
    return f"{text}.{base64url(hmac.digest(SECRET.encode(), text.encode(), hashlib.sha256))}"


@given(tokens())
@example(signed(json.dumps(CLAIMS)))
@example(signed(json.dumps(CLAIMS | {"typ": "refresh"})))
@example(signed(json.dumps(CLAIMS | {"exp": math.nan})))
@example(signed(json.dumps(CLAIMS | {"exp": True})))
@example(signed(json.dumps(CLAIMS)[:-1] + ',"exp":1}'))
@example(signed(json.dumps(CLAIMS)[:-1] + ',"exp":null}'))
@example(signed(json.dumps(CLAIMS)[:-1] + ',"nbf":99999999999}'))
@example(signed(json.dumps(CLAIMS | {"aud": ["parlour"]})))
@example(signed(json.dumps(CLAIMS | {"sub": 7})))
def test_the_short_way_and_the_library_agree(text: str) -> None:
    assert outcomes(SHORT, text) == outcomes(LIBRARY, text)


@given(st.dictionaries(texts, values, max_size=4))
def test_a_token_is_the_text_that_the_library_writes(claims: dict[str, Any]) -> None:
    """The database keeps hashes of tokens, which must not change with the way they are written."""
    claims = claims | {"iss": "parlour"}
    assert SIGNATURE.sign(claims) == jwt.encode(claims, SECRET, headers={"kid": key_id(SECRET)})


@given(
    st.dictionaries(
        st.text(st.characters(codec="ascii"), max_size=5),
        st.text(st.characters(codec="ascii")) | st.integers(-1, 2**54) | st.floats(0.5, 2**54),
    )
)
def test_the_usual_claims_are_written_as_the_library_writes_them(claims: dict[str, Any]) -> None:
    claims = claims | {"iss": "parlour"}
    assert SIGNATURE.sign(claims) == jwt.encode(claims, SECRET, headers={"kid": key_id(SECRET)})


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200), st.text(max_size=200))
def test_a_signature_is_that_of_hmac(secret: str, text: str) -> None:
    signed, _, signature = Hs256(secret, key_id="k").sign({"jti": text}).rpartition(".")
    assert signature == base64url(hmac.digest(secret.encode(), signed.encode(), hashlib.sha256))


def test_own_tokens_are_read_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(jwt, "decode")
    token = RefreshToken(family="é-family", generation=3, issued_at=NOW, expires_at=NOW + timedelta(hours=1))
    assert SHORT.read_refresh(TokenSigner(SECRET).sign_refresh(token), now=NOW) == token
