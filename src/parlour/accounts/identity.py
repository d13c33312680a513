"""Who a caller is."""

from dataclasses import dataclass
from datetime import datetime
from typing import NewType

UserId = NewType("UserId", int)

GUEST_NAME = "Guest"
"""What guests are called; nobody may register it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A permanent account."""

    user_id: UserId
    email: str
    username: str

    @property
    def name(self) -> str:
        return self.username


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """A temporary account, known by its email until `expires_at`."""

    user_id: UserId
    email: str
    expires_at: datetime

    @property
    def name(self) -> str:
        return GUEST_NAME


Identity = Client | Guest
