"""Devices that logged in before, which others' wrong passwords do not throttle. Pure: no clock or storage."""

import hashlib
import secrets
from datetime import datetime, timedelta

from parlour.accounts.identity import UserId
from parlour.accounts.tokens import DeviceToken, TokenRejected, TokenSigner

KNOWN_FOR = timedelta(days=180)
MAX_ACCOUNTS = 4
"""The bound of accounts in a device's token; the account that logged in longest ago is dropped."""


class KnownDevices:
    """Reads and signs the device token, which a browser keeps in a cookie; the server stores nothing.

    The token holds a digest of the account's password hash, so a new password invalidates it on every device.
    It grants no access: it only selects the counter of wrong passwords, not the address's.
    """

    def __init__(self, signer: TokenSigner) -> None:
        self._signer = signer

    def device_of(
        self, token: str | None, *, user_id: UserId, password_hash: str, now: datetime
    ) -> str | None:
        """Return the device's id if this account logged in there with its present password."""
        device = self._read(token, now)
        if device is None or device.accounts.get(user_id) != _digest(password_hash):
            return None
        return device.device_id

    def remember(self, token: str | None, *, user_id: UserId, password_hash: str, now: datetime) -> str:
        """Return a token that adds the account; the device id stays, and so does its counter of guesses."""
        device = self._read(token, now)
        accounts = {} if device is None else dict(device.accounts)
        accounts.pop(user_id, None)
        accounts[user_id] = _digest(password_hash)
        return self._signer.sign_device(
            DeviceToken(
                device_id=secrets.token_urlsafe(12) if device is None else device.device_id,
                accounts=dict(list(accounts.items())[-MAX_ACCOUNTS:]),
                issued_at=now,
                expires_at=now + KNOWN_FOR,
            )
        )

    def _read(self, token: str | None, now: datetime) -> DeviceToken | None:
        if not token:
            return None
        try:
            return self._signer.read_device(token, now=now)
        except TokenRejected:
            return None


def _digest(password_hash: str) -> str:
    """Digest a hash; the digest reveals nothing, since the hash's salt is secret."""
    return hashlib.sha256(b"parlour device " + password_hash.encode()).hexdigest()[:22]
