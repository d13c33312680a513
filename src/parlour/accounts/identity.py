"""Identities of users, as the requests and sockets of their sessions carry them."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NewType

UserId = NewType("UserId", int)
SessionId = NewType("SessionId", str)
"""The id of a login session: the family of its refresh tokens."""

GUEST_NAME = "Guest"
"""The username that guests are shown with; it cannot be registered."""


def own_display_name(display_name: str | None, *, username: str) -> str | None:
    """Return the display name, or None if it equals the username (`Guest` for guests)."""
    return None if display_name == username else display_name


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientIdentity:
    """A permanent account; `session` is the login through which it acts here.

    `session_ends_at` is the end of that session when it was read; each refresh puts it off.
    """

    user_id: UserId
    email: str
    username: str
    display_name: str | None = field(default=None, compare=False)
    session: SessionId | None = field(default=None, compare=False)
    session_ends_at: datetime | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        return self.username

    @property
    def known_until(self) -> datetime | None:
        """Return the earliest time at which the person's session may end by itself; None if unknown."""
        return self.session_ends_at


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestIdentity:
    """A temporary account, known by its email until `expires_at`."""

    user_id: UserId
    email: str
    expires_at: datetime
    display_name: str | None = field(default=None, compare=False)
    session: SessionId | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        return GUEST_NAME

    @property
    def known_until(self) -> datetime | None:
        """Return the time at which the guest's time is over."""
        return self.expires_at


Identity = ClientIdentity | GuestIdentity


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSource:
    """The origin of a request: the client's address, its device's name, and its cookies.

    `device_token` is the cookie of a device that logged in before (see `known_devices`), `session_token` the
    cookie `jwt`, unverified; `language` is the one that the request prefers, None if it asks for none that
    Parlour speaks; `gone` returns once the client has closed the connection.
    """

    address: str
    device: str
    language: str | None = None
    device_token: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    gone: Callable[[], Coroutine[Any, Any, None]] | None = field(default=None, compare=False, repr=False)
