"""Tokens: what is signed can be read again, and nothing else can."""

import base64
import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parlour.accounts.tokens import (
    AccessToken,
    RefreshToken,
    RegistrationToken,
    TokenExpired,
    TokenRejected,
    TokenSigner,
    VerificationToken,
    VisitToken,
    key_id,
    token_hash,
)

SECRET = "a secret of at least thirty-two characters"
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
SIGNER = TokenSigner(SECRET)

ACCESS = AccessToken(
    user_id=7,
    email="ann@example.org",
    username="ann-lee",
    guest_until=None,
    family="family",
    token_id="id",
    issued_at=NOW,
    expires_at=LATER,
)
REFRESH = RefreshToken(family="family", generation=3, issued_at=NOW, expires_at=LATER)
CLIENT = RegistrationToken(registration_id="id", issued_at=NOW, expires_at=LATER)
GUEST = VerificationToken(verification_id="id", user_id=7, purpose="guest", issued_at=NOW, expires_at=LATER)
VISIT = VisitToken(
    user_id=7,
    room_id=3,
    peer_id="peer",
    started_at=NOW - timedelta(milliseconds=250),
    issued_at=NOW,
    expires_at=LATER,
)

Read = Callable[[str, datetime], object]
READERS: dict[str, Read] = {
    "access": lambda text, now: SIGNER.read_access(text, now=now),
    "refresh": lambda text, now: SIGNER.read_refresh(text, now=now),
    "visit": lambda text, now: SIGNER.read_visit(text, now=now),
    "client": lambda text, now: SIGNER.read_registration(text, now=now),
    "guest": lambda text, now: SIGNER.read_verification(text, purpose="guest", now=now),
}
SIGNED = {
    "access": SIGNER.sign_access(ACCESS),
    "refresh": SIGNER.sign_refresh(REFRESH),
    "visit": SIGNER.sign_visit(VISIT),
    "client": SIGNER.sign_registration(CLIENT),
    "guest": SIGNER.sign_verification(GUEST),
}
TOKENS = {"access": ACCESS, "refresh": REFRESH, "visit": VISIT, "client": CLIENT, "guest": GUEST}

moments = st.integers(946_684_800, 4_102_444_800).map(lambda epoch: datetime.fromtimestamp(epoch, UTC))


@pytest.mark.parametrize("kind", READERS)
def test_a_token_reads_as_it_was_signed(kind: str) -> None:
    assert READERS[kind](SIGNED[kind], NOW) == TOKENS[kind]


@pytest.mark.parametrize(("signed", "read"), list(itertools.permutations(READERS, 2)))
def test_no_kind_passes_for_another(signed: str, read: str) -> None:
    with pytest.raises(TokenRejected):
        READERS[read](SIGNED[signed], NOW)


@given(
    user_id=st.integers(1, 2**60),
    email=st.text(max_size=40),
    username=st.none() | st.text(max_size=24),
    guest_until=st.none() | moments,
    expires_at=moments,
)
def test_access_tokens_round_trip(
    user_id: int, email: str, username: str | None, guest_until: datetime | None, expires_at: datetime
) -> None:
    token = AccessToken(
        user_id=user_id,
        email=email,
        username=username,
        guest_until=guest_until,
        family="family",
        token_id="id",
        issued_at=expires_at - timedelta(minutes=15),
        expires_at=expires_at,
    )
    assert SIGNER.read_access(SIGNER.sign_access(token), now=token.issued_at) == token


def test_access_token_carries_what_the_contract_says() -> None:
    claims = jwt.decode(SIGNED["access"], options={"verify_signature": False})
    assert (claims["email"], claims["username"]) == ("ann@example.org", "ann-lee")
    guest = SIGNER.sign_access(
        AccessToken(
            user_id=8,
            email="eve@example.org",
            username=None,
            guest_until=LATER,
            family="family",
            token_id="id",
            issued_at=NOW,
            expires_at=LATER,
        )
    )
    assert "username" not in jwt.decode(guest, options={"verify_signature": False})


