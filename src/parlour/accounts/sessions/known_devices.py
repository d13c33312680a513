"""Devices that logged in before: others' wrong passwords do not hold them up. Pure: no clock, no storage."""

import hashlib
import secrets
from datetime import datetime, timedelta

from parlour.accounts.identity import UserId
from parlour.accounts.tokens import DeviceToken, TokenRejected, TokenSigner

KNOWN_FOR = timedelta(days=180)
MAX_ACCOUNTS = 4
"""Of one browser; the one that logged in there longest ago gives way."""


class KnownDevices:
    """Reads and signs the token that a browser keeps in a cookie; the server keeps nothing.

    The token names a digest of the account's password hash, so a new password ends it on every device. It
    lets nobody in: it only chooses which wrong passwords count, those of this device instead of its address.
    """

    def __init__(self, signer: TokenSigner) -> None:
        self._signer = signer

    def device_of(
        self, token: str | None, *, user_id: UserId, password_hash: str, now: datetime
    ) -> str | None:
        """The device's id, where this account logged in there with its present password."""
        known = self._read(token, now)
        if known is None or known.accounts.get(user_id) != _digest(password_hash):
            return None
        return known.device_id

    def remember(self, token: str | None, *, user_id: UserId, password_hash: str, now: datetime) -> str:
        """The token that replaces the present one, whose device id stays, and so what was guessed with it."""
        known = self._read(token, now)
        accounts = {} if known is None else dict(known.accounts)
        accounts.pop(user_id, None)
        accounts[user_id] = _digest(password_hash)
        return self._signer.sign_device(
            DeviceToken(
                device_id=secrets.token_urlsafe(12) if known is None else known.device_id,
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
    """Tells nothing of the hash, whose salt nobody outside knows."""
    return hashlib.sha256(b"parlour device " + password_hash.encode()).hexdigest()[:22]
