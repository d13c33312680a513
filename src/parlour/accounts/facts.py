"""Facts about accounts and their sessions that the bus publishes."""

from dataclasses import dataclass

from parlour.accounts.identity import Identity, SessionId, UserId
from parlour.errors import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsEnded:
    """Sessions were ended before they expired; `reason` is shown to their user."""

    user_id: UserId
    sessions: frozenset[SessionId]
    reason: Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestTimeEnded:
    """A guest's time is over, and all sessions of the account have ended."""

    user_id: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginSucceeded:
    """A user logged in, and the response with the new cookie was sent to `address`."""

    address: str
    identity: Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayNameChanged:
    """A user changed the display name; None shows the username from now on."""

    user_id: UserId
    display_name: str | None