@pytest.mark.parametrize("kind", READERS)
def test_a_token_ends_at_the_second(kind: str) -> None:
    READERS[kind](SIGNED[kind], LATER - timedelta(microseconds=1))
    with pytest.raises(TokenExpired):
        READERS[kind](SIGNED[kind], LATER)


@pytest.mark.parametrize("kind", READERS)
def test_another_secret_signs_nothing_here(kind: str) -> None:
    claims = jwt.decode(SIGNED[kind], options={"verify_signature": False})
    forged = jwt.encode(claims, SECRET + "!", algorithm="HS256")
    with pytest.raises(TokenRejected) as rejected:
        READERS[kind](forged, NOW)
    assert not isinstance(rejected.value, TokenExpired)


@pytest.mark.parametrize("kind", READERS)
def test_an_expired_forgery_is_a_forgery(kind: str) -> None:
    claims = jwt.decode(SIGNED[kind], options={"verify_signature": False}) | {"exp": 1}
    with pytest.raises(TokenRejected) as rejected:
        READERS[kind](jwt.encode(claims, SECRET + "!", algorithm="HS256"), NOW)
    assert not isinstance(rejected.value, TokenExpired)


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", None, 1, ["HS256"], {}], ids=repr)
@pytest.mark.parametrize("kind", READERS)
def test_unsigned_tokens_are_rejected(kind: str, algorithm: object) -> None:
    claims = SIGNED[kind].split(".")[1]
    signature = SIGNED[kind].split(".")[2]
    for ending in ("", signature):
        with pytest.raises(TokenRejected):
            READERS[kind](f"{part({'alg': algorithm, 'typ': 'JWT'})}.{claims}.{ending}", NOW)


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_other_algorithms_are_rejected_even_with_the_secret(algorithm: str) -> None:
    claims = jwt.decode(SIGNED["refresh"], options={"verify_signature": False})
    with pytest.raises(TokenRejected):
        SIGNER.read_refresh(jwt.encode(claims, SECRET.ljust(64, "."), algorithm=algorithm), now=NOW)
    with pytest.raises(TokenRejected):
        TokenSigner(SECRET.ljust(64, ".")).read_refresh(
            jwt.encode(claims, SECRET.ljust(64, "."), algorithm=algorithm), now=NOW
        )


@pytest.mark.parametrize("missing", ["iss", "aud", "exp", "iat", "typ", "jti"])
def test_every_claim_is_needed(missing: str) -> None:
    claims = jwt.decode(SIGNED["refresh"], options={"verify_signature": False})
    del claims[missing]
    with pytest.raises(TokenRejected):
        SIGNER.read_refresh(jwt.encode(claims, SECRET, algorithm="HS256"), now=NOW)


def test_another_issuer_is_rejected() -> None:
    claims = jwt.decode(SIGNED["refresh"], options={"verify_signature": False}) | {"iss": "somebody"}
    with pytest.raises(TokenRejected):
        SIGNER.read_refresh(jwt.encode(claims, SECRET, algorithm="HS256"), now=NOW)


@pytest.mark.parametrize(
    "audience", ["somebody", ["parlour", "somebody"], ["parlour"], "", None, 1], ids=repr
)
@pytest.mark.parametrize("kind", READERS)
def test_what_was_signed_for_others_is_rejected(kind: str, audience: object) -> None:
    claims = jwt.decode(SIGNED[kind], options={"verify_signature": False}) | {"aud": audience}
    with pytest.raises(TokenRejected):
        READERS[kind](jwt.encode(claims, SECRET, algorithm="HS256"), NOW)


# ------------------------------------------------------------------------------------------ a new secret

NEW_SECRET = "another secret of at least thirty-two characters"
ROTATED = TokenSigner(NEW_SECRET, old_secrets=[SECRET])


@pytest.mark.parametrize("kind", READERS)
def test_a_token_names_its_secret_and_does_not_tell_it(kind: str) -> None:
    kid = jwt.get_unverified_header(SIGNED[kind])["kid"]
    assert kid == key_id(SECRET) != key_id(NEW_SECRET)
    assert len(kid) == 12
    assert {"iss", "aud", "typ", "jti", "iat", "exp"} <= set(
        jwt.decode(SIGNED[kind], options={"verify_signature": False})
    )


