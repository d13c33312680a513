"""TURN credentials as coturn computes them (draft-uberti-behave-turn-rest-00, RFC 2104)."""

import base64
import hashlib
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from parlour.calls.ice import CREDENTIAL_LIFETIME, IcePlan, IceServer

STUN = ("stun:stun.example.org:3478",)
TURN = ("turn:turn.example.org:3478", "turns:turn.example.org:5349?transport=tcp")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def hmac_sha1(key: bytes, text: bytes) -> bytes:
    """RFC 2104 spelled out, so that nothing is shared with what it checks."""
    if len(key) > 64:
        key = hashlib.sha1(key).digest()  # noqa: S324 - what coturn does
    key = key.ljust(64, b"\0")
    inner = hashlib.sha1(bytes(byte ^ 0x36 for byte in key) + text).digest()  # noqa: S324
    return hashlib.sha1(bytes(byte ^ 0x5C for byte in key) + inner).digest()  # noqa: S324


def plan(stun: tuple[str, ...] = (), turn: tuple[str, ...] = (), secret: str | None = None) -> IcePlan:
    return IcePlan(stun_urls=stun, turn_urls=turn, turn_secret=secret)


def test_nothing_set_is_an_empty_list() -> None:
    found = plan().for_user("1", now=NOON)
    assert (found.servers, found.expires_at) == ((), None)


def test_stun_needs_no_credentials() -> None:
    found = plan(stun=STUN).for_user("1", now=NOON)
    assert (found.servers, found.expires_at) == ((IceServer(STUN),), None)


def test_turn_without_a_secret_is_handed_out_as_it_is() -> None:
    found = plan(stun=STUN, turn=TURN).for_user("1", now=NOON)
    assert (found.servers, found.expires_at) == ((IceServer(STUN), IceServer(TURN)), None)


def test_turn_credentials_of_a_known_moment() -> None:
    """printf %s 1767312000:42 | openssl dgst -sha1 -hmac 'north wind' -binary | base64"""
    found = plan(turn=TURN, secret="north wind").for_user("42", now=NOON)
    (server,) = found.servers
    assert server.username == "1767312000:42"
    assert server.credential == "7J0qniuCkDnpU8E28TaPdTgp5m0="
    assert (found.expires_at, found.ttl) == (NOON + timedelta(hours=12), 43_200)


def test_turn_credentials_end_with_the_session() -> None:
    with_secret = plan(turn=TURN, secret="north wind")
    soon = NOON + timedelta(minutes=30)
    found = with_secret.for_user("42", now=NOON, until=soon)
    (server,) = found.servers
    assert (found.expires_at, server.username) == (soon, f"{int(soon.timestamp())}:42")
    assert found.ttl == 1_800
    assert with_secret.for_user(
        "42", now=NOON, until=NOON + timedelta(days=9)
    ).expires_at == NOON + timedelta(hours=12)
    assert with_secret.for_user("42", now=NOON, until=NOON - timedelta(days=9)).expires_at == NOON


@given(st.text(min_size=1, max_size=100), st.integers(1, 2**40), st.datetimes(timezones=st.just(UTC)))
def test_turn_credentials_are_what_coturn_computes(secret: str, user: int, now: datetime) -> None:
    now = min(now, datetime(9999, 12, 30, tzinfo=UTC))
    (server,) = plan(turn=TURN, secret=secret).for_user(str(user), now=now).servers
    assert server.username is not None
    expiry, _, name = server.username.partition(":")
    assert (int(expiry), name) == (int((now + CREDENTIAL_LIFETIME).timestamp()), str(user))
    expected = base64.b64encode(hmac_sha1(secret.encode(), server.username.encode()))
    assert server.credential == expected.decode()
