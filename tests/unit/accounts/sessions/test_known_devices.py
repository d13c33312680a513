"""Which devices are known to an account, and until when."""

from datetime import UTC, datetime, timedelta

import pytest

from parlour.accounts.identity import UserId
from parlour.accounts.sessions.known_devices import KNOWN_FOR, MAX_ACCOUNTS, KnownDevices
from parlour.accounts.tokens import RefreshToken, TokenSigner

NOW = datetime(2026, 11, 26, tzinfo=UTC)
ANN, BOB = UserId(1), UserId(2)
SECRET = "a secret of the tests, long enough"


@pytest.fixture
def devices() -> KnownDevices:
    return KnownDevices(TokenSigner(SECRET))


def device(
    devices: KnownDevices, token: str | None, user_id: UserId = ANN, hashed: str = "hash"
) -> str | None:
    return devices.device_of(token, user_id=user_id, password_hash=hashed, now=NOW)


def remembered(devices: KnownDevices, token: str | None, user_id: UserId = ANN, hashed: str = "hash") -> str:
    return devices.remember(token, user_id=user_id, password_hash=hashed, now=NOW)


def test_a_device_is_known_to_the_account_that_logged_in(devices: KnownDevices) -> None:
    token = remembered(devices, None)
    assert device(devices, token)
    assert device(devices, token, BOB) is None


def test_a_new_password_ends_it(devices: KnownDevices) -> None:
    assert device(devices, remembered(devices, None), hashed="the hash of a new one") is None


def test_it_ends_by_itself(devices: KnownDevices) -> None:
    token = remembered(devices, None)
    later = NOW + KNOWN_FOR + timedelta(seconds=1)
    assert devices.device_of(token, user_id=ANN, password_hash="hash", now=later) is None


def test_a_login_replaces_the_token_and_keeps_the_device(devices: KnownDevices) -> None:
    """Whoever copied the older one guesses on the same count."""
    first = remembered(devices, None)
    second = devices.remember(first, user_id=ANN, password_hash="hash", now=NOW + timedelta(days=1))
    assert first != second
    assert device(devices, first) == device(devices, second)
    assert device(devices, first) != device(devices, remembered(devices, None))


def test_several_people_use_one_browser(devices: KnownDevices) -> None:
    token = remembered(devices, remembered(devices, None), BOB)
    assert device(devices, token) == device(devices, token, BOB)
    for user_id in range(10, 10 + MAX_ACCOUNTS - 1):
        token = remembered(devices, token, UserId(user_id))
    assert device(devices, token, BOB)
    assert device(devices, token, ANN) is None, "the oldest gives way"


@pytest.mark.parametrize("token", [None, "", "x", "a.b.c", "é" * 5000])
def test_anything_else_is_no_device(devices: KnownDevices, token: str | None) -> None:
    assert device(devices, token) is None
    assert device(devices, remembered(devices, token))


def test_no_other_token_and_no_other_secret_makes_one(devices: KnownDevices) -> None:
    refresh = RefreshToken(family="f", generation=0, issued_at=NOW, expires_at=NOW + timedelta(days=1))
    assert device(devices, TokenSigner(SECRET).sign_refresh(refresh)) is None
    others = KnownDevices(TokenSigner("another secret of the tests, long enough"))
    assert device(devices, remembered(others, None)) is None