def test_an_old_secret_still_reads_and_signs_nothing() -> None:
    assert ROTATED.read_refresh(SIGNED["refresh"], now=NOW) == REFRESH
    assert ROTATED.read_access(SIGNED["access"], now=NOW) == ACCESS
    assert ROTATED.read_verification(SIGNED["guest"], purpose="guest", now=NOW) == GUEST
    renewed = ROTATED.sign_refresh(REFRESH)
    assert jwt.get_unverified_header(renewed)["kid"] == key_id(NEW_SECRET)
    with pytest.raises(TokenRejected):
        SIGNER.read_refresh(renewed, now=NOW)


def test_a_secret_that_is_gone_reads_nothing() -> None:
    for kid in (key_id(SECRET), key_id(NEW_SECRET), "nobody's", ""):
        claims = jwt.decode(SIGNED["refresh"], options={"verify_signature": False})
        forged = jwt.encode(claims, SECRET, algorithm="HS256", headers={"kid": kid})
        with pytest.raises(TokenRejected):
            TokenSigner(NEW_SECRET).read_refresh(forged, now=NOW)


def test_the_grace_of_two_tabs_survives_a_new_secret() -> None:
    hashed = token_hash(SIGNED["refresh"])
    assert ROTATED.sign_refresh_again(REFRESH, hashed=hashed) == SIGNED["refresh"]
    assert TokenSigner(NEW_SECRET).sign_refresh_again(REFRESH, hashed=hashed) is None


@given(kind=st.sampled_from(sorted(READERS)), text=st.text())
def test_text_is_no_token(kind: str, text: str) -> None:
    with pytest.raises(TokenRejected):
        READERS[kind](text, NOW)


@given(kind=st.sampled_from(sorted(READERS)), data=st.data())
def test_a_changed_token_is_no_token(kind: str, data: st.DataObject) -> None:
    signed = SIGNED[kind]
    # The last character holds bits that base64 does not use.
    place = data.draw(st.integers(0, len(signed) - 2))
    character = data.draw(st.characters(codec="ascii").filter(lambda other: other != signed[place]))
    with pytest.raises(TokenRejected):
        READERS[kind](signed[:place] + character + signed[place + 1 :], NOW)


@pytest.mark.parametrize("kind", READERS)
def test_deep_nesting_is_no_token(kind: str) -> None:
    deep = base64.urlsafe_b64encode(b"[" * 40_000).rstrip(b"=").decode()
    claims, signature = SIGNED[kind].split(".")[1:]
    with pytest.raises(TokenRejected):
        READERS[kind](f"{deep}.{claims}.{signature}", NOW)


def test_a_refresh_token_is_the_same_text_each_time() -> None:
    assert SIGNER.sign_refresh(REFRESH) == TokenSigner(SECRET).sign_refresh(REFRESH)
    following = RefreshToken(family="family", generation=4, issued_at=NOW, expires_at=LATER)
    assert SIGNER.sign_refresh(following) != SIGNER.sign_refresh(REFRESH)


@given(moments, st.integers(0, 999_999))
def test_a_refresh_token_read_from_the_database_is_the_same_text(moment: datetime, microsecond: int) -> None:
    """The database keeps microseconds, the token seconds."""
    exact = moment.replace(microsecond=microsecond)
    token = RefreshToken(family="family", generation=1, issued_at=exact, expires_at=exact + timedelta(days=1))
    read = SIGNER.read_refresh(SIGNER.sign_refresh(token), now=exact)
    assert SIGNER.sign_refresh(read) == SIGNER.sign_refresh(token)


def test_the_database_keeps_sha256() -> None:
    assert token_hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_only_so_many_tokens_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parlour.accounts.tokens.REMEMBERED", 3)
    signer = TokenSigner(SECRET)
    texts = [signer.sign_refresh(replace(REFRESH, generation=number)) for number in range(5)]
    for text in [*texts, *texts]:
        signer.read_refresh(text, now=NOW)
    assert list(signer._verified) == texts[2:]
